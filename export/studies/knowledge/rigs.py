"""Rigs left out of training, as the students that never heard them embed them at each level of knowledge.

Training is what costs; what is named on these likenesses is asked afterwards, and may be asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.dsp.spectra import FeatureSpec
from export.data.dressed import dressed_table
from export.data.manifest import ManifestRow
from export.data.table import Table, join
from export.network.graph import Floats, embed, unit_rows
from export.studies.columns.splits import healthy_references, machine_column
from export.studies.columns.training_cache import Fitted, Material, cell_key, fit
from export.training.knowledge import KNOWLEDGE, STATES, Knowledge
from export.training.recipe import TrainConfig


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One rig and what its student makes of it; rows of recordings first, then those dressed as other machines."""

    family: str
    scored: Table
    healthy: Floats  # (scored, d) references of other speeds, NaN where unknown
    foreign: Table | None
    likeness: dict[tuple[str, str], Floats]  # knowledge, state -> (rows, faults) cosines; foreign ones know no state

    def rows(self, state: str) -> Table:
        """The windows that are named where `state` is what is known healthy."""
        if state == STATES[0] or self.foreign is None:
            return self.scored
        return join([self.scored, self.foreign])


def leave_out(
    family: str,
    material: Material,
    rows: Sequence[ManifestRow],
    config: TrainConfig,
    *,
    cache: Path,
    folder: Path,
) -> LeftOut:
    """The rig `family` of `rows`, heard by a student of all others; its likenesses are kept below `folder`."""
    column = machine_column(material.recorded, family)
    foreign = dressed_table([row for row in rows if row.machine.startswith(family)], material.spec, cache=cache)
    scored = material.recorded.take(column.scored)
    kept = folder / f"likeness-{cell_key(material, config, code=Path(__file__))}" / f"{family}-{config.seed}.npz"
    if not kept.exists():
        fitted = fit(material, column, config)
        healthy = healthy_references(material.recorded, column, fitted.trained.scaling.speed_bound)
        arrays: dict[str, Any] = {
            f"{known}, {state}": _likeness(fitted, table, reference, KNOWLEDGE[known], material.spec)
            for state, table, reference in _told(scored, healthy, foreign)
            for known in KNOWLEDGE
        }
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        part.replace(kept)
    with np.load(kept, allow_pickle=False) as arrays:
        likeness = {(known, state): arrays[f"{known}, {state}"] for known in KNOWLEDGE for state in STATES}
    healthy = healthy_references(material.recorded, column)
    return LeftOut(family, scored, healthy, foreign, likeness)


def _told(scored: Table, healthy: Floats, foreign: Table | None) -> Iterator[tuple[str, Table, Floats | None]]:
    yield STATES[0], scored, healthy
    yield STATES[1], scored if foreign is None else join([scored, foreign]), None


def _likeness(fitted: Fitted, table: Table, healthy: Floats | None, knowledge: Knowledge, spec: FeatureSpec) -> Floats:
    """(n, faults) cosines of the windows to the descriptions, where no more than `knowledge` is known."""
    seen, reference = knowledge.of(table, healthy, spec)
    embedded = embed(fitted.graph, fitted.trained.scaling.inputs(seen.values, seen.known, reference))
    likeness: Floats = unit_rows(embedded) @ unit_rows(fitted.centres.astype(np.float32)).T
    return likeness
