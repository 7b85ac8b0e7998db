"""Sines that follow a shaft or a clock, block by block: their phases only ever advance, so no change leaves a step."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .events import Floats

WANDER_S = 2.0  # time constant of the slow wander of every amplitude

Phasors = NDArray[np.complex128]


class Oscillators:
    """Sines of given `orders` (multiples of shaft speed) and frequencies, along three directions.

    `phases` (tones, 3) are unit phasors at which they start; amplitudes given to `block` are to carry them.
    """

    def __init__(self, orders: Floats, rng: np.random.Generator) -> None:
        self._orders = orders
        self._rng = rng
        self._cycles = np.zeros(len(orders))
        self.phases: Phasors = np.exp(2j * np.pi * rng.random((len(orders), 3)))
        self._wander = rng.standard_normal(len(orders))
        self._amplitudes: Phasors | None = None

    def block(self, angles: Floats, rate_hz: float, *, hz: Floats, amplitudes: Phasors, wander: Floats) -> Floats:
        """Samples (n, 3) for n + 1 shaft angles; the amplitudes (tones, 3) glide from the previous block's to these.

        A tone runs at its order times the shaft's speed plus `hz` (tones,); `wander` (tones,) is the slow random share
        in its amplitude.
        """
        count = len(angles) - 1
        keep = math.exp(-count / rate_hz / WANDER_S)
        self._wander = keep * self._wander + math.sqrt(1 - keep**2) * self._rng.standard_normal(len(self._wander))
        now = amplitudes * np.exp(wander * self._wander)[:, None]
        before = now if self._amplitudes is None else self._amplitudes
        self._amplitudes = now
        sounding = np.flatnonzero(np.any((now != 0) | (before != 0), axis=1))
        seconds = np.arange(count) / rate_hz
        cycles = self._orders[sounding, None] * (angles[:-1] - angles[0])
        cycles += hz[sounding, None] * seconds + self._cycles[sounding, None]
        self._cycles = (self._cycles + self._orders * (angles[-1] - angles[0]) + hz * count / rate_hz) % 1.0
        radians = (2 * np.pi * (cycles - np.floor(cycles))).astype(np.float32)
        waves = np.concatenate((np.cos(radians), np.sin(radians)))
        glide = (np.arange(count, dtype=np.float32) / count)[:, None]
        old, new = (
            waves.T @ np.concatenate((part[sounding].real, -part[sounding].imag)).astype(np.float32)
            for part in (before, now)
        )
        return np.asarray(old + (new - old) * glide, dtype=np.float64)
