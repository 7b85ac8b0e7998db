"""Floors and gains between blocks, beside plain interpolation over the blocks' centres."""

from __future__ import annotations

import numpy as np
import pytest

from agent.dsp.floors import above_floor, evening_gain


def between(levels: np.ndarray, bins: int, size: int) -> np.ndarray:
    """The oracle: numpy's own interpolation."""
    centres = (np.arange(len(levels)) + 0.5) * size - 0.5
    return np.interp(np.arange(bins), centres, levels)


@pytest.mark.parametrize(("bins", "width"), [(1201, 50), (3001, 50), (37, 5), (40, 8), (16, 4), (9, 30), (1, 8)])
def test_the_floor_is_the_median_of_blocks_interpolated_in_the_logarithm(bins: int, width: int) -> None:
    power = np.random.default_rng(bins).exponential(size=(2, bins)).astype(np.float32)
    blocks = max(1, bins // width)
    size = bins // blocks
    for row, heights in zip(power, above_floor(power, width), strict=True):
        blocked = np.sort(row[: blocks * size].reshape(blocks, size), axis=1)
        floor = np.exp(between(np.log(blocked[:, size // 2] / np.log(2)), bins, size))
        np.testing.assert_allclose(heights, np.log1p(row / floor), rtol=1e-5, atol=2e-7)


def test_one_spectrum_has_the_floor_that_it_has_among_others() -> None:
    power = np.random.default_rng(3).exponential(size=(3, 500)).astype(np.float32)
    np.testing.assert_array_equal(above_floor(power, 20)[1], above_floor(power[1], 20))


@pytest.mark.parametrize("width", [4, 7, 60])
def test_what_is_made_even_has_the_same_power_everywhere(width: int) -> None:
    bins = 1800
    shape = np.exp(np.linspace(0, 6, bins)).astype(np.float32)
    even = shape * evening_gain(shape, width) ** 2
    np.testing.assert_allclose(even[width:-width], 1.0, atol=0.1)


def test_silence_has_a_floor_and_a_gain() -> None:
    silent = np.zeros(100, np.float32)
    assert not above_floor(silent, 10).any()
    assert np.isfinite(evening_gain(silent, 10)).all()
