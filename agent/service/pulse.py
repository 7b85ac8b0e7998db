"""How a process beside the agent shows that it does not hang: a byte on its standard output, now and then.

A loop of this process tells its beat (`beats`); of another process nothing is seen but what it writes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO

from agent.service.beats import STOOD_STILL_S

EVERY_S = 2.0
SIGN = b"."


@dataclass(frozen=True, slots=True)
class Pulse:
    """Within which times a sign must come: the first, while it starts, and every further one."""

    first_s: float
    within_s: float


class Felt:
    """The pulse of one process, by whoever holds the other end of its output."""

    def __init__(self, output: IO[bytes], pulse: Pulse) -> None:
        self._file = output.fileno()
        self._pulse = pulse
        self._due_s: float | None = None
        self._looked_s = 0.0
        os.set_blocking(self._file, False)

    def is_lost(self, now_s: float) -> bool:
        """Whether no sign came for too long; to be asked several times a second, by the monotonic clock."""
        if self._due_s is None:
            self._due_s, self._looked_s = now_s + self._pulse.first_s, now_s
        if (still_s := now_s - self._looked_s) > STOOD_STILL_S:
            self._due_s += still_s  # nothing ran, so it is not held against it
        self._looked_s = now_s
        try:
            if os.read(self._file, 4096):
                self._due_s = now_s + self._pulse.within_s
        except BlockingIOError:
            pass
        return now_s > self._due_s
