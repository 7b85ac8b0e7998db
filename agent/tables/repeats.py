"""Rows that stand several times in a row: a sensor that was read, or a file that was written, faster than it measured.

Such rows are no samples of their own, and their rate is not the sensor's. A coarse converter also repeats its values,
but now and then, and by single steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_RUNS = 12
MOST_ALONE = 0.03  # share of values that stand once only
LEAST_DISTINCT = 8  # values, below which it is a state or a square wave
LEAST_STEP = 3.0  # of the least difference that there is: less is a coarse converter's


def repeats_of(columns: Sequence[Floats]) -> int | None:
    """How often every row of these columns stands in a row, at the median; None where rows are samples of their own."""
    rows = np.stack(columns, axis=1)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < 2 * LEAST_RUNS:
        return None
    starts = np.flatnonzero(np.concatenate(([True], (np.diff(rows, axis=0) != 0).any(axis=1))))
    runs = np.diff(np.append(starts, len(rows)))[1:-1]  # the first and the last may be cut
    if len(runs) < LEAST_RUNS or np.mean(runs == 1) > MOST_ALONE:
        return None
    if not any(_is_fine(column) for column in rows[starts].T):
        return None
    return round(float(np.median(runs)))


def _is_fine(values: Floats) -> bool:
    """Whether a column's values differ from one to the next by more than a converter's step."""
    distinct = np.unique(values)
    if len(distinct) < LEAST_DISTINCT:
        return False
    return bool(np.median(np.abs(np.diff(values))) >= LEAST_STEP * np.diff(distinct).min())
