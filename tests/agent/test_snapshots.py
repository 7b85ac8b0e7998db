"""Sensors that sleep between snapshots: judged one by one, lost only after some are missing, healthy state included."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from line_bundle import SETUP, STREAM, LineEncoder, bundle, signal
from pipeline_outputs import PipelineOutputs

import simulator
from agent.alerting.window_rules import SNAPSHOT_COUNTS, DecisionConfig
from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from agent.dsp.features import FeatureSpec
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.pipeline import MISSED, Pipeline
from agent.stream.windowing import PAUSE_S
from agent.types import Diagnosis, Output, SampleBlock, Samples, State, StateChange, Stream

EVERY_S = 300.0
SNAPSHOTS = replace(SETUP, snapshot_every_s=EVERY_S)
CONFIG = DecisionConfig(**SNAPSHOT_COUNTS)


class Sleeper(PipelineOutputs):
    """A sensor that sends one snapshot every five minutes, and the pipeline that hears it."""

    def __init__(self, pipeline: Pipeline, stream: Stream = STREAM) -> None:
        self.pipeline, self.stream = pipeline, stream
        self.now_s = 1000.0
        self.sent = 0
        self.outputs: list[Output] = []

    def send(self, samples: Samples, *, parts: int = 2) -> list[Output]:
        """One snapshot in several blocks, and then nothing for as long as it sleeps, ticks included."""
        stream = replace(self.stream, session=self.sent)
        rate_hz, start, fresh = stream.rate_hz, 0, []
        for part in np.array_split(samples, parts):
            self.now_s += len(part) / rate_hz
            fresh += self.pipeline.feed(SampleBlock(stream, start, part, arrival_s=self.now_s, wall_s=1e9))
            start += len(part)
        for later_s in (0.5 * PAUSE_S, 2 * PAUSE_S, 0.3 * EVERY_S, 0.9 * EVERY_S):
            fresh += self.pipeline.tick(self.now_s + later_s)
        self.now_s += EVERY_S
        self.sent += 1
        self.outputs += fresh
        return fresh


def sleeper(setup: SensorSetup = SNAPSHOTS) -> Sleeper:
    # Whole windows of 2 s, so that the half seconds below are pieces; in them no comb has a height to deviate.
    made = bundle(FeatureSpec())
    limits = {"impulse": 3.0, "level": 6.0}
    manifest = msgspec.structs.replace(
        made.manifest, deviation=msgspec.structs.replace(made.manifest.deviation, limits=limits)
    )
    made = replace(made, manifest=manifest)
    return Sleeper(Pipeline(setup, bundle=made, encoder=LineEncoder(), config=CONFIG))


def snapshot(seed: int, *, faulty: bool = False) -> Samples:
    return signal(0.5, seed=seed, faulty=faulty)


def test_each_snapshot_is_one_diagnosis_of_its_own_length() -> None:
    line = sleeper()
    for seed in range(4):
        (diagnosis,) = (o for o in line.send(snapshot(seed)) if isinstance(o, Diagnosis))
        assert diagnosis.session == seed
        assert diagnosis.seconds == pytest.approx(0.5, rel=0.05)
        assert diagnosis.needs_s == 2.0
        assert diagnosis.time_s < line.now_s - 0.9 * EVERY_S  # said when the pause begins, not at the next snapshot


def test_nothing_is_lost_between_snapshots_and_everything_after_some_are_missing() -> None:
    line = sleeper()
    for seed in range(3):
        line.send(snapshot(seed))
    assert State.LOST not in line.states
    assert line.pipeline.tick(line.now_s + (MISSED - 1.1) * EVERY_S) == []
    (change,) = line.pipeline.tick(line.now_s + (MISSED - 0.9) * EVERY_S)
    assert isinstance(change, StateChange)
    assert (change.state, change.reason) == (State.LOST, "no_data")
    undeclared = sleeper(SETUP)
    undeclared.send(snapshot(1))
    assert undeclared.diagnoses == []
    assert undeclared.states == [State.LOST]


def test_no_window_spans_the_sleep_even_where_the_count_goes_on() -> None:
    line = sleeper()
    at = 0
    for seed in range(6):
        samples = snapshot(seed)
        block = SampleBlock(STREAM, at, samples, arrival_s=line.now_s, wall_s=1e9)
        line.outputs += line.pipeline.feed(block)
        at += len(samples)
        line.now_s += EVERY_S
    assert [d.window_start for d in line.diagnoses] == [seed * len(snapshot(0)) for seed in range(5)]
    assert {d.session for d in line.diagnoses} == {STREAM.session}


def test_an_alert_counts_snapshots() -> None:
    line = sleeper()
    line.pipeline.healthy.commission(12)
    for seed in range(14):
        line.send(snapshot(seed))
    assert line.states[-1] is State.HEALTHY
    raise_after, clear_after = SNAPSHOT_COUNTS["raise_after"], SNAPSHOT_COUNTS["clear_after"]
    for count in range(1, raise_after + 1):
        line.send(snapshot(50 + count, faulty=True))
        assert bool(line.alerts) == (count == raise_after)
    assert line.alerts == [("raised", "bearing")]  # half a second at 1500 rpm shows impacts, and no element
    for seed in range(clear_after):
        line.send(snapshot(70 + seed))
    assert line.alerts[-1] == ("cleared", "bearing")
    assert State.LOST not in line.states


def test_a_lone_knock_raises_nothing() -> None:
    line = sleeper()
    line.pipeline.healthy.commission(12)
    for seed in range(24):
        line.send(snapshot(seed, faulty=seed in (15, 16, 20)))
    assert line.alerts == []


def test_a_healthy_state_learnt_from_snapshots_judges_later_ones() -> None:
    """By the shipped bundle, of a simulated motor: 30 snapshots of half a second."""
    made = load_bundle("default")
    rate_hz = 12_000
    machine = Machine("motor", rpm=1800.0, speed_source="config")
    setup = SensorSetup("s", machine, (Bearing("de", Geometry(9, 7.94, 39.04)),), snapshot_every_s=EVERY_S)
    pipeline = Pipeline(setup, bundle=made, encoder=load_encoder(made, "auto")[1], config=CONFIG)
    line = Sleeper(pipeline, Stream("s", float(rate_hz), ("x",), "g"))
    pipeline.healthy.commission(30)

    def send(fault: str, seeds: range) -> list[Diagnosis]:
        found = []
        for seed in seeds:
            samples = simulator.signal(fault, seconds=0.5, rpm=1800.0, rate_hz=rate_hz, seed=seed)[:, :1]
            found += [o for o in line.send(samples) if isinstance(o, Diagnosis)]
        return found

    learning = send("healthy", range(30))
    assert len(learning) == 30
    assert pipeline.healthy.windows_to_learn == 0
    (cell,) = pipeline.healthy.baseline("de").cells
    assert (cell.count, cell.seconds) == (30, pytest.approx(0.5, rel=0.05))
    healthy = send("healthy", range(100, 110))
    assert [d.fault for d in healthy].count("healthy") >= 9
    assert all("length" in d.missing for d in healthy)
    damaged = send("inner_race", range(200, 206))
    assert {d.fault for d in damaged} == {"bearing"}
    assert all(d.deviation is not None and d.deviation > 1 for d in damaged)
    assert line.alerts == [("raised", "bearing")]
