"""Sequences of domains of the published sets: what each teaches and is scored by, and the healthy states known.

Each recording teaches by its first half and is scored by its second, with no sample in both; simulated machines do the
one or the other. Bearings are the same on both sides: the figures say what is forgotten, and nothing about machines
never heard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from agent.dsp.encoder_inputs import InputScaling
from agent.types import HEALTHY
from export.data.healthy import NEITHER_HALF, references
from export.data.table import Table, join
from export.network.graph import Floats
from export.studies.columns.training_cache import Material

RIGS = ("hit", "cwru", "uestc")
SPEEDS_RPM = (800, 1000, 1200, 1400)


@dataclass(frozen=True, slots=True)
class Domain:
    """One stage of a sequence."""

    name: str
    trained: Table
    scored: Table


def rigs(material: Material) -> tuple[Domain, ...]:
    """One rig after another, and simulated machines last, where there are any."""
    recorded = material.recorded
    found = [_by_halves(name, recorded.take(recorded.families == name)) for name in RIGS]
    return (*found, _by_machines("simulated", material.simulated)) if material.simulated is not None else tuple(found)


def speeds(material: Material) -> tuple[Domain, ...]:
    """One rig, UESTC, from one speed to the next."""
    uestc = material.recorded.take(material.recorded.families == "uestc")
    return tuple(_by_halves(f"{rpm} rpm", uestc.take(np.abs(uestc.rpm - rpm) < 1)) for rpm in SPEEDS_RPM)


SEQUENCES: Mapping[str, Callable[[Material], tuple[Domain, ...]]] = {"speeds": speeds, "rigs": rigs}


def _by_halves(name: str, table: Table) -> Domain:
    first = table.take((table.half == 0) & ~table.baseline)
    return Domain(name, _halved(first), table.take((table.half == 1) & ~table.baseline))


def _by_machines(name: str, table: Table) -> Domain:
    machines = np.unique(table.machines)
    first = np.isin(table.machines, machines[::2])
    return Domain(name, table.take(first), table.take(~first))


def _halved(table: Table) -> Table:
    """Halves anew within what is left of each recording: its healthy windows are compared with its own other half.

    The window between them belongs to neither. Windows overlap, so that some of either half share samples with one of
    the other; the reference of health is a little better than an agent's, in training alone.
    """
    half = np.full(len(table), NEITHER_HALF, np.int8)
    for recording in np.unique(table.recordings):
        rows = np.flatnonzero(table.recordings == recording)
        middle = len(rows) // 2
        half[rows[:middle]], half[rows[middle + 1 :]] = 0, 1
    return replace(table, half=half)


def scored_inputs(domain: Domain, scaling: InputScaling) -> tuple[Floats, Floats]:
    """Encoder inputs (scored windows, inputs): beside the machine's healthy windows that taught, and with none."""
    table = join([domain.trained, domain.scored])
    teaches = np.arange(len(table)) < len(domain.trained)
    teaches &= table.baseline | (table.labels == HEALTHY)
    place = np.flatnonzero(np.arange(len(table)) >= len(domain.trained))
    pools = [np.flatnonzero(teaches & (table.machines == table.machines[row])) for row in range(len(table))]
    healthy = references(table, pools, hidden=scaling.speed_bound)[place]
    scored = domain.scored
    return scaling.inputs(scored.values, scored.known, healthy), scaling.inputs(scored.values, scored.known, None)
