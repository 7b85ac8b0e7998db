"""Faults that nobody taught: each recorded one left out in turn, on a machine that nobody taught either.

Every limit is fixed on training machines that were left out of their own student's training, so that at most a stated
share of their known windows is rejected. The machine that is scored decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS_OF_DEGREE
from agent.types import FAULTS, HEALTHY, UNKNOWN
from export.calibration.line_limits import Objecting, Standing, fit_objecting, objected, standing_of
from export.data.table import Table
from export.network.graph import Floats
from export.progress import track
from export.scoring.statistics import Share, share_of_count, weighted_quantile
from export.studies.columns.splits import FAMILIES, healthy_references, machine_column
from export.studies.columns.training_cache import Material, fit, kept
from export.studies.field.strangers import everything, int8_student, is_of, machine_fold, strangers_of, with_references
from export.training.recipe import TrainConfig

REJECTED = 0.05
"""Share of the known windows of held-out training machines that "unknown" may cost."""
SIMULATED = "simulated"
SCORED_SHARE = 5  # one in so many simulated machines is scored, the others are taught
GATES = ("likeness", "lines", "both")
"""What rejects: a low cosine, bearing lines against the name, or either, likeness at half the price."""


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What windows were called; shares of 1."""

    right: float
    healthy: float  # where that is not right
    wrong_fault: float
    unknown: float


class Gated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one gate makes of the scored machine."""

    left_out: Answers
    missed: Share  # of the fault left out: called healthy or another fault, with the bounds of independent windows
    known: Answers  # labels taught on other machines
    rejected_in_training: float  # share of the known windows of held-out training machines
    rejected_per_label: dict[str, float]


class OpenSetCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault left out, scored on one machine."""

    machine: str
    fault: str
    simulated: bool  # the scored windows are
    recordings: int  # of the fault left out
    ungated: Answers  # of the fault left out, nearest description
    gates: dict[str, Gated]
    seconds: float


