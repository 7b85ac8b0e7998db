"""Bearing lines against a name: what they say, above what, and that nothing is said where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct

from agent.diagnosis.line_check import heights_of, line_heights, mean_heights, objection_to, opposition
from agent.diagnosis.matching import Calibration, LineLimits
from agent.dsp.features import Features, feature_names
from agent.dsp.spectra import FeatureSpec
from agent.types import LineHeights, Objection

SPEC = FeatureSpec()
NAMES = feature_names(SPEC)
LIMITS = LineLimits(named=1.0, unnamed=2.0, absent={"inner_race": 0.5})
TOLD = Calibration(0.1, 0.0, 0.0, lines=LIMITS)


def window(**heights: float) -> Features:
    values = np.zeros(len(NAMES), np.float32)
    for pattern, height in heights.items():
        values[NAMES.index(f"comb/{pattern}/mean")] = height
    return Features(values, np.ones(len(NAMES), np.bool_))


def standing(inner: float, outer: float, ball: float, *, told: bool = True) -> LineHeights:
    return LineHeights(inner, outer, ball, told)


@pytest.mark.parametrize(
    ("fault", "heights", "reason", "lines"),
    [
        ("inner_race", standing(1, 3, 0), "lines_contradict", "outer_race"),
        ("ball", standing(3, 1, 1.5), "lines_contradict", "inner_race"),
        ("ball", standing(3, 1, 9), "lines_contradict", "inner_race"),  # its own lines may be an inner race's, too
        ("ball", standing(2, 1, 9), None, ""),
        ("inner_race", standing(2, 3, 0), None, ""),  # as far above as it may be
        ("inner_race", standing(0.4, 0.2, 0.3), "lines_missing", "ball"),
        ("outer_race", standing(0.0, 0.2, 0.3), None, ""),  # nothing is asked of it
        ("ball", standing(0.0, 0.0, 0.0), None, ""),  # a ball turns its damage away
        ("healthy", standing(0, 0, 2.5), "lines_contradict", "ball"),
        ("imbalance", standing(0, 2.5, 0), "lines_contradict", "outer_race"),
        ("healthy", standing(0, 0, 1.5), None, ""),
        ("cage", standing(0, 0, 1.5), None, ""),
        ("described later", standing(9, 0, 0), None, ""),
        ("unknown", standing(9, 0, 0), None, ""),
    ],
)
def test_what_lines_say_against_a_name(fault: str, heights: LineHeights, reason: str | None, lines: str) -> None:
    said = objection_to(fault, heights, TOLD)
    assert said == (None if reason is None else Objection(reason, fault, lines))  # type: ignore[arg-type]


def test_each_limit_may_be_missing_and_without_any_nothing_is_said() -> None:
    strange = standing(1, 4, 0)
    assert objection_to("inner_race", strange, Calibration(0.1, 0.0, 0.0)) is None
    assert objection_to("inner_race", None, TOLD) is None
    for key, fault, heights in (
        ("named", "inner_race", strange),
        ("unnamed", "healthy", standing(3, 0, 0)),
    ):
        assert objection_to(fault, heights, TOLD) is not None
        without = replace_struct(TOLD, lines=replace_struct(LIMITS, **{key: None}))
        assert objection_to(fault, heights, without) is None


def test_where_no_healthy_state_is_known_other_limits_hold() -> None:
    high, loose = standing(0, 2.5, 0, told=False), replace_struct(LIMITS, unnamed=3.0)
    assert objection_to("healthy", high, TOLD) is None
    assert objection_to("healthy", high, replace_struct(TOLD, blind_lines=LIMITS)) is not None
    assert objection_to("healthy", high, replace_struct(TOLD, blind_lines=loose)) is None


def test_healthy_within_the_baseline_of_this_speed_stays_healthy() -> None:
    heights = standing(0, 5, 0)
    assert objection_to("healthy", heights, TOLD) is not None
    assert objection_to("healthy", heights, TOLD, within_baseline=True) is None
    assert objection_to("inner_race", heights, TOLD, within_baseline=True) is not None


def test_lines_are_read_above_the_healthy_machine_where_it_is_known_whole() -> None:
    seen, healthy = window(bpfo=3.0, bsf_even=1.0), window(bpfo=2.5, bpfi=-1.0)
    found = heights_of(seen, healthy, SPEC)
    assert found == LineHeights(1.0, 0.5, 1.0, True)
    assert heights_of(seen, None, SPEC) == LineHeights(0.0, 3.0, 1.0, False)
    partly = Features(healthy.values, healthy.known & (np.arange(len(NAMES)) != NAMES.index("comb/bpfi/mean")))
    assert heights_of(seen, partly, SPEC) == LineHeights(0.0, 3.0, 1.0, False)


def test_without_geometry_there_are_no_heights() -> None:
    seen = window(bpfo=3.0)
    blind = Features(seen.values, seen.known & (np.arange(len(NAMES)) != NAMES.index("comb/bpfo/mean")))
    assert heights_of(blind, None, SPEC) is None
    table, told = line_heights(np.stack([seen.values] * 2), np.stack([seen.known, blind.known]), None, SPEC)
    assert np.isfinite(table).all(axis=1).tolist() == [True, False]
    assert not told.any()
    assert opposition("inner_race", table[1]) is None


def test_a_recording_stands_as_its_windows_do_on_average() -> None:
    told, blind = standing(1, 3, 0), standing(9, 9, 9, told=False)
    assert mean_heights([told, standing(3, 1, 2), blind]) == LineHeights(2.0, 2.0, 1.0, True)
    assert mean_heights([blind, blind, told]) == blind
    assert mean_heights([told, None]) == told
    assert mean_heights([told, None, None]) is None
    assert mean_heights([]) is None
