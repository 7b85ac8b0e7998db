"""What sources and sinks share: broker connections, frames as items, routes, back-off."""