@dataclass(frozen=True, slots=True)
class JudgedWindows:
    """Windows as a student that knew neither their machine nor the fault left out would describe them."""

    labels: NDArray[np.str_]
    nearest: NDArray[np.str_]  # nearest description
    likeness: NDArray[np.float64]  # its cosine
    standing: Standing  # of their bearing lines


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these a name becomes "unknown"; None: this gate does not look there."""

    likeness: float | None
    lines: Objecting | None


def run_openset(
    material: Material, config: TrainConfig, *, folder: Path, tell: Callable[[str], None] = lambda line: None
) -> tuple[OpenSetCell, ...]:
    """A cell for every machine and fault that it shows, then one for every simulated fault."""
    cells = []
    for machine, fault in track(plan_of(material), "fault left out"):
        cell = kept(folder / f"{machine}-{fault}.json", OpenSetCell, partial(cell_of, material, machine, fault, config))
        cells.append(cell)
        missed = ", ".join(f"{name} {gated.missed.share:.2f}" for name, gated in cell.gates.items())
        tell(f"{machine:>10} without {fault:<13} healthy or wrong by gate: {missed}; {cell.seconds:.0f} s")
    return tuple(cells)


def plan_of(material: Material) -> list[tuple[str, str]]:
    """(machine, fault left out) of every cell; what no recording shows is scored on simulated machines."""
    table = material.recorded
    plan = []
    for family in FAMILIES:
        shown = set(table.labels[is_of(table, family)].tolist()) - {HEALTHY}
        plan += [(family, fault) for fault in FAULTS if fault in shown]
    if material.simulated is not None:
        recorded = {HEALTHY, *table.labels.tolist()}
        plan += [(SIMULATED, fault) for fault in FAULTS if fault not in recorded]
    return plan


def cell_of(material: Material, machine: str, fault: str, config: TrainConfig) -> OpenSetCell:
    """Train without `fault` and `machine`, fix the limits on the other machines, score."""
    start = time.monotonic()
    candidates = tuple(name for name in FAULTS if name != fault and (machine == SIMULATED or _is_absolute(name)))
    taught, (scored, healthy) = _sides(material, machine, fault)
    spec = material.spec
    strangers = strangers_of(taught, config)
    strangers = strangers.take(np.isin(strangers.table.labels, candidates))
    weights = strangers.weights(config.real_share)
    held = _heard(strangers.table, strangers.healthy, strangers.similarity, candidates, spec)
    student = int8_student(fit(taught, everything(taught), config))
    heard = _heard(scored, healthy, student(scored, healthy), candidates, spec)
    unknown = heard.labels == fault
    gates = {}
    for name in GATES:
        limits = limits_of(held, weights, gate=name)
        called = gated(heard, limits)
        rejected = gated(held, limits) == UNKNOWN
        gates[name] = Gated(
            left_out=answers(called[unknown], heard.labels[unknown]),
            missed=_share(called[unknown] != UNKNOWN, spec),
            known=answers(called[~unknown], heard.labels[~unknown]),
            rejected_in_training=float(np.average(rejected, weights=weights)),
            rejected_per_label={
                str(label): float((called[heard.labels == label] == UNKNOWN).mean())
                for label in np.unique(heard.labels[~unknown])
            },
        )
    return OpenSetCell(
        machine=machine,
        fault=fault,
        simulated=machine == SIMULATED,
        recordings=len(np.unique(scored.recordings[unknown])),
        ungated=answers(heard.nearest[unknown], heard.labels[unknown]),
        gates=gates,
        seconds=time.monotonic() - start,
    )


def _is_absolute(fault: str) -> bool:
    """Whether the agent may name it where no baseline covers the speed, as on the machines scored here."""
    return fault not in FAULTS_OF_DEGREE


# --------------------------------------------------------------------------------------------------------- the gates


def limits_of(held: JudgedWindows, weights: NDArray[np.float64], *, gate: str, rejected: float = REJECTED) -> Limits:
    """What `rejected` of the weight of known windows stays beyond; in `both`, lines get what likeness leaves."""
    share = rejected / 2 if gate == "both" else rejected
    likeness = None if gate == "lines" else weighted_quantile(held.likeness, weights, share)
    if gate == "likeness":
        return Limits(likeness, None)
    unlike = np.zeros(len(held.nearest), np.bool_) if likeness is None else held.likeness < likeness
    lines = fit_objecting(held.nearest, held.standing, weights, rejected=rejected, already=unlike)
    return Limits(likeness, lines)


def gated(heard: JudgedWindows, limits: Limits) -> NDArray[np.str_]:
    """What every window is called, "unknown" where a limit objects."""
    rejected = np.zeros(len(heard.nearest), np.bool_)
    if limits.likeness is not None:
        rejected |= heard.likeness < limits.likeness
    if limits.lines is not None:
        rejected |= objected(heard.nearest, heard.standing, limits.lines)
    return np.where(rejected, UNKNOWN, heard.nearest)


def answers(called: NDArray[np.str_], labels: NDArray[np.str_]) -> Answers:
    """Shares of what windows with these labels were called; a label that is no candidate is never right."""
    right, unknown = called == labels, called == UNKNOWN
    healthy = (called == HEALTHY) & ~right
    wrong = ~(right | unknown | healthy)
    return Answers(*(float(hits.mean()) if len(hits) else 0.0 for hits in (right, healthy, wrong, unknown)))


# ------------------------------------------------------------------------------------------------- who hears what


def _sides(material: Material, machine: str, fault: str) -> tuple[Material, tuple[Table, Floats]]:
    """What may be taught, and the scored windows with the healthy reference of their machine at other speeds."""
    table, simulated = material.recorded, material.simulated
    bound = speed_bound(view_shares(material.spec))
    if machine != SIMULATED:
        column = machine_column(table, machine)
        return replace(
            material,
            recorded=table.take(column.trained & (table.labels != fault)),
            simulated=None if simulated is None else simulated.take(simulated.labels != fault),
        ), (table.take(column.scored), healthy_references(table, column, bound))
    assert simulated is not None
    out = machine_fold(simulated, SCORED_SHARE) == 0
    left = simulated.take(~out & (simulated.labels != fault))
    return replace(material, simulated=left), with_references(simulated.take(out), bound)


def _heard(
    table: Table, healthy: Floats, similarity: Floats, candidates: Sequence[str], spec: FeatureSpec
) -> JudgedWindows:
    among = similarity[:, [FAULTS.index(fault) for fault in candidates]]
    return JudgedWindows(
        labels=table.labels,
        nearest=np.array(candidates)[among.argmax(axis=1)],
        likeness=among.max(axis=1).astype(np.float64),
        standing=standing_of(table.values, table.known, healthy, spec),
    )


def _share(hits: NDArray[np.bool_], spec: FeatureSpec) -> Share:
    share = share_of_count(int(hits.sum()), len(hits), overlap=spec.window_s / spec.hop_s)
    assert share is not None
    return share
