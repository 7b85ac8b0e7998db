"""The physical signs: what growth of the shaft's orders shows, and how impulses are told from what is steady."""

from __future__ import annotations

import numpy as np
import pytest

from agent.diagnosis.signs import (
    growth_of,
    has_risen,
    mean_signs,
    shows_imbalance,
    shows_looseness,
    shows_misalignment,
    signs_of,
)
from agent.dsp.features import Features, extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.types import Rate, ShaftGrowth, Signs, Stream, Window

SPEC = FeatureSpec()
RATE = 12_800.0
NAMES = feature_names(SPEC)
MOST_SPREAD = NAMES.index("impulse/most_spread")


def features(spread: float | None, shaft_db: tuple[float, ...] | None = None) -> Features:
    known = np.zeros(len(NAMES), np.bool_)
    values = np.full(len(NAMES), 7.0, np.float32)
    known[MOST_SPREAD] = spread is not None
    values[MOST_SPREAD] = 0.0 if spread is None else spread
    return Features(values, known, None if shaft_db is None else np.array(shaft_db))


# ----------------------------------------------------------------------------------- growth of the shaft's orders


@pytest.mark.parametrize(
    ("half", "first", "second", "third", "rest", "shown"),
    [
        (0, 12, 2, 2, 1, "imbalance risen"),
        (0, 6, 3, 2, 0, "imbalance risen"),  # just as much as each limit asks
        (0, 5.9, 0, 0, -3, ""),  # not doubled
        (0, 12, 2, 2, 6.1, ""),  # all has grown, and 1 x with it
        (0, 12, 9.1, 2, 1, "risen"),  # 2 x has grown nearly as much
        (0, 12, 2, 8.1, 1, "risen"),  # or 3 x
        (0, 12, 9, 8, 1, "imbalance risen looseness"),
        (0, 12, 12.1, 2, 1, "misalignment"),  # 2 x has grown more
        (0, 12, 2, 12.1, 1, ""),  # 3 x has grown more
        (0, 3, 12, 1, 1, "misalignment"),
        (0, 3, 12, 1, 6.1, ""),
        (0, 3, 5.9, 1, -3, ""),
        (9, 3, 9, 9, 1, "misalignment looseness"),  # without 1 x
        (9, 9, 9, 9, 1, "risen misalignment looseness"),
        (2.9, 4, 5, 2, 0, ""),
        (3, 4, 5, 2, 0, "looseness"),  # three, by half of what one must alone
        (4, 5, 6, 7, 4.1, ""),
        (None, 12, None, None, 1, "imbalance risen"),  # what cannot be seen speaks against nothing
        (None, 12, 11, None, 1, "risen"),
        (None, 12, None, 11, 1, "risen"),
        (None, 10, 10, 10, None, ""),  # and nothing is said without the rest
        (0, None, 12, 12, 1, ""),
        (9, None, 9, 9, 1, "looseness"),
        (None, 12, None, 10, 1, "risen"),
        (None, None, None, None, None, ""),
    ],
)
def test_what_growth_shows(
    half: float | None, first: float | None, second: float | None, third: float | None, rest: float | None, shown: str
) -> None:
    growth = ShaftGrowth(half, first, second, third, rest)
    found = {
        "risen": has_risen(growth),
        "imbalance": shows_imbalance(growth),
        "misalignment": shows_misalignment(growth),
        "looseness": shows_looseness(growth),
    }
    assert {name for name, holds in found.items() if holds} == set(shown.split())


def test_no_growth_known_shows_nothing() -> None:
    assert not any(sign(None) for sign in (has_risen, shows_imbalance, shows_misalignment, shows_looseness))


def test_growth_is_the_difference_to_the_healthy_levels_and_none_beyond_the_spectrum() -> None:
    now, healthy = features(0.0, (1.0, 20.0, 3.0, np.nan, 5.0)), features(0.0, (0.0, 8.0, 4.0, np.nan, 5.0))
    assert growth_of(now, healthy) == ShaftGrowth(1.0, 12.0, -1.0, None, 0.0)
    assert growth_of(features(0.0, (1.0, 2.0, 3.0, 4.0, 5.0)), healthy) == ShaftGrowth(1.0, -6.0, -1.0, None, 0.0)
    for reference in (None, features(0.0)):
        assert growth_of(now, reference) is None
    assert growth_of(features(0.0), healthy) is None


# ------------------------------------------------------------------------------------------------------- impulses


def test_impulses_are_above_healthy_where_that_is_known_else_alone() -> None:
    assert signs_of(features(0.75), None, SPEC) == Signs(0.75, above_healthy=False, growth=None, kurtosis=7.0)
    assert signs_of(features(0.75), features(0.25), SPEC) == Signs(0.5, above_healthy=True, growth=None, kurtosis=7.0)
    assert signs_of(features(0.75), features(None), SPEC) == Signs(0.75, above_healthy=False, growth=None, kurtosis=7.0)


def test_nothing_is_shown_where_no_band_is_heard() -> None:
    assert signs_of(features(None), features(0.25), SPEC) == Signs(None, above_healthy=False, growth=None, kurtosis=7.0)


def test_a_tone_between_two_bins_is_no_impact() -> None:
    n = round(2 * RATE)
    t = np.arange(n) / RATE
    noise = np.random.default_rng(0).normal(0, 0.1, n)
    for hz in (1234.0, 1234.25, 3000.25):
        samples = (noise + 2 * np.sin(2 * np.pi * hz * t)).astype(np.float32)[:, np.newaxis]
        window = Window(Stream("s", RATE), 0, samples, Rate(RATE, "declared"), arrival_s=2.0, wall_s=None)
        seen = signs_of(extract(analyse(window, SPEC), spec=SPEC, rpm=None, bearing=None), None, SPEC)
        assert seen.impulses is not None
        assert seen.impulses < 0.05


def test_signs_of_a_window_carry_its_growth() -> None:
    signs = signs_of(features(0.5, (0.0, 9.0, 0.0, 0.0, 0.0)), features(0.25, (0.0,) * 5), SPEC)
    assert signs is not None
    assert signs.growth == ShaftGrowth(0.0, 9.0, 0.0, 0.0, 0.0)


# -------------------------------------------------------------------------------------------------- over windows


def of(impulses: float, *, above: bool = True, growth: ShaftGrowth | None = None) -> Signs:
    return Signs(impulses, above, growth)


def test_mean_signs_average_what_is_alike() -> None:
    first, second = ShaftGrowth(0, 10, None, 2, 0), ShaftGrowth(2, 6, None, None, 2)
    mean = mean_signs([of(1.0, growth=first), of(2.0, growth=second)])
    assert mean == Signs(1.5, above_healthy=True, growth=ShaftGrowth(1, 8, None, 2, 1))
    assert mean_signs([of(1.0), of(3.0), of(9.0, above=False)]) == of(2.0)
    assert mean_signs([of(1.0), of(3.0, above=False), of(9.0, above=False)]) == of(6.0, above=False)


def test_mean_signs_need_half_of_the_windows() -> None:
    assert mean_signs([]) is None
    assert mean_signs([None, None]) is None
    assert mean_signs([of(1.0), None]) == of(1.0)
    assert mean_signs([of(1.0), None, None]) is None


def test_mean_growth_needs_half_of_the_windows() -> None:
    growth = ShaftGrowth(0, 10, 0, 0, 0)
    half = mean_signs([of(1.0, growth=growth), of(1.0)])
    assert half is not None
    assert half.growth == growth
    fewer = mean_signs([of(1.0, growth=growth), of(1.0), of(1.0)])
    assert fewer is not None
    assert fewer.growth is None
