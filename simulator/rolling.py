"""The force in a rolling contact: rolling noise, and the impacts or modulated noise that damage adds to it.

A defect is told by where it moves, never by a level: its ring, its load and its place in the cage decide what is heard.
Levels are scaled so that a transfer path of unit power gain turns them into g.
"""

from __future__ import annotations

import math

import numpy as np

from .events import EventTrain, Floats, load_zone, place
from .machine import BEARING_FAULTS, REFERENCE_RPM, BearingGeometry, Condition, Rig

TUMBLING = 0.04  # half turns that a ball's spin axis wanders from one contact to the next
ENTRY = -0.4  # strength of a ball's roll into a defect over that of its blow on the far edge


def strike_order(geometry: BearingGeometry, condition: Condition) -> float:
    """Impacts per shaft turn; a cage that runs late by `slip` delays all but the inner ring's, which it hurries."""
    kept = 1 - condition.slip
    if condition.fault == "outer_race":
        return geometry.bpfo * kept
    if condition.fault == "inner_race":
        return geometry.balls * (1 - geometry.ftf * kept)
    if condition.fault == "ball":
        return 2 * geometry.bsf * kept
    return geometry.ftf * kept


def strength(turns: Floats, numbers: Floats, *, geometry: BearingGeometry, condition: Condition) -> Floats:
    """Relative strength of a contact at shaft angle `turns`: which load the defect carries there."""
    zone, unloaded = condition.load_zone, condition.unloaded
    if condition.fault == "inner_race":
        return load_zone(turns, zone, unloaded=unloaded)  # the defect turns with the shaft through the load
    if condition.fault == "ball":
        carried = load_zone(turns * geometry.ftf * (1 - condition.slip), zone, unloaded=unloaded)
        return carried * np.where(np.round(numbers) % 2 == 0, 1.0, condition.second_contact)
    if condition.fault == "outer_race":
        return 1 + condition.sway * np.cos(2 * np.pi * turns)  # it stands still in the load, which may turn a little
    return np.ones_like(turns)  # the cage carries no load


def swell(passage: Floats, sharpness: float) -> Floats:
    """Von Mises bell once per whole number of `passage`, of unit mean square."""
    power = float(np.i0(2 * sharpness)) * math.exp(-2 * sharpness)
    return np.asarray(np.exp(sharpness * (np.cos(2 * np.pi * passage) - 1)) / math.sqrt(power))


def ball_strength(numbers: Floats, relative: Floats) -> Floats:
    """Each ball's own strength: the passages count the balls round and round."""
    return np.asarray(relative[np.round(numbers).astype(np.int64) % len(relative)])


class RollingContact:
    """One bearing's contact force, block by block."""

    def __init__(self, geometry: BearingGeometry, rng: np.random.Generator) -> None:
        self._geometry = geometry
        self._rng = rng
        self._rhythm: tuple[str, float, float] | None = None
        self._train: EventTrain | None = None
        self._quality = rng.standard_normal(geometry.balls)  # of each ball, log strength over its spread
        self._tilt = float(rng.random())
        self._pending = np.zeros((2, 0))  # angle and strength of impulses that fall after the block

    def force(self, angles: Floats, rate_hz: float, *, rig: Rig, condition: Condition) -> Floats:
        """Force (n + 1,) at n samples from n + 1 shaft angles; the last one takes what an impulse shares with it."""
        self._follow(condition, float(angles[0]))
        turns_per_s = (angles[-1] - angles[0]) * rate_hz / (len(angles) - 1)
        level = rig.rolling_g * turns_per_s * 60 / REFERENCE_RPM
        noise_scale = level * math.sqrt(rate_hz / 2)
        noise: Floats = noise_scale * self._rng.standard_normal(len(angles))
        noise *= 1 + rig.rolling_modulation * np.cos(2 * np.pi * angles)
        for order, sway in (
            (self._geometry.bpfo, rig.compliance),
            (self._geometry.bpfi, rig.inner_waviness),
            (2 * self._geometry.bsf, rig.ball_waviness),
        ):
            noise *= 1 + sway * np.cos(2 * np.pi * order * angles)
        noise[-1] = 0.0
        if self._train is not None:
            gain = 10 ** (condition.severity_db / 20)
            burst, impulses = self._damage(angles, condition, self._train)
            noise += noise_scale * gain * math.sqrt(condition.spread) * burst
            per_s = self._train.order * max(turns_per_s, 1e-3)
            height = level * gain * math.sqrt((1 - condition.spread) / (2 * per_s)) * rate_hz
            noise += height * impulses
        return noise

    def _strength(self, turns: Floats, numbers: Floats, condition: Condition) -> Floats:
        heard = strength(turns, numbers, geometry=self._geometry, condition=condition)
        if condition.unevenness > 0 and condition.fault in ("inner_race", "outer_race"):
            heard = heard * ball_strength(numbers, np.exp(condition.unevenness * self._quality))
        return heard

    def _tumble(self, count: int) -> Floats:
        """Tilts of the spin axis at the next contacts, in half turns: as it wanders, the defect misses the rings."""
        tilts = self._tilt + np.cumsum(TUMBLING * self._rng.standard_normal(count))
        self._tilt = float(tilts[-1]) if count else self._tilt
        return tilts

    def _follow(self, condition: Condition, start: float) -> None:
        """Begin another train of events where the rhythm is another; damage that only grows keeps its own."""
        rhythm = (condition.fault, condition.slip, condition.slip_jitter)
        if rhythm == self._rhythm:
            return
        self._rhythm, self._train, self._pending = rhythm, None, np.zeros((2, 0))
        if condition.fault in BEARING_FAULTS:
            order = strike_order(self._geometry, condition)
            self._train = EventTrain(order, jitter=condition.slip_jitter, start=start, rng=self._rng)

    def _damage(self, angles: Floats, condition: Condition, train: EventTrain) -> tuple[Floats, Floats]:
        """Noise bursts of unit power and impulses of unit strength, both (n + 1,)."""
        turns, numbers = train.until(float(angles[-1]))
        burst = np.zeros(len(angles))
        if condition.spread > 0:
            passage = np.interp(angles, turns, numbers)
            shape = swell(passage, condition.sharpness)
            shape *= self._strength(angles, passage, condition)
            burst = shape * self._rng.standard_normal(len(angles))
            burst[-1] = 0.0
        struck, count = turns[1:-1], numbers[1:-1]
        scatter = np.exp(condition.scatter * self._rng.standard_normal(len(struck)))
        blows = self._strength(struck, count, condition) * scatter
        if condition.fault == "ball":
            blows *= 1 - condition.tumble * np.sin(np.pi * self._tumble(len(struck))) ** 2
            blows *= (self._rng.random(len(struck)) < condition.strikes) / math.sqrt(condition.strikes)
        pulses = np.stack((struck, blows))
        if condition.arc_deg > 0 and condition.fault != "cage":
            across = 2 if condition.fault == "ball" else self._geometry.balls
            late = condition.arc_deg / 360 * across / train.order
            exits = pulses + np.array([[late], [0.0]])
            pulses = np.concatenate((pulses * np.array([[1.0], [ENTRY]]), exits), axis=1)
        pulses = np.concatenate((self._pending, pulses), axis=1)
        due = pulses[0] < angles[-1]
        self._pending = pulses[:, ~due]
        impulses = np.zeros(len(angles))
        place(impulses, np.interp(pulses[0, due], angles, np.arange(len(angles))), pulses[1, due])
        return burst, impulses
