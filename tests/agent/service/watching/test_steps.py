"""Samples are kept in 16 bits where they came so, and give themselves back to the last bit, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.diagnosis.witness import Circumstances
from agent.service.watching.steps import in_steps
from agent.service.watching.strip import Strip, joined
from agent.types import Rate, Samples, Speed, Stream, Window

COUNTS = np.random.default_rng(3).integers(-(2**15), 2**15, (3, 4000)).astype(np.int16)
COUNTS[0, :2] = -(2**15), 2**15 - 1


def as_cut(samples: Samples) -> Samples:
    """(n, axes), as a windower hands over what it has along axes."""
    return np.ascontiguousarray(samples.T).T


def bits(samples: Samples) -> bytes:
    return np.ascontiguousarray(samples).tobytes()


@pytest.mark.parametrize("step", [0.000488281, 1.0, 1e-9, 3.9e-6, 0.0625, 9.80665 / 16384])
def test_every_16_bit_count_comes_back_in_half_the_memory(step: float) -> None:
    samples = as_cut((COUNTS.astype(np.float32) * np.float32(step)).T)
    kept = in_steps(samples[1000:], step)
    assert kept.kept.dtype == np.int16
    assert len(kept) == 3000
    assert bits(kept.samples) == bits(samples[1000:])
    assert kept.samples.flags.c_contiguous


def test_what_is_kept_is_no_part_of_the_window() -> None:
    samples = as_cut(COUNTS.astype(np.float32).T)
    for step in (1.0, None):
        kept = in_steps(samples[3000:], step)
        assert kept.kept.base is None
        assert kept.kept.nbytes <= 4 * 3 * 1000


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e30, -0.0, 32768.0, 0.5, np.float32(1) + np.float32(2**-23)])
def test_one_sample_that_is_no_count_keeps_all_as_they_came(odd: float) -> None:
    samples = as_cut(COUNTS.astype(np.float32).T)
    samples[7, 1] = odd
    kept = in_steps(samples, 1.0)
    assert kept.kept.dtype == np.float32
    assert bits(kept.samples) == bits(samples)


@given(st.lists(st.floats(width=32), min_size=1, max_size=8), st.one_of(st.none(), st.floats()))
def test_any_samples_come_back_whatever_the_step(values: list[float], step: float | None) -> None:
    samples = as_cut(np.array([values, values[::-1]], np.float32).T)
    assert bits(in_steps(samples, step).samples) == bits(samples)


def test_a_strip_of_a_device_that_counts_gives_its_windows_back() -> None:
    """Windows of 1000 samples every 250, and one behind a gap; a sample that is no count in the third alone."""
    stream = Stream("pump", 1000.0, axes=("x", "y", "z"), step=0.000488281)
    all_samples = (COUNTS.astype(np.float32) * np.float32(0.000488281)).T
    all_samples[1400, 0] += np.float32(1e-4)
    starts = [0, 250, 500, 750, 2000]
    cut = [as_cut(all_samples[start : start + 1000]) for start in starts]
    strip, under = Strip(10), Circumstances(Speed(None, "unknown"), True, False, {})
    for start, samples in zip(starts, cut, strict=True):
        strip.add(Window(stream, start, samples, Rate(1000.0, "declared"), 0.0, None), under, ())
    samples, windows = joined(strip._seen)
    assert [one.behind.kept.dtype for one in strip._seen] == [np.int16, np.int16, np.float32, np.int16, np.int16]
    assert bits(samples) == bits(np.concatenate([all_samples[:1750], all_samples[2000:3000]]))
    assert [one.window.start for one in windows] == starts
    assert [bits(one.window.samples) for one in windows] == [bits(one) for one in cut]
