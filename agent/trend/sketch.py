"""Quantiles of a figure over a day, from counts in narrow bins: bounded, mergeable, and not moved by one odd window.

Bins of equal ratio hold a relative error (Masson, Rim & Lee 2019, DDSketch: https://arxiv.org/abs/1908.10693).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import NamedTuple

STEP = 0.02
"""Width of a bin: of the figure's logarithm, or of the figure itself where it is a logarithm already."""
FARTHEST = 1000  # bins from 1, or from 0: what lies beyond counts as there
QUANTILES = (0.1, 0.5, 0.9)


class Day(NamedTuple):
    """What is kept of a day that is over: how many windows, and their quantiles."""

    windows: int
    low: float
    middle: float
    high: float


class Sketch:
    """Of one figure; `is_ratio` as in `figures.Followed`."""

    def __init__(self, *, is_ratio: bool, counts: dict[int, int] | None = None) -> None:
        self.counts = Counter(counts or {})
        self._is_ratio = is_ratio

    def add(self, value: float) -> None:
        """One window's; finite."""
        at = value if not self._is_ratio else math.log(max(value, 1e-9))
        self.counts[max(-FARTHEST, min(FARTHEST, round(at / STEP)))] += 1

    def day(self) -> Day:
        """As of now; at least one window was added."""
        return Day(self.counts.total(), *map(self._quantile, QUANTILES))

    def _quantile(self, share: float) -> float:
        bins = sorted(self.counts)
        reached = list(accumulate(self.counts[index] for index in bins))
        index = bins[bisect_right(reached, share * (reached[-1] - 1))]
        return math.exp(index * STEP) if self._is_ratio else index * STEP
