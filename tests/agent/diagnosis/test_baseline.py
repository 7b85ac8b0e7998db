"""A healthy baseline: what it learns, what it is a reference for, and when it is a limit."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from agent.diagnosis.baseline import (
    MIN_WINDOWS,
    REFERENCE_REACH,
    SAME_SPEED,
    TYPICAL_WEIGHT,
    Baseline,
    DeviationScale,
)
from agent.diagnosis.baseline_bytes import from_bytes, to_bytes
from agent.dsp.features import Features
from agent.dsp.shaft import ORDERS

SCALE = DeviationScale(typical_sd=(0.5, 0.5, 0.5, 0.5), limits={"comb": 2.0, "level": 1.0})
VIEWS = {
    "comb": np.array([True, True, False, False]),
    "level": np.array([False, False, True, False]),
    "without_limit": np.array([False, False, False, True]),
}
HEALTHY = (1.0, 2.0, 3.0, 4.0)


def features(*values: float, unknown: tuple[int, ...] = ()) -> Features:
    known = np.array([index not in unknown for index in range(len(values))])
    return Features(values=np.where(known, np.array(values), 0.0).astype(np.float32), known=known)


def learnt(
    *windows: Features, rpm: float | None = 1500.0, rms: float = 0.1, before: Baseline | None = None
) -> Baseline:
    baseline = before or Baseline()
    for window in windows or (features(*HEALTHY),) * MIN_WINDOWS:
        baseline = baseline.learn(window, rpm=rpm, rms=rms)
    return baseline


def deviation(baseline: Baseline, window: Features, *, rpm: float | None = 1500.0) -> float | None:
    return baseline.deviation(window, rpm=rpm, scale=SCALE, views=VIEWS)


# ------------------------------------------------------------------------------------------------------------ learning


def test_a_cell_holds_the_moments_of_its_windows_and_of_known_features_alone() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(9, 4)).astype(np.float32)
    windows = [features(*row, unknown=(1,) if index % 3 == 0 else ()) for index, row in enumerate(rows)]
    (cell,) = learnt(*windows).cells
    known = np.stack([window.known for window in windows])
    assert cell.count == 9
    np.testing.assert_array_equal(cell.seen, known.sum(axis=0))
    for column in range(4):
        own = rows[known[:, column], column].astype(np.float64)
        assert cell.mean[column] == pytest.approx(own.mean())
        assert cell.scatter[column] == pytest.approx(((own - own.mean()) ** 2).sum())


def test_learning_returns_another_value_and_changes_none() -> None:
    before = learnt()
    after = before.learn(features(9.0, 9.0, 9.0, 9.0), rpm=1500.0, rms=0.1)
    assert before.cells[0].count == MIN_WINDOWS
    assert after.cells[0].count == MIN_WINDOWS + 1
    np.testing.assert_allclose(before.cells[0].mean, HEALTHY)


def test_near_speeds_share_a_cell_and_it_follows_their_mean() -> None:
    near = 1500 * math.exp(0.9 * SAME_SPEED)
    (cell,) = learnt(features(*HEALTHY), rpm=near, before=learnt(features(*HEALTHY))).cells
    assert cell.rpm == pytest.approx((1500 + near) / 2)
    far = 1500 * math.exp(1.1 * SAME_SPEED)
    assert len(learnt(features(*HEALTHY), rpm=far, before=learnt()).cells) == 2
    assert len(learnt(features(*HEALTHY), rpm=None, before=learnt()).cells) == 2


# --------------------------------------------------------------------------------------------------------- as a limit


def test_it_covers_its_own_speed_alone_and_only_after_enough_windows() -> None:
    few = learnt(*(features(*HEALTHY),) * (MIN_WINDOWS - 1))
    assert not few.covers(1500.0)
    assert deviation(few, features(*HEALTHY)) is None
    full = learnt()
    assert full.covers(1500.0)
    assert full.covers(1500 * math.exp(0.9 * SAME_SPEED))
    for other in (1500 * math.exp(1.1 * SAME_SPEED), 0.0, None):
        assert not full.covers(other)
        assert deviation(full, features(*HEALTHY), rpm=other) is None
    assert learnt(rpm=None).covers(None)
    assert not learnt(rpm=None).covers(1500.0)


def test_deviation_is_the_rms_z_score_of_the_worst_view_against_its_limit() -> None:
    baseline = learnt()
    assert deviation(baseline, features(*HEALTHY)) == pytest.approx(0.0)
    sd = 0.5 * math.sqrt(TYPICAL_WEIGHT / (MIN_WINDOWS + TYPICAL_WEIGHT))  # typical, shrunk by windows without scatter
    by_comb = features(1.0 + 4 * sd, 2.0, 3.0, 4.0)
    assert deviation(baseline, by_comb) == pytest.approx(4 / math.sqrt(2) / 2.0, rel=1e-5)
    by_level = features(1.0 + 4 * sd, 2.0, 3.0 - 3 * sd, 4.0)
    assert deviation(baseline, by_level) == pytest.approx(3.0, rel=1e-5)
    assert deviation(baseline, features(1.0, 2.0, 3.0, 99.0)) == pytest.approx(0.0)  # a view without a limit


def test_a_machine_that_scatters_more_than_is_typical_deviates_less() -> None:
    steady, restless = learnt(), learnt(*(features(*(v + (-1) ** k for v in HEALTHY)) for k in range(10)))
    window = features(*(v + 2 for v in HEALTHY))
    calm, wide = deviation(steady, window), deviation(restless, window)
    assert calm is not None
    assert wide is not None
    assert wide < calm


def test_features_that_are_unknown_or_hardly_ever_were_known_do_not_deviate() -> None:
    baseline = learnt()
    assert deviation(baseline, features(99.0, 2.0, 3.0, 4.0, unknown=(0,))) == pytest.approx(0.0)
    assert deviation(baseline, features(*HEALTHY, unknown=(0, 1, 2))) is None
    rarely = learnt(*[features(*HEALTHY, unknown=(2,))] * 9, features(*HEALTHY))
    assert deviation(rarely, features(1.0, 2.0, 99.0, 4.0)) == pytest.approx(0.0)


@pytest.mark.parametrize("broken", [0, 2])
def test_a_figure_that_is_no_number_is_never_a_small_deviation(broken: int) -> None:
    """`nan > limit` is false: in whichever view it stands, it must not be lost beside the others."""
    values = list(HEALTHY)
    values[broken] = math.nan
    found = deviation(learnt(), features(*values))
    assert found is not None
    assert math.isnan(found)


# ----------------------------------------------------------------------------------------------------- as a reference


def test_the_nearest_speed_weighs_most_and_far_ones_nothing() -> None:
    both = learnt(*[features(0.0, 0.0, 0.0, 0.0)] * MIN_WINDOWS, rpm=1000.0)
    both = learnt(*[features(1.0, 1.0, 1.0, 1.0)] * MIN_WINDOWS, rpm=2000.0, before=both)
    near, far = both.reference(1900.0), both.reference(1000.0)
    assert near is not None
    assert far is not None
    assert 0.5 < near.values[0] < 1.0
    assert far.values[0] < 0.2
    assert both.reference(2000 * math.exp(1.01 * REFERENCE_REACH)) is None
    assert both.reference(0.0) is None
    at_any_speed = both.reference(None)
    assert at_any_speed is not None
    assert at_any_speed.values[0] == pytest.approx(0.5)


def test_a_reference_wants_enough_windows_too() -> None:
    assert learnt(features(*HEALTHY)).reference(1500.0) is None
    assert Baseline().reference(None) is None


def test_what_is_bound_to_a_speed_is_known_at_that_speed_alone() -> None:
    bound = np.array([True, False, False, False])
    same, other = learnt().reference(1500.0, bound), learnt().reference(2000.0, bound)
    assert same is not None
    assert other is not None
    assert same.known.all()
    assert other.known.tolist() == [False, True, True, True]
    assert other.values[0] == 0.0


def test_a_feature_that_was_never_known_is_unknown_in_the_reference() -> None:
    found = learnt(*[features(*HEALTHY, unknown=(1,))] * MIN_WINDOWS).reference(1500.0)
    assert found is not None
    assert found.known.tolist() == [True, False, True, True]
    np.testing.assert_allclose(found.values, [1.0, 0.0, 3.0, 4.0])


def test_at_unknown_speed_it_is_a_reference_and_no_limit() -> None:
    loose = learnt().at_unknown_speed()
    assert loose.reference(1500.0) is not None
    assert deviation(loose, features(*HEALTHY)) is None


def test_without_gain_the_level_is_unknown_and_the_running_gate_has_no_yardstick() -> None:
    plain = learnt().without_gain(VIEWS["level"])
    assert deviation(plain, features(1.0, 2.0, 99.0, 4.0)) == pytest.approx(0.0)
    assert plain.running_rms() == 0.0


def test_the_running_gate_s_yardstick_is_the_quietest_speed_that_was_learnt_well() -> None:
    baseline = learnt(rpm=3000.0, rms=0.4, before=learnt(rms=0.2))
    baseline = learnt(features(*HEALTHY), rpm=300.0, rms=0.01, before=baseline)
    assert baseline.running_rms() == pytest.approx(0.2)
    assert Baseline().running_rms() is None


# ------------------------------------------------------------------------------------------------------- kept on disk


def test_what_is_stored_is_what_is_read() -> None:
    before = learnt(features(*HEALTHY, unknown=(3,)), rpm=None, before=learnt())
    after = from_bytes(to_bytes(before), size=4)
    assert to_bytes(after) == to_bytes(before)
    assert [(cell.rpm, cell.count, cell.rms_g) for cell in after.cells] == [(1500.0, MIN_WINDOWS, 0.1), (None, 1, 0.1)]
    assert after.cells[0].seen.dtype == np.int64


# ------------------------------------------------------------------------------------- levels of the shaft's orders

LEVELS = (-3.0, 20.0, 10.0, math.nan, 5.0)


def shaken(*shaft_db: float) -> Features:
    return replace(features(*HEALTHY), shaft_db=np.array(shaft_db))


def test_a_cell_holds_the_mean_level_of_the_shaft_s_orders() -> None:
    (cell,) = learnt(shaken(0, 20, 10, math.nan, 4), shaken(2, 22, 12, math.nan, 6), shaken(4, 24, 14, 1, 5)).cells
    assert cell.shaft_db is not None
    np.testing.assert_allclose(cell.shaft_db, [2, 22, 12, math.nan, 5])


def test_levels_are_known_of_a_cell_whose_windows_all_had_them() -> None:
    for windows in ((shaken(*LEVELS), features(*HEALTHY)), (features(*HEALTHY), shaken(*LEVELS))):
        (cell,) = learnt(*windows).cells
        assert cell.shaft_db is None


@pytest.mark.parametrize(
    ("rpm", "known"), [(1500.0, True), (1544.0, True), (1456.0, True), (1546.0, False), (1454.0, False), (None, False)]
)
def test_levels_bear_on_the_very_speed_alone(rpm: float | None, *, known: bool) -> None:
    reference = learnt(*[shaken(*LEVELS)] * MIN_WINDOWS).reference(rpm)
    assert reference is not None
    assert (reference.shaft_db is not None) == known


def test_levels_are_kept_and_restored_with_what_lies_beyond_the_spectrum() -> None:
    before = learnt(*[shaken(*LEVELS)] * MIN_WINDOWS)
    after = from_bytes(to_bytes(before), size=4)
    assert after.cells[0].shaft_db is not None
    np.testing.assert_array_equal(after.cells[0].shaft_db, LEVELS)
    assert to_bytes(after) == to_bytes(before)


def test_a_cell_stored_by_an_older_agent_has_no_levels_and_serves_otherwise() -> None:
    (stored,) = msgspec.msgpack.decode(to_bytes(learnt(*[shaken(*LEVELS)] * MIN_WINDOWS)))
    del stored["shaft_db"]
    old = from_bytes(msgspec.msgpack.encode([stored]), size=4)
    assert old.cells[0].shaft_db is None
    assert deviation(old, features(*HEALTHY)) == 0.0
    more = learnt(shaken(*LEVELS), before=old)
    assert (more.cells[0].count, more.cells[0].shaft_db) == (MIN_WINDOWS + 1, None)


def test_levels_of_other_orders_are_refused() -> None:
    (stored,) = msgspec.msgpack.decode(to_bytes(learnt(shaken(*LEVELS))))
    stored["shaft_db"] = stored["shaft_db"][1:]
    with pytest.raises(ValueError, match=f"not {len(ORDERS) + 1}"):
        from_bytes(msgspec.msgpack.encode([stored]), size=4)


@pytest.mark.parametrize("size", [3, 5])
def test_a_baseline_of_other_features_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="4 features"):
        from_bytes(to_bytes(learnt()), size=size)


def test_damage_is_refused() -> None:
    with pytest.raises(ValueError, match=r".") as error:
        from_bytes(to_bytes(learnt())[:-9], size=4)
    assert error.type.__module__ == "msgspec"


# ------------------------------------------------------------------------------------------------ pieces, not windows


def test_pieces_teach_cells_of_their_own_length() -> None:
    whole, half = features(*HEALTHY), replace(features(*HEALTHY), seconds=0.5)
    both = learnt(*(half,) * MIN_WINDOWS, before=learnt(*(whole,) * MIN_WINDOWS))
    assert [(cell.count, cell.seconds) for cell in both.cells] == [(MIN_WINDOWS, None), (MIN_WINDOWS, 0.5)]
    grown = learnt(replace(half, seconds=0.51), before=both)
    assert [cell.count for cell in grown.cells] == [MIN_WINDOWS, MIN_WINDOWS + 1]


def test_nothing_sets_a_limit_for_pieces_of_another_length() -> None:
    half = replace(features(*HEALTHY), seconds=0.5)
    baseline = learnt(*(half,) * MIN_WINDOWS)
    assert baseline.of_length(0.5).covers(1500.0)
    assert baseline.of_length(0.55).covers(1500.0)
    for other in (None, 0.25, 1.0):
        assert not baseline.of_length(other).covers(1500.0)
        assert baseline.of_length(other).reference(1500.0) is None
    assert deviation(baseline.of_length(None), features(*HEALTHY)) is None


def test_the_length_of_pieces_is_kept() -> None:
    baseline = learnt(*(replace(features(*HEALTHY), seconds=0.25),) * MIN_WINDOWS)
    (cell,) = from_bytes(to_bytes(baseline), size=4).cells
    assert cell.seconds == 0.25
