"""The heart beats of every loop: each says when it will be back, and one place sees which is late.

A thread that hangs answers no one, while paho's own thread goes on answering the broker's pings: from outside all
looks well. So every loop tells its beat, at each turn, by when the next turn is due; what waits longer on purpose says
so.
"""

from __future__ import annotations

import math
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

STOOD_STILL_S = 5.0
"""Between two looks: then no loop hung but the whole process (stopped, starved), and nobody is blamed."""

TURN_S = 30.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a turn of a loop may take before it counts as stuck, and how soon a disk is tried again."""

    turn_s: float = TURN_S
    open_s: float = 120.0  # a name server that is away takes a minute, a broker's greeting more
    file_s: float = 600.0  # a turn that may read a long recording
    disk_s: float = 30.0  # between two tries of a disk that does not take the state


class Beat:
    """One loop's word on when it will be back; `bump` is called by the loop, the rest by whoever watches."""

    def __init__(self, name: str, *, turn_s: float = TURN_S) -> None:
        self.name = name
        self.turn_s = turn_s
        self._due_s = math.inf  # before the first turn nothing is due
        self._thread: int | None = None

    def bump(self, *, within_s: float | None = None) -> None:
        """A turn begins; the next one is due in `within_s`, by default in `turn_s`."""
        self._thread = threading.get_ident()
        self._due_s = time.monotonic() + (self.turn_s if within_s is None else within_s)

    def end(self) -> None:
        """The loop has ended as it should: nothing more is due."""
        self._due_s = math.inf

    def late_s(self, now_s: float) -> float:
        """Seconds since the turn that did not come was due; 0 while none is."""
        return max(0.0, now_s - self._due_s)

    def forgive(self, seconds: float) -> None:
        """Time in which nothing ran is not held against the loop."""
        self._due_s += seconds

    def stack(self) -> str:
        """Where the loop's thread is now, as a traceback; a word where it has ended."""
        frame = sys._current_frames().get(self._thread or 0)
        return "its thread has ended" if frame is None else "".join(traceback.format_stack(frame)).rstrip()


class Beats:
    """All beats of a process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._beats: list[Beat] = []
        self._clock = clock
        self._looked_s = clock()

    def add(self, name: str, *, turn_s: float = TURN_S) -> Beat:
        """A new loop to watch."""
        self._beats.append(Beat(name, turn_s=turn_s))
        return self._beats[-1]

    def remove(self, beat: Beat) -> None:
        """A loop that is no more."""
        self._beats = [other for other in self._beats if other is not beat]

    def late(self) -> list[Beat]:
        """The loops that should have turned since; to be asked several times a second."""
        now_s = self._clock()
        still_s = now_s - self._looked_s
        self._looked_s = now_s
        if still_s > STOOD_STILL_S:
            for beat in self._beats:
                beat.forgive(still_s)
        return [beat for beat in self._beats if beat.late_s(now_s) > 0]
