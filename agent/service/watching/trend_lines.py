"""What the file of trends says of sensors: each figure at each speed with how it moves and when a limit is reached, and
that in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from agent.errors import ConfigError
from agent.machine import Mounting
from agent.messages.words import Language, say
from agent.service.watching.trend_file import FILE, Key, days_of
from agent.trend.course import Course, course_of, reached
from agent.trend.figures import FIGURES, limits_of, speeds_of
from agent.trend.sketch import Day


@dataclass(frozen=True, slots=True)
class Line:
    """Of one figure at one speed; `course` None: too few days to tell how it moves."""

    sensor: str
    bearing: str | None
    figure: str
    rpm: tuple[float, float] | None  # from, to
    days: tuple[tuple[date, Day], ...]
    course: Course | None
    limits: dict[str, float]
    reached: dict[str, tuple[date, date] | None]  # by limit


def lines_of(state_dir: Path, sensor: str | None, *, mountings: Mapping[str, Mounting]) -> Iterator[Line]:
    """What is known of one sensor, or of all; ConfigError where the file cannot be read."""
    try:
        found = days_of(state_dir, sensor)
    except sqlite3.Error as error:
        path = state_dir / FILE
        raise ConfigError(
            f"{path}: cannot be read ({error}); run this command as the user that runs the agent"
        ) from error
    for key, days in found.items():
        yield _line(key, days, mountings.get(key.sensor, Mounting()))


def _line(key: Key, days: list[tuple[int, Day]], mounting: Mounting) -> Line:
    course = course_of(days, is_ratio=FIGURES[key.figure].is_ratio)
    limits = limits_of(key.figure, mounting)
    found = {name: None if course is None else reached(course, limit) for name, limit in limits.items()}
    return Line(
        key.sensor,
        key.bearing or None,
        key.figure,
        speeds_of(key.speed),
        tuple((_date(number), day) for number, day in days),
        course,
        limits,
        {name: span and (_date(span[0]), _date(span[1])) for name, span in found.items()},
    )


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def speeds_in_words(line: Line) -> str:
    """A dash where it is not known."""
    return "-" if line.rpm is None else "{:.0f}–{:.0f} rpm".format(*line.rpm)


def moves_in_words(course: Course | None, language: Language) -> str:
    """By how much a figure moves in a month, with its interval."""
    if course is None:
        return say("trend.too_few", language)
    if course.moves == "stays":
        return say("trend.stays", language)
    if course.is_ratio:
        return "{:+.0f} % ({:+.0f} .. {:+.0f})".format(
            *(100 * (rate - 1) for rate in (course.rate, course.rate_low, course.rate_high))
        )
    return f"{course.rate:+.2f} ({course.rate_low:+.2f} .. {course.rate_high:+.2f})"


def reached_in_words(line: Line, language: Language) -> str:
    """Between which dates the next limit is reached; a dash where nothing can be said."""
    spans = [(name, span) for name, span in line.reached.items() if span is not None]
    if not spans:
        return "-"
    name, (first, last) = spans[0]
    limit = say(f"trend_limit.{name}", language)
    return say("trend.reached", language, limit=limit, first=first, last=last)
