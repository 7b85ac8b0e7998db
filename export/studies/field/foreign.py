"""Machines of other kinds than any that was trained on, without a healthy state: nothing of them may be called a fault.

Recorded ones are an induction motor with and without its belt, heard by a cheap sensor; simulated ones are motors on
the mains or on a drive, with gears, belts and blades. Each is judged at every level of what may be told of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import simulator
from agent.alerting.window_rules import DecisionConfig
from agent.faults import HEALTHY
from agent.machine import Geometry, Inside, SensorSetup
from agent.recordings.recording import Recording
from agent.types import AXES
from export.data.simulated import geometry_of
from export.studies.field.adxl345 import BELTLESS, NORMAL, read_runs, steady
from export.studies.field.edge import Edge
from export.studies.field.playing import Player, setup_told
from export.studies.field.said import Said, pooled
from export.training.knowledge import KNOWLEDGE, Knowledge

SEED, MACHINES, SECONDS = 97, 40, 5.01
ANY_BEARING = Geometry(9, 7.94, 39.04)
"""Of recorded machines whose bearing nobody published: a 6205, as an installer might guess."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """One healthy machine as it was recorded."""

    kind: str
    name: str
    recording: Recording
    rpm: float
    geometry: Inside


def simulated(count: int = MACHINES) -> Iterator[Stranger]:
    """Random machines around a motor, by what feeds it."""
    for number, machine in enumerate(simulator.foreign_machines(count, SEED)):
        drawn = machine.record(0, seconds=SECONDS)
        recording = Recording(Path("simulated"), drawn.samples, drawn.rate_hz, None, "g", AXES)
        yield Stranger(
            f"simulated on {machine.supply}", f"sim-{number}", recording, drawn.rpm, geometry_of(drawn.geometry)
        )


def recorded(folder: Path) -> Iterator[Stranger]:
    """The normal and the beltless runs of the adxl345_motor set below `folder`."""
    for run in read_runs(folder):
        if run.kind in (NORMAL, BELTLESS):
            yield Stranger(f"adxl345_motor {run.kind}", run.name, steady(run), run.rpm, ANY_BEARING)


def said_of_strangers(edge: Edge, strangers: Sequence[Stranger]) -> list[Said]:
    """A row per kind and per what was told."""
    spec = edge.bundle.spec
    overlap = spec.window_s / spec.hop_s
    rows = []
    for kind in dict.fromkeys(one.kind for one in strangers):
        for known, knowledge in KNOWLEDGE.items():
            said, alerts = {}, Counter[str]()
            for one in (one for one in strangers if one.kind == kind):
                heard = Player(edge, _setup(one, knowledge), DecisionConfig(), {}).play(one.recording)
                if heard.said:
                    said[one.name] = Counter(heard.said)
                alerts += Counter(heard.names)
            if said:
                rows.append(pooled(f"{kind}, {known}", HEALTHY, said, alerts, overlap=overlap))
    return rows


def _setup(one: Stranger, knowledge: Knowledge) -> SensorSetup:
    return setup_told("foreign", one.name, rpm=one.rpm, geometry=one.geometry, knowledge=knowledge)
