"""Decision: what it must do, one case each, and what it must never do, over arbitrary diagnoses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import faults
from agent.alerting.alerts import Decision
from agent.alerting.window_rules import DecisionConfig, consensus
from agent.types import (
    HEALTHY,
    UNKNOWN,
    Alert,
    Diagnosis,
    Evidence,
    Figure,
    Match,
    Rate,
    Speed,
    SpeedQuestion,
    State,
    StateChange,
)

CONFIG = DecisionConfig(raise_after=3, raise_at_cusum=1.5, clear_after=4, lost_after_s=10.0)
NO_FIGURE = Figure(None, "1", "not_measured")
GOOD = Diagnosis(
    sensor="pump_de",
    bearing=None,
    window_start=0,
    session=7,
    wall_s=1000.0,
    time_s=0.0,
    quality=None,
    running=True,
    fault=HEALTHY,
    probability=0.9,
    matches=(Match(HEALTHY, 0.9, 0.9), Match("outer_race", 0.1, 0.1)),
    deviation=0.5,
    speed=Speed(1500.0, "config"),
    rate=Rate(25600.0, "declared"),
    evidence=None,
)


def test_a_doubted_speed_neither_interrupts_an_alert_nor_what_counts_towards_one() -> None:
    decision = Decision("pump_de", CONFIG)
    high = replace(GOOD, fault="outer_race", deviation=2.0)
    doubted = Speed(None, "unknown", asks=SpeedQuestion("contradicted", 1500.0, 2700.0), doubt="contradicted")
    aside = replace(high, speed=doubted, deviation=0.7)  # without a speed less is seen
    for diagnosis in (high, high, aside, aside):
        assert not [one for one in decision.feed(diagnosis) if isinstance(one, Alert)]
    (raised,) = [one for one in decision.feed(high) if isinstance(one, Alert)]
    assert raised.event == "raised"
    for diagnosis in (aside, replace(aside, deviation=2.0)) * 3:
        assert decision.feed(diagnosis) == []
    assert decision.state is State.FAULT
    for _ in range(CONFIG.clear_after - 1):
        decision.feed(GOOD)
    decision.feed(aside)  # nor does it count towards the end of one
    assert decision.open_alerts
    for _ in range(CONFIG.clear_after - 1):
        decision.feed(GOOD)
    assert decision.open_alerts


def named(fault: str, probability: float = 0.9, **changes: object) -> Diagnosis:
    other = HEALTHY if fault != HEALTHY else "outer_race"
    matches = (Match(fault if fault != UNKNOWN else "ball", 0.8, probability), Match(other, 0.1, 1 - probability))
    return replace(GOOD, fault=fault, probability=probability, matches=matches, **changes)  # type: ignore[arg-type] # any field


def in_zone(zone: str | None, **changes: object) -> Diagnosis:
    figure = Figure(5.0, "mm/s")
    evidence = Evidence((), "no_speed", figure, zone, None, NO_FIGURE, NO_FIGURE, NO_FIGURE)
    return replace(GOOD, evidence=evidence, **changes)  # type: ignore[arg-type] # any field


OUTER = named("outer_race", deviation=1.5)
BALL = named("ball", deviation=1.5)
MISALIGNED = named("misalignment", deviation=1.5)
NAMELESS = named(UNKNOWN, 0.3, deviation=1.5)
ABNORMAL = named(faults.ABNORMAL, 0.0, deviation=1.5)
IDLE = replace(GOOD, running=False, fault=UNKNOWN, matches=(), deviation=None)
BROKEN = replace(GOOD, quality="clipped", fault="invalid", matches=(), deviation=None)
UNSTEADY = replace(GOOD, speed=Speed(1500.0, "topic", steady=False))
UNCOMMISSIONED = named("outer_race", 0.99, deviation=None)


class Watch:
    """A Decision, and all that it ever said."""

    def __init__(self, config: DecisionConfig = CONFIG) -> None:
        self.decision = Decision("pump_de", config)
        self.alerts: list[Alert] = []
        self.changes: list[StateChange] = []
        self.count = 0

    def feed(self, *diagnoses: Diagnosis, times: int = 1) -> Watch:
        for diagnosis in list(diagnoses) * times:
            placed = replace(
                diagnosis, window_start=100 * self.count, time_s=float(self.count), wall_s=1000.0 + self.count
            )
            self.count += 1
            said = self.decision.feed(placed)
            self.alerts += [output for output in said if isinstance(output, Alert)]
            self.changes += [output for output in said if isinstance(output, StateChange)]
        return self

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(alert.event, alert.fault) for alert in self.alerts]

    @property
    def state(self) -> State:
        return self.decision.state


# ------------------------------------------------------------------------------------------------- raising and clearing


def test_alert_is_raised_once_after_enough_windows_and_cleared_after_enough() -> None:
    watch = Watch().feed(GOOD).feed(OUTER, times=2)
    assert (watch.events, watch.state) == ([], State.HEALTHY)
    watch.feed(OUTER)
    assert (watch.events, watch.state) == ([("raised", "outer_race")], State.FAULT)
    watch.feed(OUTER, times=50).feed(GOOD, times=3)
    assert (watch.events, watch.state) == ([("raised", "outer_race")], State.FAULT)
    watch.feed(GOOD)
    assert watch.events == [("raised", "outer_race"), ("cleared", "outer_race")]
    assert watch.state is State.HEALTHY
    assert watch.decision.open_alerts == ()


def test_alert_tells_when_and_what() -> None:
    watch = Watch().feed(GOOD).feed(OUTER, OUTER, NAMELESS)
    raised = watch.alerts[0]
    assert (raised.opened_wall_s, raised.wall_s, raised.time_s) == (1003.0, 1003.0, 3.0)
    assert raised.probability == pytest.approx(0.6)  # averaged over all three windows
    assert raised.diagnosis.fault == "outer_race"  # the latest window that says what the alert says
    assert watch.decision.open_alerts == (raised,)
    watch.feed(GOOD, times=4)
    cleared = watch.alerts[1]
    assert (cleared.id, cleared.opened_wall_s, cleared.wall_s) == (raised.id, 1003.0, 1007.0)


def test_window_between_the_limits_counts_for_neither() -> None:
    between = named("outer_race", deviation=0.9)
    watch = Watch().feed(OUTER, OUTER, between, times=20)
    assert watch.events == []
    watch.feed(OUTER, times=3).feed(between, times=20).feed(GOOD, between, times=3)
    assert watch.events == [("raised", "outer_race")]
    watch.feed(GOOD)
    assert watch.events[1:] == [("cleared", "outer_race")]


def test_window_over_the_limit_begins_the_count_to_clear_anew() -> None:
    watch = Watch().feed(OUTER, times=3).feed(GOOD, GOOD, GOOD, OUTER, times=20)
    assert watch.events == [("raised", "outer_race")]


def test_signal_that_flaps_around_the_limit_raises_at_most_once() -> None:
    limit, below = named("ball", deviation=1.0), named("ball", deviation=0.81)
    watch = Watch(DecisionConfig(raise_after=1, clear_after=1)).feed(limit, below, times=100)
    assert watch.events == [("raised", "ball")]


@pytest.mark.parametrize("pause", [IDLE, BROKEN, UNSTEADY, UNCOMMISSIONED])
def test_windows_that_cannot_be_judged_neither_count_nor_clear(pause: Diagnosis) -> None:
    watch = Watch().feed(OUTER).feed(pause, times=30).feed(OUTER).feed(pause, times=30)
    assert watch.events == []
    watch.feed(OUTER)
    assert watch.events == [("raised", "outer_race")]
    watch.feed(GOOD, times=3).feed(pause, times=30)
    assert watch.events == [("raised", "outer_race")]
    watch.feed(GOOD)
    assert watch.events[1:] == [("cleared", "outer_race")]


def test_stopping_and_starting_a_faulty_machine_keeps_its_one_alert() -> None:
    watch = Watch().feed(OUTER, times=5).feed(IDLE, times=100)
    watch.feed(OUTER, times=5)
    assert [change.state for change in watch.changes] == [State.ABNORMAL, State.FAULT, State.IDLE, State.FAULT]
    assert watch.events == [("raised", "outer_race")]


# ---------------------------------------------------------------------------------------------------- detect, then name


@pytest.mark.parametrize("nameless", [NAMELESS, ABNORMAL])
def test_deviation_that_fits_nothing_raises_without_a_name(nameless: Diagnosis) -> None:
    watch = Watch().feed(nameless, times=3)
    assert (watch.events, watch.state) == ([("raised", UNKNOWN)], State.ABNORMAL)
    assert watch.alerts[0].probability == 0.0


def test_deviation_that_looks_healthy_is_abnormal() -> None:
    watch = Watch().feed(named(HEALTHY, deviation=1.5), times=3)
    assert (watch.events, watch.state) == ([("raised", UNKNOWN)], State.ABNORMAL)


def test_name_alone_raises_nothing_where_the_baseline_says_normal() -> None:
    watch = Watch().feed(named("outer_race", 0.99, deviation=0.5), times=20)
    assert (watch.events, watch.state) == ([], State.HEALTHY)


def test_name_needs_more_than_half_of_the_windows() -> None:
    assert consensus([OUTER, BALL, OUTER], name_at=0.5)[0] == "outer_race"
    assert consensus([OUTER, MISALIGNED], name_at=0.5) == (UNKNOWN, 0.0)
    assert consensus([OUTER, named(HEALTHY, deviation=2.0), NAMELESS], name_at=0.5) == (UNKNOWN, 0.0)
    assert consensus([OUTER, ABNORMAL, ABNORMAL], name_at=0.0) == (UNKNOWN, 0.0)


def test_windows_that_disagree_on_the_child_agree_on_the_parent() -> None:
    bearing = named("bearing", 0.6, deviation=1.5)
    assert consensus([OUTER, BALL], name_at=0.5) == ("bearing", pytest.approx(0.9))
    assert consensus([OUTER, bearing], name_at=0.5) == ("bearing", pytest.approx(0.75))
    assert consensus([OUTER, OUTER, bearing], name_at=0.5) == ("outer_race", pytest.approx(0.6))
    assert consensus([named("imbalance"), named("looseness")], name_at=0.5)[0] == "rotor"
    assert consensus([OUTER, BALL, MISALIGNED], name_at=0.5) == ("bearing", pytest.approx(0.6))
    assert consensus([OUTER, BALL, MISALIGNED, ABNORMAL], name_at=0.5) == (UNKNOWN, 0.0)
    assert consensus([OUTER, BALL], name_at=0.95) == (UNKNOWN, 0.0)


def test_an_alert_bears_the_parent_that_its_windows_agree_on() -> None:
    watch = Watch().feed(OUTER, BALL, named("bearing", deviation=1.5))
    assert (watch.events, watch.state) == ([("raised", "bearing")], State.FAULT)


def test_an_alert_names_only_what_is_likelier_than_all_else_together() -> None:
    watch = Watch().feed(named("outer_race", 0.45, deviation=1.5), times=3)
    assert (watch.events, watch.state) == ([("raised", UNKNOWN)], State.ABNORMAL)
    assert Watch().feed(named("outer_race", 0.55, deviation=1.5), times=3).events == [("raised", "outer_race")]
    assert consensus([named(HEALTHY, 0.9, deviation=1.5), OUTER, OUTER], name_at=0.8)[0] == "outer_race"
    lenient = [named("outer_race", 0.35, deviation=1.5)] * 3
    assert consensus(lenient, name_at=0.3) == ("outer_race", pytest.approx(0.35))


def test_changed_name_updates_the_open_alert_once_it_has_held() -> None:
    watch = Watch().feed(OUTER, times=3).feed(BALL, times=3)
    assert watch.events == [("raised", "outer_race")]
    watch.feed(BALL)
    assert watch.events == [("raised", "outer_race"), ("updated", "ball")]
    raised, updated = watch.alerts
    assert (updated.id, updated.opened_wall_s) == (raised.id, raised.opened_wall_s)
    assert updated.wall_s != raised.wall_s
    assert updated.diagnosis.fault == "ball"
    assert watch.decision.open_alerts == (updated,)
    assert watch.changes[-1].reason == "ball"


def test_windows_that_agree_on_no_name_leave_an_alert_the_one_it_has() -> None:
    watch = Watch().feed(OUTER, times=3).feed(NAMELESS, times=50)
    assert watch.events == [("raised", "outer_race")]
    watch.feed(replace(NAMELESS, deviation=9.0), times=50)
    raised, worse = watch.alerts
    assert (worse.event, worse.severity) == ("updated", "alarm")
    assert (worse.fault, worse.probability) == (raised.fault, raised.probability)
    assert worse.probability > 0
    assert watch.state == State.FAULT
    watch.feed(BALL, times=4)
    assert watch.events[-1] == ("updated", "ball")
    assert Watch().feed(*[NAMELESS] * 40).feed(OUTER, times=4).events[-1] == ("updated", "outer_race")


def test_name_that_keeps_changing_is_told_ever_more_rarely() -> None:
    watch = Watch().feed(OUTER, times=3)
    for _ in range(200):
        watch.feed(BALL, times=4).feed(OUTER, times=4)
    assert len(watch.alerts) < 5


def test_warning_that_grows_becomes_an_alarm() -> None:
    loud = named("outer_race", deviation=3.5)
    watch = Watch().feed(OUTER, times=3).feed(loud, OUTER, OUTER, times=5)
    assert [a.severity for a in watch.alerts] == ["warning"]
    watch.feed(loud, times=10).feed(OUTER, times=10)
    assert [(a.event, a.severity) for a in watch.alerts] == [("raised", "warning"), ("updated", "alarm")]
    assert Watch().feed(OUTER, loud, loud).alerts[0].severity == "alarm"


# ------------------------------------------------------------------------------------------------------------- severity


def test_alarm_does_not_change_the_name_before_its_time() -> None:
    watch = Watch().feed(OUTER, times=3).feed(named("ball", deviation=3.5), times=4)
    assert [(a.event, a.fault, a.severity) for a in watch.alerts] == [
        ("raised", "outer_race", "warning"),
        ("updated", "outer_race", "alarm"),
        ("updated", "ball", "alarm"),
    ]


def test_severe_zone_raises_whatever_the_deviation_and_is_an_alarm() -> None:
    watch = Watch().feed(in_zone("D"), times=3)
    assert [(a.event, a.fault, a.severity) for a in watch.alerts] == [("raised", UNKNOWN, "alarm")]
    assert Watch().feed(in_zone("C"), times=9).events == []


def test_zone_c_is_a_warning_where_it_is_configured() -> None:
    watch = Watch(DecisionConfig(raise_after=3, severity_zone="C")).feed(in_zone("C"), times=3)
    assert [a.severity for a in watch.alerts] == ["warning"]
    watch.feed(in_zone("D"), times=3)
    assert [a.severity for a in watch.alerts] == ["warning", "alarm"]


def test_severity_can_be_switched_off() -> None:
    assert Watch(DecisionConfig(raise_after=3, severity_zone=None)).feed(in_zone("D"), times=9).events == []


def test_zone_just_below_does_not_end_what_severity_raised() -> None:
    watch = Watch().feed(in_zone("D"), times=3).feed(in_zone("C"), times=20)
    assert len(watch.events) == 1
    watch.feed(in_zone("B"), times=4)
    assert watch.events[1:] == [("cleared", UNKNOWN)]
    watch.feed(in_zone("C"), times=20)
    assert watch.state is State.HEALTHY
    grown = Watch().feed(OUTER, times=3).feed(in_zone("D")).feed(in_zone("C"), times=20)
    assert grown.events == [("raised", "outer_race")]
    deviated = Watch().feed(OUTER, times=3).feed(in_zone("C"), times=4)
    assert deviated.events == [("raised", "outer_race"), ("cleared", "outer_race")]


def test_transmitter_is_judged_by_severity_alone() -> None:
    scalar = {"fault": UNKNOWN, "matches": (), "deviation": None, "probability": 0.0}
    watch = Watch().feed(in_zone("A", **scalar), times=3)
    assert watch.state is State.HEALTHY
    watch.feed(in_zone("D", **scalar), times=3)
    assert (watch.events, watch.state) == ([("raised", UNKNOWN)], State.ABNORMAL)
    watch.feed(in_zone("B", **scalar), times=4)
    assert watch.events[1:] == [("cleared", UNKNOWN)]
    unlimited = Watch().feed(in_zone(None, **scalar), times=9)
    assert (unlimited.state, unlimited.changes[-1].reason) == (State.LEARNING, "no_severity_limit")


# ------------------------------------------------------------------------------------------------------- uncommissioned


@pytest.mark.parametrize("diagnosis", [UNCOMMISSIONED, in_zone("D", deviation=None)])
def test_uncommissioned_sensor_raises_nothing(diagnosis: Diagnosis) -> None:
    watch = Watch().feed(diagnosis, times=20)
    assert (watch.events, watch.state) == ([], State.LEARNING)


def test_uncommissioned_sensor_may_be_told_to_go_by_the_descriptions() -> None:
    watch = Watch(DecisionConfig(raise_after=3, clear_after=5, alert_uncommissioned=True)).feed(
        named(HEALTHY, deviation=None), times=5
    )
    assert watch.state is State.LEARNING
    watch.feed(named("outer_race", 0.7, deviation=None), times=20)
    watch.feed(named(UNKNOWN, 0.99, deviation=None), times=20)
    assert watch.events == []
    watch.feed(UNCOMMISSIONED, times=3)
    assert (watch.events, watch.state) == ([("raised", "outer_race")], State.FAULT)
    watch.feed(named(HEALTHY, deviation=None), times=5)
    assert watch.events[1:] == [("cleared", "outer_race")]


def test_uncommissioned_sensor_that_may_alert_also_goes_by_severity() -> None:
    watch = Watch(DecisionConfig(raise_after=3, clear_after=5, alert_uncommissioned=True)).feed(
        in_zone("D", deviation=None), times=3
    )
    assert watch.events == [("raised", UNKNOWN)]


def test_alert_that_came_to_rest_on_a_deviation_needs_a_baseline_to_end() -> None:
    watch = (
        Watch(DecisionConfig(raise_after=3, clear_after=5, alert_uncommissioned=True))
        .feed(UNCOMMISSIONED, times=3)
        .feed(OUTER)
    )
    watch.feed(named(HEALTHY, deviation=None), times=50)
    assert watch.events == [("raised", "outer_race")]


def test_description_alone_cannot_end_what_a_deviation_raised() -> None:
    watch = Watch(DecisionConfig(raise_after=3, clear_after=5, alert_uncommissioned=True)).feed(OUTER, times=3)
    watch.feed(named(HEALTHY, deviation=None), times=50)
    assert (watch.events, watch.state) == ([("raised", "outer_race")], State.LEARNING)


# --------------------------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("diagnosis", "state", "reason"),
    [
        (GOOD, State.HEALTHY, None),
        (IDLE, State.IDLE, None),
        (BROKEN, State.INVALID, "clipped"),
        (replace(BROKEN, quality=None), State.INVALID, "invalid"),
        (replace(BROKEN, running=False), State.INVALID, "clipped"),
        (UNSTEADY, State.UNSTEADY, "speed"),
        (UNCOMMISSIONED, State.LEARNING, "no_baseline"),
        (replace(GOOD, deviation=float("nan")), State.INVALID, "not_finite"),
        (replace(GOOD, deviation=float("inf")), State.INVALID, "not_finite"),
        (OUTER, State.ABNORMAL, "unconfirmed"),
    ],
)
def test_state_of_one_window(diagnosis: Diagnosis, state: State, reason: str | None) -> None:
    watch = Watch().feed(diagnosis)
    assert [(change.state, change.reason) for change in watch.changes] == [(state, reason)]
    assert watch.state is state


def test_state_changes_are_told_once() -> None:
    watch = Watch().feed(GOOD, times=5).feed(BROKEN, times=5).feed(replace(BROKEN, quality="dead_axis"), times=5)
    assert [c.reason for c in watch.changes] == [None, "clipped", "dead_axis"]


def test_machine_over_the_limit_after_a_pause_is_not_called_healthy_unseen() -> None:
    watch = Watch().feed(GOOD, IDLE, OUTER)
    assert watch.state is State.ABNORMAL


def test_lost_by_time_and_found_again() -> None:
    watch = Watch().feed(GOOD)
    decision = watch.decision
    assert decision.tick(10.0) == []
    (lost,) = decision.tick(10.1)
    assert isinstance(lost, StateChange)
    assert (lost.state, lost.reason, lost.time_s) == (State.LOST, "no_data", 10.1)
    assert decision.tick(99.0) == []
    watch.feed(OUTER)
    assert watch.changes[-1].state is State.ABNORMAL


def test_window_that_comes_late_does_not_age_the_sensor() -> None:
    decision = Watch().feed(GOOD).decision
    decision.feed(replace(GOOD, time_s=100.0))
    decision.feed(replace(GOOD, time_s=50.0))
    assert decision.tick(109.0) == []


def test_sensor_that_was_never_heard_is_lost_from_its_first_tick_on() -> None:
    decision = Decision("pump_de", CONFIG)
    assert decision.state is State.LOST
    assert decision.tick(500.0) == []
    assert [change.reason for change in decision.tick(511.0, "no_window")] == ["no_window"]


def test_lost_keeps_the_alert() -> None:
    watch = Watch().feed(OUTER, times=3)
    watch.decision.tick(1e6)
    assert (watch.state, len(watch.decision.open_alerts)) == (State.LOST, 1)


# ------------------------------------------------------------------------------------------- several bearings, restarts


def test_each_bearing_has_its_own_alert_and_the_worst_is_the_state() -> None:
    drive, fan = replace(OUTER, bearing="de"), replace(GOOD, bearing="nde")
    watch = Watch().feed(drive, fan, times=5)
    assert [(a.event, a.bearing) for a in watch.alerts] == [("raised", "de")]
    assert watch.state is State.FAULT
    watch.feed(replace(GOOD, bearing="de"), replace(BALL, bearing="nde"), times=4)
    assert [(a.event, a.bearing) for a in watch.alerts[1:]] == [("raised", "nde"), ("cleared", "de")]
    assert len({a.id for a in watch.alerts}) == 2
    assert watch.state is State.FAULT


@pytest.mark.parametrize("other", [IDLE, BROKEN, UNSTEADY])
def test_halfway_through_a_window_no_state_is_shown_that_no_bearing_has(other: Diagnosis) -> None:
    watch = Watch().feed(replace(OUTER, bearing="de"), replace(GOOD, bearing="nde"), times=5)
    before = len(watch.changes)
    watch.feed(replace(other, bearing="de"), replace(other, bearing="nde"))
    watch.feed(replace(OUTER, bearing="de"), replace(GOOD, bearing="nde"))
    states = [change.state for change in watch.changes[before:]]
    assert State.HEALTHY not in states
    assert len(states) == 2


def test_restart_keeps_the_alert_under_its_id() -> None:
    before = Watch().feed(OUTER, times=5)
    after = Watch()
    after.decision.restore(before.decision.open_alerts)
    after.feed(OUTER, times=5)
    assert (after.events, after.state) == ([], State.FAULT)
    after.feed(GOOD, times=4)
    assert [(a.event, a.id) for a in after.alerts] == [("cleared", before.alerts[0].id)]


def test_restart_shows_the_fault_before_its_bearing_is_heard_again() -> None:
    before = Watch().feed(replace(OUTER, bearing="de"), times=3)
    after = Watch()
    after.decision.restore(before.decision.open_alerts)
    assert after.feed(replace(GOOD, bearing="nde")).state is State.FAULT


def test_one_window_after_a_restart_changes_no_alert() -> None:
    after = Watch()
    after.decision.restore(Watch().feed(OUTER, times=3).decision.open_alerts)
    after.feed(named("ball", deviation=9.0), times=2)
    assert after.events == []


def test_restart_takes_up_no_alert_that_was_closed() -> None:
    before = Watch().feed(OUTER, times=3).feed(GOOD, times=4)
    after = Watch()
    after.decision.restore(before.alerts[-1:])
    assert after.decision.open_alerts == ()


def test_same_stream_gives_same_ids_and_other_streams_others() -> None:
    def ids(diagnosis: Diagnosis) -> list[str]:
        return [a.id for a in Watch().feed(diagnosis, times=3).alerts]

    assert ids(OUTER) == ids(OUTER)
    assert len({*ids(OUTER), *ids(replace(OUTER, session=8)), *ids(replace(OUTER, bearing="de"))}) == 3
    twice = Watch(DecisionConfig(raise_after=1, clear_after=1)).feed(OUTER, GOOD, OUTER, GOOD)
    assert len({a.id for a in twice.alerts}) == 2
    assert all(len(a.id) == 16 and int(a.id, 16) >= 0 for a in twice.alerts)


def test_device_that_counts_from_zero_again_gives_new_ids() -> None:
    decision = Decision("pump_de", DecisionConfig(raise_after=1, clear_after=1))
    alerts = [a for d in (OUTER, GOOD, OUTER) for a in decision.feed(d) if isinstance(a, Alert)]
    assert [a.event for a in alerts] == ["raised", "cleared", "raised"]
    assert alerts[0].id != alerts[2].id


def test_what_an_alert_rested_on_is_forgotten_with_it() -> None:
    watch = Watch(DecisionConfig(raise_after=2, clear_after=2, alert_uncommissioned=True))
    watch.feed(GOOD).feed(OUTER, times=2).feed(GOOD, times=2)
    assert [event for event, _ in watch.events] == ["raised", "cleared"]
    assert watch.feed(UNCOMMISSIONED, times=2).events[-1] == ("raised", "outer_race")


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="clear_below"):
        DecisionConfig(detect_at=0.5, clear_below=0.8)


# ------------------------------------------------------------------------------------------------ whatever is fed to it

numbers = st.one_of(
    st.sampled_from([0.0, 0.79, 0.8, 0.9, 1.0, 1.1, 3.0, 9.0]), st.floats(allow_nan=True, allow_infinity=True)
)
diagnoses = st.builds(
    lambda base, zone, **changes: replace(in_zone(zone), **{**vars_of(base), **changes}),
    st.sampled_from([GOOD, OUTER, BALL, NAMELESS, named(HEALTHY)]),
    st.sampled_from([None, "A", "B", "C", "D"]),
    bearing=st.sampled_from([None, "de", "nde"]),
    quality=st.sampled_from([None, None, None, None, "clipped"]),
    running=st.sampled_from([True, True, True, False]),
    deviation=st.one_of(st.none(), numbers),
    speed=st.sampled_from([Speed(1500.0, "config"), Speed(1500.0, "config"), Speed(None, "unknown", steady=False)]),
)


def vars_of(base: Diagnosis) -> dict[str, object]:
    return {"fault": base.fault, "probability": base.probability, "matches": base.matches}


configs = st.builds(
    DecisionConfig,
    raise_after=st.integers(1, 3),
    clear_after=st.integers(1, 3),
    severity_zone=st.sampled_from(["C", "D", None]),
    alert_uncommissioned=st.booleans(),
)


@given(configs, st.lists(st.one_of(diagnoses, st.floats(0, 30)), max_size=60), st.data())
def test_whatever_is_fed_alerts_and_states_keep_their_promises(
    config: DecisionConfig, items: Sequence[Diagnosis | float], data: st.DataObject
) -> None:
    decision = Decision("pump_de", config)
    opened: dict[str | None, Alert] = {}
    ids: set[str] = set()
    commissioned = False
    now_s = 0.0
    for index, item in enumerate(items):
        if isinstance(item, float):
            now_s += item
            said: list[Alert | StateChange] = [*decision.tick(now_s)]
            assert all(isinstance(s, StateChange) and s.state is State.LOST for s in said)
            continue
        if data.draw(st.integers(0, 4)) == 0:
            restarted = Decision("pump_de", config)
            restarted.restore(decision.open_alerts)
            decision = restarted
        diagnosis = replace(item, window_start=index, time_s=now_s)
        commissioned |= diagnosis.deviation is not None
        for output in decision.feed(diagnosis):
            if isinstance(output, StateChange):
                continue
            assert output.bearing == diagnosis.bearing
            if output.event == "raised":
                assert output.bearing not in opened
                assert output.id not in ids
                assert commissioned or config.alert_uncommissioned
                opened[output.bearing] = output
                ids.add(output.id)
            else:
                assert output.id == opened[output.bearing].id
                assert output.opened_wall_s == opened[output.bearing].opened_wall_s
            if output.event == "cleared":
                del opened[output.bearing]
                assert diagnosis.deviation is None or diagnosis.deviation < config.clear_below
        assert {a.bearing: a.id for a in decision.open_alerts} == {b: a.id for b, a in opened.items()}
        judged = diagnosis.quality is None and diagnosis.running and diagnosis.speed.steady
        if not judged or diagnosis.deviation != diagnosis.deviation:
            assert decision.state is not State.HEALTHY
        if decision.state is State.HEALTHY:
            assert not opened


@given(st.lists(st.sampled_from([GOOD, OUTER, BALL, NAMELESS, IDLE, BROKEN, UNSTEADY, UNCOMMISSIONED]), max_size=80))
def test_windows_that_cannot_be_judged_change_no_alert(items: list[Diagnosis]) -> None:
    countable = [d for d in items if d in (GOOD, OUTER, BALL, NAMELESS)]
    assert Watch().feed(*items).events == Watch().feed(*countable).events


# -------------------------------------------------------------------------------------------- ended by somebody's word


def test_a_repair_ends_what_is_open_with_its_reason_and_counts_afresh() -> None:
    watch = Watch().feed(*[OUTER] * 3, *[replace(BALL, bearing="nde")] * 2)
    (alert,) = watch.decision.open_alerts
    cleared, change = watch.decision.close("repaired", time_s=99.0, wall_s=5000.0)
    assert isinstance(cleared, Alert)
    assert (cleared.id, cleared.event, cleared.reason) == (alert.id, "cleared", "repaired")
    assert (cleared.time_s, cleared.wall_s) == (99.0, 5000.0)
    assert isinstance(change, StateChange)
    assert (change.state, change.reason) == (State.LEARNING, "no_baseline")
    assert watch.decision.open_alerts == ()
    watch.feed(replace(BALL, bearing="nde"), replace(BALL, bearing="nde"))
    assert watch.decision.open_alerts == ()  # two and two windows are not three in succession


@pytest.mark.parametrize("before", [(), (GOOD,)])
@pytest.mark.parametrize(
    ("last", "shown"),
    [
        ((), (State.ABNORMAL, "unconfirmed")),
        ((GOOD,), (State.HEALTHY, None)),
        ((GOOD, UNSTEADY), (State.UNSTEADY, "speed")),
        ((GOOD, UNSTEADY, OUTER), (State.ABNORMAL, "unconfirmed")),
        ((IDLE,), (State.IDLE, None)),
        ((UNCOMMISSIONED,), (State.LEARNING, "no_baseline")),  # a speed at which nothing was learnt
    ],
)
def test_an_alert_closed_by_hand_leaves_what_was_heard_last(
    before: tuple[Diagnosis, ...], last: tuple[Diagnosis, ...], shown: tuple[State, str | None]
) -> None:
    """What it is held against is known as before, so that it is not learning."""
    watch = Watch().feed(*before, *[OUTER] * 3, *last)
    watch.decision.close("closed", time_s=99.0, wall_s=None)
    assert watch.decision.counted.entered == shown
    if last == ():
        watch.feed(OUTER)
        assert watch.decision.counted.entered == shown  # nobody's word has made it healthy


def test_one_closed_before_anything_is_heard_after_a_restart_is_not_learning() -> None:
    watch, again = Watch().feed(*[OUTER] * 3), Watch()
    again.decision.restore(watch.decision.open_alerts)
    again.decision.close("closed", time_s=1.0, wall_s=None)
    again.decision.feed(replace(GOOD, bearing="nde"))
    assert again.state is State.ABNORMAL


def test_what_is_forgotten_is_no_longer_said_to_be_healthy() -> None:
    watch = Watch().feed(GOOD)
    assert watch.decision.state is State.HEALTHY
    assert [output.state for output in watch.decision.close("forgotten", time_s=9.0, wall_s=None)] == [State.LEARNING]  # type: ignore[union-attr] # no alert
    assert Watch().decision.close("forgotten", time_s=9.0, wall_s=None) == []


def test_a_speed_that_is_forgotten_ends_only_what_was_seen_there() -> None:
    watch = Watch().feed(*[OUTER] * 3)
    assert watch.decision.close("forgotten", time_s=9.0, wall_s=None, rpm=1000.0) == []
    assert len(watch.decision.open_alerts) == 1
    assert watch.decision.close("forgotten", time_s=9.0, wall_s=None, rpm=1480.0)
    assert watch.decision.open_alerts == ()


def test_a_sensor_that_is_lost_stays_lost_whatever_is_said() -> None:
    watch = Watch().feed(*[OUTER] * 3)
    watch.decision.tick(100.0)
    (cleared,) = watch.decision.close("repaired", time_s=101.0, wall_s=None)
    assert isinstance(cleared, Alert)
    assert watch.decision.state is State.LOST
