"""Recordings played one after another through one sensor's agent: what it said, when it raised, how long it listened.

The agent's own pipeline with its decision; a label is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

import simulator
from agent.alerting.window_rules import DecisionConfig, Level, hindrance, level_of, name_in
from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.commissioning import MAX_WINDOWS
from agent.dsp.features import views
from agent.errors import RecordingError
from agent.machine import DEFAULT_TOLERANCE, Bearing, Inside, Machine, SensorSetup
from agent.pipeline import Pipeline
from agent.recordings.recording import Piece, Recording, blocks_of
from agent.stream.windowing import Windower
from agent.types import UNKNOWN, Alert, Diagnosis
from export.data.simulated import geometry_of
from export.evaluation.edge_replay import said_of
from export.network.graph import Floats
from export.studies.field.edge import Edge
from export.training.knowledge import EVERYTHING, Knowledge

Baselines = dict[str | None, Baseline]
"""By bearing."""


@dataclass(frozen=True, slots=True)
class Playback:
    """What one recording led to."""

    seconds: float  # of samples
    judged: int  # windows that were good, running and steady
    high: int  # judged windows that counted towards an alert, by the agent's own rule
    named: int  # judged windows that were called a fault
    said: tuple[str, ...]  # of every window, as `evaluate` counts them
    deviation: Floats  # (judged,), NaN where no baseline covers the speed
    raised_s: tuple[float, ...]  # alerts, in seconds from its first sample
    names: tuple[str, ...]  # what those alerts called the fault


class Player:
    """One sensor from the moment it was commissioned: its clock goes on from recording to recording."""

    def __init__(self, edge: Edge, setup: SensorSetup, config: DecisionConfig, baselines: Baselines) -> None:
        self._config = config
        self._pipeline = Pipeline(
            setup, bundle=edge.bundle, encoder=edge.encoder, config=config, baselines=dict(baselines)
        )
        self._elapsed_s = 0.0
        self._session = 0

    def play(self, recording: Recording) -> Playback:
        """The next recording, as a session of its own."""
        assert recording.rate_hz is not None
        diagnoses: list[Diagnosis] = []
        alerts: list[Alert] = []
        for block in blocks_of(recording, self._pipeline.setup.sensor, session_base=self._session):
            shifted = replace(block, arrival_s=block.arrival_s + self._elapsed_s)
            for output in self._pipeline.feed(shifted):
                if isinstance(output, Diagnosis):
                    diagnoses.append(output)
                elif isinstance(output, Alert) and output.event == "raised":
                    alerts.append(output)
        judged = [d for d in diagnoses if hindrance(d) is None]
        heard = Playback(
            seconds=len(recording.samples) / recording.rate_hz,
            judged=len(judged),
            high=sum(level_of(d, self._config) is Level.HIGH for d in judged),
            named=sum(name_in(d) != UNKNOWN for d in judged),
            said=tuple(map(said_of, diagnoses)),
            deviation=np.array([np.nan if d.deviation is None else d.deviation for d in judged], np.float32),
            raised_s=tuple(alert.time_s - self._elapsed_s for alert in alerts),
            names=tuple(alert.fault for alert in alerts),
        )
        self._elapsed_s += duration_s(recording)
        self._session += 1 + max(piece.session for piece in recording.pieces)
        return heard

    def wait(self, seconds: float) -> None:
        """Nothing is sent for so long; the agent notices."""
        self._elapsed_s += seconds
        self._pipeline.tick(self._elapsed_s)


def setup_of_drawn(
    drawn: simulator.DrawnMachine,
    sensor: str,
    *,
    rpm: float,
    tolerance: float = DEFAULT_TOLERANCE,
    knowledge: Knowledge = EVERYTHING,
) -> SensorSetup:
    """What an installer tells of a simulated machine that turns at `rpm`, which is off by `tolerance` at most."""
    geometry = geometry_of(drawn.geometry)
    name = f"sim-{drawn.seed}"
    return setup_told(sensor, name, rpm=rpm, geometry=geometry, tolerance=tolerance, knowledge=knowledge)


def setup_told(
    sensor: str,
    name: str,
    *,
    rpm: float,
    geometry: Inside | None,
    tolerance: float = DEFAULT_TOLERANCE,
    knowledge: Knowledge = EVERYTHING,
    snapshot_every_s: float | None = None,
) -> SensorSetup:
    """A sensor on the machine `name`, told of its speed and its bearing what is in `knowledge`."""
    speed = Machine(name, rpm=rpm, speed_source="config", rpm_tolerance=tolerance)
    machine = speed if knowledge.speed else Machine(name, speed_source="unknown")
    bearing = Bearing("bearing", geometry if knowledge.geometry else None)
    return SensorSetup(sensor, machine, bearings=(bearing,), snapshot_every_s=snapshot_every_s)


def commission(edge: Edge, setup: SensorSetup, recordings: Iterable[Recording], before: Baselines) -> Baselines:
    """`before` with all windows of healthy `recordings` at the set-up's speed added, each commissioned on its own.

    Recordings without a unit teach nothing that depends on gain, as in `textvib-agent replay`. RecordingError where one
    cannot be learnt from.
    """
    learnt = dict(before)
    spec = edge.bundle.spec
    for recording in recordings:
        windower = Windower(window_s=spec.window_s, hop_s=spec.hop_s)
        count = min(MAX_WINDOWS, sum(len(windower.feed(block)) for block in blocks_of(recording, setup.sensor)))
        if count < MIN_WINDOWS:
            raise RecordingError(f"{recording.path}: {count} windows, a baseline needs {MIN_WINDOWS}")
        pipeline = Pipeline(setup, bundle=edge.bundle, encoder=edge.encoder, config=DecisionConfig(), baselines=learnt)
        pipeline.healthy.commission(count, add=True)
        for block in blocks_of(recording, setup.sensor):
            pipeline.feed(block)
        if pipeline.healthy.windows_to_learn:
            raise RecordingError(
                f"{recording.path}: {pipeline.healthy.windows_to_learn} of {count} windows cannot be learnt"
            )
        learnt = dict(pipeline.healthy.baselines)
        if recording.unit == "raw":
            level = views(spec)["level"]
            learnt = {bearing: baseline.without_gain(level) for bearing, baseline in learnt.items()}
    return learnt


def cut(recording: Recording, first: float, last: float) -> Recording:
    """The part of a recording without gaps between two shares of its length."""
    start, end = (round(share * len(recording.samples)) for share in (first, last))
    return replace(recording, samples=recording.samples[start:end], pieces=(Piece(0, 0),))


def duration_s(recording: Recording) -> float:
    """From the first sample to the last, gaps included."""
    assert recording.rate_hz is not None
    last = recording.pieces[-1]
    return (last.start + len(recording.samples) - last.row - recording.pieces[0].start) / recording.rate_hz
