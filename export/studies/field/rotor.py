"""Simulated rotors, commissioned at the speed at which they are judged: which of their faults are named, and how.

Nothing is measured. Every fault is drawn from barely developed to severe; what hardly shows is among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

import simulator
from agent.alerting.window_rules import DecisionConfig
from agent.faults import FAULTS, HEALTHY
from agent.recordings.recording import Recording
from agent.types import AXES
from export.studies.field.edge import Edge
from export.studies.field.playing import Player, commission, setup_of_drawn
from export.studies.field.said import Said, pooled

FIRST_MACHINE = 95_000  # far from the seeds that train the default bundle
TAUGHT_S, JUDGED_S = 60.0, 6.01
LABELS = tuple(fault for fault in FAULTS if fault != "cage")


class Rotor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One machine: label -> what is said of how many windows, and the names of alerts raised."""

    seed: int
    said: dict[str, dict[str, int]]
    alerts: dict[str, dict[str, int]]


def judge_rotor(edge: Edge, seed: int) -> Rotor:
    """The machine of that seed: a minute of health, then some seconds of every fault, each after a fresh start."""
    drawn = simulator.draw_machine(seed)
    rpm = drawn.speeds(3)[1]
    healthy = drawn.record(HEALTHY, 0, seconds=TAUGHT_S, rpm=rpm)
    setup = setup_of_drawn(drawn, "rotor", rpm=rpm, tolerance=0.02)
    baselines = commission(edge, setup, [_recording(healthy)], {})
    said, alerts = {}, {}
    for label in LABELS:
        player = Player(edge, setup, DecisionConfig(), baselines)
        heard = player.play(_recording(drawn.record(label, 1, seconds=JUDGED_S, rpm=rpm)))
        said[label], alerts[label] = dict(Counter(heard.said)), dict(Counter(heard.names))
    return Rotor(seed, said, alerts)


def _recording(drawn: simulator.Drawn) -> Recording:
    return Recording(Path("simulated"), drawn.samples, drawn.rate_hz, None, "g", AXES[: drawn.samples.shape[1]])


def said_of_rotors(rotors: Sequence[Rotor], *, overlap: float) -> list[Said]:
    """A row per label, over all machines; `overlap` is window over hop."""
    return [
        pooled(
            "simulated, healthy state of the same speed",
            label,
            {str(one.seed): Counter(one.said[label]) for one in rotors},
            sum((Counter(one.alerts[label]) for one in rotors), Counter[str]()),
            overlap=overlap,
        )
        for label in LABELS
    ]
