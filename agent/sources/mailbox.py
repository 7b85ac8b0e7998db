"""Messages between a broker client's own thread and who reads them: bounded in bytes, what finds it full is counted."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.errors import TransportError
from agent.transport.publishes import Published

UNREADABLE = ""  # a topic that is no UTF-8: no route has it, so the reader counts it
MAX_MESSAGES_PER_READ = 256
PACKET_OVERHEAD_BYTES = 4096  # topic and properties beside the payload


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived."""

    topic: str
    payload: bytes
    retained: bool
    arrival_s: float
    wall_s: float


class Mailbox:
    """A queue bounded in bytes between paho's thread and the reader's; what finds it full is dropped and counted."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._end: TransportError | None = None
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, message: Message) -> None:
        self.put_all((message,))

    def put_all(self, messages: Iterable[Message]) -> None:
        """Messages that came together: whoever waits is woken once."""
        with self._changed:
            for message in messages:
                size = len(message.payload) + PACKET_OVERHEAD_BYTES
                if self._bytes + size > self._max_bytes:
                    self.dropped += 1
                    continue
                self._bytes += size
                self._messages.append(message)
            self._changed.notify()

    def end(self, reason: TransportError) -> None:
        """Nothing more will come; the first reason stays."""
        with self._changed:
            self._end = self._end or reason
            self._changed.notify()

    @property
    def ended(self) -> TransportError | None:
        """Why nothing more will come; None while it may."""
        return self._end

    def take(self, timeout_s: float) -> list[Message]:
        """Up to 256 messages, waiting for the first; TransportError once ended and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._end is not None, timeout_s)
            if not self._messages and self._end is not None:
                raise self._end
            taken = [self._messages.popleft() for _ in range(min(len(self._messages), MAX_MESSAGES_PER_READ))]
            self._bytes -= sum(len(message.payload) + PACKET_OVERHEAD_BYTES for message in taken)
            return taken


def received(messages: Iterable[Published]) -> Iterator[Message]:
    """Messages that were received at once, now."""
    arrival_s, wall_s = time.monotonic(), time.time()
    for topic, payload, retained in messages:
        try:
            text = topic.decode()
        except UnicodeDecodeError:
            text = UNREADABLE
        yield Message(text, payload, retained, arrival_s, wall_s)
