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
class Series:
    """`values` (samples, axes), all finite; `gaps` holds (row, sample index) where rows before are missing."""

    values: Floats
    gaps: Gaps
    rate_hz: float | None  # of the time column; None without one, or where nothing shows its unit
    missing: int  # rows without a value
    wraps: int  # rounds of the clock


def series_of(table: Table, rows: Rows, told: Told | None = None) -> Series | Question:
    """The rows as consecutive samples; a Question where their time or counter does not count up."""
    is_there = ~np.isnan(rows.values.sum(axis=1))  # values are finite or NaN
    last = int(np.flatnonzero(is_there)[-1]) + 1 if is_there.any() else 0  # rows without a value at the end are no gap
    at = np.flatnonzero(is_there[:last])
    index = at.copy()
    rate_hz, wraps = None, 0
    for ticks, column in ((rows.stamps, table.time), (rows.counts, table.counter)):
        if ticks is None or column is None or len(at) < 3:
            continue
        clock = clock_of(ticks[at])
        if isinstance(clock, str):
            if column == table.time and _is_still(ticks[at]):
                continue
            settles: Settles = "time_column" if column == table.time else "none"
            return Question(
                f"column {table.columns[column].name} {clock}", settles, tuple(c.name for c in table.columns)
            )
        index = _later(index, np.concatenate(([0], np.cumsum(clock.jumps))) + index[0])
        if column == table.time:
            wraps = clock.wraps
            rate_hz = _rate(table, clock, first=float(ticks[at[0]]), told=told)
    index -= index[0] if len(index) else 0
    steps = np.diff(index)
    gaps = tuple((int(row) + 1, int(index[row + 1])) for row in np.flatnonzero(steps > 1))
    return Series(rows.values[at], gaps, rate_hz, last - len(at), wraps)


def _is_still(ticks: Floats) -> bool:
    return bool(ticks.min() == ticks.max())


def _later(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sample indexes whose every step is the longer one of two: what one does not show as missing, the other may."""
    steps = np.maximum(np.diff(a), np.diff(b))
    return np.concatenate((a[:1], a[0] + np.cumsum(steps))).astype(np.int64)


def _rate(table: Table, clock: Clock, *, first: float, told: Told | None) -> float | None:
    assert table.time is not None
    second = table.columns[table.time].second
    if second is None:
        known_hz = told.rate_hz if told is not None and told.rate_hz is not None else table.facts.rate_hz
        second = second_of(clock.ticks_per_sample, first, rate_hz=known_hz)
    return None if second is None else float(f"{1 / (clock.ticks_per_sample * second):.6g}")
