"""Where one bearing stands between two windows: the table of what changes it, and of what is shown where no alert is.

A standing that a table does not list for an event stays as it is.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TypeAlias

from agent.alerting.window_rules import Level
from agent.types import UNKNOWN, Alert, AlertReason, Diagnosis, State

Shown: TypeAlias = tuple[State, str | None]
"""A state with its reason."""

CONTRADICTED = "speed_contradicts"
"""Reason of a state: the speed that is told cannot be, for the machine shakes, or shows another."""


class Standing(Enum):
    """What is remembered of a bearing beside its counts."""

    UNCONFIRMED = auto()  # no alert, and not seen healthy since the last window that could not be judged
    HEALTHY = auto()  # no alert, and seen healthy since then
    ALERTED = auto()  # an alert is open; without it the bearing would be unconfirmed
    RELAPSED = auto()  # an alert is open that ended a time of health, and every window since could be judged


class Event(Enum):
    """What happens to a bearing."""

    NOT_JUDGED = auto()  # a window that cannot be judged, or none for too long
    NO_BASELINE = auto()  # a window judged by its description alone
    OVER_LIMIT = auto()
    UNDER_LIMIT = auto()
    RAISED = auto()
    CLEARED = auto()


NEXT: dict[tuple[Standing, Event], Standing] = {
    (Standing.UNCONFIRMED, Event.UNDER_LIMIT): Standing.HEALTHY,
    (Standing.UNCONFIRMED, Event.RAISED): Standing.ALERTED,
    (Standing.HEALTHY, Event.NOT_JUDGED): Standing.UNCONFIRMED,
    (Standing.HEALTHY, Event.RAISED): Standing.RELAPSED,
    (Standing.ALERTED, Event.CLEARED): Standing.UNCONFIRMED,
    (Standing.RELAPSED, Event.NOT_JUDGED): Standing.ALERTED,
    (Standing.RELAPSED, Event.CLEARED): Standing.HEALTHY,
}

SHOWN: dict[tuple[Standing, Event], Shown] = {
    (Standing.UNCONFIRMED, Event.NO_BASELINE): (State.LEARNING, "no_baseline"),
    (Standing.UNCONFIRMED, Event.OVER_LIMIT): (State.ABNORMAL, "unconfirmed"),  # no alert yet, but not healthy either
    (Standing.HEALTHY, Event.NO_BASELINE): (State.LEARNING, "no_baseline"),
    (Standing.HEALTHY, Event.OVER_LIMIT): (State.HEALTHY, None),
    (Standing.HEALTHY, Event.UNDER_LIMIT): (State.HEALTHY, None),
}
"""By the standing after the event; an open alert shows itself, a window that cannot be judged its own reason."""


def shown_by(alert: Alert) -> Shown:
    """What an open alert shows."""
    return (State.ABNORMAL if alert.fault == UNKNOWN else State.FAULT), alert.fault


def shown_once_closed(reason: AlertReason, standing: Standing, last: Event | None) -> tuple[Standing, Shown]:
    """Of a bearing whose alert somebody's word has ended, and which was heard: by its last window that could be judged
    where it was closed, for what it is held against is known as before; in all other cases that is known no more."""
    if reason != "closed":
        return standing, (State.LEARNING, "no_baseline")
    heard = last or Event.OVER_LIMIT  # an alert from before a restart
    after = NEXT.get((standing, heard), standing)
    return after, SHOWN[after, heard]


def event_of(diagnosis: Diagnosis, level: Level) -> Event:
    """What a window that was judged is to its bearing."""
    if diagnosis.deviation is None and diagnosis.matches:
        return Event.NO_BASELINE
    return Event.OVER_LIMIT if level is Level.HIGH else Event.UNDER_LIMIT
