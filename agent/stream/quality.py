"""Whether a window can be judged at all: the first reason why not, or None.

Every test must let real, healthy, coarsely quantised and silent signals pass; what fails here is never read as healthy.
"""

from __future__ import annotations

import numpy as np

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
    lows, highs = columns.min(axis=1), columns.max(axis=1)
    if not (np.isfinite(lows).all() and np.isfinite(highs).all()):  # min and max hand a NaN on
        return "not_finite"
    if max(highs.max(), -lows.min()) > MAX_MAGNITUDE:
        return "too_large"
    if _clipped(window, columns, lows, highs):
        return "clipped"
    if np.any(lows == highs):
        return "dead_axis"
    if any(_is_stuck(axis) for axis in columns):
        return "stuck_axis"
    if any(_has_step(axis) for axis in columns):
        return "dc_jump"
    if _is_frozen(columns):
        return "frozen"
    return None


def _clipped(window: Window, columns: Samples, lows: Vector, highs: Vector) -> bool:
    if window.clipped >= MIN_CLIPPED:
        return True
    full_scale = window.stream.full_scale
    if full_scale is None:
        return any(_has_flat_top(axis) or _has_flat_top(-axis) for axis in columns)
    limit = full_scale * (1 - 1e-6)  # the product of count and scale may round down
    if max(highs.max(), -lows.min()) < limit:
        return False
    return int(np.count_nonzero(np.abs(columns) >= limit)) >= MIN_CLIPPED


def _has_flat_top(axis: Vector) -> bool:
    """More samples at the very top than just below it, in a signal fine enough to tell."""
    top = axis.max()
    at_top = int(np.count_nonzero(axis == top))
    if at_top < 2 * MIN_CLIPPED:
        return False
    stride = max(1, len(axis) // 8192)
    if len(np.unique(axis[::stride])) < MIN_LEVELS:
        return False
    near = int(np.count_nonzero(axis > top - NEAR_EXTREME * (top - axis.min()))) - at_top
    return at_top > 3 * near


def _is_stuck(axis: Vector) -> bool:
    """One value for a quarter of the window in one go."""
    longest = int(STUCK_SHARE * len(axis))
    half = max(1, longest // 2)
    marks = np.arange(0, len(axis) - 1, half)  # a run of `longest` holds one of these and the sample after it
    if not (axis[marks] == axis[marks + 1]).any():
        return False
    same = axis[1:] == axis[:-1]
    whole = len(same) // half * half
    # A run of `longest` covers a whole stretch of half its length, wherever it begins.
    if not same[:whole].reshape(-1, half).all(axis=1).any():
        return False
    changes = np.flatnonzero(~np.concatenate(([False], same, [False])))
    return int(np.diff(changes).max()) >= longest


def _has_step(axis: Vector) -> bool:
    """One step explains nearly all of the variance, and it is more than the last bit toggling."""
    thin = axis[:: max(1, len(axis) // (STEP_SEGMENTS * THIN_SEGMENT))]
    if _step_share(thin) <= STEP_SUSPECTED:
        return False
    return _step_share(axis) > STEP_SHARE and len(np.unique(axis)) > 3


def _step_share(axis: Vector) -> float:
    """Share of the variance that the best single step between segments explains."""
    size = len(axis) // STEP_SEGMENTS
    if not size:
        return 0.0
    used = axis[: size * STEP_SEGMENTS].reshape(STEP_SEGMENTS, size)
    means = used.mean(axis=1, dtype=np.float64)
    mean = means.mean()
    centred = used - np.float32(mean)
    variance = float(np.vdot(centred, centred)) / used.size
    sums = np.cumsum(means - mean)[:-1]
    left = np.arange(1, STEP_SEGMENTS)
    if variance <= 0:
        return 0.0
    return float((sums**2 / (left * (STEP_SEGMENTS - left))).max() / variance)


def _is_frozen(columns: Samples) -> bool:
    """The window's end repeats what came just before it, exactly and on every axis."""
    n = columns.shape[1]
    if n < 2 * MIN_REPEAT:
        return False
    probe = columns[:, n - PROBE :]
    starts = np.flatnonzero(columns[0, : n - PROBE - MIN_REPEAT + 1] == probe[0, 0])
    for k in range(1, PROBE):
        if not len(starts):
            return False
        starts = starts[columns[0, starts + k] == probe[0, k]]
    for start in starts[::-1]:
        period = n - PROBE - int(start)
        if 2 * period > n:
            return False
        if np.array_equal(columns[:, n - period :], columns[:, n - 2 * period : n - period]):
            return True
    return False
