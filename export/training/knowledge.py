"""What may be known of a machine beside its samples, and windows as one sees them who knows no more than that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import FeatureSpec
from export.data.table import Table
from export.network.graph import Floats
from export.training.masking import mask_groups


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Of the shaft's speed and of the bearing's geometry."""

    speed: bool = True
    geometry: bool = True

    def hidden(self, spec: FeatureSpec) -> NDArray[np.bool_]:
        """(d,) the features that cannot be known."""
        groups = mask_groups(spec)
        hidden = np.zeros_like(groups["speed"])
        if not self.speed:
            hidden |= groups["speed"]
        if not self.geometry:
            hidden |= groups["geometry"]
        return hidden

    def of(self, table: Table, healthy: Floats | None, spec: FeatureSpec) -> tuple[Table, Floats | None]:
        """The windows, and their healthy references (n, d; NaN where unknown), without what is hidden."""
        hidden = self.hidden(spec)
        known = table.known & ~hidden
        seen = replace(table, values=np.where(known, table.values, np.float32(0)), known=known)
        return seen, None if healthy is None else np.where(hidden, np.float32(np.nan), healthy)


EVERYTHING = Knowledge()
KNOWLEDGE = {"all known": EVERYTHING, "no geometry": Knowledge(geometry=False), "no speed": Knowledge(speed=False)}
STATES = ("other speeds", "nothing")
"""What is known of a machine healthy."""


def level_name(known: str, state: str) -> str:
    """Of one of KNOWLEDGE beside one of STATES."""
    return f"{known}, healthy state of {state}"
