"""Quantiles from counts in bins."""

from __future__ import annotations

import numpy as np
import pytest

from agent.trend.sketch import FARTHEST, STEP, Sketch


@pytest.mark.parametrize("is_ratio", [True, False])
def test_quantiles_are_those_of_the_values(is_ratio: bool) -> None:
    values = np.random.default_rng(0).lognormal(0, 1, 5000)
    values = values if is_ratio else np.log(values)
    sketch = Sketch(is_ratio=is_ratio)
    for value in values:
        sketch.add(float(value))
    day = sketch.day()
    assert day.windows == 5000
    for found, share in zip(day[1:], (0.1, 0.5, 0.9), strict=True):
        exact = float(np.quantile(values, share))
        assert found == (pytest.approx(exact, rel=STEP) if is_ratio else pytest.approx(exact, abs=STEP))


def test_two_halves_put_together_are_the_whole() -> None:
    whole, one, other = (Sketch(is_ratio=True) for _ in range(3))
    for number in range(1, 101):
        whole.add(number / 10)
        (one if number % 3 else other).add(number / 10)
    assert Sketch(is_ratio=True, counts=dict(one.counts + other.counts)).day() == whole.day()


def test_it_is_bounded_whatever_comes() -> None:
    sketch = Sketch(is_ratio=True)
    for value in (0.0, -1.0, 1e-300, 1e300, 5e-324):
        sketch.add(value)
    assert all(abs(index) <= FARTHEST for index in sketch.counts)
    assert sketch.day().windows == 5


def test_one_window_is_its_own_quantiles() -> None:
    sketch = Sketch(is_ratio=False)
    sketch.add(3.0)
    assert sketch.day() == (1, 3.0, 3.0, 3.0)
