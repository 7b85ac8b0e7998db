"""One worker as who started it sees it: its process, its socket, and what it was asked and has not answered.

Nothing here waits, but for a process that hangs to say where.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal, TypeAlias

from agent.errors import TransportError
from agent.service.share import Share
from agent.service.workers.spoken import Answered, Asked, Begin, Down, Reload, Start, Stop, Up, error_of
from agent.service.workers.terms import Terms
from agent.service.workers.wire import Unframer, framed

CHUNK_BYTES = 256 << 10
MAX_WAITING_BYTES = 64 << 20
"""Of what is to be told to a worker that does not listen."""
LAST_STACK_S = 1.0
"""For a worker that hangs to write where it is, before it is killed."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 4.0
TRUST_S = 5.0
"""A worker that heard its sensors for so long is started anew at once."""

Phase: TypeAlias = Literal["down", "building", "ready", "running", "ended"]

log = logging.getLogger(__name__)


class Member:
    """Used by the crew's thread alone."""

    def __init__(self, number: int, *, terms: Terms) -> None:
        self.number, self.terms = number, terms
        self.phase: Phase = "down"
        self.connection: socket.socket | None = None
        self.share: Share | None = None  # as it told last
        self.restarts = 0
        self.away_s = 0.0  # for which its sensors were not heard, in all
        self.heard_s = 0.0  # of the last message
        self.down_since_s: float | None = None
        self.is_told_gone = False  # whether its sensors were said to be lost
        self.has_ended = False  # every source of it was read to its end
        self.problems: tuple[str, tuple[str, ...]] | None = None  # why it cannot be built
        self._pid: int | None = None
        self._pidfd: int | None = None
        self._unframer: Unframer[Up] = Unframer(Up)  # type: ignore[arg-type]  # a union, of which mypy has no type
        self._out = bytearray()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[Any]] = {}
        self._pause_s = 0.0
        self._came_s: float | None = None
        self.start_at_s = 0.0

    @property
    def name(self) -> str:
        return f"worker {self.number + 1}"

    @property
    def pid(self) -> int | None:
        return self._pid

    @property
    def is_up(self) -> bool:
        return self.phase in ("ready", "running")

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    # -------------------------------------------------------------------------------------------------- its process

    def begin(self, connection: socket.socket, now_s: float) -> None:
        """A process is being made for it, whose socket this is."""
        self.connection, self.phase, self.heard_s, self._pid = connection, "building", now_s, None
        self._unframer, self._out = Unframer(Up), bytearray()  # type: ignore[arg-type]  # as above
        self.has_ended, self.problems = False, None
        self.tell(Begin(self.terms.pickled()))

    def has_started(self, pid: int) -> None:
        """Which process that is."""
        self._pid = pid
        try:
            self._pidfd = os.pidfd_open(pid)
        except OSError:  # an old kernel, or it has gone already
            self._pidfd = None

    def went(self, now_s: float) -> None:
        """Its socket is closed: let go of all that it had. What lives on without one is ended."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self._signal(signal.SIGKILL)
        if self._pidfd is not None:
            os.close(self._pidfd)
        self._pid = self._pidfd = None
        if self.down_since_s is None:
            self.down_since_s = now_s
        self.phase = "down"
        lived_s = 0.0 if self._came_s is None else now_s - self._came_s
        self._pause_s = 0.0 if lived_s > TRUST_S else min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self.start_at_s, self._came_s = now_s + self._pause_s, None
        asked, self._asked = self._asked, {}
        for future in asked.values():
            future.set_exception(TransportError(f"{self.name} is being started anew; try again"))

    def came(self, now_s: float) -> None:
        """It hears its sensors from now on."""
        self._came_s, self.is_told_gone = now_s, False
        if self.down_since_s is not None:
            self.away_s += now_s - self.down_since_s
            self.down_since_s = None

    def away_for_s(self, now_s: float) -> float:
        """For how long its sensors were not heard, in all."""
        return self.away_s + (0.0 if self.down_since_s is None else now_s - self.down_since_s)

    def is_silent_for_s(self, now_s: float) -> float:
        return now_s - self.heard_s

    def kill(self) -> None:
        """Where it hangs: have it say where it is, then end it."""
        self._signal(signal.SIGABRT)
        if self._pidfd is not None:
            select.select([self._pidfd], [], [], LAST_STACK_S)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, number)
            elif self._pid is not None:
                os.kill(self._pid, number)

    # --------------------------------------------------------------------------------------------------- its socket

    def tell(self, message: Down) -> None:
        """Leave a message; one that does not listen is given up."""
        if self.connection is None:
            return
        self._out += framed(message)
        if len(self._out) > MAX_WAITING_BYTES:
            log.critical("%s takes nothing that it is told; it is started anew", self.name)
            self.kill()
        self.write()

    def ask(self, make: Callable[[int], Asked | Reload]) -> Future[Any]:
        """Have it answer; TransportError where it is not up, or goes before."""
        future: Future[Any] = Future()
        if not self.is_up:
            future.set_exception(TransportError(f"{self.name} is being started anew; try again"))
            return future
        number = next(self._numbers)
        self._asked[number] = future
        self.tell(make(number))
        return future

    def start(self) -> None:
        """Have it open its sources."""
        self.phase = "running"
        self.tell(Start())

    def stop(self) -> None:
        self.tell(Stop())

    def write(self) -> None:
        """Hand over what can be, now."""
        if self.connection is None or not self._out:
            return
        try:
            del self._out[: self.connection.send(self._out[:CHUNK_BYTES])]
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()  # its end is closed: reading will tell

    def read(self, now_s: float) -> list[Up] | None:
        """What came; None where nothing will come any more. TransportError where it is no message."""
        assert self.connection is not None
        try:
            data = self.connection.recv(CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        self.heard_s = now_s
        return self._unframer.feed(data)

    def hear(self, answered: Answered) -> None:
        """An answer to what it was asked."""
        future = self._asked.pop(answered.number, None)
        if future is None:
            return
        if answered.answer is None:
            future.set_exception(error_of(answered.kind, answered.problems))
        else:
            future.set_result(answered.answer)
