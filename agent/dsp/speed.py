"""How fast the shaft turns, and how we know: from config, a topic, a tacho channel, or the spectrum itself.

A speed that is stale or moves too fast to place lines is given as unsteady, never quietly used.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Literal

import numpy as np

from agent.dsp.combs import Comb, Demand, clear_comb, combs_between
from agent.dsp.harmonics import Survey, survey_of
from agent.dsp.spectra import Spectra
from agent.limits import MAX_RPM
from agent.machine import DEFAULT_TOLERANCE, Machine, Nominal
from agent.types import Reading, Speed, SpeedQuestion

STALE_AFTER_S = 10.0
STANDSTILL_RPM = 1.0  # tachos read a little above 0 from a shaft at rest; slower than this nothing can be heard of it
STEADY_WITHIN = 0.02  # relative change during one window, the tolerance of the line search
NEARLY = 0.12  # relative: a speed seen so near to a nominal one is asked about, and the nominal one stands meanwhile
AS_GOOD = 0.01
"""Relative: a speed seen so near to a nominal one leaves the nominal one, for lines are sought further around. Combs of
few lines are known to half of that, and features that jump with them would look like a deviation."""
MOST_HZ = 200.0  # a nominal figure up to here may have been meant in Hz
LEAST_RPM = 240.0  # a window of two seconds holds eight turns of it
_ASKED_WITHIN = 2.2  # how far from the nominal speed others are sought, as a factor
_CLEAR = 3.0  # -ln of the chance of a line that stands at a figure which may be in Hz
_OWN_CHANCE = -1.5  # log10 of the chance under which a comb at the nominal speed speaks for it
_OWN_HEIGHT = 0.4  # and its height, of that of the comb which contradicts

PLACING = Demand()
SEEKING = Demand(beside_sensor=True)
CONTRADICTING = Demand(chance=-3.0, height=6.0, beside_sensor=True)


class SpeedTrack:
    """Speed readings of one machine, and the speed of a window taken from them."""

    def __init__(self, machine: Machine, *, stale_after_s: float = STALE_AFTER_S) -> None:
        self._machine = machine
        self._stale_after_s = stale_after_s
        self._readings: deque[Reading] = deque(maxlen=256)
        self._seen: tuple[float, float, Speed] | None = None  # the window read last, and what it showed

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
        speed = self._from_spectra(spectra)
        self._seen = (start_s, end_s, speed)
        return speed

    def _from_spectra(self, spectra: Spectra | None) -> Speed:
        source = self._machine.speed_source
        if spectra is not None and not spectra.whole and not spectra.resolves(_slowest(self._machine) / 60):
            spectra = None  # a piece too short to tell a speed from its neighbours
        if source in ("config", "told", "file") and self._machine.rpm:
            return refined(self._machine.rpm, self._machine.rpm_tolerance, spectra, origin=source)
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
    if machine.speed_source != "estimate" and machine.rpm:
        return machine.rpm * (1 - machine.rpm_tolerance)
    return machine.rpm_range[0] if machine.rpm_range is not None else 0.0


def refined(nominal_rpm: float, tolerance: float, spectra: Spectra | None, *, origin: Nominal) -> Speed:
    """The speed that the spectrum shows within `tolerance` of the nominal one, else the nominal one, and what to ask.

    Name plates and set points are off by the slip of the motor, by several percent. A nominal speed that the spectrum
    plainly contradicts is no speed at all; off by little more than slip, it stands and is asked about.
    """
    if spectra is None:
        return Speed(nominal_rpm, origin)
    survey = survey_of(spectra)
    if tolerance > 0:
        rpm = _rpm_of(clear_comb(survey, *_around(nominal_rpm, tolerance), PLACING))
        if rpm is not None:
            return Speed(nominal_rpm, origin) if abs(rpm / nominal_rpm - 1) <= AS_GOOD else Speed(rpm, "estimated")
    question = _question(nominal_rpm, max(tolerance, DEFAULT_TOLERANCE), survey)
    if question is None or abs(question.seen_rpm / nominal_rpm - 1) <= NEARLY:
        return Speed(nominal_rpm, origin, asks=question)
    return Speed(None, "unknown", asks=question)


def estimate_rpm(spectra: Spectra, rpm_range: tuple[float, float]) -> float | None:
    """The speed in `rpm_range` whose harmonics stand in the spectra of the shaft beside the sensor; None if not sure.

    A range wider than 2:1 holds a speed and its double, which only its odd harmonics tell apart.
    """
    low, high = rpm_range
    return _rpm_of(clear_comb(survey_of(spectra), low / 60, high / 60, SEEKING))


def _question(nominal_rpm: float, tolerance: float, survey: Survey) -> SpeedQuestion | None:
    """What speaks against a nominal speed at which no comb was found; None where nothing plainly does."""
    if nominal_rpm <= MOST_HZ:
        rpm = _rpm_of(clear_comb(survey, *_around(60 * nominal_rpm, tolerance), PLACING))
        if rpm is not None:
            return SpeedQuestion("hertz", nominal_rpm, rpm)
        if 60 * nominal_rpm >= LEAST_RPM and nominal_rpm < LEAST_RPM / 2 and _stands_at(nominal_rpm, survey):
            return SpeedQuestion("hertz", nominal_rpm, 60 * nominal_rpm)
    low, high = max(nominal_rpm / _ASKED_WITHIN, LEAST_RPM), min(nominal_rpm * _ASKED_WITHIN, 60 * MOST_HZ)
    comb = clear_comb(survey, low / 60, high / 60, CONTRADICTING) if low < high else None
    if comb is None or _may_be_meant(nominal_rpm, tolerance, comb, survey):
        return None
    return SpeedQuestion("contradicted", nominal_rpm, 60 * comb.hz)


def _stands_at(hz: float, survey: Survey) -> bool:
    """Whether a clear line stands at a frequency or at its double, as exactly as bearing lines are sought."""
    around = hz * np.linspace(1 - STEADY_WITHIN, 1 + STEADY_WITHIN, 17)
    return float(survey.near(np.concatenate((around, 2 * around))).surprise.max()) >= _CLEAR


def _may_be_meant(nominal_rpm: float, tolerance: float, comb: Comb, survey: Survey) -> bool:
    """Whether a shaft at the nominal speed may be heard, too: by a comb of its own, or by this one as its multiple."""
    multiple = 60 * comb.hz / nominal_rpm
    if round(multiple) >= 1 and abs(multiple / round(multiple) - 1) <= tolerance:
        return True
    own = combs_between(survey, *_around(nominal_rpm, tolerance))
    return any(one.chance < _OWN_CHANCE and one.height > _OWN_HEIGHT * comb.height for one in own)


def _around(rpm: float, tolerance: float) -> tuple[float, float]:
    """In Hz."""
    return rpm * (1 - tolerance) / 60, rpm * (1 + tolerance) / 60


def _rpm_of(comb: Comb | None) -> float | None:
    return None if comb is None else 60 * comb.hz
