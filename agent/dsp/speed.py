"""How fast the shaft turns, and how we know: from config, a topic, a tacho channel, or the spectrum itself.

A speed that is stale or moves too fast to place lines is given as unsteady, never quietly used. Where none is told any
more, or what is told cannot be, the spectrum is asked, and the speed says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from agent.dsp.bearing_combs import GivenSpeed, families_of, shaft_comb
from agent.dsp.combs import Demand, clear_comb
from agent.dsp.spectra import Spectra
from agent.dsp.speed_doubts import NEARLY, PLACING, SecondLook, around, question_about, rpm_of
from agent.dsp.standing_doubt import StandingDoubt
from agent.dsp.survey import survey_of
from agent.dsp.told_speeds import STALE_AFTER_S, Doubted, Told
from agent.machine import DEFAULT_TOLERANCE, Bearing, Machine, Nominal
from agent.types import Reading, Speed

NEAR_TOLD = 0.1  # relative: how far from the speed that was told last, or learnt, a silent one is sought
AS_GOOD = 0.01
"""Relative: a speed seen so near to a nominal one leaves the nominal one, for lines are sought further around. Combs of
few lines are known to half of that, and features that jump with them would look like a deviation."""

SEEKING = Demand(beside_sensor=True)


class SpeedTrack:
    """The speed of a machine's windows: as told, else as the spectrum shows it.

    What damage of its told `bearings` draws speaks for no speed; see `bearing_combs`.
    """

    def __init__(
        self, machine: Machine, *, bearings: Sequence[Bearing] = (), stale_after_s: float = STALE_AFTER_S
    ) -> None:
        self._machine = machine
        self._families = families_of(bearings)
        self._stale_after_s = stale_after_s
        self._told = Told(stale_after_s=stale_after_s)
        self._seen: tuple[float, float, str, Speed] | None = None  # the window read last, how, and what was made of it
        self._shown: tuple[float, Speed] | None = None  # what a spectrum plainly showed, and when
        self._second_look = SecondLook(stale_after_s)
        self._standing = StandingDoubt()

    def of(self, bearings: Sequence[Bearing]) -> SpeedTrack:
        """The same, of a machine of which now these bearings are told."""
        self._families = families_of(bearings)
        return self

    def feed(self, reading: Reading) -> None:
        """Remember a reading with quantity "rpm"; a value that is no speed is ignored."""
        self._told.feed(reading)

    def judge(self, *, is_well: bool) -> None:
        """Whether the machine runs and nothing is wrong with it, by the latest window: damage hides a shaft."""
        self._standing.judge(is_well=is_well)

    def during(
        self, spectra: Spectra | None, *, start_s: float, end_s: float, learnt: Sequence[float | None] = ()
    ) -> Speed:
        """Speed of the reference shaft in the window [start_s, end_s] (host monotonic seconds).

        Without `spectra` (a transmitter sends none) nothing is estimated. What was read from one window holds for those
        that overlap with it: windows follow each other four times as fast as their samples. `learnt`: speeds at which
        the machine is known, for where it is told no more, or at another than its spectrum shows.
        """
        source = self._machine.speed_source
        if source not in ("topic", "tacho"):
            nominal = self._read("nominal", start_s, end_s, lambda: self._from_spectra(spectra, end_s))
            return _beside(nominal, learnt)
        doubt = self._told.doubt(start_s, end_s)
        if doubt is None:
            return self._told.during(source, start_s, end_s)
        return self.instead(spectra, doubt, start_s=start_s, end_s=end_s, learnt=learnt)

    def instead(
        self, spectra: Spectra | None, doubt: Doubted, *, start_s: float, end_s: float, learnt: Sequence[float | None]
    ) -> Speed:
        """What the spectrum shows where nothing is told any more, or what is told cannot be; maybe nothing."""
        return self._read(doubt, start_s, end_s, lambda: self._sought(spectra, doubt, learnt))

    def _read(self, how: str, start_s: float, end_s: float, read: Callable[[], Speed]) -> Speed:
        if self._seen is not None:
            since_s, until_s, before, seen = self._seen
            if how == before and start_s < until_s < end_s and end_s - start_s <= 1.01 * (until_s - since_s):
                return seen
        speed = read()
        self._seen = (start_s, end_s, how, speed)
        return speed

    def _from_spectra(self, spectra: Spectra | None, end_s: float) -> Speed:
        source = self._machine.speed_source
        if spectra is not None and not spectra.whole and not spectra.resolves(_slowest(self._machine) / 60):
            spectra = None  # a piece too short to tell a speed from its neighbours
        if source in ("config", "told", "file") and self._machine.rpm:
            told = self._machine.rpm, self._machine.rpm_tolerance
            placed = refined(*told, spectra, origin=source, families=self._families)
            if not self._second_look.believes(placed.speed.asks, end_s):
                placed = Placed(Speed(self._machine.rpm, source), shown=False)
            return self._held(placed, end_s)
        if source == "estimate" and self._machine.rpm_range is not None and spectra is not None:
            rpm = estimate_rpm(spectra, self._machine.rpm_range)
            return Speed(rpm, "estimated") if rpm is not None else Speed(None, "unknown")
        return Speed(None, "unknown")

    def _held(self, placed: Placed, end_s: float) -> Speed:
        """Where a window shows nothing, what was shown or doubted a moment ago stands, or doubted for long, rather than
        a name plate."""
        speed = placed.speed
        if placed.shown:
            self._shown = end_s, speed
        elif self._shown is not None and 0 <= end_s - self._shown[0] <= self._stale_after_s:
            speed = self._shown[1]
        return self._standing.over(speed, is_borne_out=placed.shown and speed.asks is None)

    def _sought(self, spectra: Spectra | None, doubt: Doubted, learnt: Sequence[float | None]) -> Speed:
        """In the range that is configured, else around the speed told last, else around the only one learnt."""
        known = {rpm for rpm in learnt if rpm is not None}
        near = self._told.last_rpm or (known.pop() if len(known) == 1 else None)
        close = None if near is None else (near * (1 - NEAR_TOLD), near * (1 + NEAR_TOLD))
        rpm_range = self._machine.rpm_range or close
        if spectra is None or rpm_range is None or not (spectra.whole or spectra.resolves(rpm_range[0] / 60)):
            return Speed(None, "unknown", doubt=doubt)
        rpm = estimate_rpm(spectra, rpm_range)
        return Speed(rpm, "unknown" if rpm is None else "estimated", doubt=doubt)


def _beside(speed: Speed, learnt: Sequence[float | None]) -> Speed:
    """A nominal speed that is contradicted is a doubt to a machine that is known at speeds alone: nothing was learnt
    that holds without one."""
    is_unplaced = speed.asks is not None and speed.rpm is None
    return replace(speed, doubt="contradicted") if is_unplaced and learnt and None not in learnt else speed


def teaches(speed: Speed) -> bool:
    """Whether windows at it may be learnt as healthy: a machine whose nominal speed is asked about is learnt at the one
    that it has, or at none."""
    return speed.steady and (speed.doubt is None or speed.asks is not None)


def _slowest(machine: Machine) -> float:
    """The lowest speed, in rpm, that an estimate may come to."""
    if machine.speed_source != "estimate" and machine.rpm:
        return machine.rpm * (1 - machine.rpm_tolerance)
    return machine.rpm_range[0] if machine.rpm_range is not None else 0.0


class Placed(NamedTuple):
    """A nominal speed, beside a spectrum."""

    speed: Speed
    shown: bool  # whether the spectrum bears the speed out, or its question


def refined(
    nominal_rpm: float,
    tolerance: float,
    spectra: Spectra | None,
    *,
    origin: Nominal,
    families: tuple[float, ...] = (),
) -> Placed:
    """The speed that the spectrum shows within `tolerance` of the nominal one, else the nominal one, and what to ask.

    Name plates and set points are off by the slip of the motor, by several percent. A nominal speed that the spectrum
    plainly contradicts is no speed at all; off by little more than slip, it stands and is asked about. What told
    bearings draw, by the orders of their `families` of lines, does neither.
    """
    nominal = Speed(nominal_rpm, origin)
    if spectra is None:
        return Placed(nominal, shown=False)
    survey = survey_of(spectra)
    if tolerance > 0:
        given = GivenSpeed(nominal_rpm, tolerance, families)
        rpm = rpm_of(shaft_comb(survey, *around(nominal_rpm, tolerance), PLACING, given=given))
        if rpm is not None:
            return Placed(nominal if abs(rpm / nominal_rpm - 1) <= AS_GOOD else Speed(rpm, "estimated"), shown=True)
    question = question_about(GivenSpeed(nominal_rpm, max(tolerance, DEFAULT_TOLERANCE), families), survey)
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
