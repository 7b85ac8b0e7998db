"""A turning shaft: angle over time, with run-up, slow drift and fast jitter of its speed.

Everything else in this package happens at an angle, never at a time, so that speed changes carry through by themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KNOTS = 16
DRIFT_S = 5.0
JITTER_S = 0.05


class Shaft:
    """One shaft; `angle` counts its revolutions since the start, which was `elapsed_s` ago."""

    def __init__(self, rpm: float, *, drift: float, jitter: float, run_up_s: float, rng: np.random.Generator) -> None:
        self.target_rpm = rpm
        self.rpm = rpm  # true speed at the end of the latest block
        self.angle = 0.0
        self.elapsed_s = 0.0
        self._reached_rpm = rpm
        self._scales = np.array([drift, jitter])
        self._sway = self._scales * rng.standard_normal(2)
        self._run_up_s = run_up_s
        self._rng = rng

    def turn(self, n: int, rate_hz: float) -> NDArray[np.float64]:
        """Angles in revolutions at the next n samples and at the one after them, shape (n + 1,)."""
        step_s = n / rate_hz / KNOTS
        keep = np.exp(-step_s / np.array([DRIFT_S, JITTER_S]))
        kicks = self._scales * np.sqrt(1 - keep**2) * self._rng.standard_normal((KNOTS, 2))
        approach = np.exp(-step_s / self._run_up_s)
        knots = [self.rpm]
        for kick in kicks:
            self._sway = keep * self._sway + kick
            self._reached_rpm = self.target_rpm + (self._reached_rpm - self.target_rpm) * approach
            knots.append(self._reached_rpm * (1 + float(np.clip(self._sway.sum(), -0.05, 0.05))))
        self.rpm = knots[-1]
        at = (np.arange(n) + 0.5) * (KNOTS / n)
        steps = np.interp(at, np.arange(KNOTS + 1), knots) / (60 * rate_hz)
        angles = np.concatenate(([0.0], np.cumsum(steps))) + self.angle
        self.angle = float(angles[-1])
        self.elapsed_s += n / rate_hz
        return angles
