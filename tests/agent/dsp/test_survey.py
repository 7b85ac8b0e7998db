"""A window looked through in one go finds what a look at each frequency finds; chances are those of scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from agent.dsp.harmonics import log_tail, look
from agent.dsp.peaks import _as_high
from agent.dsp.spectra import FeatureSpec, analyse
from agent.dsp.survey import Survey, survey_of
from agent.types import Rate, Stream, Window
from simulator import signal


@pytest.fixture(scope="module", params=["inner_race", "imbalance"])
def survey(request: pytest.FixtureRequest) -> Survey:
    samples = signal(request.param, seconds=2, rpm=1480, rate_hz=6400.0).astype(np.float32)
    stream = Stream("s", 6400.0, ("x", "y", "z"), "g")
    return survey_of(analyse(Window(stream, 0, samples, Rate(6400.0, "declared"), 0.0, None), FeatureSpec()))


def test_the_survey_holds_what_a_look_at_each_of_its_steps_finds(survey: Survey) -> None:
    hz = np.arange(len(survey.odds.surprise)) * survey.step_hz
    found = look(survey.peaks, hz)
    np.testing.assert_array_equal(survey.odds.usable, found.usable)
    np.testing.assert_array_equal(survey.odds.surprise, found.surprise)


def test_nothing_stands_beyond_the_end_of_a_survey(survey: Survey) -> None:
    odds = survey.near(np.array([len(survey.odds.surprise) * survey.step_hz, 1e6]))
    assert not odds.usable.any()
    assert not odds.surprise.any()


@pytest.mark.parametrize("n", [1, 2, 40, 400])
def test_peaks_around_are_counted_as_one_by_one(n: int) -> None:
    rng = np.random.default_rng(n)
    hz, heights = np.sort(rng.uniform(0, 300, n)), rng.integers(0, 9, n).astype(np.float64)
    slowly = [np.count_nonzero((np.abs(hz - at) <= 50) & (heights >= heights[k])) for k, at in enumerate(hz)]
    np.testing.assert_array_equal(_as_high(hz, heights), slowly)


def test_the_chance_of_a_sum_is_that_of_a_gamma_variable() -> None:
    total = np.array([[0.0, 0.5, 3.0, 20.0]] * 11).T
    count = np.arange(11)[None, :] * np.ones(total.shape, np.intp)
    expected = np.where(count > 0, stats.gamma.logsf(total, np.maximum(count, 1)) / math.log(10), 0.0)
    np.testing.assert_allclose(log_tail(total, count), expected, rtol=1e-9, atol=1e-12)
