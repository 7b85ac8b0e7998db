"""What an installation may not know, hidden from the student at random so that it learns to do without.

Speed, bearing geometry, axis roles, the upper bands of a slow sensor, whole views, and the healthy baseline.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec

SPEED_VIEWS = ("comb", "raw", "contrast", "envelope_order", "low_order", "share", "axial")
LINE_VIEWS = ("comb", "raw", "contrast")
WITHOUT_GEOMETRY = ("shaft", "half")  # line patterns of the shaft itself


class Masking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Probabilities per window."""

    speed: float = 0.08
    geometry: float = 0.12
    axial: float = 0.3
    view: float = 0.1  # each view on its own
    spectrum: float = 0.4  # knows its own machine best and no other
    feature: float = 0.05  # each feature on its own
    reference: float = 0.35


def mask_groups(spec: FeatureSpec) -> dict[str, NDArray[np.bool_]]:
    """Group name -> which features go with it, (d,) each."""
    names = feature_names(spec)
    parts = [name.split("/") for name in names]
    groups = {
        "speed": np.array([part[0] in SPEED_VIEWS for part in parts]),
        "geometry": np.array([part[0] in LINE_VIEWS and part[1] not in WITHOUT_GEOMETRY for part in parts]),
        "axial": np.array([part[0] == "axial" for part in parts]),
        "spectrum": np.array([part[0] in ("spectrum", "level") for part in parts]),
    }
    for view in dict.fromkeys(part[0] for part in parts):
        groups[f"view:{view}"] = np.array([part[0] == view for part in parts])
    return groups


def hide(
    known: NDArray[np.bool_], masking: Masking, groups: dict[str, NDArray[np.bool_]], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """A mask (n, d) that knows no more than `known`."""
    n, d = known.shape
    seen = known & (rng.random((n, d), dtype=np.float32) >= masking.feature)
    for name, members in groups.items():
        chance = masking.view if name.startswith("view:") else float(getattr(masking, name))
        hidden: NDArray[np.bool_] = np.less(rng.random(n, dtype=np.float32), chance)
        seen &= ~(hidden[:, np.newaxis] & members)
    return seen
