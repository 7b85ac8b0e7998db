"""Open alerts that somebody put on the shelf: which they are, and that they come back when their time is over.

What is worse comes back by its own windows (see `agent.alerting.bearing_alert`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from agent.alerting.shelf import is_over
from agent.service.announcer import Announcer
from agent.service.sensor import SensorDesk
from agent.service.wall_clock import origin_now
from agent.types import Alert


def shelved(desks: Iterable[SensorDesk]) -> Iterator[tuple[SensorDesk, Alert]]:
    """The alerts on the shelf."""
    for desk in desks:
        for alert in desk.pipeline.decision.open_alerts:
            if alert.shelf is not None:
                yield desk, alert


def until_by_alert(desks: Iterable[SensorDesk]) -> dict[str, datetime]:
    """Of each alert on the shelf, when its time is over."""
    return {
        alert.id: datetime.fromtimestamp(alert.shelf.until_wall_s, UTC)
        for _, alert in shelved(desks)
        if alert.shelf is not None
    }


def take_back(desks: Iterable[SensorDesk], announcer: Announcer) -> None:
    """Say of each alert whose time on the shelf is over that it is back."""
    on_shelf = list(shelved(desks))
    if not on_shelf:
        return
    wall_s, origin = time.time(), origin_now()
    for desk, alert in on_shelf:
        if alert.shelf is not None and is_over(alert.shelf, wall_s=wall_s, origin=origin):
            back = desk.pipeline.decision.amend(alert, shelf=None, reason="shelf_over", by=None, wall_s=wall_s)
            announcer.announce_alert(back)
