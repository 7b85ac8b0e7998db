"""How much lies over the limit altogether, before an alert without a name is raised."""

from __future__ import annotations

from dataclasses import replace

import pytest
from one_alert import ALERT

from agent.alerting.alerts import Decision
from agent.alerting.cusum import is_enough, with_window
from agent.alerting.window_rules import SNAPSHOT_COUNTS, DecisionConfig, Level
from agent.faults import ABNORMAL, HEALTHY
from agent.types import Alert, Diagnosis

DEFAULT = DecisionConfig()
NAMED = ALERT.diagnosis.fault


def window(deviation: float | None, fault: str = ABNORMAL) -> Diagnosis:
    return replace(ALERT.diagnosis, fault=fault, deviation=deviation, evidence=None)


def raised_after(diagnoses: list[Diagnosis], config: DecisionConfig = DEFAULT) -> int | None:
    """The number of windows after which an alert was raised; None: none was."""
    decision = Decision("pump_de", config)
    for number, one in enumerate(diagnoses, start=1):
        placed = replace(one, window_start=number, time_s=number / 2)
        if any(isinstance(output, Alert) for output in decision.feed(placed)):
            return number
    return None


@pytest.mark.parametrize(
    ("deviation", "windows"), [(50.0, 6), (15.0, 6), (11.0, 8), (9.0, 10), (5.0, 20), (2.0, 80), (1.5, 160)]
)
def test_the_nearer_to_the_limit_the_longer_it_takes_without_a_name(deviation: float, windows: int) -> None:
    assert raised_after([window(deviation)] * 300) == windows
    assert raised_after([window(deviation, NAMED)] * 300) == 6


def test_what_passes_the_limit_and_is_gone_raises_nothing_however_often_it_comes() -> None:
    """As lines that drift across the machine's own: twelve seconds at four times the limit, every minute and a half."""
    passing = [window(4.0)] * 24 + [window(0.5, HEALTHY)] * 156
    assert raised_after(passing * 20) is None
    assert raised_after([window(4.0)] * 40) == 27


def test_what_hovers_about_the_limit_is_raised_in_the_end() -> None:
    """As damage that has begun: over the limit for four seconds, just below it for one."""
    assert raised_after(([window(2.0)] * 8 + [window(0.9, HEALTHY)] * 2) * 60) == 106


def test_a_lone_knock_does_not_make_the_next_windows_sure() -> None:
    knock = [window(100.0)] * 4
    assert raised_after([*knock, *[window(1.1)] * 20]) is None
    assert raised_after([*knock, *[window(0.5, HEALTHY)] * 40, *[window(1.9)] * 20]) is None


def test_a_severe_zone_needs_no_sum() -> None:
    assert ALERT.diagnosis.evidence is not None
    zone_d = replace(ALERT.diagnosis.evidence, iso_zone="D")
    assert raised_after([replace(window(1.1), evidence=zone_d)] * 20) == 6


def test_without_it_the_windows_alone_count() -> None:
    assert raised_after([window(1.01)] * 20, DecisionConfig(raise_at_cusum=0.0)) == 6


@pytest.mark.parametrize("raise_after", [1, 3, 6, 7, 11, 100])
@pytest.mark.parametrize("enough", [0.1, 20.0, 24.0, 1e6])
def test_the_least_number_of_windows_is_reached_whatever_the_sum_is(raise_after: int, enough: float) -> None:
    """Shares of the sum are rounded, and must not make it one window more."""
    config, total = DecisionConfig(raise_after=raise_after, raise_at_cusum=enough), 0.0
    for _ in range(raise_after):
        assert not is_enough(total, config)
        total = with_window(total, window(1e7), Level.HIGH, config)
    assert is_enough(total, config)


def test_snapshots_are_sure_by_their_number() -> None:
    config = DecisionConfig(**SNAPSHOT_COUNTS)  # type: ignore[arg-type] # each is what its key wants
    assert raised_after([window(1.1)] * 10, config) == 3
