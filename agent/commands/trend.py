"""`trend`: how the figures of sensors moved over days, and between which dates a limit would be reached.

Nothing is asked of a running agent: the file is there without one, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.commands import running
from agent.errors import ConfigError
from agent.messages.terminal import columns, tabulated
from agent.messages.words import Language, say

if TYPE_CHECKING:  # the command line loads nothing heavy
    from agent.machine import Mounting
    from agent.service.watching.trend_file import Key
    from agent.trend.course import Course
    from agent.trend.sketch import Day

HEADS = ("sensor", "bearing", "figure", "speed", "days", "now", "a_month", "reached")


@dataclass(frozen=True, slots=True)
class Line:
    """Of one figure at one speed; `course` None: too few days to tell how it moves."""

    sensor: str
    bearing: str | None
    figure: str
    rpm: float | None
    days: tuple[tuple[date, Day], ...]
    course: Course | None
    limits: dict[str, float]
    reached: dict[str, tuple[date, date] | None]  # by limit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sensor", nargs="?", help="one sensor alone")
    parser.add_argument(
        "--json", action="store_true", help="JSON lines: one object for each figure and speed, with all days"
    )
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    lines = list(lines_of(running.state_dir_of(args), args.sensor, mountings=_mountings(args)))
    if args.sensor is not None and not lines:
        raise ConfigError(f"of {args.sensor!r} no day is kept in {running.state_dir_of(args)}")
    if args.json:
        for line in lines:
            print(json.dumps(_as_json(line), ensure_ascii=False))
    else:
        print(*_table(lines, running.language_of(args, {})), sep="\n")
    return os.EX_OK


def lines_of(state_dir: Path, sensor: str | None, *, mountings: dict[str, Mounting]) -> Iterator[Line]:
    """What is known of one sensor, or of all; ConfigError where the file cannot be read."""
    from agent.machine import Mounting
    from agent.service.watching.trend_file import FILE, days_of

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
    from agent.trend.course import course_of, reached
    from agent.trend.figures import FIGURES, limits_of, speed_of

    course = course_of(days, is_ratio=FIGURES[key.figure].is_ratio)
    limits = limits_of(key.figure, mounting)
    found = {name: None if course is None else reached(course, limit) for name, limit in limits.items()}
    return Line(
        key.sensor,
        key.bearing or None,
        key.figure,
        speed_of(key.speed),
        tuple((_date(number), day) for number, day in days),
        course,
        limits,
        {name: span and (_date(span[0]), _date(span[1])) for name, span in found.items()},
    )


def _mountings(args: argparse.Namespace) -> dict[str, Mounting]:
    """Sensor -> what ISO zones ask for, where a config is at hand."""
    if args.config is None:
        return {}
    from agent.config.load import load_config
    from agent.config.resolve import sensor_setups

    return {name: setup.machine.mounting for name, setup in sensor_setups(load_config(args.config)).items()}


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "sensor": line.sensor,
        "bearing": line.bearing,
        "figure": line.figure,
        "rpm": None if line.rpm is None else round(line.rpm, 1),
        "course": None if line.course is None else {**asdict(line.course), "moves": line.course.moves},
        "limits": line.limits,
        "reached": {name: span and [str(day) for day in span] for name, span in line.reached.items()},
        "days": [{"day": str(when), **day._asdict()} for when, day in line.days],
    }


def _table(lines: list[Line], language: Language) -> list[str]:
    if not lines:
        return [say("trend.none", language)]
    rows = [
        [
            line.sensor,
            line.bearing or "-",
            say(f"trend_figure.{line.figure}", language),
            "-" if line.rpm is None else f"~{float(f'{line.rpm:.2g}'):.0f} rpm",
            str(len(line.days)),
            f"{line.days[-1][1].middle:.3g}",
            _moves(line.course, language),
            _reached(line, language),
        ]
        for line in lines
    ]
    return tabulated([[say(f"trend_head.{head}", language) for head in HEADS], *rows], columns=columns())


def _moves(course: Course | None, language: Language) -> str:
    if course is None:
        return say("trend.too_few", language)
    if course.moves == "stays":
        return say("trend.stays", language)
    if course.is_ratio:
        return "{:+.0f} % ({:+.0f} .. {:+.0f})".format(
            *(100 * (rate - 1) for rate in (course.rate, course.rate_low, course.rate_high))
        )
    return f"{course.rate:+.2f} ({course.rate_low:+.2f} .. {course.rate_high:+.2f})"


def _reached(line: Line, language: Language) -> str:
    spans = [(name, span) for name, span in line.reached.items() if span is not None]
    if not spans:
        return "-"
    name, (first, last) = spans[0]
    limit = say(f"trend_limit.{name}", language)
    return say("trend.reached", language, limit=limit, first=first, last=last)
