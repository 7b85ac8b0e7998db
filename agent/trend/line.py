"""One figure of a sensor at one speed as it went over days: how it moves, its limits, and when one would be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from agent.machine import Mounting
from agent.trend.course import Course, course_of, reached
from agent.trend.figures import FIGURES, limits_of, speeds_of
from agent.trend.sketch import Day

LEAST_DAYS = 3
"""Of fewer a drawing over time would be made up."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of one figure at one speed; `course` None: too few days to tell how it moves."""

    sensor: str
    bearing: str | None
    figure: str
    rpm: tuple[float, float] | None  # from, to
    days: tuple[tuple[date, Day], ...]  # at least one
    course: Course | None
    limits: dict[str, float]
    reached: dict[str, tuple[date, date] | None]  # by limit; None of one that the last day has reached


def line_of(
    sensor: str, bearing: str | None, figure: str, speed: int, *, days: Sequence[tuple[int, Day]], mounting: Mounting
) -> Line:
    """`speed`: number of its class; `days`: their numbers since 1970 and what they were, oldest first."""
    course = course_of(list(days), is_ratio=FIGURES[figure].is_ratio)
    limits = limits_of(figure, mounting)
    latest = days[-1][1].middle
    found = {
        name: None if course is None or latest >= limit else reached(course, limit) for name, limit in limits.items()
    }
    return Line(
        sensor,
        bearing,
        figure,
        speeds_of(speed),
        tuple((_date(number), day) for number, day in days),
        course,
        limits,
        {name: span and (_date(span[0]), _date(span[1])) for name, span in found.items()},
    )


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()
