"""The measured rate: device time, arrival by lower envelope, declared; wrong clocks are noticed, never believed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stream.clock import SampleClock
from agent.stream.lower_line import HULL_POINTS, SEGMENTS, LowerLineFit, lower_hull
from agent.types import Rate, SampleBlock, Stream

NOMINAL_HZ = 3200.0
BLOCK = 128


def block(start: int, *, device_us=None, arrival_s=0.0, n=BLOCK, stream=None) -> SampleBlock:
    stream = stream or Stream("a", NOMINAL_HZ)
    return SampleBlock(stream, start, np.zeros((n, 1), np.float32), device_us=device_us, arrival_s=arrival_s)


def run(clock: SampleClock, true_hz: float, seconds: float, *, first=0, device=True, jitter=None, offset_us=0) -> int:
    """Feed a sensor that runs at `true_hz`; returns the index after its last sample."""
    count = int(seconds * true_hz / BLOCK)
    for k in range(count):
        start = first + k * BLOCK
        late = 0.0 if jitter is None else float(jitter[k % len(jitter)])
        clock.feed(
            block(
                start,
                device_us=round(start / true_hz * 1e6) + offset_us if device else None,
                arrival_s=100.0 + (start + BLOCK) / true_hz + late,
            )
        )
    return first + count * BLOCK


def ppm(rate: Rate, true_hz: float) -> float:
    return abs(rate.hz / true_hz - 1) * 1e6


@pytest.mark.parametrize("true_hz", [3086.0, 3200.0, 3328.0])
def test_device_time_gives_the_true_rate(true_hz: float) -> None:
    clock = SampleClock()
    end = run(clock, true_hz, 2.0)
    rate = clock.rate(end)
    assert rate.origin == "device_time"
    assert ppm(rate, true_hz) < 50  # the rounding to five digits
    assert rate.error_ppm is not None
    assert rate.error_ppm < 10


def test_arrival_gives_the_rate_within_its_own_stated_error() -> None:
    rng = np.random.default_rng(1)
    stalls = rng.random(4000) < 0.01
    jitter = 0.0002 + rng.exponential(0.0008, 4000) + stalls * rng.random(4000) * 0.03
    clock = SampleClock()
    end = run(clock, 3086.0, 30.0, device=False, jitter=jitter)
    rate = clock.rate(end)
    assert rate.origin == "arrival"
    assert rate.error_ppm is not None
    assert rate.error_ppm < 30
    assert ppm(rate, 3086.0) < rate.error_ppm + 33  # 33 ppm: half of the fifth digit


def test_lower_envelope_beats_least_squares_by_far() -> None:
    """The reason for its existence (5 s of USB-like delays, rms over 40 streams)."""
    errors, fits = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        index = np.arange(1, 126) * BLOCK
        arrival = index / NOMINAL_HZ + rng.exponential(0.0008, 125) + (rng.random(125) < 0.01) * rng.random(125) * 0.03
        envelope = LowerLineFit(horizon=200_000, resolution_us=1.0)
        for i, t in zip(index, arrival, strict=True):
            envelope.add((int(i), round(t * 1e6)))
        line = envelope.line(int(index[-1]))
        assert line is not None
        errors.append(line.us_per_count * NOMINAL_HZ / 1e6 - 1)
        fits.append(np.polyfit(index, arrival, 1)[0] * NOMINAL_HZ - 1)
    assert np.sqrt(np.mean(np.square(errors))) < np.sqrt(np.mean(np.square(fits))) / 4


def test_declared_until_something_is_known() -> None:
    clock = SampleClock()
    clock.feed(block(0, device_us=0))
    assert clock.rate(BLOCK) == Rate(NOMINAL_HZ, "declared", None)


@pytest.mark.parametrize("device", [True, False])
def test_a_rate_far_from_the_declared_one_is_not_believed(device: bool) -> None:
    clock = SampleClock()
    end = run(clock, NOMINAL_HZ * 1.2, 5.0, device=device)
    assert clock.rate(end) == Rate(NOMINAL_HZ, "declared", None, NOMINAL_HZ * 1.2, "stamps" if device else "evenly")
    assert clock.counters()["rate_refused"] > 0
    if device:
        assert clock.counters()["device_time_strays"] > 0


def test_a_rate_is_rounded_to_the_digits_that_cutting_cannot_change() -> None:
    clock = SampleClock()
    rate = clock.rate(run(clock, 3086.4273, 5.0))
    assert rate.hz == 3086.4


def test_delays_too_rough_for_the_time_listened_are_not_believed() -> None:
    clock = SampleClock()
    jitter = np.random.default_rng(0).exponential(0.05, 20)
    end = run(clock, 3086.0, 0.8, device=False, jitter=jitter)
    assert clock.rate(end).origin == "declared"
    assert clock.counters()["rate_refused"] == 0


def test_a_stray_time_stamp_changes_nothing() -> None:
    clock = SampleClock()
    end = run(clock, 3086.0, 5.0)
    before = clock.rate(end)
    clock.feed(block(end, device_us=12, arrival_s=200.0))
    end = run(clock, 3086.0, 1.0, first=end + BLOCK)
    assert clock.rate(end).hz == before.hz
    assert clock.counters()["device_time_strays"] == 1
    assert clock.counters()["device_time_resets"] == 0


def test_a_reset_of_device_time_starts_afresh_and_the_error_grows() -> None:
    clock = SampleClock()
    end = run(clock, 3086.0, 20.0)
    before = clock.rate(end)
    end = run(clock, 3086.0, 0.5, first=end, offset_us=-7_000_000)
    after = clock.rate(end)
    assert clock.counters()["device_time_resets"] == 1
    assert after.origin == "device_time"
    assert ppm(after, 3086.0) < 50
    assert before.error_ppm is not None
    assert after.error_ppm is not None
    assert after.error_ppm > 3 * before.error_ppm


def test_random_device_time_falls_back_to_arrival() -> None:
    clock = SampleClock()
    rng = np.random.default_rng(0)
    for k in range(200):
        start = k * BLOCK
        clock.feed(block(start, device_us=int(rng.integers(2**40)), arrival_s=(start + BLOCK) / 3086.0))
    assert clock.rate(200 * BLOCK).origin == "arrival"


def test_frames_lost_do_not_disturb_the_rate() -> None:
    clock = SampleClock()
    end = run(clock, 3086.0, 3.0)
    end = run(clock, 3086.0, 3.0, first=end + 1000 * BLOCK)
    assert ppm(clock.rate(end), 3086.0) < 50


def test_a_recording_played_fast_says_nothing_by_its_arrival() -> None:
    clock = SampleClock()
    stream = Stream("a", NOMINAL_HZ, live=False)
    for k in range(100):
        clock.feed(block(k * BLOCK, arrival_s=k * BLOCK / 3000.0, stream=stream))
    assert clock.rate(100 * BLOCK).origin == "declared"


def test_a_new_session_forgets_the_old_clock() -> None:
    clock = SampleClock()
    run(clock, 3086.0, 3.0)
    stream = Stream("a", NOMINAL_HZ, session=1)
    clock.feed(block(0, device_us=5, stream=stream))
    assert clock.rate(BLOCK).origin == "declared"


def test_points_beyond_the_sample_asked_about_do_not_count() -> None:
    clock = SampleClock()
    end = run(clock, 3086.0, 3.0)
    before = clock.rate(end)
    clock.feed(block(end, device_us=round(end / 3086.0 * 1e6) + 1500, n=10 * BLOCK))
    assert clock.rate(end - 1) == before


def test_slow_streams_are_measured_too() -> None:
    clock = SampleClock()
    stream = Stream("a", 0.1)
    for k in range(60):
        clock.feed(SampleBlock(stream, k, np.zeros((1, 1), np.float32), device_us=round(k / 0.097 * 1e6)))
    rate = clock.rate(60)
    assert rate.origin == "device_time"
    assert ppm(rate, 0.097) < 100


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=60, unique=True), st.data())
def test_hull_lies_under_every_point(indices: list[int], data: st.DataObject) -> None:
    points = [(i, data.draw(st.integers(-(2**60), 2**60))) for i in sorted(indices)]
    hull = lower_hull(points)
    for (i0, t0), (i1, t1) in itertools.pairwise(hull):
        for i, t in points:
            if i0 <= i <= i1:
                assert (t - t0) * (i1 - i0) >= (t1 - t0) * (i - i0)


def test_state_is_bounded_even_for_a_clock_that_makes_every_point_a_corner() -> None:
    envelope = LowerLineFit(horizon=120_000, resolution_us=1.0)
    for k in range(20_000):
        envelope.add((k * 10, k * k))
    assert len(envelope._closed) == SEGMENTS - 1
    assert all(len(list(segment.hull)) <= HULL_POINTS for segment in envelope._closed)
    assert envelope.line(200_000) is not None


@pytest.mark.parametrize("start_us", [0, 2**63 - 10_000_000, 2**64])
def test_a_line_is_the_same_wherever_a_device_counts_on_from(start_us: int) -> None:
    fit = LowerLineFit(horizon=60_000_000, resolution_us=1.0)
    for k in range(1000):
        fit.add((start_us + 100_000 * k, 100_010 * k + 700 * (k % 3)))
    line = fit.line(start_us + 100_000_000)
    assert line is not None
    assert line.us_per_count == pytest.approx(1.0001, rel=1e-6)
    assert min(fit.least_delays_us(line)) == pytest.approx(0.0, abs=1e-3)


@given(st.integers(0, 2**32))
def test_cutting_a_stream_otherwise_hardly_moves_the_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = []
    for _ in range(2):
        clock, start = SampleClock(), 0
        while start < 6 * 3086:
            n = int(rng.integers(1, 600))
            clock.feed(block(start, device_us=round(start / 3086.0 * 1e6), n=n))
            start += n
        rates.append(clock.rate(6 * 3086).hz)
    assert abs(rates[0] - rates[1]) <= 0.1001  # one step of the fifth digit
