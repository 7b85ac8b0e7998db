"""A worker process's end of the socket: one thread hears, one speaks, and nobody who hands something in waits.

What may be lost is shed, a window at a time, where the other side does not keep up, and counted; the rest waits for as
long as it takes. Where the other side is gone there is nothing left to do: the process ends.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable

from agent.errors import TransportError
from agent.service.workers.spoken import Down, Up
from agent.service.workers.wire import Unframer, framed

MAX_WAITING_BYTES = 4 << 20
"""Of what may be lost."""
CHUNK_BYTES = 256 << 10

log = logging.getLogger(__name__)


class Link:
    """`say` may be called from any thread; `hear` and `speak` are bodies of threads."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        leave: Callable[[int], object] = os._exit,
        most_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._connection = connection
        self._leave = leave
        self._most_bytes = most_bytes
        self._arrived = threading.Condition()
        self._must: deque[bytes] = deque()
        self._may: deque[tuple[int, bytes]] = deque()  # each with how much of what must be said came before it
        self._said = 0  # frames of `_must` so far
        self._queued = 0
        self._may_bytes = 0
        self._ends = False
        self.shed = 0  # of what may be lost

    def say(self, message: Up, *, may_be_lost: bool = False) -> None:
        """Leave a message; those of one kind keep their order, and nothing overtakes what must arrive."""
        frame = framed(message)
        with self._arrived:
            if may_be_lost:
                self._may.append((self._queued, frame))
                self._may_bytes += len(frame)
                while self._may_bytes > self._most_bytes:
                    self._may_bytes -= len(self._may.popleft()[1])
                    self.shed += 1
            else:
                self._must.append(frame)
                self._queued += 1
            self._arrived.notify()

    def speak(self) -> None:
        """Until `end`, and all is said; a connection that is none any more ends the process."""
        while (frame := self._next()) is not None:
            try:
                self._connection.sendall(frame)
            except OSError:
                self._leave(os.EX_UNAVAILABLE)
                return

    def hear(self, handle: Callable[[Down], None]) -> None:
        """Hand on what comes until the other side is gone."""
        unframer: Unframer[Down] = Unframer(Down)  # type: ignore[arg-type]  # msgspec takes a union, mypy no type of it
        while True:
            try:
                data = self._connection.recv(CHUNK_BYTES)
                messages = unframer.feed(data)
            except (OSError, TransportError) as error:
                log.error("worker: %s", error)
                data, messages = b"", []
            for message in messages:
                handle(message)
            if not data:
                self._leave(os.EX_UNAVAILABLE)
                return

    def end(self) -> None:
        """Let `speak` return once all is said."""
        with self._arrived:
            self._ends = True
            self._arrived.notify()

    def _next(self) -> bytes | None:
        """The oldest that waits; None at the end."""
        with self._arrived:
            while not self._must and not self._may:
                if self._ends:
                    return None
                self._arrived.wait()
            if self._may and (not self._must or self._may[0][0] <= self._said):
                frame = self._may.popleft()[1]
                self._may_bytes -= len(frame)
                return frame
            self._said += 1
            return self._must.popleft()
