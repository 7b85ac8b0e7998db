"""Which alert somebody means, among those that are kept; who means none is told what there is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from agent.errors import ConfigError
from agent.service.looking_back.history_file import past_alerts
from agent.service.looking_back.past import Past
from agent.service.watching.events import place_of
from agent.service.watching.ring_folder import FOLDER, beginning_with

MOST_TOLD = 10


def find_alert(state_dir: Path, wanted: str | None, *, sensor: str | None = None) -> Past:
    """The alert of an id, of the beginning of one, or of SENSOR/BEARING the one raised last; None: of all that.

    ConfigError where there is none, or where it could be several.
    """
    if wanted == "":
        raise ConfigError("alert: is empty; give an id, the beginning of one, SENSOR/BEARING, or --last")
    fitting = past_alerts(state_dir, sensor=sensor, beginning=wanted or "")
    if wanted is not None and len(fitting) > 1:
        fitting = [one for one in fitting if one.last.id == wanted] or fitting
    if wanted is not None and not fitting:
        fitting = [one for one in past_alerts(state_dir, sensor=sensor) if place_of(one.last) == wanted][:1]
    if wanted is None:
        fitting = sorted(fitting, key=_raised, reverse=True)[:1]
    if len(fitting) == 1:
        return fitting[0]
    of_sensor = "" if sensor is None else f" of sensor {sensor!r}"
    if fitting:
        raise ConfigError(f"alert: {wanted!r} is the beginning of several{of_sensor}; {_told(fitting)}")
    known = past_alerts(state_dir, sensor=sensor) or past_alerts(state_dir)
    named = "" if wanted is None else f" {wanted!r}"
    raise ConfigError(
        f"alert: there is no alert{named}{of_sensor} in {state_dir}; {_told(known)}{_beside(state_dir, wanted)}"
    )


def _raised(past: Past) -> int:
    """The number of its first event."""
    return past.events[0].seq if past.events else past.seq


def _told(alerts: list[Past]) -> str:
    if not alerts:
        return "no alert is kept there"
    shown = ", ".join(f"{one.last.id} ({place_of(one.last)}, {_when(one)})" for one in alerts[:MOST_TOLD])
    more = len(alerts) - MOST_TOLD
    return f"there are: {shown}" + (f" and {more} more" if more > 0 else "")


def _when(past: Past) -> str:
    wall_s = past.last.opened_wall_s
    return "?" if wall_s is None else datetime.fromtimestamp(wall_s).strftime("%Y-%m-%d %H:%M")


def _beside(state_dir: Path, wanted: str | None) -> str:
    """Where only its windows are kept, as of before its history was."""
    files = beginning_with(state_dir / FOLDER, wanted)
    return f"; its windows are in {files[0].path}, which `replay --report` takes" if files else ""
