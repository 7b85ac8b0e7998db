"""Whether a speed that was given is asked about: a spectrum that plainly shows another contradicts it.

A question is a doubt as long as nobody answers it: where the shaft turns at another speed than was said, lines are
sought beside their places, and what stands there names nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from agent.dsp.bearing_combs import GivenSpeed, shaft_comb
from agent.dsp.combs import Comb, Demand, clear_comb, combs_between
from agent.dsp.survey import Survey
from agent.types import Speed, SpeedQuestion

NEARLY = 0.12  # relative: a speed seen so near to a nominal one is asked about, and the nominal one stands meanwhile
ASKED_FROM = 0.25
"""Share of a recording's windows that must ask, so that one odd window asks nothing."""
STEADY_WITHIN = 0.02  # relative change of a speed during one window, the tolerance of the line search
MOST_HZ = 200.0  # a nominal figure up to here may have been meant in Hz
LEAST_RPM = 240.0  # a window of two seconds holds eight turns of it
_ASKED_WITHIN = 2.2  # how far from the nominal speed others are sought, as a factor
_CLEAR = 3.0  # -ln of the chance of a line that stands at a figure which may be in Hz
_OWN_CHANCE = -1.5  # log10 of the chance under which a comb at the nominal speed speaks for it
_OWN_HEIGHT = 0.4  # and its height, of that of the comb which contradicts

PLACING = Demand()
CONTRADICTING = Demand(chance=-3.0, height=6.0, beside_sensor=True)


def asked_together(speeds: Sequence[Speed]) -> SpeedQuestion | None:
    """What the speeds of a recording's windows ask together; None where too few of them ask."""
    return question_together([speed.asks for speed in speeds])


def question_together(questions: Sequence[SpeedQuestion | None]) -> SpeedQuestion | None:
    """What windows ask together, None where one asks nothing."""
    asked = [question for question in questions if question is not None]
    if not asked or len(asked) < ASKED_FROM * len(questions):
        return None
    reason = Counter(question.reason for question in asked).most_common(1)[0][0]
    alike = sorted((question for question in asked if question.reason == reason), key=lambda one: one.seen_rpm)
    return alike[len(alike) // 2]


class SecondLook:
    """Whether what a window asks is believed: of a nominal speed that no window asked about for a while, one alone is
    not, for among many some show a comb by chance; the next that shows the same is."""

    def __init__(self, while_s: float) -> None:
        self._while_s = while_s
        self._since_s: float | None = None  # that no question was believed
        self._asked: tuple[float, float] | None = None  # when the last was asked, and the speed seen

    def believes(self, question: SpeedQuestion | None, now_s: float) -> bool:
        """True where nothing is asked; `now_s`: the end of a window that shares no sample with the one before."""
        if self._since_s is None or now_s < self._since_s:
            self._since_s = now_s
        if question is None:
            return True
        before, self._asked = self._asked, (now_s, question.seen_rpm)
        stood = now_s - self._since_s >= self._while_s
        if stood and not (before and self._is_alike(before, self._asked)):
            return False
        self._since_s = None
        return True

    def _is_alike(self, before: tuple[float, float], now: tuple[float, float]) -> bool:
        return 0 <= now[0] - before[0] <= self._while_s and abs(now[1] / before[1] - 1) <= STEADY_WITHIN


def question_about(given: GivenSpeed, survey: Survey) -> SpeedQuestion | None:
    """What speaks against a nominal speed at which no comb was found; None where nothing plainly does."""
    nominal_rpm = given.rpm
    if nominal_rpm <= MOST_HZ:
        rpm = rpm_of(clear_comb(survey, *around(60 * nominal_rpm, given.tolerance), PLACING))
        if rpm is not None:
            return SpeedQuestion("hertz", nominal_rpm, rpm)
        if 60 * nominal_rpm >= LEAST_RPM and nominal_rpm < LEAST_RPM / 2 and _stands_at(nominal_rpm, survey):
            return SpeedQuestion("hertz", nominal_rpm, 60 * nominal_rpm)
    low, high = max(nominal_rpm / _ASKED_WITHIN, LEAST_RPM), min(nominal_rpm * _ASKED_WITHIN, 60 * MOST_HZ)
    comb = shaft_comb(survey, low / 60, high / 60, CONTRADICTING, given=given) if low < high else None
    if comb is None or _may_be_meant(given, comb, survey):
        return None
    return SpeedQuestion("contradicted", nominal_rpm, 60 * comb.hz)


def _stands_at(hz: float, survey: Survey) -> bool:
    """Whether a clear line stands at a frequency or at its double, as exactly as bearing lines are sought."""
    around = hz * np.linspace(1 - STEADY_WITHIN, 1 + STEADY_WITHIN, 17)
    return float(survey.near(np.concatenate((around, 2 * around))).surprise.max()) >= _CLEAR


def _may_be_meant(given: GivenSpeed, comb: Comb, survey: Survey) -> bool:
    """Whether a shaft at the nominal speed may be heard, too: by a comb of its own, or by this one as its multiple."""
    multiple = 60 * comb.hz / given.rpm
    if round(multiple) >= 1 and abs(multiple / round(multiple) - 1) <= given.tolerance:
        return True
    own = combs_between(survey, *around(given.rpm, given.tolerance))
    return any(one.chance < _OWN_CHANCE and one.height > _OWN_HEIGHT * comb.height for one in own)


def around(rpm: float, tolerance: float) -> tuple[float, float]:
    """In Hz."""
    return rpm * (1 - tolerance) / 60, rpm * (1 + tolerance) / 60


def rpm_of(comb: Comb | None) -> float | None:
    return None if comb is None else 60 * comb.hz
