"""One idea of progress for every long wait: what is being done, how much of it, how long yet; always on standard error.

Nothing is told before FIRST_S. Then one line is drawn over and over on a terminal; elsewhere a line is written every
EVERY_S. A thread writes, so that a wait which nobody counts shows that it is alive, too. Waits may lie in each other:
the innermost is counted, the others are named before it, with what is left of them where they are counted, too.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import parent_process
from typing import IO, TypeVar, cast

Element = TypeVar("Element")

FIRST_S, EVERY_S = 2.0, 10.0
"""After how long a wait is told, and how often from then on where no terminal is."""
REDRAW_S = 0.2
BAR = 24  # characters
ERASE = "\r\x1b[K"


@dataclass(slots=True)
class Wait:
    """Something that takes a while; `total` is None where nobody knows how much of it there is."""

    what: str
    total: int | None = None
    done: int = 0
    share: float | None = None  # 0 to 1, where that is counted instead
    started_s: float = field(default_factory=time.monotonic)


def track(elements: Iterable[Element], what: str, *, total: int | None = None) -> Iterator[Element]:
    """The elements, one after the other, counted as what `what` names; `total` of them where they have no length."""
    with _SCREEN.showing(Wait(what, len(elements) if isinstance(elements, Sized) else total)) as wait:
        for element in elements:
            yield element
            wait.done += 1


@contextmanager
def shares(what: str) -> Iterator[Callable[[float], None]]:
    """A wait of which the share that is done, 0 to 1, is told to what this gives."""
    with _SCREEN.showing(Wait(what, share=0.0)) as wait:

        def hear(share: float) -> None:
            wait.share = share

        yield hear


@contextmanager
def busy(what: str) -> Iterator[None]:
    """A wait that has no count: only its time is told."""
    with _SCREEN.showing(Wait(what)):
        yield


def line_of(waits: Sequence[Wait], *, now_s: float) -> str:
    """What is told of waits, the outermost first, at the monotonic time `now_s`."""
    inner = waits[-1]
    names = [_place(wait, inside, now_s) for wait, inside in pairwise(waits)]
    took_s = now_s - inner.started_s
    if inner.share is not None:
        told = f"{inner.what} {inner.share:.0%}, {_spoken(took_s)}"
        return ": ".join([*names, told + _left(took_s, inner.share)])
    if not inner.total:
        return ": ".join([*names, f"{inner.what}, {_spoken(took_s)}"])
    told = f"{inner.what} {inner.done} of {inner.total}, {inner.done / inner.total:.0%}, {_spoken(took_s)}"
    return ": ".join([*names, told + _left(took_s, inner.done / inner.total)])


def bar_of(waits: Sequence[Wait]) -> str:
    """The share of the innermost wait as a bar with a space behind it; empty where nobody counts it."""
    inner = waits[-1]
    share = inner.share if inner.share is not None else inner.done / inner.total if inner.total else None
    return "" if share is None else "━" * round(BAR * share) + "╌" * (BAR - round(BAR * share)) + " "


def _left(took_s: float, share: float) -> str:
    return f", about {_spoken(took_s / share * (1 - share))} left" if 0 < share < 1 else ""


def _place(wait: Wait, inside: Wait, now_s: float) -> str:
    """Which element of a wait another one lies `inside`, and how long it may take yet, once an element is done."""
    if not wait.total:
        return wait.what
    place = f"{wait.what} {min(wait.done + 1, wait.total)} of {wait.total}"
    if not 0 < wait.done < wait.total:
        return place
    begun = inside.share or (inside.done / inside.total if inside.total else 0.0)
    return place + _left(now_s - wait.started_s, (wait.done + begun) / wait.total)


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class _Screen:
    """The waits under way, and the thread that tells of them while there are any.

    Only the process that somebody started tells: its children would write over each other.
    """

    def __init__(self) -> None:
        self._waits: list[Wait] = []
        self._lock = threading.Lock()

    @contextmanager
    def showing(self, wait: Wait) -> Iterator[Wait]:
        if parent_process() is not None:
            yield wait
            return
        with self._lock:
            self._waits.append(wait)
            outermost = len(self._waits) == 1
        if not outermost:
            try:
                yield wait
            finally:
                self._remove(wait)
            return
        over = threading.Event()
        watched = sys.stderr.isatty()
        teller = threading.Thread(target=self._draw if watched else self._write, args=(over,), daemon=True)
        teller.start()
        with _above(self._lock) if watched else nullcontext():
            try:
                yield wait
            finally:
                self._remove(wait)
                over.set()
                teller.join()

    def _remove(self, wait: Wait) -> None:
        with self._lock:
            self._waits[:] = [other for other in self._waits if other is not wait]

    def _line(self, *, bar: bool) -> str | None:
        with self._lock:
            if not self._waits:
                return None
            return (bar_of(self._waits) if bar else "") + line_of(self._waits, now_s=time.monotonic())

    def _write(self, over: threading.Event) -> None:
        pause_s = FIRST_S
        while not over.wait(pause_s):
            pause_s = EVERY_S
            if (line := self._line(bar=False)) is not None:
                with suppress(OSError, ValueError):  # nobody reads any longer
                    print(line, file=sys.stderr, flush=True)

    def _draw(self, over: threading.Event) -> None:
        stream = sys.__stderr__ or sys.stderr
        if over.wait(FIRST_S):
            return
        while not over.wait(REDRAW_S):
            if (line := self._line(bar=True)) is not None:
                with self._lock, suppress(OSError, ValueError):
                    stream.write(ERASE + line[: shutil.get_terminal_size().columns - 1])
                    stream.flush()
        with suppress(OSError, ValueError):
            stream.write(ERASE)
            stream.flush()


class _Above:
    """A stream whose lines stand above the one that is drawn over and over."""

    def __init__(self, stream: IO[str], lock: threading.Lock) -> None:
        self._stream, self._lock = stream, lock

    def write(self, text: str) -> int:
        with self._lock:
            if sys.__stderr__ is not None:
                sys.__stderr__.write(ERASE)
                sys.__stderr__.flush()
            return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def _above(lock: threading.Lock) -> Iterator[None]:
    out, err = (cast("IO[str]", _Above(stream, lock)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield


_SCREEN = _Screen()
