"""Experts on views of the features, fused late: their probabilities averaged, the spectrum's by how near it is.

A spectrum knows its own machine best and no other (`export.training.familiarity`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.network.graph import Floats

EXPERTS = ("ET spectrum", "LR envelope + comb", "ET comb", "ET all - healthy")
SPECTRAL = "ET spectrum"


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
