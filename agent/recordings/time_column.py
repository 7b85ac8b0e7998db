"""A table's time column: which one it is, what rate it says, and where samples are missing.

A header says so, or the first column alone counts up evenly; its unit comes from the header or is seconds where the
steps leave no doubt, and is never guessed otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.recordings.column_names import is_time, seconds_of

Floats = NDArray[np.float64]
Gaps = tuple[tuple[int, int], ...]

CERTAINLY_SECONDS = 0.5  # a smaller step is a fraction, so it counts no ticks
STEADY = 0.1  # spread of the steps, as a share of a step, of a clock that a single missing sample shows on
MAX_GAP = 2**40  # samples


def time_columns(header: Sequence[str], values: Floats) -> list[int]:
    """Columns that are time: those that `header` (empty: none) calls so, else the first if it counts up evenly."""
    if values.shape[1] < 2 or len(values) < 3:
        return []
    if header:
        return [k for k, name in enumerate(header) if is_time(name)]
    steps = np.diff(values[:, 0])
    step = np.median(steps)
    evenly = len(steps) >= 15 and steps.min() > 0 and np.median(np.abs(steps - step)) < step / 2
    return [0] if evenly else []


def rate_and_gaps(time: Floats, name: str | None, *, where: str) -> tuple[float | None, Gaps]:
    """Rate in Hz (None where the unit is unknown), and the gaps as (row, sample index).

    `name` is the column's header, `where` begins the RecordingError for a time that runs backwards.
    """
    steps = np.diff(time)
    if not (np.isfinite(time).all() and steps.min() >= 0 and time[-1] > time[0]):
        row = int(np.argmin(np.where(np.isfinite(steps), steps, -np.inf))) + 2
        raise RecordingError(f"{where} does not count up at row {row} of numbers")
    step = float(np.median(steps))
    jumps = np.ones(len(steps), np.int64)
    if steps.min() > 0:  # else the clock is coarser than the samples, and a jump may be one tick of it
        with np.errstate(over="ignore"):
            ratios = np.minimum(steps / step, MAX_GAP)
        far = ratios > (1.5 if np.median(np.abs(ratios - 1)) < STEADY else 4.0)
        jumps[far] = np.rint(ratios[far]).astype(np.int64)
    index = np.concatenate(([0], np.cumsum(jumps)))
    gaps = tuple((int(row) + 1, int(index[row + 1])) for row in np.flatnonzero(jumps > 1))
    unit_s = None if name is None else seconds_of(name)
    if unit_s is None and step < CERTAINLY_SECONDS and steps.min() > 0:
        unit_s = 1.0
    if unit_s is None:
        return None, gaps
    hz = float(index[-1] / ((time[-1] - time[0]) * unit_s))
    return float(f"{hz:.6g}"), gaps
