"""The table of a bearing's standings: every path through it ends in something that can be shown."""

from __future__ import annotations

import pytest

from agent.alerting.standing import NEXT, SHOWN, Event, Standing
from agent.types import State

JUDGED = (Event.NO_BASELINE, Event.OVER_LIMIT, Event.UNDER_LIMIT)
WITHOUT_ALERT = (Standing.UNCONFIRMED, Standing.HEALTHY)


def after(*events: Event) -> Standing:
    standing = Standing.UNCONFIRMED
    for event in events:
        standing = NEXT.get((standing, event), standing)
    return standing


@pytest.mark.parametrize("standing", WITHOUT_ALERT)
@pytest.mark.parametrize("event", JUDGED)
def test_every_judged_window_without_an_alert_shows_a_state(standing: Standing, event: Event) -> None:
    assert (NEXT.get((standing, event), standing), event) in SHOWN


def test_an_alert_is_opened_and_closed_from_either_standing() -> None:
    for standing in WITHOUT_ALERT:
        opened = NEXT[standing, Event.RAISED]
        assert opened not in WITHOUT_ALERT
        assert NEXT[opened, Event.CLEARED] is standing
        assert all((opened, event) not in NEXT for event in JUDGED)


def test_nothing_over_the_limit_is_healthy_until_something_under_it_was_seen() -> None:
    assert SHOWN[after(Event.OVER_LIMIT), Event.OVER_LIMIT] == (State.ABNORMAL, "unconfirmed")
    assert SHOWN[after(Event.UNDER_LIMIT, Event.OVER_LIMIT), Event.OVER_LIMIT] == (State.HEALTHY, None)
    assert after(Event.UNDER_LIMIT, Event.NO_BASELINE) is Standing.HEALTHY


def test_a_window_that_cannot_be_judged_ends_health_with_an_alert_open_or_without() -> None:
    assert after(Event.UNDER_LIMIT, Event.NOT_JUDGED) is Standing.UNCONFIRMED
    assert after(Event.UNDER_LIMIT, Event.RAISED, Event.CLEARED) is Standing.HEALTHY
    assert after(Event.UNDER_LIMIT, Event.RAISED, Event.NOT_JUDGED, Event.CLEARED) is Standing.UNCONFIRMED
