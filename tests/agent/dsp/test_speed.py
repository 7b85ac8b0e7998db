"""Where a speed comes from, and that a doubtful one is never used quietly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from agent.dsp.features import FeatureSpec, Spectra, analyse
from agent.dsp.speed import SpeedTrack, estimate_rpm
from agent.machine import Machine
from agent.types import Rate, Reading, Speed, Stream, Window

SPEC = FeatureSpec()
TOPIC = Machine("m", speed_source="topic")


def spectra_of(samples: np.ndarray[tuple[int], np.dtype[np.float64]], rate_hz: float) -> Spectra:
    stream = Stream("s", rate_hz)
    return analyse(Window(stream, 0, samples[:, None].astype(np.float32), Rate(rate_hz, "declared"), 0.0, None), SPEC)


@pytest.fixture
def noise() -> Spectra:
    return spectra_of(np.random.default_rng(0).normal(size=6400), 3200.0)


def reading(value: float, at_s: float) -> Reading:
    return Reading("m", "rpm", value, at_s)


def test_config_speed_is_said_to_be_from_config(noise: Spectra) -> None:
    speed = SpeedTrack(Machine("m", rpm=1500.0, speed_source="config")).during(noise, start_s=0.0, end_s=2.0)
    assert (speed.rpm, speed.origin, speed.steady) == (1500.0, "config", True)


def test_a_topic_speed_is_the_mean_of_the_window(noise: Spectra) -> None:
    track = SpeedTrack(TOPIC)
    for at_s, value in ((0.5, 1500.0), (1.5, 1506.0), (9.0, 3000.0)):
        track.feed(reading(value, at_s))
    speed = track.during(noise, start_s=0.0, end_s=2.0)
    assert (speed.rpm, speed.origin, speed.steady) == (1503.0, "topic", True)


@pytest.mark.parametrize(
    "readings",
    [
        [(9.5, 1500.0), (10.5, 1600.0)],  # moves by 6 % inside the window
        [],
    ],
)
def test_moving_and_absent_speeds_are_unsteady(noise: Spectra, readings: list[tuple[float, float]]) -> None:
    track = SpeedTrack(TOPIC)
    for at_s, value in readings:
        track.feed(reading(value, at_s))
    assert not track.during(noise, start_s=9.0, end_s=11.0).steady


def shaft(rpm: float) -> Spectra:
    t = np.arange(6400) / 3200.0
    harmonics = sum(np.sin(2 * np.pi * h * rpm / 60 * t + h) / h for h in (1, 2, 3, 4))
    return spectra_of(harmonics + np.random.default_rng(1).normal(0, 0.5, len(t)), 3200.0)


def test_a_tacho_that_fell_silent_is_replaced_by_what_the_spectrum_shows_near_its_last_word(noise: Spectra) -> None:
    track = SpeedTrack(TOPIC)
    track.feed(reading(1500.0, 0.0))
    assert track.during(shaft(1480.0), start_s=8.0, end_s=10.0) == Speed(1500.0, "topic")
    speed = track.during(shaft(1480.0), start_s=9.0, end_s=11.0)
    assert (speed.origin, speed.doubt, speed.steady) == ("estimated", "silent", True)
    assert speed.rpm == pytest.approx(1480.0, rel=5e-3)
    assert track.during(noise, start_s=20.0, end_s=22.0) == Speed(None, "unknown", doubt="silent")
    track.feed(reading(1500.0, 23.0))
    assert track.during(noise, start_s=22.0, end_s=24.0) == Speed(1500.0, "topic")


def test_a_tacho_that_never_spoke_is_waited_for_and_then_sought_around_the_only_speed_that_was_learnt() -> None:
    for learnt, found in (((1500.0,), True), ((750.0, 1500.0), False), ((None,), False)):
        track = SpeedTrack(TOPIC)
        assert not track.during(shaft(1480.0), start_s=0.0, end_s=2.0, learnt=learnt).steady
        speed = track.during(shaft(1480.0), start_s=9.0, end_s=11.0, learnt=learnt)
        assert (speed.doubt, speed.steady, speed.rpm is not None) == ("silent", True, found)


def test_the_range_of_the_config_comes_before_what_was_told_last() -> None:
    track = SpeedTrack(replace(TOPIC, rpm_range=(1200.0, 2000.0)))
    track.feed(reading(1000.0, 0.0))
    assert track.during(shaft(1480.0), start_s=20.0, end_s=22.0).rpm == pytest.approx(1480.0, rel=5e-3)


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ([0.0, 1500.0] * 8, "contradicted"),
        ([600.0, 1500.0] * 8, "contradicted"),
        ([0.0] * 4 + [1500.0] * 12, None),  # it was switched on
        ([1500.0] * 8 + [1100.0, 700.0, 300.0, 0.0, 0.0], None),  # it runs down
        ([1500.0, 1600.0] * 8, None),  # it hunts
    ],
)
def test_readings_that_leap_as_no_shaft_does_are_no_word(
    noise: Spectra, values: list[float], doubt: str | None
) -> None:
    track = SpeedTrack(TOPIC)
    for k, value in enumerate(values):
        track.feed(reading(value, float(k)))
    end_s = len(values) - 0.5
    assert track.during(noise, start_s=end_s - 2.0, end_s=end_s).doubt == doubt


def test_values_that_are_no_speed_are_ignored(noise: Spectra) -> None:
    track = SpeedTrack(TOPIC)
    for value in (float("nan"), float("inf"), -3.0, 1e300):
        track.feed(reading(value, 1.0))
    assert track.during(noise, start_s=0.0, end_s=2.0).rpm is None


@pytest.mark.parametrize("value", [0.0, 5e-324, 0.3])
def test_a_shaft_at_rest_stands_still_although_its_tacho_creeps(noise: Spectra, value: float) -> None:
    track = SpeedTrack(TOPIC)
    track.feed(reading(0.0, 0.5))
    track.feed(reading(value, 1.5))
    speed = track.during(noise, start_s=0.0, end_s=2.0)
    assert (speed.rpm, speed.steady) == (0.0, True)


def test_noise_has_no_speed(noise: Spectra) -> None:
    assert estimate_rpm(noise, (1200.0, 1900.0)) is None


@pytest.mark.parametrize("rpm", [900.0, 1480.0, 2950.0])
def test_shaft_harmonics_give_the_speed_within_half_a_percent(rpm: float) -> None:
    t = np.arange(20_000) / 10_000.0
    rng = np.random.default_rng(1)
    harmonics = sum(np.sin(2 * np.pi * h * rpm / 60 * t + h) / h for h in (1, 2, 3, 4))
    spectra = spectra_of(harmonics + rng.normal(0, 0.5, len(t)), 10_000.0)
    assert estimate_rpm(spectra, (rpm / 1.3, rpm * 1.3)) == pytest.approx(rpm, rel=5e-3)


@pytest.mark.data
def test_the_speed_of_a_real_motor_is_found_within_one_percent(shared_data: Path) -> None:
    path = shared_data / "cwru" / "12k_Drive_End_Bearing_Fault_Data" / "IR" / "007" / "105_0.mat"
    samples = loadmat(path)["X105_DE_time"].ravel()[:24_000]
    assert estimate_rpm(spectra_of(samples, 12_000.0), (1500.0, 2100.0)) == pytest.approx(1797.0, rel=0.01)


def test_what_one_window_shows_holds_for_those_that_overlap_with_it(noise: Spectra) -> None:
    times_s = np.arange(6400) / 3200.0
    tones = sum(np.sin(2 * np.pi * order * 30.7 * times_s) for order in range(1, 7))
    shaft = spectra_of(tones + np.random.default_rng(1).normal(0, 0.3, 6400), 3200.0)
    track = SpeedTrack(Machine("m", rpm=1800.0, speed_source="config"))
    first = track.during(shaft, start_s=0.0, end_s=2.0)
    assert (first.origin, first.rpm) == ("estimated", pytest.approx(1842.0, rel=2e-3))
    assert track.during(noise, start_s=0.5, end_s=2.5) is first
    assert track.during(noise, start_s=1.5, end_s=3.5) is first
    faster = np.sin(2 * np.pi * np.outer(np.arange(1, 7) * 31.2, times_s)).sum(axis=0)
    other = spectra_of(faster + np.random.default_rng(2).normal(0, 0.3, 6400), 3200.0)
    assert track.during(other, start_s=1.5, end_s=3.5) is first
    anew = track.during(other, start_s=2.0, end_s=4.0)  # shares no sample with it
    assert anew.rpm == pytest.approx(1872.0, rel=2e-3)
    assert track.during(shaft, start_s=0.0, end_s=2.0) == first  # time went back: read anew
    longer = track.during(other, start_s=1.0, end_s=9.0)
    assert longer.rpm == pytest.approx(1872.0, rel=2e-3)  # it shows more


def shaft_at(hz: float) -> Spectra:
    """A rotor with six harmonics in noise, 2 s."""
    times_s = np.arange(6400) / 3200.0
    tones = np.sin(2 * np.pi * np.outer(np.arange(1, 7) * hz, times_s)).sum(axis=0)
    return spectra_of(tones + np.random.default_rng(1).normal(0, 0.3, 6400), 3200.0)


@pytest.mark.parametrize("said_rpm", [1800.0, 1650.0], ids=["within its slip", "contradicted"])
def test_what_was_shown_a_moment_ago_stands_where_a_window_shows_nothing(noise: Spectra, said_rpm: float) -> None:
    track = SpeedTrack(Machine("m", rpm=said_rpm, speed_source="config"))
    shown = track.during(shaft_at(30.7), start_s=0.0, end_s=2.0)
    assert (shown.origin == "estimated") == (said_rpm == 1800.0)
    assert (shown.asks is None) == (said_rpm == 1800.0)
    assert track.during(noise, start_s=2.0, end_s=4.0) == shown
    assert track.during(noise, start_s=10.0, end_s=12.0) == shown
    assert track.during(noise, start_s=12.5, end_s=14.5) == Speed(said_rpm, "config")  # no longer


def test_a_nominal_speed_that_the_spectrum_bears_out_ends_what_was_seen_before(noise: Spectra) -> None:
    track = SpeedTrack(Machine("m", rpm=1650.0, speed_source="config"))
    assert track.during(shaft_at(30.7), start_s=0.0, end_s=2.0).asks is not None
    assert track.during(shaft_at(27.5), start_s=2.0, end_s=4.0) == Speed(1650.0, "config")
    assert track.during(noise, start_s=4.0, end_s=6.0) == Speed(1650.0, "config")


def test_a_speed_seen_hardly_off_the_nominal_one_leaves_it(noise: Spectra) -> None:
    times_s = np.arange(6400) / 3200.0
    for seen_hz, origin in ((30.2, "config"), (30.7, "estimated")):
        tones = sum(np.sin(2 * np.pi * order * seen_hz * times_s) for order in range(1, 7))
        shaft = spectra_of(tones + np.random.default_rng(1).normal(0, 0.3, 6400), 3200.0)
        speed = SpeedTrack(Machine("m", rpm=1800.0, speed_source="config")).during(shaft, start_s=0.0, end_s=2.0)
        assert speed.origin == origin
