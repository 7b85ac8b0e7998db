"""How the figures of one bearing went: the latest windows one by one, those before one a minute, bounded in number.

For the page, which draws them; rows are bytes that only the page reads apart, so that keeping them costs little.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left, bisect_right

from agent.types import Diagnosis, Figure

FIGURES = ("deviation", "velocity_rms", "acceleration_rms", "kurtosis", "rpm")
"""Of a row, before the similarities to the descriptions."""
MOST_WINDOWS = 900
MOST_MINUTES = 1440
MINUTE_S = 60.0


NUMBER = struct.Struct("<I")


class Rows:
    """The latest rows, up to `most`, all of one size, in one piece: as objects of their own they would take thrice
    the memory. Each begins with its number, a larger one than the row's before it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 1
        self._bytes = bytearray()

    def append(self, row: bytes) -> None:
        self._size = len(row)
        self._bytes += row
        del self._bytes[: -self._most * self._size]

    def clear(self) -> None:
        self._bytes.clear()

    @property
    def first(self) -> int | None:
        """The number of the oldest; None where there is none."""
        return self._number(0) if self._bytes else None

    def between(self, after: int, before: float = math.inf) -> bytes:
        """Rows with numbers beyond `after` and below `before`, oldest first."""
        count = len(self._bytes) // self._size
        first = bisect_right(range(count), after, key=self._number)
        last = bisect_left(range(count), before, key=self._number)
        return bytes(self._bytes[first * self._size : last * self._size])

    def _number(self, place: int) -> int:
        (number,) = NUMBER.unpack_from(self._bytes, place * self._size)
        return int(number)


class Course:
    """Rows of number, Unix time and figures, NaN where there is none: `<I d f*`, of `FIGURES` and of each fault."""

    def __init__(self) -> None:
        self.faults: tuple[str, ...] = ()  # whose similarities a row ends with
        self._windows, self._minutes = Rows(MOST_WINDOWS), Rows(MOST_MINUTES)
        self._minute_s = -math.inf

    def add(self, number: int, wall_s: float, diagnosis: Diagnosis) -> None:
        """One window more."""
        similarities = {match.fault: match.similarity for match in diagnosis.matches}
        if similarities and set(similarities) != set(self.faults):  # another bundle: likenesses mean another thing
            self.faults = tuple(sorted(similarities))
            self._windows.clear()
            self._minutes.clear()
        figures = (*_figures(diagnosis), *(similarities.get(fault, math.nan) for fault in self.faults))
        row = struct.pack(f"<Id{len(figures)}f", number, wall_s, *figures)
        self._windows.append(row)
        if wall_s - self._minute_s >= MINUTE_S or wall_s < self._minute_s:
            self._minute_s = wall_s
            self._minutes.append(row)

    def since(self, number: int) -> bytes:
        """All rows beyond a number, oldest first."""
        first = self._windows.first
        older = b"" if first is None else self._minutes.between(number, first)
        return older + self._windows.between(number)


def _figures(diagnosis: Diagnosis) -> tuple[float, ...]:
    evidence, rpm = diagnosis.evidence, diagnosis.speed.rpm
    named = () if evidence is None else (evidence.velocity_rms, evidence.acceleration_rms, evidence.kurtosis)
    measured = tuple(map(_value, named)) or (math.nan,) * 3
    deviation = math.nan if diagnosis.deviation is None else diagnosis.deviation
    return deviation, *measured, math.nan if rpm is None else rpm


def _value(figure: Figure) -> float:
    return math.nan if figure.value is None else figure.value
