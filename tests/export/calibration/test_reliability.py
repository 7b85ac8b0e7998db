"""Probabilities that mean what they say have no error, and a curve that rises says what was seen at each figure."""

from __future__ import annotations

import numpy as np
import pytest

from agent.diagnosis.matching import Curve
from export.calibration.reliability import reliability_of
from export.calibration.sign_limits import DOUBT, level_below, rising


def test_honest_probabilities_have_no_error_and_their_bins_say_so() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=50_000)
    honest = reliability_of(probability, rng.random(50_000) < probability, np.ones(50_000))
    assert honest.error < 0.02
    assert [round(one.share, 1) for one in honest.bins] == [0.1] * 10
    assert all(one.right == pytest.approx(one.probability, abs=0.03) for one in honest.bins)
    boast = reliability_of(np.full(100, 0.99), np.arange(100) < 60, np.ones(100))
    assert boast.error == pytest.approx(0.39)
    assert len(boast.bins) == 1


def test_weights_count_and_not_numbers() -> None:
    right = np.array([True, False, False, False])
    assert reliability_of(np.full(4, 0.5), right, np.array([3.0, 1, 1, 1])).bins[0].right == pytest.approx(0.5)


def test_a_probability_rises_with_its_figure_as_the_hits_do() -> None:
    rng = np.random.default_rng(1)
    figures = rng.uniform(0, 1, 8000)
    curve = rising(figures, rng.random(8000) < figures**2, np.ones(8000))
    for figure in (0.2, 0.5, 0.8):
        assert curve.of(figure) == pytest.approx(figure**2, abs=0.06)
    assert curve.of(-9.0) >= DOUBT
    assert curve.of(9.0) <= 1 - DOUBT
    apart = rising(np.array([0.0, 1.0] * 50), np.array([False, True] * 50), np.ones(100))
    assert (apart.of(0.0), apart.of(1.0)) == (DOUBT, 1 - DOUBT)


def test_where_nobody_knows_its_calm_a_machine_is_as_healthy_as_all_below_the_limit() -> None:
    """Whatever figure below the limit is its own; from the limit on the probability rises with it."""
    rng = np.random.default_rng(2)
    calm, loud = rng.uniform(0, 0.3, 4000), rng.uniform(0.3, 1, 4000)
    figures = np.concatenate([calm, loud])
    hits = rng.random(8000) < figures
    curve = level_below(0.3, figures, hits, np.ones(8000))
    assert curve.of(0.0) == curve.of(0.298) == pytest.approx(0.15, abs=0.03)
    assert curve.of(0.301) == pytest.approx(0.3, abs=0.1)
    assert curve.of(0.9) == pytest.approx(0.9, abs=0.06)
    quiet = level_below(2.0, figures, hits, np.ones(8000))  # nothing reaches the limit
    assert quiet == rising(figures, hits, np.ones(8000))
    rough = level_below(0.3, figures, figures < 0.3, np.ones(8000))  # never less probable above it than below
    assert rough.of(0.0) == rough.of(0.9) == 1.0


@pytest.mark.parametrize(
    ("at", "probability"),
    [((), ()), ((0.0,), (0.5, 0.6)), ((1.0, 0.0), (0.1, 0.2)), ((0.0, 1.0), (0.9, 0.2)), ((0.0,), (1.5,))],
)
def test_a_curve_that_does_not_rise_is_refused(at: tuple[float, ...], probability: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"curve|probabilities"):
        Curve(at, probability)
