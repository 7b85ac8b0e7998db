"""Healthy simulated sensors, commissioned as the agent does by default, then listened to for hours without a pause.

Nothing is measured. Speed, load and gain stay: what drifts with the day is the study of days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

import simulator
from agent.alerting.window_rules import DecisionConfig
from agent.diagnosis.baseline import Baseline
from agent.faults import HEALTHY
from agent.pipeline import Pipeline
from agent.types import AXES, Alert, Diagnosis, SampleBlock, Stream
from export.evaluation.edge_replay import said_of
from export.studies.field.edge import Edge
from export.studies.field.playing import setup_of_drawn
from export.studies.field.said import Said, pooled

FIRST_MACHINE = 96_000  # far from the seeds that train the default bundle
RATE_HZ = 12_800.0
BLOCK_S = 1.0
COMMISSIONING_S = 3600.0  # at most


class Healthy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sensor after its commissioning."""

    seed: int
    commissioned_s: float | None  # how long that took; None: it did not end
    hours: float
    doubts: tuple[str, ...]  # what stood against believing that it is healthy
    said: dict[str, int]  # windows
    alerts: dict[str, int]  # raised, by name


def listen_for_hours(edge: Edge, seed: int, *, hours: float) -> Healthy:
    """The machine of that seed from its commissioning on; only what comes after it is counted."""
    drawn = simulator.draw_machine(seed, rate_hz=RATE_HZ)
    rpm = drawn.speeds(3)[1]
    setup = setup_of_drawn(drawn, "hours", rpm=rpm)
    nothing: dict[str | None, Baseline] = {}
    pipeline = Pipeline(setup, bundle=edge.bundle, encoder=edge.encoder, config=DecisionConfig(), baselines=nothing)
    pipeline.commission(anyway=True)  # who knows that it is healthy says so
    said, alerts = Counter[str](), Counter[str]()
    ready_s: float | None = None
    doubts: tuple[str, ...] = ()
    for block in _blocks(drawn, rpm):
        outputs = pipeline.feed(block)
        if ready_s is not None:
            said.update(said_of(one) for one in outputs if isinstance(one, Diagnosis))
            alerts.update(one.fault for one in outputs if isinstance(one, Alert) and one.event == "raised")
            if block.arrival_s - ready_s >= hours * 3600:
                break
        elif not pipeline.healthy.windows_to_learn:
            ready_s = block.arrival_s
            latest = pipeline.healthy.latest
            doubts = () if latest is None else tuple(doubt.kind for doubt in latest.doubts)
        elif block.arrival_s > COMMISSIONING_S:
            break
    return Healthy(seed, ready_s, hours if ready_s is not None else 0.0, doubts, dict(said), dict(alerts))


def _blocks(drawn: simulator.DrawnMachine, rpm: float) -> Iterator[SampleBlock]:
    """What its sensor sends, for ever."""
    source = simulator.VibrationSource(
        drawn.rig,
        simulator.Condition(HEALTHY),
        sensor=drawn.sensor,
        geometry=drawn.geometry,
        rpm=rpm,
        rate_hz=drawn.rate_hz,
        seed=np.random.SeedSequence([drawn.seed, 11]),
    )
    stream = Stream("hours", drawn.rate_hz, axes=AXES, unit="g", live=False)
    size = round(BLOCK_S * drawn.rate_hz)
    start = 0
    while True:
        yield SampleBlock(stream, start, source.next(size), arrival_s=(start + size) / drawn.rate_hz)
        start += size


def said_of_healthy(found: Sequence[Healthy], *, overlap: float) -> list[Said]:
    """One row over all sensors; `overlap` is window over hop."""
    hours = sum(one.hours for one in found)
    said = {str(one.seed): Counter(one.said) for one in found if one.said}
    alerts = sum((Counter(one.alerts) for one in found), Counter[str]())
    if not said:
        return []
    doubted = sum(bool(one.doubts) for one in found)
    what = f"simulated, {hours:g} h of {len(said)} sensors, {doubted} doubted at commissioning"
    return [pooled(what, HEALTHY, said, alerts, overlap=overlap)]
