"""Impacts at shaft angles, and how they become samples.

An event belongs to an angle; its sample position is looked up last, with its fraction, so that no impact is rounded to
the sample grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class EventTrain:
    """Events once per 1/order revolution, whose intervals scatter independently, so that the phase walks at random.

    The random walk is the model of Antoni & Randall (MSSP 17, 2003) for slip in rolling bearings.
    """

    def __init__(self, order: float, *, jitter: float, start: float, rng: np.random.Generator) -> None:
        self.order = order
        self._jitter = jitter
        self._rng = rng
        self._previous = start - rng.random() / order
        self._next = self._previous + 1 / order
        self._index = 0  # of the next event

    def until(self, end: float) -> tuple[Floats, Floats]:
        """Angles and running numbers of the events before `end`, with one neighbour on either side of them."""
        count = max(0, int((end - self._next) * self.order * 1.25)) + 8
        steps = (1 + self._jitter * self._rng.standard_normal(count)).clip(0.2, 1.8) / self.order
        angles = np.concatenate(([self._previous, self._next], self._next + np.cumsum(steps)))
        inside = int(np.searchsorted(angles[1:], end))  # angles[1:] starts at the next event
        numbers = np.arange(self._index - 1, self._index + inside + 1, dtype=np.float64)
        self._previous, self._next = float(angles[inside]), float(angles[inside + 1])
        self._index += inside
        return angles[: inside + 2], numbers


def load_zone(turns: Floats, extent: float, *, unloaded: float) -> Floats:
    """Relative load at an angle from its peak in turns, by Stribeck's distribution with epsilon `extent`."""
    loaded = (1 - (1 - np.cos(2 * np.pi * turns)) / (2 * extent)).clip(0) ** 1.5
    return np.asarray(unloaded + (1 - unloaded) * loaded)


def place(into: Floats, positions: Floats, heights: Floats) -> None:
    """Add impulses at fractional sample `positions` in [0, n) to `into` of length n + 1, shared by two neighbours."""
    low = positions.astype(np.int64)
    share = positions - low
    size = len(into)
    into += np.bincount(low, weights=heights * (1 - share), minlength=size)[:size]
    into += np.bincount(low + 1, weights=heights * share, minlength=size)[:size]
