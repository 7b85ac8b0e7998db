"""All rows of a table in order: where samples are missing, and the sample rate that its time shows.

Missing are rows without a value, and whatever time or counter jumped over; both move the sample count on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.tables.clock import Clock, clock_of, second_of
from agent.tables.rows import Rows
from agent.tables.values import Question, Settles, Table, Told

Floats = NDArray[np.float64]
Gaps = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """So many steps from sample to sample, and the seconds that the time column shows for them.

    A clock that is coarser than the samples stands still until its first tick and after its last: what lies there took
    an unknown part of a tick, and shows no rate.
    """

    steps: int
    seconds: float
    lead: int = 1  # steps up to the first tick, all of them where there is none
    first_s: float = 0.0  # seconds of that tick
    trail: int = 0  # steps after the last one

    def __add__(self, later: Timed) -> Timed:
        steps, seconds = self.steps + later.steps, self.seconds + later.seconds
        if later.seconds <= 0:
            lead, first_s = (steps, 0.0) if self.seconds <= 0 else (self.lead, self.first_s)
            return Timed(steps, seconds, lead, first_s, self.trail + later.steps)
        if self.seconds <= 0:
            return Timed(steps, seconds, self.steps + later.lead, later.first_s, later.trail)
        return Timed(steps, seconds, self.lead, self.first_s, later.trail)

    @property
    def rate_hz(self) -> float | None:
        """Hz to six digits, of whole ticks; None where there is none, or the time stands still."""
        steps, seconds = self.steps, self.seconds
        if self.lead > 1 or self.trail:
            steps, seconds = steps - self.lead - self.trail, seconds - self.first_s
        return float(f"{steps / seconds:.6g}") if steps > 0 and seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Series:
    """`values` (samples, axes), all finite; `gaps` holds (row, sample index) where rows before are missing."""

    values: Floats
    gaps: Gaps
    rate_hz: float | None  # of the time column; None without one, or where nothing shows its unit
    missing: int  # rows without a value
    wraps: int  # rounds of the clock
    steps: int  # from the first to the last sample, gaps counted
    timed: Timed | None = None


def series_of(table: Table, rows: Rows, told: Told | None = None, *, first_row: int = 0) -> Series | Question:
    """The rows as consecutive samples; a Question where their time or counter does not count up.

    `first_row` counts the rows of numbers before them, for that question.
    """
    is_there = ~np.isnan(rows.values.sum(axis=1))  # values are finite or NaN
    last = int(np.flatnonzero(is_there)[-1]) + 1 if is_there.any() else 0  # rows without a value at the end are no gap
    at = np.flatnonzero(is_there[:last])
    index = at.copy()
    timed: Timed | None = None
    wraps = 0
    for ticks, column in ((rows.stamps, table.time), (rows.counts, table.counter)):
        if ticks is None or column is None or len(at) < 3:
            continue
        clock = clock_of(ticks[at], first_row=first_row)
        if isinstance(clock, str):
            if column == table.time and _is_still(ticks[at]):
                timed = Timed(len(at) - 1, 0.0)
                continue
            settles: Settles = "time_column" if column == table.time else "none"
            return Question(
                f"column {table.columns[column].name} {clock}", settles, tuple(c.name for c in table.columns)
            )
        index = _later(index, np.concatenate(([0], np.cumsum(clock.jumps))) + index[0])
        if column == table.time:
            wraps = clock.wraps
            timed = _timed(table, clock, first=float(ticks[at[0]]), told=told)
    index -= index[0] if len(index) else 0
    steps = np.diff(index)
    gaps = tuple((int(row) + 1, int(index[row + 1])) for row in np.flatnonzero(steps > 1))
    total = int(index[-1]) if len(index) else 0
    return Series(rows.values[at], gaps, timed.rate_hz if timed else None, last - len(at), wraps, total, timed)


def _is_still(ticks: Floats) -> bool:
    return bool(ticks.min() == ticks.max())


def _later(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sample indexes whose every step is the longer one of two: what one does not show as missing, the other may."""
    steps = np.maximum(np.diff(a), np.diff(b))
    return np.concatenate((a[:1], a[0] + np.cumsum(steps))).astype(np.int64)


def _timed(table: Table, clock: Clock, *, first: float, told: Told | None) -> Timed | None:
    assert table.time is not None
    second = table.columns[table.time].second
    if second is None:
        known_hz = told.rate_hz if told is not None and told.rate_hz is not None else table.facts.rate_hz
        second = second_of(clock.ticks_per_sample, first, rate_hz=known_hz)
    if second is None:  # with several samples to a tick, its own size may show the unit
        second = second_of(clock.step, first, rate_hz=None)
    steps = int(clock.jumps.sum())
    if second is None:
        return None
    seconds = steps * clock.ticks_per_sample * second
    return Timed(steps, seconds, clock.lead, clock.first * second, clock.trail)
