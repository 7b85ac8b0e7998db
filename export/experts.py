"""Experts on views of the features, fused late: their probabilities averaged, the spectrum's by how near it is.

A spectrum knows its own machine best and no other. How near a window's spectrum lies to those trained on is seen
without its label, so that the expert's say may depend on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from export.graph import Floats

EXPERTS = ("ET spectrum", "LR envelope + comb", "ET comb", "ET all - healthy")
SPECTRAL = "ET spectrum"
NEIGHBOURS = 3


@dataclass(frozen=True, slots=True)
class Fusion:
    """Experts whose probabilities are averaged; `by_nearness` gives the spectrum's less say in an unknown spectrum."""

    members: tuple[str, ...]
    by_nearness: bool = False

    @property
    def name(self) -> str:
        joined = "fused: " + ", ".join(self.members)
        return f"{joined}; spectrum by nearness" if self.by_nearness else joined


FUSED = Fusion(EXPERTS)
FUSED_BY_NEARNESS = Fusion(EXPERTS, by_nearness=True)
FUSIONS = tuple(
    Fusion(members, by_nearness)
    for count in range(len(EXPERTS), 0, -1)
    for members in itertools.combinations(EXPERTS, count)
    for by_nearness in ((False, True) if SPECTRAL in members and count > 1 else (False,))
)
"""Every set of experts, with and without nearness: what a selection chooses from."""


def fuse(probabilities: Mapping[str, NDArray[np.float64]], fusion: Fusion, near: Floats) -> NDArray[np.float64]:
    """(n, classes) weighted mean of the members' probabilities; `near` (n,) is the spectrum's weight beside 1."""
    says = [near if fusion.by_nearness and name == SPECTRAL else np.ones_like(near) for name in fusion.members]
    total = np.sum([say[:, None] * probabilities[name] for say, name in zip(says, fusion.members, strict=True)], axis=0)
    mean: NDArray[np.float64] = total / np.sum(says, axis=0)[:, None]
    return mean


def nearness(seen: Floats, recordings: NDArray[np.str_], unseen: Floats) -> Floats:
    """(n,) 1 where a spectrum lies as near to those seen as they lie to each other, less with distance squared.

    Distance is the mean to the nearest NEIGHBOURS in units of each band's spread over `seen` (m, bands). What counts as
    near is the median over `seen`, each to the other `recordings`: windows of one recording overlap. Without a second
    recording nothing is near.
    """
    spread = np.maximum(seen.std(axis=0), 1e-6)
    within = _distances(seen / spread, seen / spread)
    within[recordings[:, None] == recordings[None, :]] = np.inf
    usual = float(np.median(np.sort(within, axis=1)[:, :NEIGHBOURS].mean(axis=1)))
    if not np.isfinite(usual):
        return np.zeros(len(unseen), np.float32)
    found = np.sort(_distances(unseen / spread, seen / spread), axis=1)[:, :NEIGHBOURS].mean(axis=1)
    return np.asarray(np.minimum(1, np.square(usual / np.maximum(found, 1e-9))), np.float32)


def _distances(one: Floats, other: Floats) -> NDArray[np.float64]:
    return np.asarray(cdist(one, other), np.float64)
