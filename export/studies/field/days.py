"""Simulated days of healthy machines whose load, speed and gain drift, and faults at their end: nothing is measured.

Every machine is visited at even intervals, as a sensor that sleeps in between would: a few seconds, then silence. What
the first day may teach is never scored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

import simulator
from agent.alerting.window_rules import DecisionConfig
from agent.recordings.recording import Recording
from agent.types import AXES, FAULTS, HEALTHY
from export.scoring.statistics import Rate, Share, rate_of, share_of_count
from export.studies.field.edge import Edge
from export.studies.field.playing import Baselines, Player, commission, setup_of_drawn

FIRST_MACHINE = 90_000  # far from the seeds that train the default bundle
RATE_HZ = 12_800.0
DAYS = 3
EVERY_S = 1800.0  # between the starts of two visits
VISIT_S = 5.5  # eight windows of two seconds, two more than an alert takes
MINUTE_S = 60.0  # of one commissioning, and of listening to a fault
LOAD_DB = 2.0  # daily swing of rolling noise and background, and half of it of the shaft's residual
SLIP = 0.01  # by which a loaded machine turns slower
GAIN = 0.03  # daily swing of the sensor's gain, as a temperature would cause it
SCHOOLS = ("a minute", "a day")
"""What the machine was commissioned on: its first minute alone, or every visit of its first day."""


class Watched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One simulated machine after one commissioning."""

    seed: int
    school: str
    rpm: float
    visits: int  # scored ones
    seconds: float  # of their samples
    judged: int  # windows
    high: int  # healthy windows that counted towards an alert
    raised: int
    delays_s: dict[str, float | None]  # fault -> first alert after it began
    names: dict[str, str | None]  # fault -> what that alert called it


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All machines after one kind of commissioning."""

    school: str
    machines: int
    scored_seconds: float
    simulated_days: float
    false_alarms: Share | None  # windows; the bounds are of those that do not overlap
    machine_range: tuple[float, float]  # of that share
    false_alerts: Rate | None  # per scored hour
    alerts_per_day: float  # per simulated day of one machine
    faults: int
    raised: int  # within a minute
    rightly_named: int
    longest_delay_s: float | None


def watch(
    edge: Edge, seed: int, *, school: str, days: int = DAYS, every_s: float = EVERY_S, fault_s: float = MINUTE_S
) -> Watched:
    """One machine over its days; commissioned on the first, scored on the others, damaged at the end for `fault_s`."""
    drawn = simulator.draw_machine(seed, rate_hz=RATE_HZ)
    rpm = drawn.speeds(3)[1]
    setup = setup_of_drawn(drawn, "days", rpm=rpm)
    times_h = np.arange(0.0, 24.0 * days, every_s / 3600)
    first = times_h[times_h < 24.0] if school == "a day" else times_h[:1]
    seconds = VISIT_S if school == "a day" else MINUTE_S
    lessons = (visit(drawn, float(hour), rpm=rpm, seconds=seconds) for hour in first)
    baselines: Baselines = commission(edge, setup, lessons, {})
    player = Player(edge, setup, DecisionConfig(), baselines)
    judged = high = raised = 0
    scored = times_h[times_h >= 24.0]
    for hour in scored:
        heard = player.play(visit(drawn, float(hour), rpm=rpm, seconds=VISIT_S))
        judged, high, raised = judged + heard.judged, high + heard.high, raised + len(heard.raised_s)
        player.wait(every_s - VISIT_S)
    delays: dict[str, float | None] = {}
    names: dict[str, str | None] = {}
    for fault in FAULTS:
        if fault == HEALTHY:
            continue
        player = Player(edge, setup, DecisionConfig(), baselines)
        heard = player.play(visit(drawn, float(times_h[-1]), rpm=rpm, seconds=fault_s, fault=fault))
        delays[fault] = heard.raised_s[0] if heard.raised_s else None
        names[fault] = heard.names[0] if heard.names else None
    return Watched(seed, school, rpm, len(scored), len(scored) * VISIT_S, judged, high, raised, delays, names)


def visit(drawn: simulator.DrawnMachine, hour: float, *, rpm: float, seconds: float, fault: str = HEALTHY) -> Recording:
    """What the sensor hears at that hour: the same machine under that hour's load, speed and gain."""
    load = math.sin(2 * math.pi * (hour - 8) / 24)
    warmth = math.sin(2 * math.pi * (hour - 14) / 24)
    louder = 10 ** (LOAD_DB * load / 20)
    rig = replace(
        drawn.rig,
        rolling_g=drawn.rig.rolling_g * louder,
        background_g=drawn.rig.background_g * louder,
        residual_mm_s=drawn.rig.residual_mm_s * math.sqrt(louder),
    )
    number = round(hour * 3600)
    rng = np.random.default_rng([drawn.seed, FAULTS.index(fault), 5])
    source = simulator.VibrationSource(
        rig,
        simulator.random_condition(rng, fault),
        sensor=drawn.sensor,
        geometry=drawn.geometry,
        rpm=rpm * (1 - SLIP * (load + 1) / 2),
        rate_hz=drawn.rate_hz,
        seed=np.random.SeedSequence([drawn.seed, number, FAULTS.index(fault)]),
    )
    samples = source.next(round(seconds * drawn.rate_hz)) * np.float32(1 + GAIN * warmth)
    return Recording(Path(f"sim-{drawn.seed}"), samples, drawn.rate_hz, None, "g", AXES)


def summarise(found: Sequence[Watched], *, overlap: float) -> list[Days]:
    """The machines pooled by what they were commissioned on; `overlap` is window over hop."""
    return [
        _pooled([one for one in found if one.school == school], overlap)
        for school in SCHOOLS
        if any(one.school == school for one in found)
    ]


def _pooled(found: Sequence[Watched], overlap: float) -> Days:
    seconds, windows = sum(one.seconds for one in found), sum(one.judged for one in found)
    simulated_days = sum(one.visits for one in found) * EVERY_S / 86_400
    alerts = sum(one.raised for one in found)
    outcomes = [(fault, delay, one.names[fault]) for one in found for fault, delay in one.delays_s.items()]
    delays = [delay for _, delay, _ in outcomes if delay is not None]
    shares = [one.high / one.judged for one in found if one.judged]
    return Days(
        school=found[0].school,
        machines=len(found),
        scored_seconds=seconds,
        simulated_days=simulated_days,
        false_alarms=share_of_count(sum(one.high for one in found), windows, overlap=overlap),
        machine_range=(min(shares, default=0.0), max(shares, default=0.0)),
        false_alerts=rate_of(alerts, seconds / 3600),
        alerts_per_day=alerts / simulated_days,
        faults=len(outcomes),
        raised=len(delays),
        rightly_named=sum(fault == name for fault, _, name in outcomes),
        longest_delay_s=max(delays, default=None),
    )
