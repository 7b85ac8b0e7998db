"""The force on a machine's frame: random process knocks, vane or piston pulses, and the knocks of a loose foot.

Healthy machines knock too; these impacts never follow a bearing's orders.
"""

from __future__ import annotations

import math

import numpy as np

from .events import EventTrain, Floats, place
from .machine import REFERENCE_RPM, Condition, Rig

LOOSE_DB = -18.0  # knocks of a loose foot over the rest of what looseness adds
ROUGHNESS = 0.5  # log-normal spread of every knock
PULSE_JITTER = 0.005
LOOSE_JITTER = 0.05  # a loose foot lands when it likes


class FrameShocks:
    """Impulses through the frame, block by block."""

    def __init__(self, rig: Rig, rng: np.random.Generator) -> None:
        self._rig = rig
        self._rng = rng
        self._turns = EventTrain(1.0, jitter=LOOSE_JITTER, start=0.0, rng=rng)
        self._pulses = EventTrain(max(rig.pulse_order, 1), jitter=PULSE_JITTER, start=0.0, rng=rng)

    def force(self, angles: Floats, rate_hz: float, *, condition: Condition, shaft_g: float) -> Floats:
        """Force (n + 1,) at n samples from n + 1 shaft angles; `shaft_g` is the residual 1x at this speed."""
        rig, count = self._rig, len(angles) - 1
        turns_per_s = (angles[-1] - angles[0]) * rate_hz / count
        level = rig.rolling_g * turns_per_s * 60 / REFERENCE_RPM
        force = np.zeros(count + 1)
        knocks = self._rng.poisson(rig.knocks_per_s * count / rate_hz) if turns_per_s > 0 else 0
        knock = level * 10 ** (rig.knock_db / 20) / math.sqrt(2) * rate_hz
        place(force, self._rng.random(knocks) * count, knock * self._rough(knocks))
        pulses = self._positions(self._pulses, angles)
        if rig.pulse_order:
            pulse = _height(level * 10 ** (rig.pulse_db / 20), rig.pulse_order * turns_per_s, rate_hz)
            place(force, pulses, pulse * self._rough(len(pulses)))
        landings = self._positions(self._turns, angles)
        if condition.fault == "looseness":
            landings = landings[self._rng.random(len(landings)) < condition.knocking]
            knock = _height(shaft_g * 10 ** ((condition.severity_db + LOOSE_DB) / 20), turns_per_s, rate_hz)
            place(force, landings, knock * self._rough(len(landings)))
        return force

    def _positions(self, train: EventTrain, angles: Floats) -> Floats:
        return np.interp(train.until(float(angles[-1]))[0][1:-1], angles, np.arange(len(angles)))

    def _rough(self, count: int) -> Floats:
        return np.exp(ROUGHNESS * self._rng.standard_normal(count))


def _height(rms: float, per_s: float, rate_hz: float) -> float:
    """Sample height of impulses that come `per_s` times a second and have that RMS behind a path of unit power gain."""
    return rms / math.sqrt(2 * max(per_s, 1e-3)) * rate_hz
