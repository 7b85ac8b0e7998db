"""How fast the shaft turns, and how we know: from config, a topic, a tacho channel, or the spectrum itself.

A speed that is stale or moves too fast to place lines is given as unsteady, never quietly used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from agent.dsp.combs import Demand, clear_comb
from agent.dsp.harmonics import survey_of
from agent.dsp.spectra import Spectra
from agent.dsp.speed_doubts import NEARLY, PLACING, STEADY_WITHIN, around, question_about, rpm_of
from agent.limits import MAX_RPM
from agent.machine import DEFAULT_TOLERANCE, Machine, Nominal
from agent.types import Reading, Speed

STALE_AFTER_S = 10.0
STANDSTILL_RPM = 1.0  # tachos read a little above 0 from a shaft at rest; slower than this nothing can be heard of it
AS_GOOD = 0.01
"""Relative: a speed seen so near to a nominal one leaves the nominal one, for lines are sought further around. Combs of
few lines are known to half of that, and features that jump with them would look like a deviation."""

SEEKING = Demand(beside_sensor=True)


class SpeedTrack:
    """Speed readings of one machine, and the speed of a window taken from them."""

    def __init__(self, machine: Machine, *, stale_after_s: float = STALE_AFTER_S) -> None:
        self._machine = machine
        self._stale_after_s = stale_after_s
        self._readings: deque[Reading] = deque(maxlen=256)
        self._seen: tuple[float, float, Speed] | None = None  # the window read last, and what was made of it
        self._shown: tuple[float, Speed] | None = None  # what a spectrum plainly showed, and when

    def feed(self, reading: Reading) -> None:
        """Remember a reading with quantity "rpm", below `STANDSTILL_RPM` as 0; a value that is no speed is ignored."""
        if 0 <= reading.value <= MAX_RPM:
            self._readings.append(reading if reading.value >= STANDSTILL_RPM else replace(reading, value=0.0))

    def during(self, spectra: Spectra | None, *, start_s: float, end_s: float) -> Speed:
        """Speed of the reference shaft in the window [start_s, end_s] (host monotonic seconds).

        Without `spectra` (a transmitter sends none) nothing is estimated. What was read from one window holds for those
        that overlap with it: windows follow each other four times as fast as their samples.
        """
        source = self._machine.speed_source
        if source in ("topic", "tacho"):
            return self._from_readings(source, start_s, end_s)
        if self._seen is not None:
            since_s, until_s, seen = self._seen
            if start_s < until_s < end_s and end_s - start_s <= 1.01 * (until_s - since_s):
                return seen
        speed = self._from_spectra(spectra, end_s)
        self._seen = (start_s, end_s, speed)
        return speed

    def _from_spectra(self, spectra: Spectra | None, end_s: float) -> Speed:
        source = self._machine.speed_source
        if spectra is not None and not spectra.whole and not spectra.resolves(_slowest(self._machine) / 60):
            spectra = None  # a piece too short to tell a speed from its neighbours
        if source in ("config", "told", "file") and self._machine.rpm:
            return self._held(refined(self._machine.rpm, self._machine.rpm_tolerance, spectra, origin=source), end_s)
        if source == "estimate" and self._machine.rpm_range is not None and spectra is not None:
            rpm = estimate_rpm(spectra, self._machine.rpm_range)
            return Speed(rpm, "estimated") if rpm is not None else Speed(None, "unknown")
        return Speed(None, "unknown")

    def _held(self, placed: Placed, end_s: float) -> Speed:
        """Where a window shows nothing, what was shown or doubted a moment ago stands, rather than a name plate."""
        if placed.shown:
            self._shown = end_s, placed.speed
        elif self._shown is not None and 0 <= end_s - self._shown[0] <= self._stale_after_s:
            return self._shown[1]
        return placed.speed

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
    if machine.speed_source != "estimate" and machine.rpm:
        return machine.rpm * (1 - machine.rpm_tolerance)
    return machine.rpm_range[0] if machine.rpm_range is not None else 0.0


class Placed(NamedTuple):
    """A nominal speed, beside a spectrum."""

    speed: Speed
    shown: bool  # whether the spectrum bears the speed out, or its question


def refined(nominal_rpm: float, tolerance: float, spectra: Spectra | None, *, origin: Nominal) -> Placed:
    """The speed that the spectrum shows within `tolerance` of the nominal one, else the nominal one, and what to ask.

    Name plates and set points are off by the slip of the motor, by several percent. A nominal speed that the spectrum
    plainly contradicts is no speed at all; off by little more than slip, it stands and is asked about.
    """
    nominal = Speed(nominal_rpm, origin)
    if spectra is None:
        return Placed(nominal, shown=False)
    survey = survey_of(spectra)
    if tolerance > 0:
        rpm = rpm_of(clear_comb(survey, *around(nominal_rpm, tolerance), PLACING))
        if rpm is not None:
            return Placed(nominal if abs(rpm / nominal_rpm - 1) <= AS_GOOD else Speed(rpm, "estimated"), shown=True)
    question = question_about(nominal_rpm, max(tolerance, DEFAULT_TOLERANCE), survey)
    if question is None:
        return Placed(nominal, shown=False)
    if abs(question.seen_rpm / nominal_rpm - 1) <= NEARLY:
        return Placed(replace(nominal, asks=question), shown=True)
    return Placed(Speed(None, "unknown", asks=question), shown=True)


def estimate_rpm(spectra: Spectra, rpm_range: tuple[float, float]) -> float | None:
    """The speed in `rpm_range` whose harmonics stand in the spectra of the shaft beside the sensor; None if not sure.

    A range wider than 2:1 holds a speed and its double, which only its odd harmonics tell apart.
    """
    low, high = rpm_range
    return rpm_of(clear_comb(survey_of(spectra), low / 60, high / 60, SEEKING))
