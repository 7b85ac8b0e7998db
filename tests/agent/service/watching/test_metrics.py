"""Figures as metrics: counts that agree with what happened, names as Prometheus wants them, age where they are old."""

from __future__ import annotations

import math
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from one_alert import ALERT, DIAGNOSIS
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from requirements import ROOT

from agent.messages.payloads import HealthPayload, PublishingHealth, SensorHealth, SourceHealth
from agent.service.watching.figures import Figures
from agent.service.watching.filling import OVER_S, Filling
from agent.service.watching.metric_kinds import KINDS
from agent.service.watching.metrics import Exposition
from agent.service.watching.stopwatch import BOUNDS_S, STAGES, Durations, Stopwatch
from agent.service.watching.tally import Tally
from agent.stream.ledger import Balance
from agent.types import Output, Rate, SampleBlock, State, StateChange, Stream

WAY_OUT = PublishingHealth(connected=True, outages=1, published=7, waiting=2, dropped=0, waiting_bytes=100)
SENSOR = SensorHealth(
    state=State.FAULT, data_age_s=0.1, windows=9, rate=Rate(998.0, "arrival"), drift=None, losses=None, explained=None
)
SOURCE = SourceHealth(
    connected=True,
    ended=False,
    outages=0,
    restarts=1,
    error=None,
    dropped_items=0,
    faults={'js"on\n': 3},
    refusals=(),
    counters={},
)
HEALTH = HealthPayload(
    agent="gw",
    site=None,
    version="1",
    bundle="default 2",
    runtime="onnx",
    time=datetime.now(UTC),
    uptime_s=5.0,
    memory_mb=80.0,
    sensors={"pump": SENSOR},
    sources={"plant": SOURCE},
    publishing=WAY_OUT,
    sinks={"cloud": WAY_OUT},
    open_alerts=(),
    notices=(),
)
FIGURES = Figures(
    taken_s=100.0,
    health=HEALTH,
    bundle_sha256="ab",
    declared_hz={"pump": 1000.0},
    samples={"pump": Balance(produced=10, received=8, lost_on_wire=2)},
    windows={("pump", State.FAULT): 9},
    raised={("pump", "alarm"): 1},
    cleared={("pump", "recovered"): 1},
    open={("pump", "alarm"): 0},
    full_in_s={"broker": math.inf, "cloud": 3600.0},
    most_bytes=1000,
    kept=(2, 5000),
)


class Worker:
    """Answers with the figures that it has, or not at all."""

    def __init__(self, figures: Figures | None = FIGURES) -> None:
        self.figures = figures
        self.asked = 0

    def ask(self) -> Future[Figures]:
        self.asked += 1
        future: Future[Figures] = Future()
        if self.figures is not None:
            future.set_result(self.figures)
        return future


