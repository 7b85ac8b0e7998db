"""Windows as judged by students that never heard their machine: what limits may be fixed on before an unknown machine.

Each rig of the training side is left out in turn, and with it a part of the simulated machines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.dsp.spectra import FeatureSpec
from export.calibration.line_limits import standing_of
from export.calibration.temperature import HeldOut
from export.data.healthy import healthy_states
from export.data.sampling import sampling_weights
from export.data.table import Table, join
from export.network.graph import Floats, embed
from export.progress import track
from export.runs.quantize_run import answers, integers, range_inputs
from export.studies.columns.splits import FAMILIES, Column, healthy_references, machine_column
from export.studies.columns.training_cache import Fitted, Material, fit
from export.training.recipe import TrainConfig

Student = Callable[[Table, Floats], Floats]
"""Windows and their machine's healthy reference (n, d) -> (n, faults) cosines to the descriptions of FAULTS."""


@dataclass(frozen=True, slots=True)
class Strangers:
    """Windows with the healthy reference of their machine at other speeds, and what a stranger to them says."""

    table: Table
    healthy: Floats  # (n, d), NaN where unknown
    similarity: Floats  # (n, faults)

    def held_out(self, spec: FeatureSpec) -> HeldOut:
        """The same as what a calibration is fitted on."""
        standing = standing_of(self.table.values, self.table.known, self.healthy, spec)
        return HeldOut(self.similarity, np.arange(len(self.table)), standing)

    def weights(self, real_share: float) -> NDArray[np.float64]:
        """Every label of every rig alike, simulated machines with what `real_share` leaves them."""
        return sampling_weights(self.table, np.arange(len(self.table)), real_share)

    def take(self, rows: NDArray[np.bool_]) -> Strangers:
        return Strangers(self.table.take(rows), self.healthy[rows], self.similarity[rows])


def strangers_of(material: Material, config: TrainConfig) -> Strangers:
    """All recorded rigs of `material` and its simulated machines, each judged by a student of the others."""
    table, simulated = material.recorded, material.simulated
    bound = speed_bound(view_shares(material.spec))
    rigs = [family for family in FAMILIES if is_of(table, family).any()]
    found = []
    for number, rig in enumerate(track(rigs, "rig left out")):
        column = machine_column(table, rig)
        sides = [(table.take(column.scored), healthy_references(table, column, bound))]
        left = None
        if simulated is not None:
            out = machine_fold(simulated, len(rigs)) == number
            left = simulated.take(~out)
            sides.append(with_references(simulated.take(out), bound))
        seeded = msgspec.structs.replace(config, seed=config.seed + 1 + number)
        student = float_student(fit(replace(material, simulated=left), column, seeded))
        found += [Strangers(windows, healthy, student(windows, healthy)) for windows, healthy in sides]
    return Strangers(
        join([part.table for part in found]),
        np.concatenate([part.healthy for part in found]),
        np.concatenate([part.similarity for part in found]),
    )


def float_student(fitted: Fitted) -> Student:
    """The network as it was trained."""

    def similarity(table: Table, healthy: Floats) -> Floats:
        inputs = fitted.trained.scaling.inputs(table.values, table.known, healthy)
        return np.asarray(embed(fitted.graph, inputs) @ fitted.centres.astype(np.float32).T)

    return similarity


def int8_student(fitted: Fitted) -> Student:
    """The network as the edge runs it."""
    net = integers(fitted.graph, range_inputs(fitted.table, fitted.trained.scaling))

    def similarity(table: Table, healthy: Floats) -> Floats:
        inputs = fitted.trained.scaling.inputs(table.values, table.known, healthy)
        return np.asarray(answers(net, inputs) @ fitted.centres.astype(np.float32).T)

    return similarity


def with_references(table: Table, bound: NDArray[np.bool_]) -> tuple[Table, Floats]:
    """Windows that are no baselines, and what their baselines say; what is `bound`, at the same speed alone."""
    rows = ~table.baseline
    return table.take(rows), healthy_states(table, bound)[rows]


def machine_fold(table: Table, count: int) -> NDArray[np.intp]:
    """Which of `count` folds each window's machine is in."""
    _, numbers = np.unique(table.machines, return_inverse=True)
    return np.asarray(numbers % count, np.intp)


def everything(material: Material) -> Column:
    """Everything recorded is trained on, and nothing scored."""
    every = np.ones(len(material.recorded), np.bool_)
    return Column(every, ~every, ~every)


def is_of(table: Table, family: str) -> NDArray[np.bool_]:
    """Which windows a rig of that family gave."""
    return np.array([machine.startswith(family) for machine in table.machines.tolist()], np.bool_)
