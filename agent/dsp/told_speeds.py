"""What a tacho or a topic tells of a machine's speed, and whether it can be believed: fresh, steady, and possible.

Whoever may write to a topic may write anything there. Readings that stopped, and readings that leap up and down as no
shaft does, are a doubt; a speed that merely changes is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from agent.dsp.speed_doubts import STEADY_WITHIN
from agent.limits import MAX_RPM
from agent.types import Reading, Speed

STALE_AFTER_S = 10.0
STANDSTILL_RPM = 1.0  # tachos read a little above 0 from a shaft at rest; slower than this nothing can be heard of it
LEAP = 0.5  # of the faster of two readings, by which they differ
LEAPS = 4  # up and down again, within LEAPS_S: a machine that is switched on and off does so more rarely
LEAPS_S = 20.0

Doubted: TypeAlias = Literal["silent", "contradicted"]
"""Why what was told is not the speed."""


class Told:
    """Speed readings of one machine, in the order in which they came."""

    def __init__(self, *, stale_after_s: float = STALE_AFTER_S) -> None:
        self._stale_after_s = stale_after_s
        self._readings: deque[Reading] = deque(maxlen=256)
        self._asked_s: float | None = None  # when a speed was first wanted
        self.last_rpm: float | None = None  # told last of a shaft that turned

    def feed(self, reading: Reading) -> None:
        """Remember a reading, below `STANDSTILL_RPM` as 0; a value that is no speed is ignored."""
        if not 0 <= reading.value <= MAX_RPM:
            return
        if reading.value < STANDSTILL_RPM:
            reading = replace(reading, value=0.0)
        elif self._leaps_at(reading.arrival_s) < LEAPS:
            self.last_rpm = reading.value
        self._readings.append(reading)

    def doubt(self, start_s: float, end_s: float) -> Doubted | None:
        """Why the readings are no word on the window [start_s, end_s]; None where they are one, steady or not."""
        if self._asked_s is None or end_s < self._asked_s:
            self._asked_s = start_s
        known = self._before(end_s)
        since_s = known[-1].arrival_s if known else self._asked_s
        if end_s - since_s > self._stale_after_s:
            return "silent"
        return "contradicted" if self._leaps_at(end_s) >= LEAPS else None

    def during(self, origin: Literal["topic", "tacho"], start_s: float, end_s: float) -> Speed:
        """The mean of what was told during the window, else what was told last before it; unsteady where it moves."""
        known = self._before(end_s)
        if not known:
            return Speed(None, "unknown", steady=False)
        during = [r.value for r in known if r.arrival_s >= start_s]
        before = [r.value for r in known if r.arrival_s < start_s][-1:]
        values = np.array(before + during)
        rpm = float(np.mean(during or before))
        still = rpm > 0 and float(np.ptp(values)) <= STEADY_WITHIN * rpm
        return Speed(rpm, origin, steady=still or rpm == 0)

    def _before(self, end_s: float) -> Sequence[Reading]:
        return [r for r in self._readings if r.arrival_s <= end_s]

    def _leaps_at(self, now_s: float) -> int:
        """How often the readings turned round by a leap, lately."""
        values = [r.value for r in self._readings if now_s - LEAPS_S <= r.arrival_s <= now_s]
        leaps = [b > a for a, b in pairwise(values) if abs(b - a) > LEAP * max(a, b)]
        return sum(up != before for before, up in pairwise(leaps))
