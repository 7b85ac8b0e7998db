"""How a sensor's figures moved over days: what the file of trends holds, with slopes and dates, as a page draws it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.machine import Mounting
from agent.messages.trend_text import moves_in_words, reached_in_words, speeds_in_words
from agent.messages.words import Language, say
from agent.service.watching.trend_lines import lines_of
from agent.trend.line import Line

MOST_DAYS = 4000


def trends_of(state_dir: Path, sensor: str, *, mounting: Mounting, language: Language) -> list[dict[str, Any]]:
    """Of each figure at each speed its days, limits and course. ConfigError where the file cannot be read."""
    return [_told(line, language) for line in lines_of(state_dir, sensor, mountings={sensor: mounting})]


def _told(line: Line, language: Language) -> dict[str, Any]:
    days = line.days[-MOST_DAYS:]
    return {
        "bearing": line.bearing,
        "figure": line.figure,
        "name": say(f"trend_figure.{line.figure}", language),
        "speeds": "" if line.rpm is None else speeds_in_words(line),
        "days": [(when.toordinal() - EPOCH) * 86_400 for when, _ in days],
        "low": [day.low for _, day in days],
        "middle": [day.middle for _, day in days],
        "high": [day.high for _, day in days],
        "limits": [
            {"value": value, "name": say(f"trend_limit.{name}", language)} for name, value in line.limits.items()
        ],
        "moves": moves_in_words(line.course, language),
        "reached": reached_in_words(line, language) if any(line.reached.values()) else None,
    }


EPOCH = 719_163
"""Ordinal of 1970-01-01."""
