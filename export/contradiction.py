"""What the bearing lines of a window say against the name that its embedding was given.

A fault that no description fits is mostly taken for its neighbour, and with full certainty: likeness alone cannot tell.
Its lines can. They stand where geometry puts them, whether or not training ever showed such a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.features import feature_names
from agent.matching import FAULTS_OF_DEGREE
from agent.spectra import FeatureSpec
from agent.types import HEALTHY

OWN_LINES: Mapping[str, tuple[str, ...]] = {
    "inner_race": ("bpfi",),
    "outer_race": ("bpfo",),
    "ball": ("bsf", "bsf_even"),
}
"""Fault -> the patterns of `agent.features` that it draws; the strongest counts."""
WITHOUT_LINES = (HEALTHY, "cage", *FAULTS_OF_DEGREE)
"""What draws none of these lines. Of other names, as of a fault described later, nothing is known, and nothing said."""


class LineLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much the lines may say against a name, in the log heights of the features, before it is called unknown."""

    named: float  # against a fault with lines of its own
    unnamed: float  # against a name that has none


def line_strengths(
    values: NDArray[np.float32], known: NDArray[np.bool_], healthy: NDArray[np.float32] | None, spec: FeatureSpec
) -> NDArray[np.float32]:
    """(..., n) features -> (..., 3) how high the lines of each fault of `OWN_LINES` stand, the mean over all bands.

    Above those of `healthy`, this machine's reference (NaN where unknown), as far as there is one. NaN without geometry
    or speed.
    """
    above = values if healthy is None else values - np.where(np.isfinite(healthy), healthy, np.float32(0))
    seen = np.where(known, above, np.float32(np.nan))
    strengths: NDArray[np.float32] = np.stack([seen[..., places].max(axis=-1) for places in _places(spec)], axis=-1)
    return strengths


def objection(fault: str, strengths: NDArray[np.float32]) -> float | None:
    """How much the lines (3,) speak against `fault`; None where they say nothing.

    Against a fault with lines: by how much the strongest other ones stand above its own. Against one without: how high
    the strongest stand.
    """
    if not np.isfinite(strengths).all():
        return None
    if fault in WITHOUT_LINES:
        return float(strengths.max())
    if fault not in OWN_LINES:
        return None
    own = list(OWN_LINES).index(fault)
    return float(np.delete(strengths, own).max() - strengths[own])


def is_contradicted(fault: str, strengths: NDArray[np.float32], limits: LineLimits) -> bool:
    """Whether the lines object to `fault` beyond what they do to names that are right."""
    said = objection(fault, strengths)
    return said is not None and said > (limits.named if fault in OWN_LINES else limits.unnamed)


@lru_cache(maxsize=8)
def _places(spec: FeatureSpec) -> tuple[NDArray[np.intp], ...]:
    names = feature_names(spec)
    return tuple(
        np.array([names.index(f"comb/{pattern}/mean") for pattern in patterns]) for patterns in OWN_LINES.values()
    )
