"""What is there once follows a config that is read again: sinks come, go and change, and show what is open."""

from __future__ import annotations

from agent.service.assembly import Parts
from agent.service.bulletin import Bulletin
from agent.service.house import House
from agent.service.outbox import Outbox
from agent.service.outboxes import Outboxes
from agent.service.publishers import Publishers
from agent.service.reloading.changes import Changes


class Sinks:
    """Called by who keeps and tells."""

    def __init__(self, house: House, *, bulletin: Bulletin, outboxes: Outboxes, publishers: Publishers) -> None:
        self._house, self._bulletin = house, bulletin
        self._outboxes, self._publishers = outboxes, publishers

    def exchange(self, changes: Changes, after: Parts) -> None:
        """From the running config to `after`."""
        config, sinks = after.config.publish, changes.sinks
        for name in sinks.removed:
            self._bulletin.empty_all(name)
            self._publishers.leave(name, self._outboxes[name])
            self._publishers.remove(name)
            self._outboxes.remove(name)
        for name in sinks.renewed:
            self._publishers.leave(name, self._outboxes[name])
        for name in sinks.added:
            waiting = self._house.store.sinks.waiting(name)
            self._outboxes.add(name, Outbox(limit=config.queue, waiting=waiting))
        self._outboxes.limit(config.queue)
        self._bulletin.adopt(after, new_sinks=sinks.added)
        for name in (*sinks.renewed, *sinks.added):
            self._publishers.add(name, after.sinks[name], self._outboxes[name], commands=config.commands)
            self._publishers.start(name)
        self._house.adopt(after)
