"""The sink that tells people, by whatever carries its notes: events alone leave it, each until it has arrived.

There is no connection to lose: it counts as connected from a visit that worked until one that did not.
"""

from __future__ import annotations

from typing import Protocol

from agent.errors import TransportError
from agent.ports import Heard, Message
from agent.sinks.telling import Note, Telling, note_of

DELIVERY_S = 120.0
"""How long a delivery may take in all: a name server, a greeting, a mail server that looks its sender up."""


class Courier(Protocol):
    """What carries notes; each call makes a connection of its own."""

    def visit(self) -> None:
        """Go there without a note; TransportError where nobody answers, ConfigError where a secret is missing."""

    def deliver(self, note: Note, message: Message) -> str | None:
        """Bring a note; None where it was taken, else why it is refused. Raises as `visit` does."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What to mend although the last note was taken."""


class NoteSink:
    """A sink over a courier."""

    publish_s = DELIVERY_S

    def __init__(self, telling: Telling, courier: Courier) -> None:
        self.connected = False
        self.refused = 0
        self.lost: TransportError | None = None
        self._telling = telling
        self._courier = courier

    @property
    def notices(self) -> tuple[str, ...]:
        return self._courier.notices

    def open(self) -> None:
        """See whether somebody is there; raises as `Courier.visit`."""
        self.connected = False
        self._courier.visit()
        self.connected, self.lost = True, None

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        """Deliver an event that people want to hear of; anything else counts as arrived."""
        if not self.connected:
            return False
        note = note_of(message, self._telling)
        try:
            refusal = None if note is None else self._courier.deliver(note, message)
        except TransportError as error:
            self.connected, self.lost = False, error
            return False
        self.refused += refusal is not None
        if heard is not None:
            heard(refusal)
        return True

    def read_back(self, topics: tuple[str, ...]) -> dict[str, bytes] | None:
        """Nothing: what people were told stays told."""
        return {}

    def close(self) -> None:
        self.connected = False
