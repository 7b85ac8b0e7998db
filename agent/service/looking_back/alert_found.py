"""Which alert somebody means, among those that are kept; who means none is told what there is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from agent.errors import WordError
from agent.service.looking_back.history_file import past_alerts
from agent.service.looking_back.past import Past
from agent.service.watching.events import place_of
from agent.service.watching.ring_folder import FOLDER, beginning_with

MOST_TOLD = 10


def find_alert(state_dir: Path, wanted: str | None, *, sensor: str | None = None) -> Past:
    """The alert of an id, of the beginning of one, or of SENSOR/BEARING the one raised last; None: of all that.

    WordError where there is none, or where it could be several.
    """
    if wanted == "":
        raise WordError("alert: is empty; give an id, the beginning of one, SENSOR/BEARING, or --last")
    if wanted is None:
        fitting = sorted(past_alerts(state_dir, sensor=sensor), key=_raised, reverse=True)[:1]
    else:
        fitting = _fitting(state_dir, wanted, sensor=sensor)
    if len(fitting) == 1:
        return fitting[0]
    of_sensor = "" if sensor is None else f" of sensor {sensor!r}"
    if fitting:
        raise WordError(f"alert: {wanted!r} is the beginning of several{of_sensor}; {_told(fitting)}")
    known = past_alerts(state_dir, sensor=sensor) or past_alerts(state_dir)
    named = "" if wanted is None else f" {wanted!r}"
    raise WordError(
        f"alert: there is no alert{named}{of_sensor} in {state_dir}; {_told(known)}{_beside(state_dir, wanted)}"
    )


def why_not_open(state_dir: Path, wanted: str) -> WordError | None:
    """Why an alert that somebody means is none that is open: it is over, or may be one of several that are. None where
    one of them is open, or there is none."""
    fitting = _fitting(state_dir, wanted) if wanted else []
    if not fitting or not all(one.closed for one in fitting):
        return None
    if len(fitting) > 1:
        return WordError(f"alert: {wanted!r} is the beginning of several, and all are over; {_told(fitting)}")
    (past,) = fitting
    since = "?" if past.end is None else _moment(past.end.wall_s)
    return WordError(
        f"alert: {past.last.id} ({place_of(past.last)}) is over since {since}; "
        "acknowledge it with --was to say what it was"
    )


def _fitting(state_dir: Path, wanted: str, *, sensor: str | None = None) -> list[Past]:
    """Those of an id, else of its beginning, else of SENSOR/BEARING the one raised last."""
    fitting = past_alerts(state_dir, sensor=sensor, beginning=wanted)
    if len(fitting) > 1:
        fitting = [one for one in fitting if one.last.id == wanted] or fitting
    return fitting or [one for one in past_alerts(state_dir, sensor=sensor) if place_of(one.last) == wanted][:1]


def _raised(past: Past) -> int:
    """The number of its first event."""
    return past.events[0].seq if past.events else past.seq


def _told(alerts: list[Past]) -> str:
    if not alerts:
        return "no alert is kept there"
    shown = ", ".join(
        f"{one.last.id} ({place_of(one.last)}, {_moment(one.last.opened_wall_s)})" for one in alerts[:MOST_TOLD]
    )
    more = len(alerts) - MOST_TOLD
    return f"alerts kept: {shown}" + (f" and {more} more" if more > 0 else "")


def _moment(wall_s: float | None) -> str:
    return "?" if wall_s is None else datetime.fromtimestamp(wall_s).strftime("%Y-%m-%d %H:%M")


def _beside(state_dir: Path, wanted: str | None) -> str:
    """Where only its windows are kept, as of before its history was."""
    files = beginning_with(state_dir / FOLDER, wanted)
    return f"; its windows are in {files[0].path}, which `replay --report` takes" if files else ""
