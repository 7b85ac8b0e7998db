"""The tones of a rig's machinery, block by block, at the speed of its shaft, of its drive or of the mains."""

from __future__ import annotations

import numpy as np

from .events import Floats
from .machine import REFERENCE_RPM, Rig
from .oscillators import Oscillators, Phasors


class MachineryTones:
    """All tones of `Rig.machinery`."""

    def __init__(self, rig: Rig, rng: np.random.Generator) -> None:
        tones = [tone for part in rig.machinery for tone in part.tones]
        self._orders = np.array([tone.order for tone in tones])
        self._set_orders = np.array([tone.set_order for tone in tones])
        self._hz = np.array([tone.hz for tone in tones])
        self._growth = np.array([tone.growth for tone in tones])
        self._levels = np.array([tone.level_g for tone in tones])[:, None] * np.array([tone.gains for tone in tones])
        self._wander = np.array([0.0 if tone.steady else rig.shaft_wander for tone in tones])
        self._sines = Oscillators(self._orders, rng)

    def frequencies(self, rpm: float, set_rpm: float) -> Floats:
        """Present frequency of every tone in Hz, in the order of `amplitudes`."""
        return np.asarray(self._orders * rpm / 60 + self._clocked_hz(set_rpm))

    def amplitudes(self, rpm: float) -> Phasors:
        """Phasors in g, (tones, 3), without wander; all of it is silent when the machine stands still."""
        loudness = (rpm / REFERENCE_RPM) ** self._growth if rpm > 0 else np.zeros(len(self._growth))
        return np.asarray(self._levels * loudness[:, None] * self._sines.phases)

    def block(self, angles: Floats, rate_hz: float, *, set_rpm: float, amplitudes: Phasors) -> Floats:
        """Samples (n, 3) for n + 1 shaft angles, while `set_rpm` is asked of the shaft."""
        hz = self._clocked_hz(set_rpm)
        return self._sines.block(angles, rate_hz, hz=hz, amplitudes=amplitudes, wander=self._wander)

    def _clocked_hz(self, set_rpm: float) -> Floats:
        return np.asarray(self._hz + self._set_orders * set_rpm / 60)
