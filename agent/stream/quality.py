"""Whether a window can be judged at all: the first reason why not, or None.

Every test must let real, healthy, coarsely quantised and silent signals pass; what fails here is never read as healthy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.types import Samples, Vector, Window

REASONS = {
    "rate_mismatch": "samples come at another rate than is declared, so no frequency can be placed",
    "not_finite": "a sample is NaN or infinite",
    "too_large": "a sample beyond anything that a sensor measures",
    "clipped": "samples at the sensor's full scale",
    "dead_axis": "an axis that never changes",
    "stuck_axis": "an axis that stays at one value for long while it moves at other times",
    "dc_jump": "the zero point jumps: a loose plug, a knock, a supply step",
    "frozen": "the same stretch of samples over and over: the sensor is no longer being read",
}

MAX_MAGNITUDE = 1e8  # in g or in counts; from 5e8 on fourth powers no longer fit float32
MIN_CLIPPED = 3  # a lone sample may honestly touch full scale
MIN_LEVELS = 64  # an axis with fewer distinct values is too coarse to tell clipping from quantising
NEAR_EXTREME = 0.01  # of the range: where an unclipped signal has more samples than at its very extreme
STUCK_SHARE = 0.25  # of a window at one value, in one go
STEP_SEGMENTS = 64
STEP_SHARE = 0.9  # of the variance explained by one step; a ramp reaches 0.75, a sine 0.81
STEP_SUSPECTED = 0.7  # of the variance of every so-manieth sample: below it the whole window is not looked at
THIN_SEGMENT = 32  # samples of a segment in that first look
MIN_REPEAT = 32  # samples: shorter repeats happen by chance in coarse signals
PROBE = 16


def fault_of_signal(window: Window) -> str | None:
    """None where `window` can be judged, else the first of `REASONS` that applies."""
    if window.rate.seen_hz is not None:
        return "rate_mismatch"
    columns = np.ascontiguousarray(window.samples.T)  # (axes, n): every test runs along an axis
    lows, highs = np.minimum.reduce(columns, axis=1), np.maximum.reduce(columns, axis=1)
    if not (np.isfinite(lows).all() and np.isfinite(highs).all()):  # min and max hand a NaN on
        return "not_finite"
    if max(highs.max(), -lows.min()) > MAX_MAGNITUDE:
        return "too_large"
    if _clipped(window, columns, lows, highs):
        return "clipped"
    if np.any(lows == highs):
        return "dead_axis"
    if _is_any_stuck(columns):
        return "stuck_axis"
    if _has_any_step(columns):
        return "dc_jump"
    if _is_frozen(columns):
        return "frozen"
    return None


def _clipped(window: Window, columns: Samples, lows: Vector, highs: Vector) -> bool:
    if window.clipped >= MIN_CLIPPED:
        return True
    full_scale = window.stream.full_scale
    if full_scale is None:
        return any(
            _is_flat_at(high, low, axis) or _is_flat_at(low, high, axis)
            for low, high, axis in zip(lows, highs, columns, strict=True)
        )
    limit = full_scale * (1 - 1e-6)  # the product of count and scale may round down
    if max(highs.max(), -lows.min()) < limit:
        return False
    return int(np.count_nonzero(np.abs(columns) >= limit)) >= MIN_CLIPPED


def _is_flat_at(edge: np.float32, other: np.float32, axis: Vector) -> bool:
    """More samples at one of the two extremes than just short of it, in a signal fine enough to tell."""
    at_edge = int(np.count_nonzero(axis == edge))
    if at_edge < 2 * MIN_CLIPPED:
        return False
    stride = max(1, len(axis) // 8192)
    if len(np.unique(axis[::stride])) < MIN_LEVELS:
        return False
    from_here = edge - NEAR_EXTREME * (edge - other)
    near = axis > from_here if edge > other else axis < from_here
    return at_edge > 3 * (int(np.count_nonzero(near)) - at_edge)


def _is_any_stuck(columns: Samples) -> bool:
    """One value for a quarter of the window in one go."""
    longest = int(STUCK_SHARE * columns.shape[1])
    half = max(1, longest // 2)
    # A run of `longest` holds one of these samples, so far apart, and the one after it.
    suspected = (columns[:, :-1:half] == columns[:, 1::half]).any(axis=1)
    return any(_is_stuck(axis, longest) for axis in columns[suspected])


def _is_stuck(axis: Vector, longest: int) -> bool:
    half = max(1, longest // 2)
    same = axis[1:] == axis[:-1]
    whole = len(same) // half * half
    # A run of `longest` covers a whole stretch of half its length, wherever it begins.
    if not same[:whole].reshape(-1, half).all(axis=1).any():
        return False
    changes = np.flatnonzero(~np.concatenate(([False], same, [False])))
    return int(np.diff(changes).max()) >= longest


def _has_any_step(columns: Samples) -> bool:
    """One step explains nearly all of the variance, and it is more than the last bit toggling."""
    thin = np.ascontiguousarray(columns[:, :: max(1, columns.shape[1] // (STEP_SEGMENTS * THIN_SEGMENT))])
    suspected = columns[_step_shares(thin) > STEP_SUSPECTED]
    if not len(suspected):
        return False
    return any(
        share > STEP_SHARE and len(np.unique(axis)) > 3
        for share, axis in zip(_step_shares(suspected), suspected, strict=True)
    )


def _step_shares(columns: Samples) -> NDArray[np.float64]:
    """(axes,) share of the variance that the best single step between segments explains."""
    size = columns.shape[1] // STEP_SEGMENTS
    if not size:
        return np.zeros(len(columns))
    used = columns[:, : size * STEP_SEGMENTS].reshape(-1, STEP_SEGMENTS, size)
    means = np.add.reduce(used, axis=2, dtype=np.float64) / size
    mean = np.add.reduce(means, axis=1, keepdims=True) / STEP_SEGMENTS
    centred = used - mean.astype(np.float32)[:, :, None]
    variance = np.add.reduce(centred * centred, axis=(1, 2), dtype=np.float64) / (size * STEP_SEGMENTS)
    sums = np.add.accumulate(means - mean, axis=1)[:, :-1]
    explained = np.maximum.reduce(sums**2 / (_LEFT * (STEP_SEGMENTS - _LEFT)), axis=1)
    shares: NDArray[np.float64] = np.where(variance > 0, explained / np.where(variance > 0, variance, 1.0), 0.0)
    return shares


_LEFT = np.arange(1, STEP_SEGMENTS)


def _is_frozen(columns: Samples) -> bool:
    """The window's end repeats what came just before it, exactly and on every axis."""
    n = columns.shape[1]
    if n < 2 * MIN_REPEAT:
        return False
    probe = columns[:, n - PROBE :]
    first = n - PROBE - n // 2  # from here on twice what is repeated lies in the window
    starts = first + np.flatnonzero(columns[0, first : n - PROBE - MIN_REPEAT + 1] == probe[0, 0])
    for k in range(1, PROBE):
        if not len(starts):
            return False
        starts = starts[columns[0, starts + k] == probe[0, k]]
    for start in starts[::-1]:
        period = n - PROBE - int(start)
        if np.array_equal(columns[:, n - period :], columns[:, n - 2 * period : n - period]):
            return True
    return False
