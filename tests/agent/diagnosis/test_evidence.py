"""Evidence: figures against closed forms, and a reason wherever there is no figure."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from agent.diagnosis.evidence import _peaks, bearing_lines, gather_evidence, iso_zone, velocity_rms
from agent.dsp.features import FeatureSpec, Spectra, analyse
from agent.machine import BallCount, Bearing, Geometry, Machine, Mounting
from agent.types import BearingLine, Figure, Rate, Speed, Stream, Window

SPEC = FeatureSpec()
RATE_HZ = 12_800.0
BEARING = Bearing("de", Geometry(9, 7.94, 39.04))
STEADY = Speed(1797.0, "config")


def spectra_of(samples: np.ndarray[tuple[int], np.dtype[np.float64]], rate_hz: float = RATE_HZ) -> Spectra:
    stream = Stream("s", rate_hz, ("x",), "g")
    return analyse(Window(stream, 0, samples[:, None].astype(np.float32), Rate(rate_hz, "declared"), 0.0, None), SPEC)


def ringing(order: float) -> Spectra:
    rng = np.random.default_rng(0)
    n = int(2 * RATE_HZ)
    times = np.cumsum(rng.normal(1, 0.005, 1000)) / (order * 1797 / 60)
    train = np.zeros(n)
    train[(times[times < 2] * RATE_HZ).astype(int)] = 1
    t = np.arange(400) / RATE_HZ
    ring = np.exp(-600 * t) * np.sin(2 * np.pi * 2800 * t)
    return spectra_of(np.convolve(train, ring)[:n] + rng.normal(0, 0.05, n))


@pytest.mark.parametrize("frequency_hz", [15.0, 80.0, 900.0])
def test_velocity_of_a_sine_is_acceleration_over_omega(frequency_hz: float) -> None:
    t = np.arange(25_600) / RATE_HZ
    velocity = velocity_rms(spectra_of(0.5 * np.sin(2 * np.pi * frequency_hz * t)), unit="g")
    expected = 0.5 * 9.80665 / (2 * np.pi * frequency_hz) / np.sqrt(2) * 1000
    assert velocity.value == pytest.approx(expected, rel=0.03)


def test_what_lies_outside_10_to_1000_hz_does_not_count() -> None:
    t = np.arange(25_600) / RATE_HZ
    outside = 5 * np.sin(2 * np.pi * 4 * t) + 5 * np.sin(2 * np.pi * 3000 * t)
    inside = velocity_rms(spectra_of(outside), unit="g").value
    assert inside is not None
    assert inside < 0.05


@pytest.mark.parametrize(
    ("unit", "rate_hz", "reason"), [("raw", RATE_HZ, "no_scale"), ("g", 1600.0, "band_above_nyquist")]
)
def test_a_velocity_that_cannot_be_known_says_why(unit: str, rate_hz: float, reason: str) -> None:
    spectra = spectra_of(np.random.default_rng(1).normal(size=3200), rate_hz)
    assert velocity_rms(spectra, unit=unit) == Figure(None, "mm/s", reason)


@pytest.mark.parametrize(
    ("velocity", "zone"), [(1.39, "A"), (1.41, "B"), (2.79, "B"), (2.81, "C"), (4.49, "C"), (4.51, "D")]
)
def test_iso_zone_limits_of_a_rigid_group_2_machine(velocity: float, zone: str) -> None:
    assert iso_zone(Figure(velocity, "mm/s"), Mounting(2, "rigid"), 1500.0) == (zone, None)


def test_no_zone_without_group_foundation_scale_or_speed_range() -> None:
    known = Figure(2.0, "mm/s")
    assert iso_zone(known, Mounting(), 1500.0) == (None, "no_machine_group")
    assert iso_zone(known, Mounting(group=1), 1500.0) == (None, "no_foundation")
    assert iso_zone(known, Mounting(1, "rigid"), 300.0) == (None, "below_600_rpm")
    assert iso_zone(Figure(None, "mm/s", "no_scale"), Mounting(1, "rigid"), 1500.0) == (None, "no_scale")


@pytest.mark.parametrize(("name", "order"), [("BPFO", 3.585), ("BPFI", 5.415)])
def test_the_lines_of_a_defect_are_found_where_they_belong(name: str, order: float) -> None:
    lines, reason = bearing_lines(ringing(order), spec=SPEC, speed=STEADY, bearing=BEARING)
    assert reason is None
    assert lines[0].name.endswith(name)
    first = next(line for line in lines if line.name == name)
    assert first.expected_hz == pytest.approx(order * 1797 / 60, rel=1e-3)
    assert first.seen_hz == pytest.approx(first.expected_hz, rel=0.02)
    assert first.above_floor_db > 15


def test_noise_shows_hardly_any_line() -> None:
    found = [
        len(
            bearing_lines(
                spectra_of(np.random.default_rng(seed).normal(size=25_600)), spec=SPEC, speed=STEADY, bearing=BEARING
            )[0]
        )
        for seed in range(20)
    ]
    assert np.mean(found) < 1.0


@pytest.mark.parametrize(
    ("speed", "bearing", "reason"),
    [
        (Speed(None, "unknown"), BEARING, "no_speed"),
        (Speed(1797.0, "topic", steady=False), BEARING, "no_speed"),
        (STEADY, None, "no_geometry"),
        (STEADY, Bearing("de"), "no_geometry"),
    ],
)
def test_no_lines_without_speed_or_geometry(speed: Speed, bearing: Bearing | None, reason: str) -> None:
    assert bearing_lines(ringing(3.585), spec=SPEC, speed=speed, bearing=bearing) == ((), reason)


def test_raw_counts_give_shape_but_no_physical_figure() -> None:
    evidence = gather_evidence(
        ringing(3.585), spec=SPEC, speed=STEADY, bearing=BEARING, machine=Machine("m"), unit="raw"
    )
    assert evidence.acceleration_rms == Figure(None, "g", "no_scale")
    assert evidence.velocity_rms.reason == "no_scale"
    assert evidence.iso_zone is None
    assert evidence.kurtosis.value is not None
    assert evidence.kurtosis.value > 3
    assert evidence.crest_factor.value is not None


def test_fault_orders_alone_place_the_same_lines_as_the_measures() -> None:
    spectra = ringing(3.585)
    orders = Bearing("de", BEARING.orders)
    assert bearing_lines(spectra, spec=SPEC, speed=STEADY, bearing=orders) == bearing_lines(
        spectra, spec=SPEC, speed=STEADY, bearing=BEARING
    )


def test_a_number_of_balls_alone_finds_a_line_in_its_range_and_says_that_this_is_approximate() -> None:
    lines, reason = bearing_lines(ringing(3.8), spec=SPEC, speed=STEADY, bearing=Bearing("de", BallCount(9)))
    assert reason == "approximate_geometry"
    assert lines[0].name == "~BPFO"
    assert lines[0].seen_hz == pytest.approx(3.8 * 1797 / 60, abs=2)
    assert all(line.name.startswith("~") for line in lines)


def test_multiples_of_shaft_speed_are_no_line_of_a_bearing_of_which_a_count_is_known() -> None:
    lines, _ = bearing_lines(ringing(4.02), spec=SPEC, speed=STEADY, bearing=Bearing("de", BallCount(9)))
    assert not [line for line in lines if abs(line.seen_hz * 60 / 1797 - 4.0) < 0.03]


def test_noise_stands_out_in_a_wide_range_no_more_often_than_in_a_narrow_one() -> None:
    rng = np.random.default_rng(3)
    noise = [spectra_of(rng.normal(size=25_600)) for _ in range(60)]
    told = [bearing_lines(s, spec=SPEC, speed=STEADY, bearing=Bearing("de", BallCount(9)))[0] for s in noise]
    assert sum(bool(lines) for lines in told) <= 3


def test_a_peak_that_fits_two_elements_is_told_once_with_both() -> None:
    lines, _ = bearing_lines(ringing(3.585), spec=SPEC, speed=STEADY, bearing=BEARING)
    second = next(line for line in lines if line.name == "2xBPFO")  # 7.17 orders; 3xBSF would stand at 7.07
    assert second.also == ("3xBSF",)
    told = [name for line in lines for name in (line.name, *line.also)]
    assert len(told) == len(set(told))
    bins = sorted(line.seen_hz for line in lines)
    assert all(above - below > 0.75 for below, above in pairwise(bins))


def test_the_flank_of_a_peak_is_no_line_of_its_own() -> None:
    def line(name: str, expected_hz: float, seen_hz: float, height_db: float) -> BearingLine:
        return BearingLine(name, 1.0, expected_hz, seen_hz, height_db)

    peak = line("2xBPFO", 215.0, 215.0, 20.0)
    flank = line("3xBSF", 212.0, 214.5, 14.0)  # its range ends before the top
    apart = line("FTF", 12.0, 12.0, 10.0)
    assert _peaks([flank, apart, peak], 0.5) == (replace(peak, also=("3xBSF",)), apart)