def values(page: bytes) -> dict[tuple[str, ...], float]:
    """Name and label values -> value, as Prometheus itself would read them."""
    families = text_string_to_metric_families(page.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_every_metric_can_be_read_back_in_both_formats() -> None:
    exposition = Exposition(Worker().ask, Durations(), clock=lambda: 100.5)
    content_type, page = exposition.page("")
    found = values(page)
    assert content_type.startswith("text/plain; version=0.0.4")
    assert found["textvib_sensor_samples_total", "lost_on_wire", "pump"] == 2
    assert found["textvib_refusals_total", 'js"on\n', "plant"] == 3
    assert found["textvib_outbox_full_in_seconds", "cloud"] == 3600
    assert found["textvib_published_messages_total", "broker"] == 7
    assert found["textvib_sensor_measured_rate_hertz", "pump"] == 998
    assert found["textvib_figures_age_seconds",] == 0.5
    assert any(name == "process_resident_memory_bytes" for name, *_ in found)
    content_type, page = exposition.page("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert {family.name for family in openmetrics(page.decode())} >= {kind.name for kind in KINDS}


def test_names_follow_the_conventions_and_stand_in_the_documentation() -> None:
    page = (ROOT / "docs" / "integration.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert not kind.name.endswith("_total")
        assert kind.name + ("_total" if kind.counts else "") in page
        assert kind.help.endswith(".") or "+Inf" in kind.help
    assert "textvib_stage_duration_seconds" in page
    assert all(f"`{stage}`" in page for stage in STAGES)


def test_a_worker_that_does_not_answer_is_seen_by_the_age_of_its_figures() -> None:
    worker, now_s = Worker(), [100.0]
    exposition = Exposition(worker.ask, Durations(), patience_s=0.01, clock=lambda: now_s[0])
    exposition.page("")
    worker.figures, now_s[0] = None, 160.0
    found = values(exposition.page("")[1])
    assert found["textvib_figures_age_seconds",] == 60
    assert found["textvib_windows_total", "pump", "fault"] == 9
    exposition.page("")
    assert worker.asked == 2  # what is asked once is not asked again before it is answered


def test_a_worker_that_never_answered_leaves_what_needs_none() -> None:
    found = values(Exposition(Worker(None).ask, Durations(), patience_s=0.01).page("")[1])
    assert any(name == "process_cpu_seconds_total" for name, *_ in found)
    assert not any(name == "textvib_uptime_seconds" for name, *_ in found)


def test_many_clients_ask_the_worker_no_more_than_one() -> None:
    worker = Worker()
    exposition = Exposition(worker.ask, Durations(), clock=lambda: 100.9)
    for _ in range(5):
        exposition.page("")
    assert worker.asked == 1


def test_a_counter_never_falls_where_the_ledger_thinks_better_of_it() -> None:
    worker, now_s = Worker(), [100.0]
    exposition = Exposition(worker.ask, Durations(), clock=lambda: now_s[0])
    exposition.page("")
    now_s[0] = 110.0
    worker.figures = replace(FIGURES, taken_s=110.0, samples={"pump": Balance(produced=20, received=20)})
    found = values(exposition.page("")[1])
    assert found["textvib_sensor_samples_total", "lost_on_wire", "pump"] == 2
    assert found["textvib_sensor_samples_total", "received", "pump"] == 20


# -------------------------------------------------------------------------------------------- what counts and times


def change(state: State) -> StateChange:
    return StateChange("pump", state, None, 1.0, None)


def window(start: int, bearing: str = "de") -> Output:
    return replace(DIAGNOSIS, window_start=start, bearing=bearing)


def test_a_window_counts_once_for_all_its_bearings_under_the_state_it_leaves() -> None:
    tally = Tally()
    tally.outputs("pump", [window(0), change(State.LEARNING), window(0, "nde")])
    tally.outputs("pump", [window(1), window(1, "nde"), window(2), change(State.FAULT), window(2, "nde")])
    tally.outputs("pump", [change(State.LOST)])
    assert tally.windows == {("pump", State.LEARNING): 2, ("pump", State.FAULT): 1}


def test_alerts_count_as_they_are_raised_and_cleared_and_not_as_they_are_updated() -> None:
    tally = Tally()
    for event, reason in (("raised", None), ("updated", None), ("cleared", "closed")):
        tally.alert(replace(ALERT, event=event, reason=reason))
    assert tally.raised == {("pump_de", "warning"): 1}
    assert tally.cleared == {("pump_de", "closed"): 1}


def test_stages_are_timed_per_block_and_only_where_there_was_a_window_to_judge() -> None:
    durations, now_s = Durations(), [10.0]
    stopwatch = Stopwatch(durations, clock=lambda: now_s[0])

    def block(*laps: tuple[str, float], live: bool = True) -> None:
        stream, samples = Stream("pump", 1000.0, live=live), np.zeros((1, 1), np.float32)
        stopwatch.begin(SampleBlock(stream, 0, samples, arrival_s=now_s[0] - 0.2))
        for stage, seconds in laps:
            now_s[0] += seconds
            stopwatch.lap(stage)
        now_s[0] += 0.004
        stopwatch.end()

    block(("window", 0.001))
    block(("window", 0.001), ("features", 0.02), ("encode", 0.003), ("features", 0.02), live=False)
    read = durations.read()
    assert {stage: sum(one.counts) for stage, one in read.items()} == {
        "read": 1,
        "window": 2,
        "features": 1,
        "encode": 1,
        "decide": 1,
        "publish": 0,
    }
    assert read["features"].seconds == pytest.approx(0.04)
    assert read["decide"].seconds == pytest.approx(0.004)
    assert read["read"].seconds == pytest.approx(0.2)


def test_buckets_are_cumulative_and_a_bound_belongs_to_its_own() -> None:
    durations = Durations()
    for seconds in (BOUNDS_S[0], 0.3, 1e9):
        durations.observe("publish", seconds)
    found = values(Exposition(Worker().ask, durations).page("")[1])
    name = "textvib_stage_duration_seconds_bucket"
    assert [found[name, le, "publish"] for le in ("0.0005", "0.25", "0.5", "30.0", "+Inf")] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("noted", "left_s"),
    [
        ([], math.inf),
        ([(0.0, 500)], math.inf),
        ([(0.0, 500), (100.0, 400)], math.inf),
        ([(0.0, 0), (100.0, 500)], 100.0),
        ([(0.0, 0), (100.0, 1000)], 0.0),
        ([(0.0, 0), (10.0, 900), (300.0, 900), (11.0 + OVER_S, 910)], 9 * (OVER_S - 289)),
    ],
)
def test_when_an_outbox_will_be_full(noted: list[tuple[float, int]], left_s: float) -> None:
    filling = Filling()
    for now_s, waiting in noted:
        filling.note(now_s, waiting)
    assert filling.seconds_left(1000) == pytest.approx(left_s)
