"""A column of time or a count over all of its rows: its rate, where samples are missing, and where it went round.

A tick is the column's own unit. Counters of 8, 16 and 32 bits wrap, microseconds of 32 bits may be printed as
milliseconds or seconds, and a time of day begins anew at midnight; a jump ahead is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Jumps = NDArray[np.int64]

_DAY_S = 24 * 3600.0
WRAPS = (2.0**8, 2.0**16, 2.0**32, _DAY_S, 2.0**32 * 1e-3, 2.0**32 * 1e-6, 1e3, 1e4, 1e5, 1e6)
STEADY = 0.1  # spread of the steps, as a share of a step, of a clock on which a single missing sample shows
MAX_GAP = 2.0**40  # samples
CERTAINLY_SECONDS = 0.005  # a fraction so small counts no ticks, and as milliseconds would be beyond any accelerometer
FRACTION = 0.5  # a step below it is no tick
AGREES = 0.05  # of a told rate, within which a measured one is the same
EPOCHS = ((1e9, 4e9, 1.0), (1e12, 4e12, 1e-3), (1e15, 4e15, 1e-6), (1e18, 4e18, 1e-9))
"""Time since 1970 between 2001 and 2096, and the seconds per tick that it shows."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a column of ticks says. `jumps` holds per step how many samples on it is: 1 where none is missing."""

    step: float  # median, in ticks
    jumps: Jumps  # (rows - 1,)
    wraps: int
    ticks_per_sample: float  # over the whole column
    lead: int = 1  # samples up to the first on which the clock has moved
    first: float = 0.0  # by how many ticks it moved there
    trail: int = 0  # samples after the last on which it has


def clock_of(ticks: Floats, *, first_row: int = 0) -> Clock | str:
    """The clock of finite `ticks`, shape (rows,), or what is wrong with it as the end of a sentence.

    `first_row` counts the rows before them, for that sentence.
    """
    ticks, wraps = unwrapped(ticks)
    if len(ticks) < 3:
        return "holds fewer than three rows"
    steps = np.diff(ticks)
    ahead = steps[steps > 0]
    step = float(np.median(steps)) or (float(np.median(ahead)) if len(ahead) else 0.0)
    if step <= 0 or steps.min() < -2 * step or ticks[-1] <= ticks[0]:
        return f"does not count up at row {first_row + int(np.argmin(steps)) + 2} of numbers"
    if (steps == 0).any():  # the clock is coarser than the samples, and a jump may be one tick of it
        tick = float(np.median(ahead))
        limit = 4 * tick + 4 * float(np.mean(np.minimum(steps, 4 * tick)))
    else:
        limit = (1.5 if np.median(np.abs(steps / step - 1)) < STEADY else 4.0) * step
    far = steps > limit
    mean = float(np.mean(steps[~far])) if not far.all() else step  # finer than the median of rounded ticks
    jumps = np.ones(len(steps), np.int64)
    jumps[far] = np.rint(np.minimum(steps[far] / mean, MAX_GAP)).astype(np.int64)
    moved = np.flatnonzero(steps != 0)
    return Clock(
        step,
        jumps,
        wraps,
        float((ticks[-1] - ticks[0]) / jumps.sum()),
        lead=int(jumps[: moved[0] + 1].sum()),
        first=float(steps[moved[0]]),
        trail=int(jumps[moved[-1] + 1 :].sum()),
    )


def unwrapped(ticks: Floats) -> tuple[Floats, int]:
    """`ticks` with the rounds of their counter added, and how often it went round."""
    steps = np.diff(ticks)
    back = np.flatnonzero(steps < 0)
    if not len(back) or len(back) > max(4, len(steps) // 8):
        return ticks, 0
    step = float(np.median(steps))
    if step <= 0:
        return ticks, 0
    moved = ticks.copy()
    wraps = 0
    for k in back:
        if steps[k] >= -2 * step:  # jitter
            continue
        round_ = next((r for r in WRAPS if _fits(r, steps[k], step, ticks)), None)
        round_ = round_ or _own_round(ticks, back, step)
        if round_ is None:
            return ticks, 0
        moved[k + 1 :] += round_
        wraps += 1
    return moved, wraps


def _own_round(ticks: Floats, back: NDArray[np.intp], step: float) -> float | None:
    """Ticks of a counter that goes round at any number, as one of a drive or the mains does; None: it is none."""
    tops, bottoms = ticks[back], ticks[back + 1]
    if len(back) < 2 or step != 1 or np.ptp(tops) or np.ptp(bottoms) or bottoms[0] not in (0, 1):
        return None
    return float(tops[0] - bottoms[0] + step)


def _fits(round_: float, fall: float, step: float, ticks: Floats) -> bool:
    """Whether a fall by `fall` is a counter that went round after `round_` ticks."""
    if ticks.max() >= round_ + step or ticks.min() < 0:
        return False
    return bool(0 < fall + round_ <= max(8 * step, round_ / 64))


def second_of(step: float, first: float, *, rate_hz: float | None) -> float | None:
    """Seconds per tick where no name says it: from a told rate, from the size of `first`, or a small fraction."""
    for low, high, second in EPOCHS:
        if low <= first < high and (second == 1 or step >= 1):
            return second
    if rate_hz is not None:
        fits = [second for second in (1.0, 1e-3, 1e-6, 1e-9) if abs(1 / (step * second) / rate_hz - 1) <= AGREES]
        if fits:
            return fits[0]
    return 1.0 if 0 < step < CERTAINLY_SECONDS else None
