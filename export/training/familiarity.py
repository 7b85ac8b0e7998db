"""How near a window's spectrum lies to those trained on.

That is seen without its label, so an expert's say may depend on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from export.network.graph import Floats

NEIGHBOURS = 3


def nearness(trained: Floats, recordings: NDArray[np.str_], asked: Floats) -> Floats:
    """(n,) 1 where a spectrum lies as near to those seen as they lie to each other, less with distance squared.

    Distance is the mean to the nearest NEIGHBOURS in units of each band's spread over `seen` (m, bands). What counts as
    near is the median over `seen`, each to the other `recordings`: windows of one recording overlap. Without a second
    recording nothing is near.
    """
    spread = np.maximum(trained.std(axis=0), 1e-6)
    within = _distances(trained / spread, trained / spread)
    within[recordings[:, None] == recordings[None, :]] = np.inf
    usual = float(np.median(np.sort(within, axis=1)[:, :NEIGHBOURS].mean(axis=1)))
    if not np.isfinite(usual):
        return np.zeros(len(asked), np.float32)
    found = np.sort(_distances(asked / spread, trained / spread), axis=1)[:, :NEIGHBOURS].mean(axis=1)
    return np.asarray(np.minimum(1, np.square(usual / np.maximum(found, 1e-9))), np.float32)


def _distances(one: Floats, other: Floats) -> NDArray[np.float64]:
    return np.asarray(cdist(one, other), np.float64)
