"""How the figures of one bearing went: the latest windows one by one, those before one a minute, bounded in number.

For the page, which draws them; a row is bytes that only the page reads apart, so that keeping it costs little.
"""

from __future__ import annotations

import math
import struct
from collections import deque

from agent.types import Diagnosis, Figure

FIGURES = ("deviation", "velocity_rms", "acceleration_rms", "kurtosis", "rpm")
"""Of a row, before the similarities to the descriptions."""
MOST_WINDOWS = 900
MOST_MINUTES = 1440
MINUTE_S = 60.0


class Course:
    """Rows of number, Unix time and figures, NaN where there is none: `<I d f*` (`layout` says how many)."""

    def __init__(self) -> None:
        self.faults: tuple[str, ...] = ()  # whose similarities a row ends with
        self._windows: deque[tuple[int, bytes]] = deque(maxlen=MOST_WINDOWS)
        self._minutes: deque[tuple[int, bytes]] = deque(maxlen=MOST_MINUTES)
        self._minute_s = -math.inf

    def add(self, number: int, wall_s: float, diagnosis: Diagnosis) -> None:
        """One window more."""
        similarities = {match.fault: match.similarity for match in diagnosis.matches}
        if similarities and set(similarities) != set(
            self.faults
        ):  # another bundle, whose likenesses mean another thing
            self.faults = tuple(sorted(similarities))
            self._windows.clear()
            self._minutes.clear()
        figures = (*_figures(diagnosis), *(similarities.get(fault, math.nan) for fault in self.faults))
        row = (number, struct.pack(f"<Id{len(figures)}f", number, wall_s, *figures))
        self._windows.append(row)
        if wall_s - self._minute_s >= MINUTE_S or wall_s < self._minute_s:
            self._minute_s = wall_s
            self._minutes.append(row)

    def since(self, number: int) -> bytes:
        """All rows beyond a number, oldest first."""
        first = self._windows[0][0] if self._windows else 0
        older = (row for at, row in self._minutes if number < at < first)
        return b"".join((*older, *(row for at, row in self._windows if at > number)))


def _figures(diagnosis: Diagnosis) -> tuple[float, ...]:
    evidence, rpm = diagnosis.evidence, diagnosis.speed.rpm
    named = () if evidence is None else (evidence.velocity_rms, evidence.acceleration_rms, evidence.kurtosis)
    measured = tuple(map(_value, named)) or (math.nan,) * 3
    deviation = math.nan if diagnosis.deviation is None else diagnosis.deviation
    return deviation, *measured, math.nan if rpm is None else rpm


def _value(figure: Figure) -> float:
    return math.nan if figure.value is None else figure.value
