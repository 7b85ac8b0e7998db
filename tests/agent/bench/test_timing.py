"""What `bench` measures: work, not waiting."""

from __future__ import annotations

import time

import numpy as np

from agent.bench.plain_scipy import measure_scipy
from agent.bench.timing import microseconds, page_faults


def test_waiting_costs_nothing() -> None:
    assert microseconds(lambda: time.sleep(0.05)) < 25_000


def test_fresh_memory_is_counted_in_pages() -> None:
    before = page_faults()
    np.ones(64 << 20, np.uint8)
    assert page_faults() > before


def test_scipy_is_timed_beside_a_window() -> None:
    samples = np.random.default_rng(1).normal(size=(12_800, 1)).astype(np.float32)
    measured = measure_scipy(samples, [(500.0, 1400.0)], lambda: np.fft.rfft(samples, axis=0))
    assert measured["scipy_us"] > 0
    assert measured["times_faster_than_scipy"] > 1
