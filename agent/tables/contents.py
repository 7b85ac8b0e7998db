"""What the numbers of one column do, whatever its name says: stand still, count, rise evenly, hold in steps, or vary.

Vibration never rises evenly and never holds one value over long runs; what does is something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.tables.clock import unwrapped

Floats = NDArray[np.float64]

LEAST_ROWS = 8  # fewer show no habit
EVEN = 0.03  # spread of the steps of a clock, as a share of a step
MOST = 0.9  # of the steps, that make a habit: a spoilt line or a jump is no other one
UNEVEN = 0.45  # the same where something already calls the column time
RARE = 0.06  # share of rows in which a label or a slow quantity changes
DRIFT_ROWS = 64  # fewer do not show a drift
SMOOTH = 6e-4
"""Variance of the steps over that of the values below which not one turn lies in the rows; of vibration it is 0.03 to 2
(public recordings at 10 to 51 kHz), for its noise reaches up to half the sample rate."""
FAR = 20.0  # spreads by which a column stands away from zero all the time
FARTHEST = 16.0
"""No acceleration stands further from zero: in g and m/s2 that is gravity, in volts the bias of a sensor."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Habits of a column, told from its finite values in order."""

    rows: int
    numbers: int  # finite ones
    constant: bool = False
    whole: bool = False  # integers alone
    counts: bool = False  # steps of exactly one (or of one whole number), jumps and wraps aside
    rises: bool = False  # evenly, so that it can only be time or a counter
    climbs: bool = False  # counts up as a jittering or coarse clock does
    steps: bool = False  # few values in long runs: a label, a state or a slow quantity
    drifts: bool = False  # one way, or so slowly and smoothly that it holds no vibration
    far: bool = False  # stands further from zero than gravity or a bias, and moves little; of fractions alone
    mean: float = 0.0
    step: float = 0.0  # median step
    back: float = 0.0  # share of steps that go down, wraps aside


def contents_of(values: Floats) -> Contents:
    """Habits of `values`, shape (rows,), NaN where a row holds no number."""
    finite = values[np.isfinite(values)]
    if len(finite) < LEAST_ROWS:
        return Contents(len(values), len(finite))
    whole = bool((finite == np.rint(finite)).all())
    if finite.min() == finite.max():
        return Contents(len(values), len(finite), constant=True, whole=whole)
    ticks, _ = unwrapped(finite)
    steps = np.diff(ticks)
    step = float(np.median(steps))
    return Contents(
        len(values),
        len(finite),
        whole=whole,
        counts=_counts(steps, step=step, whole=whole),
        rises=_rises(ticks, steps, step=step),
        climbs=_climbs(ticks, steps),
        steps=_holds(finite),
        drifts=_drifts(finite),
        far=not whole and _is_far(finite),
        mean=float(finite.mean()),
        step=step,
        back=float(np.mean(steps < 0)),
    )


def _counts(steps: Floats, *, step: float, whole: bool) -> bool:
    """Whole numbers that step by one amount, but for a few jumps and spoilt lines."""
    return whole and step >= 1 and bool(np.mean(steps == step) >= MOST)


def _rises(ticks: Floats, steps: Floats, *, step: float) -> bool:
    """Nearly all steps ahead and of one size: within a share of it, or within what rounding does to it."""
    if step <= 0:
        return False
    quantum = _quantum(ticks)
    allowed = max(EVEN * step, min(1.01 * quantum, 0.51 * step))
    return bool(np.mean(np.abs(steps - step) <= allowed) >= MOST)


def _climbs(ticks: Floats, steps: Floats) -> bool:
    """Never far back, and both halves rise alike: a clock coarser than the rows, or one that jitters."""
    rise = ticks[-1] - ticks[0]
    if rise <= 0 or np.mean(steps < 0) > 0.1:
        return False
    ahead = steps[steps > 0]
    typical = float(np.median(ahead)) if len(ahead) else 0.0
    if typical <= 0 or steps.min() < -2 * typical:
        return False
    inner = np.sort(steps)[: max(2, int(0.97 * len(steps)))]  # but for jumps
    if (steps >= 0).all() and len(np.unique(steps)) <= 2 and len(ahead) >= 3:
        return True
    return float(np.std(inner)) <= UNEVEN * 2 * max(float(np.mean(inner)), 1e-300)


def _holds(values: Floats) -> bool:
    changes = np.mean(np.diff(values) != 0)
    return len(values) >= 3 * LEAST_ROWS and bool(changes <= RARE)


def _drifts(values: Floats) -> bool:
    """Whether the values go one way only, or so smoothly that not one turn lies in them."""
    steps = np.diff(values)
    if len(values) < DRIFT_ROWS:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool((steps >= 0).all() or (steps <= 0).all() or steps.var() < SMOOTH * values.var())


def _is_far(values: Floats) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(abs(values.mean()) > max(FARTHEST, FAR * values.std()))


def _quantum(ticks: Floats) -> float:
    """The resolution with which a column was printed: the least decimal step that writes all of its values."""
    probe = ticks[:64] - np.rint(ticks[0])
    for digits in range(0, 10):
        scaled = probe * 10.0**digits
        if np.abs(scaled - np.rint(scaled)).max() <= 1e-4 + 4e-16 * np.abs(ticks).max() * 10.0**digits:
            return float(10.0**-digits)
    return 0.0
