"""Whether bearings that were told may draw the lines that another bearing would explain.

A damaged bearing draws more than the multiples that set one bearing apart. A race under a load that turns, or struck by
balls that differ, draws sidebands of shaft and cage (Randall & Antoni, MSSP 25 (2011), section 2); balls that differ by
turns draw half multiples, and so does a ball that strikes one ring harder than the other. Such lines are no evidence of
another bearing. All lines of one bearing have one slip and one speed; none of these stands higher than its carrier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.bearings.families import HARMONICS, SLIPS, LineMap, Orders, Row

SIDES = np.array([-2.0, -1.0, 1.0, 2.0])
"""Sidebands of one carrier: UESTC's inner race has its highest two shaft turns off."""
SPEED_STEPS = 8
"""Slip closes the gaps between them."""


def explained_share(
    lines: LineMap, own: Sequence[tuple[float, float]], told: Sequence[Row], *, speed_off: float
) -> float:
    """Of the heights of the lines `own`, each (order, log height), the share that one bearing told may draw at most.

    With its slip it may be `speed_off`, relative, off the speed said, of which orders are multiples.
    """
    if not own or not told:
        return 0.0
    orders, heights = np.array(own).T
    tried = np.meshgrid(np.linspace(1 - speed_off, 1 + speed_off, SPEED_STEPS), SLIPS)
    speeds, slips = (one.ravel() for one in tried)
    within = np.abs(speeds * (1 + slips) - 1) <= speed_off
    shares = [(heights @ _drawn(lines, orders, heights, row, speeds[within], slips[within])).max() for row in told]
    return float(max(shares) / heights.sum())


def _drawn(
    lines: LineMap, orders: Orders, heights: Orders, row: Row, speeds: Orders, slips: Orders
) -> NDArray[np.bool_]:
    """Which of the lines at `orders` (n,) that bearing draws at each speed and slip: (n, trials)."""
    found = np.zeros((len(orders), len(speeds)), np.bool_)
    for first, apart, halves in _families(row, speeds, slips):
        carriers = np.multiply.outer(np.arange(1.0, HARMONICS + 1), first)
        allowed = lines.allowance(carriers)
        found |= _meets(lines, orders, carriers)
        for carrier, height in zip(carriers, allowed, strict=True):
            found |= _meets(lines, orders, carrier + apart) & (heights[:, np.newaxis] <= height)
        if halves:
            found |= _meets(lines, orders, carriers - first / 2) & (heights[:, np.newaxis] <= allowed[0])
    return found


def _families(row: Row, speeds: Orders, slips: Orders) -> Iterator[tuple[Orders, Orders, bool]]:
    """Of each defect the first line (trials,), what its sidebands lie off it (sidebands, trials), and whether half
    multiples may stand between."""
    bpfo, bpfi, bsf, ftf = (speeds * order for order in row)
    cage = np.multiply.outer(SIDES, ftf * (1 + slips))
    shaft_and_cage = np.concatenate([np.multiply.outer(SIDES, speeds), cage])
    even = round(row[0] / row[3]) % 2 == 0  # as many balls as cage turns bring past one place
    yield bpfo * (1 + slips), shaft_and_cage, even
    yield bpfi - bpfo * slips, shaft_and_cage, even
    yield 2 * bsf * (1 + slips), cage, True


def _meets(lines: LineMap, orders: Orders, places: Orders) -> NDArray[np.bool_]:
    """Whether any of the places (m, trials) lies at each order (n,), as near as a line must: (n, trials)."""
    near = np.abs(orders[:, np.newaxis, np.newaxis] - places) <= lines.width_at(places)
    return np.asarray(near.any(axis=1), np.bool_)
