"""How a sensor's figures went over days, as a report shows it: those of one bearing, at its own speed first."""

from __future__ import annotations

from pathlib import Path

from agent.errors import ConfigError
from agent.machine import SensorSetup
from agent.service.watching.trend_lines import lines_of
from agent.trend.line import Line


def days_around(state_dir: Path, setup: SensorSetup, *, bearing: str | None, rpm: float | None = None) -> list[Line]:
    """None where the file of trends is not there or cannot be read: a report goes without."""
    sensor = setup.sensor
    try:
        lines = list(lines_of(state_dir, sensor, mountings={sensor: setup.machine.mounting}))
    except ConfigError:
        return []
    own = [line for line in lines if line.bearing in (None, bearing)]
    return sorted(own, key=lambda line: not _holds(line.rpm, rpm))


def _holds(speeds: tuple[float, float] | None, rpm: float | None) -> bool:
    return speeds is None or rpm is None or speeds[0] <= rpm <= speeds[1]
