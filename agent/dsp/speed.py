"""How fast the shaft turns, and how we know: from config, a topic, a tacho channel, or the spectrum itself.

A speed that is stale or moves too fast to place lines is given as unsteady, never quietly used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import Spectra
from agent.limits import MAX_RPM
from agent.machine import Machine
from agent.types import Reading, Speed

STALE_AFTER_S = 10.0
STANDSTILL_RPM = 1.0  # tachos read a little above 0 from a shaft at rest; slower than this nothing can be heard of it
STEADY_WITHIN = 0.02  # relative change during one window, the tolerance of the line search
_HARMONICS = 5
_STEP = 0.002  # relative spacing of candidate speeds
_CLEAR_SCORE = 6.0  # robust standard deviations by which the best candidate must beat the median one


class SpeedTrack:
    """Speed readings of one machine, and the speed of a window taken from them."""

    def __init__(self, machine: Machine, *, stale_after_s: float = STALE_AFTER_S) -> None:
        self._machine = machine
        self._stale_after_s = stale_after_s
        self._readings: deque[Reading] = deque(maxlen=256)

    def feed(self, reading: Reading) -> None:
        """Remember a reading with quantity "rpm", below `STANDSTILL_RPM` as 0; a value that is no speed is ignored."""
        if 0 <= reading.value <= MAX_RPM:
            self._readings.append(reading if reading.value >= STANDSTILL_RPM else replace(reading, value=0.0))

    def during(self, spectra: Spectra | None, *, start_s: float, end_s: float) -> Speed:
        """Speed of the reference shaft in the window [start_s, end_s] (host monotonic seconds).

        Without `spectra` (a transmitter sends none) nothing is estimated.
        """
        source = self._machine.speed_source
        if spectra is not None and not spectra.resolves(_slowest(self._machine) / 60):
            spectra = None  # a piece too short to tell a speed from its neighbours
        if source == "config" and self._machine.rpm:
            return refined(self._machine.rpm, self._machine.rpm_tolerance, spectra)
        if source in ("topic", "tacho"):
            return self._from_readings(source, start_s, end_s)
        if source == "estimate" and self._machine.rpm_range is not None and spectra is not None:
            rpm = estimate_rpm(spectra, self._machine.rpm_range)
            return Speed(rpm, "estimated") if rpm is not None else Speed(None, "unknown")
        return Speed(None, "unknown")

    def _from_readings(self, origin: Literal["topic", "tacho"], start_s: float, end_s: float) -> Speed:
        known = [r for r in self._readings if r.arrival_s <= end_s]
        if not known:
            return Speed(None, "unknown", steady=False)
        during = [r.value for r in known if r.arrival_s >= start_s]
        before = [r.value for r in known if r.arrival_s < start_s][-1:]
        values = np.array(before + during)
        rpm = float(np.mean(during or before))
        fresh = end_s - known[-1].arrival_s <= self._stale_after_s
        still = rpm > 0 and float(np.ptp(values)) <= STEADY_WITHIN * rpm
        return Speed(rpm, origin, steady=fresh and (still or rpm == 0))


def _slowest(machine: Machine) -> float:
    """The lowest speed, in rpm, that an estimate may come to."""
    if machine.speed_source == "config" and machine.rpm:
        return machine.rpm * (1 - machine.rpm_tolerance)
    return machine.rpm_range[0] if machine.rpm_range is not None else 0.0


def refined(nominal_rpm: float, tolerance: float, spectra: Spectra | None) -> Speed:
    """The speed that the spectrum shows near the nominal one, else the nominal one.

    Name plates and set points are off by the slip of the motor, by several percent.
    """
    if tolerance > 0 and spectra is not None:
        rpm = estimate_rpm(spectra, (nominal_rpm * (1 - tolerance), nominal_rpm * (1 + tolerance)))
        if rpm is not None:
            return Speed(rpm, "estimated")
    return Speed(nominal_rpm, "config")


def estimate_rpm(spectra: Spectra, rpm_range: tuple[float, float]) -> float | None:
    """The speed in `rpm_range` whose harmonics stand highest in the raw and envelope spectra; None if none stands out.

    A harmonic sum over log line heights; a range wider than 2:1 cannot tell a speed from its double.
    """
    low, high = rpm_range
    count = max(2, round(np.log(high / low) / _STEP) + 1)
    candidates = np.geomspace(low, high, count)
    scores = _harmonic_score(spectra.lines, spectra.bin_hz, candidates)
    if spectra.envelope_known.any():
        mean_envelope = spectra.envelopes[spectra.envelope_known].mean(axis=0)
        scores = scores + 0.5 * _harmonic_score(mean_envelope, spectra.bin_hz, candidates)
    best = int(np.argmax(scores))
    above = scores - np.median(scores)
    if above[best] < _CLEAR_SCORE * 1.4826 * float(np.median(np.abs(above))):
        return None
    return float(candidates[best])


def _harmonic_score(lines: NDArray[np.float32], bin_hz: float, candidates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean height of the first harmonics of each candidate, in rpm; harmonics beyond the spectrum do not count."""
    position = candidates[:, None] / 60 * np.arange(1, _HARMONICS + 1) / bin_hz
    index = np.rint(position).astype(np.intp)
    inside = index < len(lines)
    heights = np.where(inside, lines[np.minimum(index, len(lines) - 1)], 0.0)
    score: NDArray[np.float64] = heights.sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    return score
