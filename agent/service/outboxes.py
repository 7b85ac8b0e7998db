"""The outboxes of all sinks, by name: every message goes to each of them, or to one alone."""

from __future__ import annotations

from agent.ports import Message
from agent.service.outbox import Outbox


class Outboxes:
    """One outbox per sink, by its name; each gets every message. Sinks come and go by whoever puts."""

    def __init__(self, outboxes: dict[str, Outbox]) -> None:
        self._outboxes = outboxes

    def __getitem__(self, name: str) -> Outbox:
        return self._outboxes[name]

    def add(self, name: str, outbox: Outbox) -> None:
        self._outboxes = {**self._outboxes, name: outbox}

    def remove(self, name: str) -> None:
        self._outboxes = {other: outbox for other, outbox in self._outboxes.items() if other != name}

    def limit(self, most: int) -> None:
        """Other messages that may be lost than before."""
        for outbox in self._outboxes.values():
            outbox.limit(most)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._outboxes)

    def put(self, message: Message, *, only: str | None = None) -> None:
        """Leave a message for every sink, or for one; never waits."""
        for name, outbox in self._outboxes.items():
            if only in (None, name):
                outbox.put(message)

    def gone(self) -> dict[str, list[Message]]:
        """Events dropped since the last call, by sink."""
        return {name: gone for name, outbox in self._outboxes.items() if (gone := outbox.gone())}

    def wake(self) -> None:
        for outbox in self._outboxes.values():
            outbox.wake()
