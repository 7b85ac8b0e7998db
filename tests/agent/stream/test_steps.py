"""Samples are kept in 16 bits where they came so, and give themselves back to the last bit, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.diagnosis.witness import Circumstances
from agent.service.watching.strip import Strip, joined
from agent.stream.steps import in_steps, samples_from
from agent.stream.windowing import Windower
from agent.types import Rate, SampleBlock, Samples, Speed, Stream, Window

COUNTS = np.random.default_rng(3).integers(-(2**15), 2**15, (3, 4000)).astype(np.int16)
COUNTS[0, :2] = -(2**15), 2**15 - 1


STEP = 0.000488281
STREAM = Stream("pump", 1000.0, axes=("x", "y", "z"), step=STEP)
UNDER = Circumstances(Speed(None, "unknown"), True, False, {})


def as_came(counts: np.ndarray, step: float = STEP) -> Samples:
    """(n, axes) samples of a device that sends counts (axes, n)."""
    return np.ascontiguousarray(counts.T).astype(np.float32) * np.float32(step)


def bits(samples: Samples) -> bytes:
    return np.ascontiguousarray(samples).tobytes()


@pytest.mark.parametrize("step", [STEP, 1.0, 1e-9, 3.9e-6, 0.0625, 9.80665 / 16384])
def test_every_16_bit_count_comes_back_in_half_the_memory(step: float) -> None:
    samples = as_came(COUNTS, step).T
    counts = in_steps(samples, step)
    assert counts.dtype == np.int16
    assert bits(counts) == bits(COUNTS)
    assert bits(samples_from(counts, step)) == bits(samples)
    into = np.empty_like(samples)
    assert bits(samples_from(counts, step, out=into)) == bits(into) == bits(samples)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e30, -0.0, 32768.0, 0.5, np.float32(1) + np.float32(2**-23)])
def test_one_sample_that_is_no_count_keeps_all_as_they_came(odd: float) -> None:
    samples = COUNTS.astype(np.float32)
    samples[1, 7] = odd
    assert in_steps(samples, 1.0) is samples
    assert bits(samples_from(samples, 1.0)) == bits(samples)


@given(st.lists(st.floats(width=32), min_size=1, max_size=8), st.one_of(st.none(), st.floats()))
def test_any_samples_come_back_whatever_the_step(values: list[float], step: float | None) -> None:
    samples = np.array([values, values[::-1]], np.float32)
    assert bits(samples_from(in_steps(samples, step), step)) == bits(samples)


def windows_of(samples: Samples, *, without: slice = slice(0, 0), block: int = 170) -> list[Window]:
    """Windows of 1000 samples every 250 (the first of them of the fourth and fifth 250 alone)."""
    windower, starts = Windower(window_s=1.0, hop_s=0.25), range(0, len(samples), block)
    return [
        window
        for start in starts
        if not without.start <= start < without.stop
        for window in windower.feed(SampleBlock(STREAM, start, samples[start : start + block]))
    ]


def test_a_windower_and_a_strip_hold_each_sample_once_in_16_bits() -> None:
    strip, windows = Strip(10), windows_of(as_came(COUNTS))
    for window in windows:
        strip.add(window, UNDER, ())
    held = windows[-1].held
    assert [stretch.dtype for stretch in held] == 4 * [np.int16]
    assert sum(stretch.nbytes for stretch in held) == 1000 * 3 * 2
    for stretch, seen in zip(held, list(strip._seen)[-4:], strict=True):
        assert len(seen.behind) == 1
        assert np.shares_memory(stretch, seen.behind[0])


def test_a_strip_of_a_device_that_counts_gives_its_windows_back() -> None:
    """A sample that is no count, and a gap."""
    samples = as_came(COUNTS)
    samples[1400, 0] += np.float32(1e-4)
    windows, strip = windows_of(samples, without=slice(1870, 2040)), Strip(10)
    for window in windows:
        strip.add(window, UNDER, ())
    assert {stretch.dtype for window in windows for stretch in window.held} == {
        np.dtype(np.int16),
        np.dtype(np.float32),
    }
    together, kept = joined(list(strip._seen))
    assert (
        [one.window.start for one in kept]
        == [window.start for window in windows]
        == [0, 250, 500, 750, 2250, 2500, 2750, 3000]
    )
    for one, window in zip(kept, windows, strict=True):
        assert bits(one.window.samples) == bits(window.samples) == bits(samples[window.start :][:1000])
    assert bits(together) == bits(np.concatenate([samples[:1750], samples[2250:4000]]))


def test_windows_that_nobody_holds_are_kept_in_16_bits_too() -> None:
    """As from a recording: what is kept is no part of the window."""
    samples, strip = as_came(COUNTS), Strip(10)
    for start in (0, 250):
        strip.add(Window(STREAM, start, samples[start : start + 1000], Rate(1000.0, "declared"), 0.0, None), UNDER, ())
    assert [[stretch.nbytes for stretch in seen.behind] for seen in strip._seen] == [[6000], [1500]]
    assert bits(joined(list(strip._seen))[0]) == bits(samples[:1250])


def test_a_short_piece_keeps_no_more_than_itself() -> None:
    windower = Windower(window_s=1.0, hop_s=1.0, shortest_s=0.2)
    assert windower.feed(SampleBlock(STREAM, 0, as_came(COUNTS)[:300])) == []
    (window,) = windower.end_piece()
    (stretch,) = window.held
    assert stretch.base is None
    assert bits(samples_from(stretch, STEP).T) == bits(window.samples)
