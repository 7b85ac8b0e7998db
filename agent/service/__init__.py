"""All waiting and all threads: daemon, worker, outbox, store, control, health."""
