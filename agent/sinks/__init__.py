"""Where outputs go: one module per alternative, found by name through `agent.ports.SINKS`."""
