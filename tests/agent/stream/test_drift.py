"""A device's clock against the host's: what delays hide, what a reset forgets, and when nothing is said."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stream.clock import SampleClock
from agent.stream.drift import AFTER_S, HostDrift
from agent.types import Drift, SampleBlock, Stream

RATE_HZ = 26_667.0
BLOCK = 256
SAMPLES = np.zeros((BLOCK, 1), np.float32)


def feed(
    clock: SampleClock,
    seconds: float,
    *,
    drift_ppm: float = 0.0,
    sensor_hz: float = RATE_HZ,
    delays_s: Iterable[float] = (0.0005,),
    from_s: float = 0.0,
    first: int = 0,
    session: int = 0,
    live: bool = True,
    boot_s: float = 0.0,
) -> float:
    """`seconds` of true time, which the host keeps and the device misses; `delays_s` in turn. True time at the end."""
    stream = Stream("a", RATE_HZ, session=session, live=live)
    delays = np.resize(np.asarray(list(delays_s)), int(seconds * sensor_hz / BLOCK))
    newest_s = 0.0
    for k, delay_s in enumerate(delays):
        made_s = from_s + k * BLOCK / sensor_hz
        newest_s = max(newest_s, made_s + BLOCK / sensor_hz + float(delay_s))  # nothing overtakes on a line
        device_us = round((made_s - boot_s) * (1 + drift_ppm * 1e-6) * 1e6)
        clock.feed(SampleBlock(stream, first + k * BLOCK, SAMPLES, device_us, arrival_s=newest_s))
    return from_s + len(delays) * BLOCK / sensor_hz


def usb_like(seed: int, count: int = 4000) -> np.ndarray:
    """Half a millisecond, mostly a little more, and one block in a hundred up to 30 ms more."""
    rng = np.random.default_rng(seed)
    return 0.0005 + rng.exponential(0.0008, count) + (rng.random(count) < 0.01) * rng.random(count) * 0.03


def known(clock: SampleClock) -> Drift:
    assert clock.drift is not None
    return clock.drift


@pytest.mark.parametrize("drift_ppm", [0.0, 37.0, -40_000.0, 40_000.0])
def test_jittery_arrivals_give_the_drift_within_its_stated_error(drift_ppm: float) -> None:
    clock = SampleClock()
    feed(clock, 40.0, drift_ppm=drift_ppm, delays_s=usb_like(1))
    drift = known(clock)
    assert drift.ppm == pytest.approx(drift_ppm, abs=drift.error_ppm)
    assert drift.error_ppm < 10


@pytest.mark.parametrize("off", [0.96, 1.04])
def test_a_wrong_oscillator_of_the_sensor_is_no_drift_of_the_clock(off: float) -> None:
    clock = SampleClock()
    feed(clock, 40.0, drift_ppm=-20.0, sensor_hz=RATE_HZ * off, delays_s=usb_like(2))
    drift = known(clock)
    assert drift.ppm == pytest.approx(-20.0, abs=drift.error_ppm)


def test_it_is_right_nineteen_times_in_twenty_and_far_nearer_than_the_average_delay_says() -> None:
    """The reason for the lower envelope: a fit through all points is wrong by what the stalls happen to be."""
    inside, errors, fits = 0, [], []
    for seed in range(40):
        delays = usb_like(seed, 3000)
        device_us = np.arange(1, 3001) * 9600
        arrival_s = device_us * 1e-6 + delays
        drift = HostDrift()
        for at_us, at_s in zip(device_us, arrival_s, strict=True):
            drift.add(int(at_us), float(at_s))
        assert drift.value is not None
        inside += abs(drift.value.ppm) <= drift.value.error_ppm
        errors.append(drift.value.ppm)
        fits.append((np.polyfit(device_us * 1e-6, arrival_s, 1)[0] - 1) * 1e6)
    assert inside >= 38
    assert np.sqrt(np.mean(np.square(errors))) < np.sqrt(np.mean(np.square(fits))) / 4


@pytest.mark.parametrize("at_s", [1.0, 20.0, 35.5])
def test_a_stalled_transport_is_no_drift(at_s: float) -> None:
    """Four seconds that all arrive at once."""
    clock = SampleClock()
    delays = usb_like(3, int(40 * RATE_HZ / BLOCK))
    first = int(at_s * RATE_HZ / BLOCK)
    delays[first] += 4.0  # what comes after it waits behind it
    feed(clock, 40.0, drift_ppm=25.0, delays_s=delays)
    drift = known(clock)
    assert drift.ppm == pytest.approx(25.0, abs=drift.error_ppm)


def test_nothing_is_said_until_enough_time_has_passed() -> None:
    clock = SampleClock()
    end_s = feed(clock, AFTER_S - 0.5)
    assert clock.drift is None
    feed(clock, 1.0, from_s=end_s, first=round(end_s * RATE_HZ))
    assert clock.drift is not None


def test_a_line_too_rough_to_tell_says_nothing_rather_than_something_wrong() -> None:
    clock = SampleClock()
    stream = Stream("a", 100.0)
    rng = np.random.default_rng(5)
    for k in range(60):
        late_s = float(rng.exponential(0.3))
        clock.feed(SampleBlock(stream, k * 64, SAMPLES[:64], k * 640_000, arrival_s=k * 0.64 + late_s))
    assert clock.drift is None


@pytest.mark.parametrize("how", ["session", "time"])
def test_a_reset_device_starts_afresh(how: str) -> None:
    clock = SampleClock()
    end_s = feed(clock, 30.0, drift_ppm=1000.0)
    assert known(clock).ppm == pytest.approx(1000.0, abs=5)
    again = {"session": 1} if how == "session" else {"first": round(end_s * RATE_HZ)}
    feed(clock, 5.0, drift_ppm=-1000.0, from_s=end_s, boot_s=end_s, **again)
    assert clock.drift is None
    later = {**again, "first": again.get("first", 0) + round(5 * RATE_HZ)}
    feed(clock, 30.0, drift_ppm=-1000.0, from_s=end_s + 5, boot_s=end_s, **later)
    assert known(clock).ppm == pytest.approx(-1000.0, abs=5)


def test_longer_blocks_arrive_later_and_that_is_no_drift() -> None:
    clock, stream, at = SampleClock(), Stream("a", RATE_HZ), 0
    for number in range(600):
        n = 256 if number < 300 else 4096
        arrival_s = (at + n) / RATE_HZ
        samples = np.zeros((n, 1), np.float32)
        clock.feed(SampleBlock(stream, at, samples, round(at / RATE_HZ * 1e6), arrival_s=arrival_s))
        at += n
    assert known(clock).ppm == pytest.approx(0.0, abs=1)


def test_a_drift_that_changed_long_ago_is_forgotten() -> None:
    drift = HostDrift()
    for second in range(700):
        drift.add(second * 1_000_000, second * (1 + 100e-6))
    offset_s = 700 * 100e-6
    for second in range(700, 1500):
        drift.add(second * 1_000_000, second + offset_s)
    assert drift.value is not None
    assert abs(drift.value.ppm) < drift.value.error_ppm


@pytest.mark.parametrize("step_s", [0.016, 0.02, 0.025])
@pytest.mark.parametrize("off", [0.961, 0.9877, 1.0123, 1.04])
def test_a_line_that_is_emptied_now_and_then_is_told_no_surer_than_it_is(step_s: float, off: float) -> None:
    """Delays that swing with the beat of two rhythms are not independent, and an honest error says so."""
    clock = SampleClock()
    sensor_hz = RATE_HZ * off
    ends_s = (np.arange(int(60 * sensor_hz / BLOCK)) + 1) * BLOCK / sensor_hz
    waits_s = np.ceil(ends_s / step_s) * step_s - ends_s
    feed(clock, 60.0, sensor_hz=sensor_hz, delays_s=waits_s + np.random.default_rng(4).exponential(0.001, len(ends_s)))
    drift = clock.drift
    assert drift is None or abs(drift.ppm) <= drift.error_ppm


def test_a_stray_time_stamp_is_not_looked_at() -> None:
    clock, other = SampleClock(), SampleClock()
    for one in (clock, other):
        end_s = feed(one, 30.0, drift_ppm=50.0)
    stray = SampleBlock(Stream("a", RATE_HZ), round(end_s * RATE_HZ), SAMPLES, device_us=10**15, arrival_s=end_s + 0.01)
    clock.feed(stray)
    assert known(clock) == other.drift


def test_without_device_time_or_on_a_recording_there_is_none() -> None:
    recorded, silent = SampleClock(), SampleClock()
    feed(recorded, 30.0, live=False)
    assert recorded.drift is None
    for k in range(4000):
        silent.feed(SampleBlock(Stream("a", RATE_HZ), k * BLOCK, SAMPLES, arrival_s=(k + 1) * BLOCK / RATE_HZ))
    assert silent.drift is None


@given(st.lists(st.tuples(st.integers(0, 2**53), st.floats(0, 2**33)), max_size=50))
def test_no_clock_whatever_it_says_breaks_it(points: list[tuple[int, float]]) -> None:
    drift = HostDrift()
    for device_us, arrival_s in points:
        drift.add(device_us, arrival_s)
    value = drift.value
    assert value is None or (np.isfinite(value.ppm) and value.error_ppm >= 0)
