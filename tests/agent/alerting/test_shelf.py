"""An alert on the shelf: over in time whatever the clocks do, and back at once where the machine is worse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from one_alert import DIAGNOSIS

from agent.alerting.alerts import Decision
from agent.alerting.shelf import is_over, is_worse, moved, shelf_for
from agent.alerting.window_rules import DecisionConfig
from agent.types import Alert, Diagnosis, Figure

T0, HOUR_S = 1_700_000_000.0, 3600.0
SAME, OTHER = ("boot", T0 - 100.0), ("another", T0 - 5.0)
SHELF = shelf_for(8 * HOUR_S, windows=[DIAGNOSIS], wall_s=T0, origin=SAME)


def boot(offset_s: float = 0.0) -> tuple[str, float]:
    """The same start of the machine, with its wall clock set forward by so much."""
    return SAME[0], SAME[1] + offset_s


@pytest.mark.parametrize(
    ("passed_s", "set_s", "over"),
    [
        (0.0, 0.0, False),
        (7.9 * HOUR_S, 0.0, False),
        (8 * HOUR_S, 0.0, True),
        (HOUR_S, 86_400.0, False),
        (9 * HOUR_S, -86_400.0, True),
        (9 * HOUR_S, -3 * 365 * 86_400.0, True),
    ],
)
def test_a_clock_that_is_set_changes_nothing_as_long_as_the_machine_runs(passed_s, set_s, over):
    assert is_over(SHELF, wall_s=T0 + passed_s + set_s, origin=boot(set_s)) is over


@pytest.mark.parametrize(
    ("wall_s", "over"), [(T0 + HOUR_S, False), (T0 + 9 * HOUR_S, True), (T0 - 1.0, True), (0.0, True)]
)
def test_after_another_start_the_wall_clock_must_say_a_time_that_can_be(wall_s, over):
    assert is_over(SHELF, wall_s=wall_s, origin=OTHER) is over
    assert is_over(SHELF, wall_s=wall_s, origin=None) is over


def test_a_shelf_follows_a_clock_that_is_set_right():
    right = moved(SHELF, boot(1000.0))
    assert right.until_wall_s == SHELF.until_wall_s + 1000.0
    assert not is_over(right, wall_s=T0 + 1000.0 + 7.9 * HOUR_S, origin=boot(1000.0))
    assert moved(SHELF, OTHER) is SHELF


def deviating(*deviations: float | None) -> list[Diagnosis]:
    return [replace(DIAGNOSIS, deviation=deviation) for deviation in deviations]


def shaking(mm_s: float) -> Diagnosis:
    assert DIAGNOSIS.evidence is not None
    return replace(DIAGNOSIS, deviation=None, evidence=replace(DIAGNOSIS.evidence, velocity_rms=Figure(mm_s, "mm/s")))


def test_worse_is_twice_as_far_at_the_median():
    assert SHELF.deviation == 2.5
    assert not is_worse(SHELF, deviating(2.5, 4.9, 4.9))
    assert not is_worse(SHELF, deviating(2.5, 2.5, 900.0))  # a knock
    assert is_worse(SHELF, deviating(2.5, 5.0, 5.1))
    assert not is_worse(SHELF, deviating(None, None, None))


def test_what_has_no_healthy_state_is_worse_by_its_velocity():
    shelf = shelf_for(HOUR_S, windows=[shaking(8.0)], wall_s=T0, origin=None)
    assert not is_worse(shelf, [shaking(15.9)])
    assert is_worse(shelf, [shaking(16.0)])


def test_twice_nothing_is_nothing():
    shelf = shelf_for(HOUR_S, windows=deviating(0.1), wall_s=T0, origin=None)  # raised by its ISO zone
    assert not is_worse(shelf, deviating(0.3))
    assert is_worse(shelf, deviating(2.0))


@pytest.fixture
def decision() -> Decision:
    made = Decision("pump_de", DecisionConfig(raise_after=3, clear_after=3))
    for _ in range(3):
        made.feed(DIAGNOSIS)
    made.amend(made.open_alerts[0], acknowledged=True, by="Kim")
    made.shelve(made.open_alerts[0], seconds=HOUR_S, wall_s=T0, origin=SAME, by="Kim")
    return made


def heard(decision: Decision, deviation: float, windows: int) -> list[Alert]:
    fed = [replace(DIAGNOSIS, deviation=deviation)] * windows
    return [output for one in fed for output in decision.feed(one) if isinstance(output, Alert)]


def test_a_shelved_alert_that_is_worse_comes_back_once_as_if_nobody_had_seen_it(decision):
    assert decision.open_alerts[0].reason == "shelved"
    assert heard(decision, 2.9, 10) == []
    (back,) = heard(decision, 9.0, 6)
    assert (back.event, back.reason, back.shelf, back.severity) == ("updated", "worse", None, "alarm")
    assert (back.acknowledged, back.by) == (False, None)


def test_an_alarm_on_the_shelf_comes_back_where_it_doubles(decision):
    heard(decision, 4.0, 6)
    decision.shelve(decision.open_alerts[0], seconds=HOUR_S, wall_s=T0, origin=SAME, by=None)
    assert heard(decision, 7.9, 6) == []
    (back,) = heard(decision, 8.1, 6)
    assert (back.reason, back.shelf) == ("worse", None)


def test_a_restart_keeps_it_on_the_shelf_and_sees_it_grow(decision):
    again = Decision("pump_de", DecisionConfig(raise_after=3, clear_after=3))
    again.restore(decision.open_alerts)
    assert heard(again, 2.6, 3) == []
    assert again.open_alerts[0].shelf == decision.open_alerts[0].shelf
    assert [alert.reason for alert in heard(again, 6.0, 3)] == ["worse"]


def test_health_clears_it_and_it_is_on_no_shelf_then(decision):
    (cleared,) = heard(decision, 0.1, 3)
    assert (cleared.event, cleared.reason, cleared.shelf) == ("cleared", "recovered", None)
