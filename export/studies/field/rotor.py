"""Simulated rotors: which of their faults are named, and how, at each level of what is known of them.

Commissioned at the speed at which they are judged, or not at all. Nothing is measured. Every fault is drawn from barely
developed to severe; what hardly shows is among them.
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
from export.training.knowledge import KNOWLEDGE

FIRST_MACHINE = 95_000  # far from the seeds that train the default bundle
TAUGHT_S, JUDGED_S = 60.0, 6.01
LABELS = tuple(fault for fault in FAULTS if fault != "cage")
NO_BASELINE = "no healthy state"
LEVELS = {
    **{known: (knowledge, True) for known, knowledge in KNOWLEDGE.items()},
    NO_BASELINE: (KNOWLEDGE["all known"], False),
}
"""Name -> what is told of speed and bearing, and whether a healthy state of the same speed was learnt."""


class Rotor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One machine: level -> label -> what is said of how many windows, and the names of alerts raised."""

    seed: int
    said: dict[str, dict[str, dict[str, int]]]
    alerts: dict[str, dict[str, dict[str, int]]]


def judge_rotor(edge: Edge, seed: int) -> Rotor:
    """The machine of that seed: a minute of health, then some seconds of every fault, each after a fresh start."""
    drawn = simulator.draw_machine(seed)
    rpm = drawn.speeds(3)[1]
    healthy = _recording(drawn.record(HEALTHY, 0, seconds=TAUGHT_S, rpm=rpm))
    judged = {label: _recording(drawn.record(label, 1, seconds=JUDGED_S, rpm=rpm)) for label in LABELS}
    said: dict[str, dict[str, dict[str, int]]] = {}
    alerts: dict[str, dict[str, dict[str, int]]] = {}
    for level, (knowledge, commissioned) in LEVELS.items():
        setup = setup_of_drawn(drawn, "rotor", rpm=rpm, tolerance=0.02, knowledge=knowledge)
        baselines = commission(edge, setup, [healthy], {}) if commissioned else {}
        heard = {label: Player(edge, setup, DecisionConfig(), baselines).play(one) for label, one in judged.items()}
        said[level] = {label: dict(Counter(one.said)) for label, one in heard.items()}
        alerts[level] = {label: dict(Counter(one.names)) for label, one in heard.items()}
    return Rotor(seed, said, alerts)


def _recording(drawn: simulator.Drawn) -> Recording:
    return Recording(Path("simulated"), drawn.samples, drawn.rate_hz, None, "g", AXES[: drawn.samples.shape[1]])


def said_of_rotors(rotors: Sequence[Rotor], *, overlap: float) -> list[Said]:
    """A row per level and label, over all machines; `overlap` is window over hop."""
    return [
        pooled(
            f"simulated rotors, {level}",
            label,
            {str(one.seed): Counter(one.said[level][label]) for one in rotors},
            sum((Counter(one.alerts[level][label]) for one in rotors), Counter[str]()),
            overlap=overlap,
        )
        for level in LEVELS
        for label in LABELS
    ]
