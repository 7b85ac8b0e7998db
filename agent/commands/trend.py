"""`trend`: how the figures of sensors moved over days, and between which dates a limit would be reached.

Nothing is asked of a running agent: the file is there without one, too.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from agent.commands import running
from agent.errors import WordError
from agent.messages.terminal import columns, tabulated
from agent.messages.words import Language, say

if TYPE_CHECKING:  # the command line loads nothing heavy
    from agent.machine import Mounting
    from agent.trend.line import Line

HEADS = ("sensor", "bearing", "figure", "speed", "days", "now", "a_month", "reached")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sensor", nargs="?", help="one sensor alone")
    parser.add_argument(
        "--json", action="store_true", help="JSON lines: one object for each figure and speed, with all days"
    )
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    from agent.service.watching.trend_lines import lines_of

    agent = running.agent_of(args)
    lines = list(lines_of(agent.there, args.sensor, mountings=_mountings(agent)))
    if args.sensor is not None and not lines:
        raise WordError(f"of {args.sensor!r} no day is kept in {agent.state_dir}")
    if args.json:
        for line in lines:
            print(json.dumps(_as_json(line), ensure_ascii=False))
    else:
        print(*_table(lines, agent.language()), sep="\n")
    return os.EX_OK


def _mountings(agent: running.Agent) -> dict[str, Mounting]:
    """Sensor -> what ISO zones ask for, where a config is at hand."""
    if (config := agent.whole_config) is None:
        return {}
    from agent.config.resolve import sensor_setups

    return {name: setup.machine.mounting for name, setup in sensor_setups(config).items()}


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "sensor": line.sensor,
        "bearing": line.bearing,
        "figure": line.figure,
        "rpm": None if line.rpm is None else [round(rpm, 1) for rpm in line.rpm],
        "course": None if line.course is None else {**asdict(line.course), "moves": line.course.moves},
        "limits": line.limits,
        "reached": {name: span and [str(day) for day in span] for name, span in line.reached.items()},
        "days": [{"day": str(when), **day._asdict()} for when, day in line.days],
    }


def _table(lines: list[Line], language: Language) -> list[str]:
    from agent.messages.trend_text import moves_in_words, reached_in_words, speeds_in_words

    if not lines:
        return [say("trend.none", language)]
    rows = [
        [
            line.sensor,
            line.bearing or "-",
            say(f"trend_figure.{line.figure}", language),
            speeds_in_words(line),
            str(len(line.days)),
            f"{line.days[-1][1].middle:.3g}",
            moves_in_words(line.course, language),
            reached_in_words(line, language),
        ]
        for line in lines
    ]
    return tabulated([[say(f"trend_head.{head}", language) for head in HEADS], *rows], columns=columns())
