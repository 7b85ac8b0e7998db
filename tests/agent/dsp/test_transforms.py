"""Transforms in single precision, several rows at once: what they leave of a strong tone, and that rows stay alone."""

from __future__ import annotations

import numpy as np
import pytest

from agent.dsp.envelopes import envelopes_of
from agent.dsp.fft import LANES, hann, power_of, power_over_rows, rfft, rows_of

N = 51_200


@pytest.mark.parametrize(("rows", "room"), [(1, 1), (2, 4), (3, 4), (4, 4), (5, 5), (6, 8), (7, 8), (8, 8)])
def test_there_is_room_for_lanes_unless_one_row_alone_is_left(rows: int, room: int) -> None:
    assert rows_of(rows) == room
    assert rows_of(rows) % LANES in (0, 1)


@pytest.mark.parametrize("cycles", [59.9, 1000.3, 5000.77])
def test_single_precision_adds_less_to_a_tone_than_sixteen_bits_do(cycles: float) -> None:
    tone = np.sin(2 * np.pi * cycles * np.arange(N) / N)
    samples = tone.astype(np.float32)[None]
    exact = np.fft.rfft(samples.astype(np.float64))
    added = np.abs(rfft(samples) - exact) / np.abs(exact).max()
    coarse = np.abs(np.fft.rfft(np.rint(tone * 2**15) / 2**15) - np.fft.rfft(tone)) / np.abs(exact).max()
    assert 20 * np.log10(added.max()) < -140
    assert np.median(added) < 0.01 * np.median(coarse)


def test_a_row_has_the_spectrum_that_it_has_beside_zeros() -> None:
    samples = np.zeros((4, 2880), np.float32)
    samples[:3] = np.random.default_rng(1).normal(size=(3, 2880))
    alone = np.concatenate([rfft(row[None]) for row in samples[:3]])
    np.testing.assert_allclose(rfft(samples)[:3], alone, rtol=0, atol=1e-3)
    assert not rfft(samples)[3].any()


def test_power_over_rows_is_that_of_each_added_up() -> None:
    spectrum = rfft(np.random.default_rng(2).normal(size=(3, 512)).astype(np.float32))
    np.testing.assert_allclose(power_over_rows(spectrum), power_of(spectrum).sum(axis=0), rtol=1e-5)


def test_a_tapered_spectrum_has_nothing_at_its_ends() -> None:
    spectrum = rfft(np.random.default_rng(3).normal(size=(2, 64)).astype(np.float32))
    tapered = hann(spectrum)
    assert not tapered[:, [0, -1]].any()
    expected = 0.5 * spectrum[:, 1:-1] - 0.25 * (spectrum[:, :-2] + spectrum[:, 2:])
    np.testing.assert_allclose(tapered[:, 1:-1], expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("axes", [1, 2, 3, 5])
def test_an_envelope_is_the_same_whatever_rows_are_transformed_beside_it(axes: int) -> None:
    spectrum = rfft(np.random.default_rng(4).normal(size=(axes, 4096)).astype(np.float32))
    silent = np.concatenate([spectrum, np.zeros_like(spectrum[:1])])
    bands = (slice(200, 700), None, slice(900, 2000))
    some, more = (envelopes_of(one, bands, reach=60, whitening=20, lasting=False) for one in (spectrum, silent))
    np.testing.assert_array_equal(some.known, more.known)
    for name in ("modulation", "spread", "kurtosis", "impulses"):
        np.testing.assert_allclose(getattr(some, name), getattr(more, name), rtol=2e-3, atol=1e-4)
