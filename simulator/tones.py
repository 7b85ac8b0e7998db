"""The tones of a shaft: orders and half orders, meshes with their sidebands, and electrical hum.

Amplitudes follow the condition and the speed; phases only ever advance, so a change of either leaves no step.
"""

from __future__ import annotations

import math

import numpy as np

from .events import Floats
from .machine import REFERENCE_RPM, Condition, Rig
from .oscillators import Oscillators, Phasors

HALF_ORDERS = np.arange(1, 25) / 2  # 0.5, 1, ... 12
FIRST, SECOND, THIRD = 1, 3, 5  # where 1x, 2x, 3x stand among them
G = 9.80665


def residual_g(rig: Rig, rpm: float) -> float:
    """Peak acceleration at 1x that a balanced rotor keeps; it grows with the square of the speed."""
    at_reference = math.sqrt(2) * rig.residual_mm_s * 1e-3 * 2 * math.pi * REFERENCE_RPM / 60 / G
    return at_reference * (rpm / REFERENCE_RPM) ** 2


def loose_spectrum(condition: Condition) -> Phasors:
    """Phasors at `HALF_ORDERS` of a shaft that lifts and lands once per turn, of unit 1x-equivalent power.

    One period is two turns: a cosine cut off on one side plus a shock where it lands; every other shock is weaker.
    """
    turns = np.arange(1024) / 512
    lift = np.minimum(np.cos(2 * np.pi * turns), 1 - condition.bounce)
    early, late = (np.exp(-(((turns - at) / 0.035) ** 2)) for at in (0.4, 1.4 + 0.06 * condition.halves))
    wave = (1 - condition.bounce) * lift + condition.bounce * 2 * (early + (1 - condition.halves) * late)
    phasors = np.fft.rfft(wave)[1 : len(HALF_ORDERS) + 1]
    return np.asarray(phasors / np.sqrt(np.sum(np.abs(phasors) ** 2)))


class ShaftTones:
    """All tones of one machine, block by block."""

    def __init__(self, rig: Rig, rng: np.random.Generator) -> None:
        self._rig = rig
        meshes = [mesh.order + side for mesh in rig.meshes for side in (-1.0, 0.0, 1.0)]
        self._orders = np.concatenate((HALF_ORDERS, meshes, [0.0, 0.0]))
        self._hz = np.concatenate((np.zeros(len(HALF_ORDERS) + len(meshes)), [rig.hum_hz, 2 * rig.hum_hz]))
        self._sines = Oscillators(self._orders, rng)
        self._phases = self._sines.phases

    def frequencies(self, rpm: float) -> Floats:
        """Present frequency of every tone in Hz, in the order of `amplitudes`."""
        return np.asarray(self._orders * rpm / 60 + self._hz)

    def amplitudes(self, condition: Condition, rpm: float) -> Phasors:
        """Phasors in g, (tones, 3), without wander."""
        rig, gains = self._rig, np.array(self._rig.shaft_gains)
        one = residual_g(rig, rpm)
        shaft = np.zeros((len(HALF_ORDERS), 3), dtype=np.complex128)
        relative = np.array((1.0, *rig.harmonics))[:10]
        shaft[FIRST : FIRST + 2 * len(relative) : 2] = one * relative[:, None] * gains
        shaft *= self._phases[: len(HALF_ORDERS)]
        shaft += one * 10 ** (condition.severity_db / 20) * self._of_fault(condition) * gains
        loudness = rpm / REFERENCE_RPM
        meshes = [
            level * loudness
            for mesh in rig.meshes
            for level in (mesh.level_g * mesh.sideband, mesh.level_g, mesh.level_g * mesh.sideband)
        ]
        hum = rig.hum_g * min(1.0, loudness)
        rest = np.array([*meshes, hum, 0.4 * hum])[:, None] * self._phases[len(HALF_ORDERS) :]
        return np.concatenate((shaft, rest))

    def block(self, angles: Floats, rate_hz: float, *, amplitudes: Phasors) -> Floats:
        """Samples (n, 3) for n + 1 shaft angles; the amplitudes glide from the previous block's to these."""
        wander = np.full(len(self._orders), self._rig.shaft_wander)
        return self._sines.block(angles, rate_hz, hz=self._hz, amplitudes=amplitudes, wander=wander)

    def _of_fault(self, condition: Condition) -> Phasors:
        """What the fault adds at `HALF_ORDERS`, over the residual 1x, before the axis gains: (orders, 3)."""
        added = np.zeros((len(HALF_ORDERS), 3), dtype=np.complex128)
        phases = self._phases
        if condition.fault == "imbalance":  # a turning force: vertical lags horizontal by a quarter turn
            added[FIRST] = phases[FIRST, 0] * np.array([1.0, -1j, condition.overhang])
        elif condition.fault == "misalignment":
            across = np.array([1 - 0.6 * condition.axial, 1 - 0.6 * condition.axial, 2.5 * condition.axial])
            for place, share in zip((FIRST, SECOND, THIRD), condition.mix, strict=True):
                added[place] = share * across * phases[place]
        elif condition.fault == "looseness":  # along one line: the axes move together
            line = np.array([0.7, 1.2, 0.4]) * np.sign(phases[0].real)
            added = loose_spectrum(condition)[:, None] * line
        return added
