"""What healthy states are good for at a speed: a limit near it, the shaft's orders nearer, bearings from afar."""

from __future__ import annotations

import numpy as np
import pytest

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.coverage import Coverage, LearntSpeed, commissioned_anyway, coverage_at, learnt_speeds
from agent.dsp.features import Features
from agent.types import Doubt

FEATURES = Features(np.ones(2, np.float32), np.ones(2, np.bool_), shaft_db=np.zeros(5))
DOUBT = Doubt("impacts", "de", 1500.0, 20, 20, impulses=1.0, limit=0.3)


def learnt(*speeds: float | None, windows: int = MIN_WINDOWS) -> Baseline:
    baseline = Baseline()
    for rpm in speeds:
        for _ in range(windows):
            baseline = baseline.learn(FEATURES, rpm=rpm, rms=1.0)
    return baseline


KNOWN = {"de": learnt(1000.0, 1500.0), "nde": learnt(1000.0, 1500.0)}


@pytest.mark.parametrize(
    ("rpm", "limit", "shaft_orders", "bearings"),
    [
        (1500.0, True, True, True),
        (1540.0, True, True, True),
        (1560.0, True, False, True),  # 4 % off: a resonance may lie between, for the shaft's own lines
        (1250.0, False, False, True),  # between two commissioned speeds
        (3000.0, False, False, True),
        (9000.0, False, False, False),
        (None, False, False, True),
    ],
)
def test_only_what_physics_lets_carry_over_does(
    rpm: float | None, limit: bool, shaft_orders: bool, bearings: bool
) -> None:
    assert coverage_at(rpm, KNOWN) == Coverage(rpm, limit, shaft_orders, bearings)


def test_where_nothing_was_learnt_nothing_is_covered() -> None:
    assert coverage_at(1500.0, {}) == Coverage(1500.0, limit=False, shaft_orders=False, bearings=False)
    few = {"de": learnt(1500.0, windows=MIN_WINDOWS - 1)}
    assert coverage_at(1500.0, few) == Coverage(1500.0, limit=False, shaft_orders=False, bearings=False)
    assert learnt_speeds(few) == ()


def test_a_bearing_that_knows_less_than_the_others_limits_what_is_covered() -> None:
    assert not coverage_at(1500.0, {**KNOWN, "third": learnt(1000.0)}).limit


def test_what_an_older_agent_kept_has_no_shaft_orders_to_compare_with() -> None:
    bare = Features(FEATURES.values, FEATURES.known)
    baseline = Baseline()
    for _ in range(MIN_WINDOWS):
        baseline = baseline.learn(bare, rpm=1500.0, rms=1.0)
    assert coverage_at(1500.0, {None: baseline}) == Coverage(1500.0, limit=True, shaft_orders=False, bearings=True)


def test_speeds_are_told_once_for_all_bearings_with_what_stood_against_them() -> None:
    doubted = {"de": KNOWN["de"].doubted([DOUBT]), "nde": learnt(1500.0, 1000.0, windows=9)}
    assert learnt_speeds(doubted) == (
        LearntSpeed(1000.0, MIN_WINDOWS),
        LearntSpeed(1500.0, MIN_WINDOWS, commissioned_anyway=(DOUBT,)),
    )
    assert commissioned_anyway(doubted) == (DOUBT,)
    assert learnt_speeds({None: learnt(None)}) == (LearntSpeed(None, MIN_WINDOWS),)


def test_a_speed_that_is_withheld_is_held_against_all_that_were_learnt() -> None:
    assert coverage_at(None, KNOWN, at_any_speed=True).limit
    assert not coverage_at(None, KNOWN).limit
    few = {"de": learnt(1000.0, windows=MIN_WINDOWS - 1)}
    assert not coverage_at(None, few, at_any_speed=True).limit
