"""The data path from blocks to alerts, with real features and a bundle whose encoder reads one line of the spectrum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from drawn_inputs import costly
from hypothesis import given
from hypothesis import strategies as st
from line_bundle import (
    BEARING,
    BUNDLE,
    CONFIG,
    HOP,
    MACHINE,
    NAMES,
    RATE,
    SETUP,
    SIGNS,
    STREAM,
    WINDOW,
    LineEncoder,
    MuteEncoder,
    bundle,
    signal,
)
from numpy.typing import NDArray
from pipeline_outputs import PipelineOutputs

from agent.bundle.load import Bundle
from agent.diagnosis.baseline import MIN_WINDOWS
from agent.diagnosis.baseline_bytes import from_bytes, to_bytes
from agent.diagnosis.matching import LineLimits
from agent.diagnosis.naming import ELEMENT_RIGHT
from agent.dsp.features import FeatureSpec
from agent.dsp.speed import Placed
from agent.machine import Bearing, Geometry, SensorSetup
from agent.pipeline import Pipeline
from agent.types import (
    UNKNOWN,
    Alert,
    DeviceStatus,
    Diagnosis,
    Output,
    Reading,
    SampleBlock,
    Samples,
    SourceFault,
    Speed,
    SpeedQuestion,
    State,
    StateChange,
    Still,
    Stream,
)


def blocks(samples: Samples, *, start: int = 0, cuts: Sequence[int] = (), stream: Stream = STREAM) -> list[SampleBlock]:
    edges = [0, *sorted({c for c in cuts if 0 < c < len(samples)}), len(samples)]
    return [
        SampleBlock(stream, start + a, samples[a:b], arrival_s=(start + b) / RATE, wall_s=1e9 + (start + a) / RATE)
        for a, b in pairwise(edges)
    ]


class Line(PipelineOutputs):
    """A pipeline, the sample count of what was fed to it, and all that came out."""

    def __init__(self, pipeline: Pipeline | None = None) -> None:
        self.pipeline = pipeline or Pipeline(SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG)
        self.count = 0
        self.outputs: list[Output] = []

    def feed(self, samples: Samples, *, stream: Stream = STREAM) -> Line:
        # One block per hop: a window's arrival is that of the block that completes it.
        for block in blocks(samples, start=self.count, cuts=range(0, len(samples), HOP), stream=stream):
            self.outputs += self.pipeline.feed(block)
        self.count += len(samples)
        return self

    def commissioned(self, windows: int = MIN_WINDOWS, *, rpm: float = 1500.0) -> Line:
        self.pipeline.healthy.commission(windows)
        return self.feed(signal(windows / 2 + 2.5, rpm=rpm, seed=2))


# ------------------------------------------------------------------------------------------------------- the main path


def test_healthy_then_faulty_then_repaired_raises_and_clears_one_alert() -> None:
    line = Line().commissioned().feed(signal(5)).feed(signal(6, faulty=True)).feed(signal(6, seed=5))
    assert line.alerts == [("raised", "outer_race"), ("cleared", "outer_race")]
    assert line.states == [State.LEARNING, State.HEALTHY, State.FAULT, State.HEALTHY]


def test_a_bearing_that_is_not_told_or_told_wrongly_is_asked_about_and_its_element_not_named() -> None:
    """At 1447 rpm, where no line of the bearing meets the mains."""
    machine = replace(MACHINE, rpm=1447.0)
    asked = {}
    for told, bearings in {
        "none": (),
        "another": (Bearing("de", Geometry(8, 15.875, 65.0)),),
        "its own": (BEARING,),
        "beside it": (Bearing("nde", Geometry(8, 15.875, 65.0)), BEARING),
    }.items():
        setup = replace(SETUP, machine=machine, bearings=bearings)
        line = Line(Pipeline(setup, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG))
        asked[told] = line.feed(signal(4, faulty=True, rpm=1447.0)).diagnoses
    for told, about in {"none": "geometry_unknown", "another": "geometry_told"}.items():
        for diagnosis in asked[told]:
            assert diagnosis.fault == "bearing"
            assert diagnosis.asks is not None
            assert diagnosis.asks.about == about
            assert "6205" in [candidate.bearing for candidate in diagnosis.asks.candidates]
    for told in ("its own", "beside it"):
        assert {diagnosis.asks for diagnosis in asked[told]} == {None}
    assert {diagnosis.fault for diagnosis in asked["its own"]} == {"outer_race"}


def test_diagnosis_says_what_where_and_why() -> None:
    line = Line().commissioned().feed(signal(6, faulty=True))
    last = line.diagnoses[-1]
    assert (last.sensor, last.bearing, last.session, last.fault, last.running) == (
        "pump_de",
        "de",
        3,
        "outer_race",
        True,
    )
    assert last.window_start == line.count - WINDOW
    assert last.time_s == pytest.approx(line.count / RATE)
    assert last.wall_s == pytest.approx(1e9 + last.window_start / RATE)
    assert last.deviation is not None
    assert last.deviation > 1
    assert last.matches[0].fault == "outer_race"
    assert last.signs is not None
    certain = ELEMENT_RIGHT.of(1.0)  # it is the only element described
    assert last.probability == pytest.approx(SIGNS.damage.of(last.signs.impulses) * certain)
    assert last.probability > 0.5
    assert (last.missing, last.looks_like) == ((), None)
    assert last.second is not None
    assert last.speed.rpm == pytest.approx(1500, rel=0.1)
    assert last.evidence is not None
    assert "BPFO" in {bearing_line.name for bearing_line in last.evidence.lines}
    assert last.evidence.iso_zone is not None
    assert last.validated


def test_fault_learnt_from_simulation_alone_says_so() -> None:
    class Loose:
        def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
            return np.array([0, 0, 127], np.int8)

    line = Line(Pipeline(SETUP, bundle=BUNDLE, encoder=Loose(), config=CONFIG)).feed(signal(1))
    assert [(d.fault, d.validated) for d in line.diagnoses] == [("unknown", True)]  # a matter of degree
    assert line.commissioned().feed(signal(1)).diagnoses[-1].fault == "healthy"  # whatever it looks like
    last = line.feed(with_multiples(signal(3))).diagnoses[-1]
    assert (last.fault, last.validated) == ("looseness", False)


def with_multiples(samples: Samples, rpm: float = 1500.0) -> Samples:
    """The same with 1, 2 and 3 x of the shaft in it, nearly as high as each other."""
    t = np.arange(len(samples)) / RATE
    lines = sum((2.1 - 0.1 * order) * np.sin(2 * np.pi * order * rpm / 60 * t) for order in (1, 2, 3))
    shaken: Samples = (samples + np.asarray(lines)[:, None]).astype(np.float32)
    return shaken


def test_over_the_limit_is_abnormal_and_never_healthy() -> None:
    """Louder by far in all alike: nearest to health, and no evidence of a fault."""
    line = Line().commissioned()
    last = line.feed(signal(3, level=2.0)).diagnoses[-1]
    assert last.deviation is not None
    assert last.deviation > 1
    assert (last.fault, last.probability, last.looks_like) == ("abnormal", 0.0, "healthy")
    assert line.alerts == [("raised", UNKNOWN)]
    assert line.states[-1] is State.ABNORMAL


def said(cut_at: Sequence[int]) -> list[tuple[object, ...]]:
    """Alerts and diagnoses of twelve seconds that come in blocks of these cuts."""
    pipeline = Pipeline(SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG)
    pipeline.healthy.commission(MIN_WINDOWS)
    samples = np.concatenate([signal(4.5, seed=2), signal(4, faulty=True), signal(3.5, seed=5)])
    outputs = [output for block in blocks(samples, cuts=cut_at) for output in pipeline.feed(block)]
    return [
        (o.event, o.id, o.fault) if isinstance(o, Alert) else (o.window_start, o.fault, o.deviation)
        for o in outputs
        if isinstance(o, Alert | Diagnosis)
    ]


@pytest.fixture(scope="module")
def said_of_the_whole() -> list[tuple[object, ...]]:
    return said(())


@costly
@given(cuts=st.lists(st.integers(1, 12 * RATE), max_size=40))
def test_however_a_stream_is_cut_alerts_and_diagnoses_are_the_same(
    said_of_the_whole: list[tuple[object, ...]], cuts: list[int]
) -> None:
    assert [entry[0] for entry in said_of_the_whole if isinstance(entry[0], str)] == ["raised", "cleared"]
    assert said(cuts) == said_of_the_whole


def test_lost_block_costs_only_the_windows_that_touch_it() -> None:
    samples = signal(10)
    cut = blocks(samples, cuts=range(0, len(samples), 640))
    lost = cut[100]

    def starts(fed: Iterable[SampleBlock]) -> set[int]:
        pipeline = Pipeline(SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG)
        return {o.window_start for b in fed for o in pipeline.feed(b) if isinstance(o, Diagnosis)}

    untouched = {s for s in starts(cut) if s + WINDOW <= lost.start or s >= lost.end}
    assert starts([b for b in cut if b is not lost]) == untouched


# ------------------------------------------------------------------------------------------- lines against the name


class InnerEncoder:
    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.array([0, 127, 10], np.int8)


def strict(told: LineLimits | None, blind: LineLimits | None = None) -> Bundle:
    """A bundle that calls the second description "inner_race", with limits on what lines may say against it.

    Its own lines may stand as they like.
    """
    signs = msgspec.structs.replace(SIGNS, own={"inner_race": -9.0})
    calibration = msgspec.structs.replace(
        BUNDLE.calibration, lines=told, blind_lines=blind, signs=signs, blind_signs=signs
    )
    manifest = msgspec.structs.replace(BUNDLE.manifest, calibration=calibration)
    named = replace(BUNDLE.descriptions, faults=("healthy", "inner_race", "looseness"))
    return replace(BUNDLE, manifest=manifest, descriptions=named)


LIMITS = LineLimits(named=1.0, unnamed=1.0, absent={})


def last_of(with_limits: Bundle, *, setup: SensorSetup = SETUP, taught: bool = False) -> Diagnosis:
    line = Line(Pipeline(setup, bundle=with_limits, encoder=InnerEncoder(), config=CONFIG))
    return (line.commissioned() if taught else line).feed(signal(3, faulty=True)).diagnoses[-1]


def test_outer_race_lines_contradict_the_name_of_an_inner_race() -> None:
    for gating, taught in ((strict(LIMITS), True), (strict(None, LIMITS), False)):
        last = last_of(gating, taught=taught)
        assert (last.fault, last.looks_like) == ("bearing", "inner_race")  # impacts are heard all the same
        assert last.matches[0].fault == "inner_race"
        assert last.objection is not None
        assert (last.objection.reason, last.objection.lines) == ("lines_contradict", "outer_race")
        assert last.heights is not None
        assert last.heights.above_healthy is taught
        assert last.heights.outer_race > last.heights.inner_race + 1
    assert last_of(strict(LIMITS), taught=False).fault == "inner_race"  # limits above a healthy state that is not known
    assert last_of(strict(None, LIMITS), taught=True).fault == "inner_race"


def test_without_limits_geometry_or_speed_no_name_is_contradicted() -> None:
    assert last_of(strict(None)).fault == "inner_race"
    nowhere = (
        replace(SETUP, bearings=(Bearing("de", None),)),
        replace(SETUP, machine=replace(MACHINE, rpm=None, speed_source="unknown")),
    )
    for setup in nowhere:
        last = last_of(strict(LIMITS, LIMITS), setup=setup)
        assert (last.fault, last.heights, last.objection) == ("bearing", None, None)
        assert last.matches[0].fault == "inner_race"
        assert set(last.missing) & {"geometry", "speed"}


def test_healthy_within_the_baseline_is_not_contradicted() -> None:
    class Well:
        def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
            return np.array([127, 0, 10], np.int8)

    always = LineLimits(named=None, unnamed=-9.0, absent={})
    line = Line(Pipeline(SETUP, bundle=strict(always), encoder=Well(), config=CONFIG)).commissioned()
    assert line.feed(signal(3)).diagnoses[-1].fault == "healthy"
    assert line.feed(signal(3, level=2.0)).diagnoses[-1].fault == "abnormal"
    untaught = Line(Pipeline(SETUP, bundle=strict(None, always), encoder=Well(), config=CONFIG)).feed(signal(3))
    last = untaught.diagnoses[-1]
    assert last.objection is not None
    assert (last.fault, last.objection.named) == (UNKNOWN, "healthy")


# -------------------------------------------------------------------------------------------- what is not diagnosed


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (np.nan, "not_finite"),
        (np.inf, "not_finite"),
        (1e20, "too_large"),  # finite, and its square is not
        (16.0, "clipped"),
        (None, "dead_axis"),
    ],
)
def test_bad_signal_is_invalid_with_its_reason_and_never_reaches_the_encoder(spoil: float | None, reason: str) -> None:
    encoder = LineEncoder()
    line = Line(Pipeline(SETUP, bundle=BUNDLE, encoder=encoder, config=CONFIG)).commissioned()
    before = encoder.calls
    bad = signal(1).copy()
    if spoil is None:
        bad[:, 1] = 0.0
    else:
        bad[3000:3010, 0] = spoil
    line.count += WINDOW  # a gap, so that the bad samples have a window of their own
    del line.outputs[:]
    line.feed(bad)
    assert [(d.quality, d.fault, d.matches, d.deviation) for d in line.diagnoses] == [(reason, "invalid", (), None)]
    assert line.states == [State.INVALID]
    assert encoder.calls == before


def test_embedding_without_direction_is_invalid_not_healthy() -> None:
    line = Line(Pipeline(SETUP, bundle=BUNDLE, encoder=MuteEncoder(), config=CONFIG)).feed(signal(1))
    assert [(d.quality, d.fault) for d in line.diagnoses] == [("no_embedding", "invalid")]


def test_machine_that_stands_still_is_idle_by_what_was_learnt() -> None:
    line = Line().commissioned().feed(signal(4, faulty=True)).feed(signal(5, level=0.01))
    assert line.alerts == [("raised", "outer_race")]
    idle = line.diagnoses[-1]
    assert (idle.running, idle.fault, idle.matches, idle.deviation) == (False, UNKNOWN, (), None)
    assert idle.still is not None
    assert (idle.still.by, idle.still.unit) == ("healthy_state", "g")
    assert (idle.still.rms, idle.still.below) == (pytest.approx(0.01, rel=0.1), pytest.approx(0.025, rel=0.1))
    line.feed(signal(5, faulty=True))
    assert line.states[-3:] == [State.FAULT, State.IDLE, State.FAULT]
    assert len(line.alerts) == 1


def test_configured_idle_limit_needs_a_scale() -> None:
    setup = replace(SETUP, idle_below_g=0.2)
    for unit, running in (("g", False), ("raw", True)):
        stream = replace(STREAM, unit=unit)  # type: ignore[arg-type] # both literals
        line = Line(Pipeline(setup, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG))
        last = line.feed(signal(1), stream=stream).diagnoses[-1]
        assert last.running is running
        assert (last.still is None) is running
        assert last.still is None or (last.still.by, last.still.below) == ("config", 0.2)


def test_a_sensor_that_hears_less_than_the_one_that_learnt_is_not_taken_for_one_of_a_machine_at_rest() -> None:
    """The level of a narrower band is another one: of what a bearing sends out, a slow sensor hears a part."""
    line = Line().commissioned().feed(signal(4, level=0.01))
    assert not line.diagnoses[-1].running
    slow = replace(STREAM, rate_hz=STREAM.rate_hz / 8, session=7, live=False)
    line.feed(signal(1, level=0.01), stream=slow)
    assert line.diagnoses[-1].rate.hz == slow.rate_hz
    assert line.diagnoses[-1].running


def test_uncommissioned_sensor_is_learning_and_raises_nothing() -> None:
    line = Line().feed(signal(6, faulty=True))
    assert {d.fault for d in line.diagnoses} == {"outer_race"}
    assert {d.deviation for d in line.diagnoses} == {None}
    assert (line.alerts, line.states) == ([], [State.LEARNING])


# --------------------------------------------------------------------------------------------------- commissioning


def on_topic() -> Line:
    """A line whose speed comes from readings."""
    setup = replace(SETUP, machine=replace(MACHINE, rpm=None, speed_source="topic"))
    return Line(Pipeline(setup, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG))


def test_baseline_of_one_speed_says_nothing_at_another() -> None:
    line = on_topic()
    line.pipeline.feed(Reading("pump", "rpm", 1500.0, arrival_s=0.0))
    line.commissioned()
    assert line.states == [State.LEARNING, State.HEALTHY]
    line.pipeline.feed(Reading("pump", "rpm", 1000.0, arrival_s=line.count / RATE))
    line.feed(signal(4, rpm=1000.0))
    assert line.states[-1:] == [State.LEARNING]
    line.commissioned(rpm=1000.0)
    assert line.states[-1:] == [State.HEALTHY]
    line.pipeline.feed(Reading("pump", "rpm", 1500.0, arrival_s=line.count / RATE))
    line.feed(signal(4))
    assert line.states[-1:] == [State.HEALTHY]  # what was learnt before is still known


def test_measured_standstill_is_idle() -> None:
    line = on_topic()
    line.pipeline.feed(Reading("pump", "rpm", 0.0, arrival_s=0.0))
    assert line.feed(signal(2, level=0.01)).states == [State.IDLE]
    assert line.diagnoses[-1].still == Still("speed", pytest.approx(0.01, rel=0.1), None, "g")


def told(line: Line, rpm: float) -> Line:
    """A speed is told now."""
    line.pipeline.feed(Reading("pump", "rpm", rpm, arrival_s=line.count / RATE))
    return line


def test_a_machine_that_shakes_is_not_silenced_by_a_speed_of_zero() -> None:
    line = told(on_topic(), 1500.0).commissioned()
    shown = len(line.states)
    told(line, 0.0).feed(signal(6))
    assert line.states[shown:] == [State.INVALID]
    assert [o.reason for o in line.outputs if isinstance(o, StateChange)][-1] == "speed_contradicts"
    assert line.diagnoses[-1].speed.doubt == "contradicted"
    told(line, 0.0).feed(signal(8, level=2.0))
    assert [event for event, _ in line.alerts] == ["raised"]
    told(line, 0.0).feed(signal(8))
    assert [event for event, _ in line.alerts] == ["raised"]  # who contradicts himself does not say that all is well
    told(line, 1500.0).feed(signal(8))
    assert [event for event, _ in line.alerts] == ["raised", "cleared"]
    told(line, 0.0).feed(signal(4, level=0.005))
    assert line.states[-1] is State.IDLE


def test_a_speed_of_zero_while_it_shakes_is_a_contradiction_before_anything_was_learnt() -> None:
    line = told(on_topic(), 0.0).feed(signal(4, level=0.3))
    assert line.states == [State.INVALID]


def test_a_silent_tacho_does_not_stop_detection_and_teaches_nothing() -> None:
    line = told(on_topic(), 1500.0).commissioned()
    shown = len(line.states)
    line.count += 12 * RATE
    line.feed(signal(6))
    assert line.diagnoses[-1].speed == Speed(None, "unknown", doubt="silent")
    assert line.diagnoses[-1].deviation is not None
    assert line.states[shown:] == []  # healthy, as before
    line.feed(signal(8, level=2.0))
    assert [event for event, _ in line.alerts] == ["raised"]
    line.pipeline.healthy.commission(MIN_WINDOWS)
    line.feed(signal(4, faulty=True))
    assert line.diagnoses[-1].fault != "outer_race"  # no lines can be placed
    assert line.pipeline.healthy.windows_to_learn == MIN_WINDOWS


def test_an_alert_goes_on_while_the_nominal_speed_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line().commissioned().feed(signal(4, faulty=True))
    assert [event for event, _ in line.alerts] == ["raised"]
    shown = len(line.states)
    asked = Placed(Speed(None, "unknown", asks=SpeedQuestion("contradicted", 1500.0, 2688.0)), shown=True)
    monkeypatch.setattr("agent.dsp.speed.refined", lambda *_, **__: asked)
    line.feed(signal(6, faulty=True))
    assert line.diagnoses[-1].speed == replace(asked.speed, doubt="contradicted")
    assert line.diagnoses[-1].deviation is not None  # held against what is healthy at any speed
    line.feed(signal(8))
    assert [event for event, _ in line.alerts] == ["raised"]  # a doubt says that nothing is well
    assert line.states[shown:] == []
    line.pipeline.healthy.commission(MIN_WINDOWS)
    line.feed(signal(5))
    assert line.pipeline.healthy.windows_to_learn == 0  # it may be learnt without a speed


def test_a_doubt_of_the_nominal_speed_outlives_the_start_of_a_fault_and_ends_while_all_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Placed(Speed(None, "unknown", asks=SpeedQuestion("contradicted", 1500.0, 2688.0)), shown=True)
    silent = Placed(Speed(1500.0, "config"), shown=False)
    shows = asked
    monkeypatch.setattr("agent.dsp.speed.refined", lambda *_, **__: shows)
    line = Line()
    line.pipeline.healthy.commission(MIN_WINDOWS)
    line.feed(signal(20, seed=2))
    assert line.pipeline.healthy.latest is not None
    assert line.pipeline.healthy.latest.asks == asked.speed.asks
    shows = silent
    line.feed(signal(30, faulty=True))
    assert line.diagnoses[-1].speed == asked.speed
    assert line.diagnoses[-1].fault != "outer_race"  # no line is read at a speed that is doubted
    line.feed(signal(40))
    assert line.diagnoses[-1].speed == silent.speed


def test_commissioning_counts_only_good_running_windows_and_counts_down() -> None:
    line = Line()
    line.pipeline.healthy.commission(MIN_WINDOWS)
    bad = signal(2).copy()
    bad[::100] = np.nan
    line.feed(bad)
    assert line.pipeline.healthy.windows_to_learn == MIN_WINDOWS
    line.feed(signal(1))  # one window; those half in the bad stretch are no good
    assert line.pipeline.healthy.windows_to_learn == MIN_WINDOWS - 1
    line.feed(signal(3))
    assert line.pipeline.healthy.windows_to_learn == 0
    assert line.states[-1:] == [State.HEALTHY]


def test_standstill_during_commissioning_teaches_nothing() -> None:
    line = Line()
    line.pipeline.healthy.commission(12)
    line.feed(signal(2.5, level=0.01)).feed(signal(5, seed=2))
    assert line.pipeline.healthy.windows_to_learn > 0
    line.feed(signal(6, seed=3))
    assert line.pipeline.healthy.windows_to_learn == 0
    rms = line.pipeline.healthy.baselines["de"].running_rms()
    assert rms == pytest.approx(0.1, rel=0.05)


def test_commissioning_again_replaces_what_this_speed_was() -> None:
    line = Line().commissioned()
    line.pipeline.healthy.commission(MIN_WINDOWS)
    line.feed(signal(6, faulty=True))
    assert line.states == [State.LEARNING, State.HEALTHY, State.LEARNING, State.HEALTHY]
    assert [cell.count for cell in line.pipeline.healthy.baselines["de"].cells] == [MIN_WINDOWS]


def test_encoder_is_told_the_healthy_reference() -> None:
    class Recorder(LineEncoder):
        def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
            referenced.append(bool(codes[-1]))
            return super().embed(codes)

    referenced: list[bool] = []
    Line(Pipeline(SETUP, bundle=BUNDLE, encoder=Recorder(), config=CONFIG)).commissioned()
    assert referenced[: MIN_WINDOWS + 1] == [False] * MIN_WINDOWS + [True]


def test_commissioning_may_add_to_what_this_speed_was() -> None:
    line = Line().commissioned()
    line.pipeline.healthy.commission(MIN_WINDOWS, add=True)
    line.feed(signal(4))
    assert [cell.count for cell in line.pipeline.healthy.baselines["de"].cells] == [2 * MIN_WINDOWS]


@pytest.mark.parametrize("windows", [0, MIN_WINDOWS - 1, 10**9])
def test_commissioning_takes_a_sensible_number_of_windows(windows: int) -> None:
    with pytest.raises(ValueError, match="windows"):
        Line().pipeline.healthy.commission(windows)


def test_baselines_and_alerts_survive_a_restart() -> None:
    before = Line().commissioned().feed(signal(5, faulty=True))
    stored = {bearing: to_bytes(baseline) for bearing, baseline in before.pipeline.healthy.baselines.items()}
    baselines = {bearing: from_bytes(value, size=len(NAMES)) for bearing, value in stored.items()}
    after = Line(Pipeline(SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG, baselines=baselines))
    assert after.pipeline.restore(before.pipeline.decision.open_alerts) == ()
    after.feed(signal(4, faulty=True))
    assert (after.alerts, after.states) == ([], [State.FAULT])
    after.feed(signal(6))
    assert after.alerts == [("cleared", "outer_race")]
    assert after.pipeline.decision.open_alerts == ()


def test_alert_of_a_bearing_no_longer_configured_is_handed_back() -> None:
    before = Line().commissioned().feed(signal(5, faulty=True))
    other = replace(SETUP, bearings=(replace(BEARING, id="nde"),))
    after = Pipeline(other, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG)
    assert after.restore(before.pipeline.decision.open_alerts) == before.pipeline.decision.open_alerts
    assert after.decision.open_alerts == ()


# ----------------------------------------------------------------------------------------- several bearings, or none


def test_each_bearing_is_diagnosed_by_its_own_geometry() -> None:
    other = Bearing("nde", Geometry(balls=13, ball_mm=6.0, pitch_mm=40.0))
    setup = replace(SETUP, bearings=(BEARING, other))
    encoder = LineEncoder()
    line = Line(Pipeline(setup, bundle=BUNDLE, encoder=encoder, config=CONFIG)).feed(signal(2, faulty=True))
    # One sensor hears the same impacts of both; only the one whose lines they draw is named by its element.
    assert [(d.bearing, d.fault) for d in line.diagnoses] == [("de", "outer_race"), ("nde", "bearing")] * 3
    assert encoder.calls == 6


def test_machine_without_bearings_is_diagnosed_once_per_window() -> None:
    line = Line(Pipeline(replace(SETUP, bearings=()), bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG))
    assert [d.bearing for d in line.feed(signal(2)).diagnoses] == [None] * 3
    assert line.diagnoses[0].evidence is not None
    assert line.diagnoses[0].evidence.lines_reason == "no_geometry"


# ------------------------------------------------------------------------------------------------ time and other items


def test_silence_is_lost_and_blocks_without_windows_say_so() -> None:
    line = Line().feed(signal(2))
    pipeline = line.pipeline
    assert pipeline.tick(30.0) == []
    (lost,) = pipeline.tick(40.0)
    assert isinstance(lost, StateChange)
    assert (lost.state, lost.reason) == (State.LOST, "no_data")

    gappy = Pipeline(SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG)
    gappy.tick(0.0)
    for index in range(40):
        assert gappy.feed(blocks(signal(0.5), start=index * RATE)[0]) == []
    (lost,) = gappy.tick(40.0)
    assert isinstance(lost, StateChange)
    assert (lost.state, lost.reason) == (State.LOST, "no_window")


def test_a_sensor_of_temperatures_alone_says_so() -> None:
    line = Line()
    line.pipeline.tick(0.0)
    line.pipeline.feed(Reading("pump_de", "temperature_c", 41.0, arrival_s=60.0))
    (lost,) = line.pipeline.tick(60.0)
    assert isinstance(lost, StateChange)
    assert (lost.state, lost.reason) == (State.LOST, "temperature_alone")


def test_sensor_of_long_windows_is_not_lost_between_two_of_them() -> None:
    slow = bundle(FeatureSpec(window_s=20.0, hop_s=10.0))
    pipeline = Pipeline(SETUP, bundle=slow, encoder=LineEncoder(), config=CONFIG)
    pipeline.tick(0.0)
    assert pipeline.tick(59.0) == []
    assert len(pipeline.tick(61.0)) == 1


@pytest.mark.parametrize(
    "item",
    [
        Reading("pump", "rpm", float("nan"), 0.0),
        Reading("pump_de", "temperature_c", 40.0, 0.0),
        DeviceStatus("pump_de", 3, 100, 0, 0, 0.0),
        SourceFault("crc", "", "pump_de"),
    ],
)
def test_items_that_are_nothing_to_diagnose_say_nothing(item: Reading | DeviceStatus | SourceFault) -> None:
    line = Line()
    assert line.pipeline.feed(item) == []
    assert line.pipeline.decision.state is State.LOST


def test_counters_come_from_the_windower() -> None:
    line = Line().feed(signal(2))
    line.count += 100
    assert line.feed(signal(2)).pipeline.windower.counters()["gaps"] == 1


def test_stillness_at_a_measured_speed_is_a_sensor_that_has_come_off() -> None:
    setup = replace(SETUP, machine=replace(SETUP.machine, speed_source="tacho"))
    line = Line(Pipeline(setup, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG))
    for at_s in range(30):
        line.outputs += line.pipeline.feed(Reading(setup.machine.id, "rpm", 1500.0, float(at_s)))
        line.feed(signal(1.0, seed=at_s, level=0.1 if at_s < 15 else 0.001))
        if at_s == 3:
            line.pipeline.healthy.commission(MIN_WINDOWS)
    assert line.states[-1] is State.INVALID
    assert line.diagnoses[-1].quality == "quiet_at_speed"


def test_commissioning_does_not_outlive_a_silence() -> None:
    line = Line().feed(signal(4))
    line.pipeline.healthy.commission(1000)
    line.feed(signal(2))
    assert line.pipeline.healthy.windows_to_learn > 0
    line.pipeline.tick(1e6)
    assert line.pipeline.healthy.windows_to_learn == 0
    assert line.pipeline.healthy.latest is not None
    assert (line.pipeline.healthy.latest.result, line.pipeline.healthy.latest.reason) == ("abandoned", "silence")


def test_commissioning_outlives_the_silence_between_two_snapshots() -> None:
    line = Line()
    line.pipeline.commission(8)
    for number in range(4):
        line.feed(signal(1.5, seed=number + 1))
        assert line.pipeline.tick(line.count / RATE + 3600.0)[-1].state is State.LOST
        line.count += 3600 * RATE
    assert line.pipeline.healthy.windows_to_learn == 0
    assert [cell.count for cell in line.pipeline.healthy.baselines["de"].cells] == [8]
    assert line.pipeline.healthy.latest is not None
    assert line.pipeline.healthy.latest.doubts == ()


def test_what_a_machine_shows_is_looked_at_without_the_healthy_state_that_it_had() -> None:
    line = Line()
    line.pipeline.healthy.commission(20)
    line.feed(signal(12, faulty=True))  # as an agent did that asked nobody
    line.pipeline.commission(20)
    line.feed(signal(12, faulty=True, seed=2))
    assert line.pipeline.healthy.latest is not None
    assert {doubt.kind for doubt in line.pipeline.healthy.latest.doubts} == {"bearing_lines", "impacts"}
