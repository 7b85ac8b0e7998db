"""What the file of trends says of sensors: each figure at each speed with how it moves and when a limit is reached."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.machine import Mounting
from agent.service.keeping.side_file import unreadable
from agent.service.watching.trend_file import FILE, days_of
from agent.trend.line import Line, line_of


def lines_of(state_dir: Path, sensor: str | None, *, mountings: Mapping[str, Mounting]) -> Iterator[Line]:
    """What is known of one sensor, or of all; ConfigError where the file cannot be read."""
    try:
        found = days_of(state_dir, sensor)
    except sqlite3.Error as error:
        raise unreadable(state_dir / FILE, error) from error
    for key, days in found.items():
        mounting = mountings.get(key.sensor, Mounting())
        yield line_of(key.sensor, key.bearing or None, key.figure, key.speed, days=days, mounting=mounting)
