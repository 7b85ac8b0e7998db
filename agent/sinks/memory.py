"""Keeps messages in this process: for tests, and for a demonstration without a broker.

Behaves as a broker does to who subscribes late: the latest retained value of each topic, and the last messages.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Annotated

import msgspec

from agent.errors import TransportError
from agent.messages.topics import OFFLINE, ONLINE
from agent.ports import Heard, Message


class MemoryConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`keep` messages at most are remembered; the oldest make way."""

    keep: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1000


class MemorySink:
    """May be looked into from any thread."""

    def __init__(self, config: MemoryConfig, *, availability: str) -> None:
        self.connected = False
        self.refused = 0
        self.lost: TransportError | None = None
        self._availability = availability  # topic
        self._messages: deque[Message] = deque(maxlen=config.keep)
        self._retained: dict[str, Message] = {}
        self._lock = threading.Lock()

    @property
    def messages(self) -> list[Message]:
        """The last messages, oldest first."""
        with self._lock:
            return list(self._messages)

    @property
    def retained(self) -> dict[str, bytes]:
        """Topic -> its latest retained payload; none where it was deleted by an empty one."""
        with self._lock:
            return {topic: message.payload for topic, message in self._retained.items()}

    def read_back(self, topics: tuple[str, ...]) -> dict[str, bytes] | None:
        """Nothing: whatever an earlier process kept ended with it."""
        return {}

    def open(self) -> None:
        self.connected = True
        self._keep(Message(self._availability, ONLINE, retain=True, qos=1))

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        """Keep a message; False while closed."""
        if not self.connected:
            return False
        self._keep(message)
        if heard is not None:
            heard(None)
        return True

    def close(self) -> None:
        if self.connected:
            self._keep(Message(self._availability, OFFLINE, retain=True, qos=1))
        self.connected = False

    def _keep(self, message: Message) -> None:
        with self._lock:
            self._messages.append(message)
            if message.retain and message.payload:
                self._retained[message.topic] = message
            elif message.retain:
                self._retained.pop(message.topic, None)
