"""Axes: where values lie, and ticks at round values within them."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from agent.report.scales import Scale, ticks

RANGES = [(0.0, 1.0), (0.0, 556.3), (-1.02, 0.97), (1797.0, 1797.4), (1e-9, 3e-9), (-2e6, 5e7), (0.0, 600.0)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_ticks_are_round_few_and_within(low: float, high: float) -> None:
    found = ticks(Scale(low, high, 0.0, 100.0))
    assert 2 <= len(found) <= 9
    steps = {round((b - a) / (high - low), 6) for (a, _), (b, _) in pairwise(found)}
    assert len(steps) == 1
    for value, label in found:
        assert low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high)
        assert float(label) == pytest.approx(value, abs=1e-3 * (high - low))
    assert len({label for _, label in found}) == len(found)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.9, 1100.0, ["1", "10", "100", "1000"]),
        (3e-6, 2e-3, ["10^-5", "10^-4", "0.001"]),
        (0.04, 0.3, ["0.05", "0.1", "0.2"]),
        (4e-5, 3e-4, ["5·10^-5", "10^-4", "2·10^-4"]),
    ],
)
def test_ticks_of_a_logarithmic_scale(low: float, high: float, labels: list[str]) -> None:
    scale = Scale(low, high, 200.0, 0.0, logarithmic=True)
    assert [label for _, label in ticks(scale)] == labels
    assert scale.at(math.sqrt(low * high)) == pytest.approx(100.0)


def test_a_value_lies_in_proportion_and_never_beyond_the_ends() -> None:
    scale = Scale(0.0, 10.0, 300.0, 100.0)
    assert [scale.at(value) for value in (0.0, 2.5, 10.0, -4.0, 99.0)] == [300.0, 250.0, 100.0, 300.0, 100.0]
    assert scale.holds(10.0)
    assert not scale.holds(10.1)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_a_scale_of_nothing_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="nothing lies between"):
        Scale(low, high, 0.0, 1.0)
    with pytest.raises(ValueError, match="no logarithm"):
        Scale(0.0, 1.0, 0.0, 1.0, logarithmic=True)
