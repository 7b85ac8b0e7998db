"""How a figure moves over days, and when it would reach a limit: an interval, or nothing.

The slope is the median of the slopes between all pairs of days (Theil 1950, Sen 1968), with Sen's interval. Days follow
one another and are not independent: the variance grows by (1 + r) / (1 - r), where r is the correlation of what is left
from one day to the next (von Storch 1995). A date is said only where the whole interval of slopes rises, and only as
far ahead as was looked back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.trend.sketch import Day

CONFIDENCE = 0.9
LEAST_DAYS = 14
LEAST_WINDOWS = 20  # of a day
MOST_DAYS = 365
"""What is older says little of how it goes on."""
MOST_CORRELATION = 0.95
MONTH_DAYS = 30.44
MEDIAN_ERROR = 1.2533  # of a median against a mean, where what is left is normal

_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Through the figures of days, or through their logarithms; per day."""

    middle_day: float
    middle: float
    middle_error: float
    slope: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Course:
    """Of one figure at one speed. Rates are per month: a factor where the figure is a ratio, else a difference."""

    days: int  # that it rests on
    first_day: int  # days since 1970-01-01
    last_day: int
    level: float  # of the last day, by the line
    rate: float
    rate_low: float
    rate_high: float
    is_ratio: bool
    line: Line

    @property
    def moves(self) -> Literal["rises", "falls", "stays"]:
        """`stays`: no more than chance explains."""
        return "rises" if self.line.low > 0 else "falls" if self.line.high < 0 else "stays"


def course_of(days: Sequence[tuple[int, Day]], *, is_ratio: bool) -> Course | None:
    """Of days with their numbers, oldest first; None where they are too few to tell."""
    told = [(number, day.middle) for number, day in days if day.windows >= LEAST_WINDOWS]
    told = [one for one in told if one[0] > told[-1][0] - MOST_DAYS]
    if len(told) < LEAST_DAYS:
        return None
    at, middles = (np.array(column, float) for column in zip(*told, strict=True))
    values = np.log(middles) if is_ratio else middles
    line = _line(at, values)
    level = line.middle + line.slope * (at[-1] - line.middle_day)
    rate, rate_low, rate_high = (_monthly(one, is_ratio=is_ratio) for one in (line.slope, line.low, line.high))
    return Course(
        days=len(told),
        first_day=int(at[0]),
        last_day=int(at[-1]),
        level=math.exp(level) if is_ratio else level,
        rate=rate,
        rate_low=rate_low,
        rate_high=rate_high,
        is_ratio=is_ratio,
        line=line,
    )


def reached(course: Course, limit: float) -> tuple[int, int] | None:
    """First and last day between which a limit above the level is reached; None where nothing can be said of it."""
    end = math.log(limit) if course.is_ratio else limit
    line = course.line
    if limit <= course.level or line.low <= 0:
        return None
    # The line turns about the middle of the days, where it is known best.
    soonest = line.middle_day + max(0.0, end - line.middle - line.middle_error) / line.high
    latest = line.middle_day + (end - line.middle + line.middle_error) / line.low
    if latest > 2 * course.last_day - course.first_day:
        return None
    return max(course.last_day, math.floor(soonest)), math.ceil(latest)


def _line(at: Floats, values: Floats) -> Line:
    count = len(at)
    first, second = np.triu_indices(count, 1)
    slopes = np.sort((values[second] - values[first]) / (at[second] - at[first]))
    slope = float(np.median(slopes))
    middle_day = float(at.mean())
    left = values - slope * (at - middle_day)
    middle = float(np.median(left))
    left -= left.mean()
    power = float(left @ left)
    follows = 0.0 if power == 0 else float(left[1:] @ left[:-1]) / power
    follows = min(max(follows, 0.0), MOST_CORRELATION)
    inflation = math.sqrt((1 + follows) / (1 - follows))
    reach = _Z * inflation * math.sqrt(count * (count - 1) * (2 * count + 5) / 18) / 2
    low = max(0, math.floor(len(slopes) / 2 - reach))
    high = min(len(slopes) - 1, math.ceil(len(slopes) / 2 + reach))
    error = _Z * inflation * MEDIAN_ERROR * math.sqrt(power / count / count)
    return Line(middle_day, middle, error, slope, float(slopes[low]), float(slopes[high]))


def _monthly(slope: float, *, is_ratio: bool) -> float:
    return math.exp(slope * MONTH_DAYS) if is_ratio else slope * MONTH_DAYS
