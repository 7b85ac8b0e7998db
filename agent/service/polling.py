"""One thread for all sources that need not wait: it rests while bytes gather in the kernel, then takes what is there.

A line brings a millisecond's worth at a time; woken for each piece of each line, an agent does little else. So what is
readable is taken at once, and then nobody looks for a moment (`agent/transport/resting.py`).

Opening may hang, and is done in a thread of its own that ends with it. A source that hangs in a read holds the thread:
its own beat, and no other, says so, and it is left behind with the thread while another one goes on with the rest.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent.errors import TransportError
from agent.ports import Polled
from agent.service.beats import Beat
from agent.service.source_thread import READ_TIMEOUT_S, Life, Reader
from agent.transport.resting import YOUNG_S, rests, share_of_rest

Threads = Callable[[str, Callable[[], None]], threading.Thread]
"""Makes a thread of a name and a body, whose failure ends the agent."""


@dataclass(eq=False)
class Line:
    """One life of a reader, among those that are polled."""

    reader: Reader
    life: Life
    end: int | None = None  # its file descriptor, while it is open
    is_opening: bool = False
    opened_s: float = -math.inf
    heard_s: float = 0.0  # when it was last read
    done: threading.Event = field(default_factory=threading.Event)  # its source was let go of


class Polling:
    """`add` and `let_go` may be called from any thread, one at a time; all else is done by the thread that reads."""

    def __init__(
        self, *, stop: threading.Event, beat: Beat, thread: Threads, pauses: Iterator[float] | None = None
    ) -> None:
        self.beat = beat
        self.thread: threading.Thread | None = None
        self._stop = stop
        self._make = thread
        self._pauses = rests() if pauses is None else pauses
        self._lines: dict[str, Line] = {}
        self._changing = threading.Lock()  # of the lines, and of who reads which
        self._number = 0  # of threads that were left behind
        self._inside: Line | None = None  # that is being read
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def add(self, reader: Reader) -> None:
        """Begin to read a reader's present life; one before it that is still inside a read is left behind."""
        name = reader.source.name
        with self._changing:
            before = self._lines.get(name)
            self._lines[name] = Line(reader, reader.life)
            if before is not None and before is self._inside:
                self._leave_thread()
            if self.thread is None or not self.thread.is_alive():
                self._start_thread()
        self._ring()

    def let_go(self, reader: Reader, *, patience_s: float) -> bool:
        """Wait until the source that a reader has left is closed; False where it is left behind instead."""
        line = self._lines.get(reader.source.name)
        self._ring()
        if line is None or line.done.wait(patience_s):
            return True
        with self._changing:
            self._lines.pop(reader.source.name, None)
            if line is self._inside:
                self._leave_thread()
        return False

    def run(self, number: int) -> None:
        """The thread's body: until stopped, or left behind."""
        while number == self._number and not self._stop.is_set():
            self.beat.bump()
            for line in list(self._lines.values()):
                self._look_after(line)
            readable = self._wait()
            for line in list(self._lines.values()):
                if line.end is not None and not self._serve(line, number, is_readable=line.end in readable):
                    return
            self._stop.wait(next(self._pauses) * self._share_of_rest())
        if number == self._number:
            self._end()

    def _share_of_rest(self) -> float:
        """Less than 1 while there are lines that were opened lately, and not many of them."""
        now_s = time.monotonic()
        young = sum(now_s - line.opened_s < YOUNG_S for line in list(self._lines.values()))
        return share_of_rest(young)

    def _wait(self) -> set[int]:
        """The file descriptors of which something can be read, as soon as there is one."""
        now_s, look, wait_s = time.monotonic(), select.poll(), READ_TIMEOUT_S
        look.register(self._bell, select.POLLIN)
        for line in list(self._lines.values()):
            if line.end is not None:
                look.register(line.end, select.POLLIN)
                wait_s = min(wait_s, line.life.joiner.waits_s(now_s))
        readable = {end for end, _ in look.poll(1000 * wait_s)}
        if self._bell in readable:
            os.eventfd_read(self._bell)
        return readable

    def _serve(self, line: Line, number: int, *, is_readable: bool) -> bool:
        """Read one source, or hand on what came of it; False where the thread was left behind meanwhile."""
        now_s = time.monotonic()
        if not is_readable and now_s - line.heard_s < READ_TIMEOUT_S:
            line.reader.hands_on(line.life, now_s)
            return True
        self.beat.end()  # until it is back the line's own beat stands for it
        with self._changing:
            self._inside = line
        goes_on = line.reader.reads(line.life, timeout_s=0.0)
        with self._changing:
            was_left = number != self._number
            if not was_left:
                self._inside = None
        if was_left:
            line.reader.finish(line.life)
            return False
        self._ends_turn(line)
        self.beat.bump()
        line.heard_s = now_s
        if not goes_on:
            line.end = None
        return True

    def _look_after(self, line: Line) -> None:
        """Open what is due, let go of what is over."""
        if line.is_opening:
            return
        if not line.reader.goes_on(line.life):
            self._finish(line)
        elif line.end is None and time.monotonic() >= line.reader.due_s:
            line.is_opening = True
            self._make(line.reader.beat.name, lambda: self._open(line)).start()

    def _open(self, line: Line) -> None:
        """The body of a thread that opens one source."""
        source = line.life.source
        if line.reader.opens(line.life) and isinstance(source, Polled):
            with contextlib.suppress(TransportError):  # closed meanwhile: it is opened again
                line.end, line.opened_s = source.fileno(), time.monotonic()
        self._ends_turn(line)
        line.is_opening = False
        if self._lines.get(source.name) is not line or self._stop.is_set():  # the next life, or the end, came meanwhile
            self._finish(line)
        self._ring()

    def _finish(self, line: Line) -> None:
        line.end = None
        line.reader.finish(line.life)
        with self._changing:
            if self._lines.get(line.life.source.name) is line:
                del self._lines[line.life.source.name]
        line.done.set()

    def _end(self) -> None:
        for line in list(self._lines.values()):
            if line.end is not None or not line.is_opening:
                self._finish(line)
        self.beat.end()

    def _ends_turn(self, line: Line) -> None:
        if line.life is line.reader.life:
            line.reader.beat.end()

    def _leave_thread(self) -> None:
        """It hangs: another one goes on with all lines but that."""
        self._number += 1
        self._inside = None
        self._start_thread()

    def _start_thread(self) -> None:
        number = self._number
        self.thread = self._make("ports", lambda: self.run(number))
        self.thread.start()

    def _ring(self) -> None:
        os.eventfd_write(self._bell, 1)
