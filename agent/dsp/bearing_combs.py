"""Whether a comb of harmonics is but the lines of a bearing that was told: a damaged part draws a comb of its own.

Half or a third of its frequency looks like a shaft's as soon as noise stands at one or two of the orders between, and
in a machine that is listened to all day it does. So a comb of which every second (third, ...) order is a line of a told
bearing, or of the shaft at the speed that was told, must be one without these, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.dsp.combs import HIT, Comb, Demand, clear_comb
from agent.dsp.harmonics import ORDERS, chance, look
from agent.dsp.survey import Survey
from agent.machine import Bearing

STEPS = tuple((multiple, part) for part in (1, 2, 3) for multiple in (1, 2) if part > multiple or part == 1 == multiple)
"""A comb may step by so many parts of a family's order: 1/1, 1/2, 1/3, 2/3."""
OF_THE_SHAFT = ((1, 2), (1, 3), (2, 3), (3, 2))
"""Likewise of the shaft itself."""
SLIP = 0.02
"""Relative: how far lines of a bearing are sought from their places at a told speed. Wider, whatever another shaft
draws would soon be some part of some family."""
WITHOUT_SHAFT = -2.0
"""log10 of the chance under which the orders between those of the shaft are a comb by themselves. At half its speed
they were -1.6 and -1.9 by chance, and are -3.0 with two clear lines: a speed that is told twice as high is seen."""


def families_of(bearings: Sequence[Bearing]) -> tuple[float, ...]:
    """The orders, in multiples of the reference shaft, of the families of lines that damage of told bearings draws.

    A ball strikes twice a turn, so twice its spin is a family, too.
    """
    known = [(bearing.ratio, orders) for bearing in bearings if (orders := bearing.orders) is not None]
    return tuple(
        ratio * order for ratio, o in known for order in (o.bpfo, o.bpfi, o.bsf, 2 * o.bsf, o.ftf) if order > 0
    )


@dataclass(frozen=True, slots=True)
class GivenSpeed:
    """A nominal speed, and the `families` of told bearings, whose lines at that speed speak for no other."""

    rpm: float
    tolerance: float  # relative: how far the truth may lie from it
    families: tuple[float, ...] = ()


def shaft_comb(survey: Survey, low_hz: float, high_hz: float, demand: Demand, *, given: GivenSpeed) -> Comb | None:
    """As `combs.clear_comb`, but for a comb that is one with the lines of a bearing alone."""
    comb = clear_comb(survey, low_hz, high_hz, demand)
    return None if comb is None or _is_of_bearing(comb, survey, given, unlikely=demand.chance) else comb


def _is_of_bearing(comb: Comb, survey: Survey, given: GivenSpeed, *, unlikely: float) -> bool:
    """`unlikely`: log10 of the chance under which what is left of a comb is one by itself."""
    order = comb.hz * 60 / given.rpm
    found = look(survey.peaks, comb.hz * ORDERS)
    found = replace(found, surprise=np.where(found.surprise >= HIT, found.surprise, 0.0))

    def rests_on(part: int, limit: float) -> bool:
        return part == 1 or float(chance(found, ORDERS % part != 0)) >= limit

    return any(
        _is_at(order, family * multiple / part) and rests_on(part, unlikely)
        for family in given.families
        for multiple, part in STEPS
    ) or any(_is_at(order, multiple / part) and rests_on(part, WITHOUT_SHAFT) for multiple, part in OF_THE_SHAFT)


def _is_at(order: float, wanted: float) -> bool:
    return abs(order / wanted - 1) <= SLIP
