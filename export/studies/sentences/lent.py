"""Windows that may be lent as examples of a fault, and what may be scored beside them: no group does both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import speed_bound, view_shares
from export.data.table import Table, join
from export.network.graph import Floats
from export.studies.columns.splits import FAMILIES, healthy_references, machine_column
from export.studies.columns.training_cache import Material
from export.studies.field.strangers import is_of, machine_fold, with_references
from export.studies.sentences.leftout import SCORED_SHARE, SIMULATED

Source: TypeAlias = Literal["own rig", "another rig"]
RIG_OF = {"021": "cwru"}
"""The rig of a place that is not one itself."""


class LeakError(ValueError):
    """A group on both sides."""


@dataclass(frozen=True, slots=True)
class Side:
    """Windows with the healthy state of their machines."""

    table: Table
    healthy: Floats  # (n, d), NaN where unknown

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Side:
        return Side(self.table.take(rows), self.healthy[rows])


def drawn(
    groups: NDArray[np.str_], count: int, rng: np.random.Generator, *, most_groups: int | None = None
) -> NDArray[np.intp]:
    """`count` windows, or all that there are, of as few groups as have them: one damaged bearing where it can be."""
    rows: list[int] = []
    for group in rng.permutation(np.unique(groups))[:most_groups]:
        rows += rng.permutation(np.flatnonzero(groups == group)).tolist()
        if len(rows) >= count:
            break
    return np.array(rows[:count], np.intp)


def scored_beside(groups: NDArray[np.str_], lent: Sequence[str]) -> NDArray[np.bool_]:
    """Windows that may be scored beside examples of the groups `lent`."""
    return ~np.isin(groups, list(lent))


def check_apart(examples: NDArray[np.str_], scored: NDArray[np.str_]) -> None:
    """LeakError where a group has examples and is scored, too."""
    if both := sorted(set(examples.tolist()) & set(scored.tolist())):
        raise LeakError(f"{both[0]}: gives examples and is scored")


def pools_of(material: Material, place: str, fault: str, scored: Table) -> dict[Source, Side]:
    """Windows of `fault` that examples may be drawn from; none of the own rig where it shows one damaged bearing.

    A group that alone is scored is lent by nobody.
    """
    everything = _all_windows(material, place)
    mine = everything.table.labels == fault
    rig = RIG_OF.get(place, place)
    own = np.zeros(len(mine), np.bool_) if place == SIMULATED else mine & is_of(everything.table, rig)
    groups = set(scored.groups[scored.labels == fault].tolist())
    if len(groups) == 1:
        own &= ~np.isin(everything.table.groups, list(groups))
    pools: dict[Source, NDArray[np.bool_]] = {"own rig": own, "another rig": mine & ~is_of(everything.table, rig)}
    return {source: everything.take(rows) for source, rows in pools.items() if rows.any()}


def _all_windows(material: Material, place: str) -> Side:
    """Every window that examples may come from, beside its machine's healthy state at other speeds."""
    bound = speed_bound(view_shares(material.spec))
    if place == SIMULATED:
        assert material.simulated is not None
        taught = material.simulated.take(machine_fold(material.simulated, SCORED_SHARE) != 0)
        return Side(*with_references(taught, bound))
    sides = []
    for rig in FAMILIES:
        if is_of(material.recorded, rig).any():
            column = machine_column(material.recorded, rig)
            healthy = healthy_references(material.recorded, column, bound)
            sides.append(Side(material.recorded.take(column.scored), healthy))
    return Side(join([side.table for side in sides]), np.concatenate([side.healthy for side in sides]))
