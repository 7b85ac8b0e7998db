"""Speeds of simulated machines whose true speed is known: mains, drives, belts and gears never pass for the shaft."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simulator
from agent.dsp.features import FeatureSpec, Spectra, analyse
from agent.dsp.peaks import is_mains
from agent.dsp.speed import estimate_rpm, refined
from agent.types import Rate, Stream, Window

SPEC = FeatureSpec()
RATE_HZ = 6400.0
LOUD_SHAFT = replace(simulator.SMALL_MOTOR, harmonics=(0.6, 0.5, 0.4, 0.3), residual_mm_s=1.5, meshes=(), hum_g=0.0)
QUIET_SHAFT = replace(LOUD_SHAFT, residual_mm_s=0.001)


def heard(samples: np.ndarray, rate_hz: float = RATE_HZ) -> Spectra:
    stream = Stream("s", rate_hz, axes=("x", "y", "z")[: samples.shape[1]])
    return analyse(Window(stream, 0, samples, Rate(rate_hz, "declared"), 0.0, None), SPEC)


def spectra_of(rig: simulator.Rig, rpm: float, *, seed: int = 0) -> Spectra:
    source = simulator.VibrationSource(
        rig,
        simulator.Condition("healthy"),
        sensor=simulator.MEMS_SENSOR,
        geometry=simulator.BEARING_6205,
        rpm=rpm,
        rate_hz=RATE_HZ,
        seed=seed,
    )
    return heard(source.next(round(2 * RATE_HZ)))


@pytest.mark.parametrize("rpm", [1475.0, 2952.0, 1130.0])
def test_a_shaft_with_harmonics_is_placed_near_its_nominal_speed_and_within_a_range(rpm: float) -> None:
    spectra = spectra_of(LOUD_SHAFT, rpm)
    speed = refined(rpm * 1.03, 0.05, spectra, origin="told").speed
    assert speed.rpm == pytest.approx(rpm, rel=0.01)
    assert speed.origin == "estimated"
    assert estimate_rpm(spectra, (0.8 * rpm, 1.3 * rpm)) == pytest.approx(rpm, rel=0.01)


@pytest.mark.parametrize("line_hz", [50.0, 60.0, 49.97])
def test_mains_lines_are_no_shaft(line_hz: float) -> None:
    mains = simulator.Mains(line_hz, 0.1, line=1.0, multiples=(1.0, 0.8, 0.6), eccentricity=0.0)
    spectra = spectra_of(replace(QUIET_SHAFT, machinery=(mains,)), 0.97 * 60 * line_hz)
    assert estimate_rpm(spectra, (54 * line_hz, 64 * line_hz)) is None
    told = refined(58 * line_hz, 0.05, spectra, origin="told").speed
    assert (told.rpm, told.origin, told.asks) == (58 * line_hz, "told", None)


def test_multiples_of_the_mains_are_told_from_the_harmonics_beside_them() -> None:
    hz = np.array([49.2, 50.0, 98.4, 100.0, 147.6, 150.1, 59.95, 61.0, 24.95, 25.0])
    assert is_mains(hz, 0.5).tolist() == [False, True, False, True, False, True, True, False, False, False]


def test_a_drive_at_its_own_frequency_is_no_shaft() -> None:
    drive = simulator.Drive(2, slip=0.03, level_g=0.1, fundamental=1.0, ripple=1.0, carrier_g=0.0)
    spectra = spectra_of(replace(QUIET_SHAFT, machinery=(drive,)), 2600.0)
    assert refined(2640.0, 0.05, spectra, origin="told").speed.origin == "told"
    assert estimate_rpm(spectra, (2500.0, 2800.0)) is None


def test_two_shafts_in_one_range_are_not_told_apart() -> None:
    other = simulator.SecondShaft(1.21, residual_mm_s=1.5, harmonics=(0.6, 0.5, 0.4, 0.3))
    assert estimate_rpm(spectra_of(replace(LOUD_SHAFT, machinery=(other,)), 1400.0), (1300.0, 1800.0)) is None


def test_twice_and_half_a_speed_are_not_it() -> None:
    spectra = spectra_of(LOUD_SHAFT, 1475.0)
    assert estimate_rpm(spectra, (2700.0, 3200.0)) is None
    assert estimate_rpm(spectra, (680.0, 800.0)) is None


@pytest.mark.parametrize("rpm", [1475.0, 2952.0])
def test_hz_given_for_rpm_are_asked_about(rpm: float) -> None:
    speed = refined(rpm / 60, 0.05, spectra_of(LOUD_SHAFT, rpm), origin="told").speed
    assert speed.rpm is None
    assert speed.asks is not None
    assert speed.asks.reason == "hertz"
    assert speed.asks.seen_rpm == pytest.approx(rpm, rel=0.01)


@pytest.mark.parametrize("share", [0.6, 1.4])
def test_a_nominal_speed_that_the_shaft_contradicts_is_asked_about(share: float) -> None:
    speed = refined(1475.0 * share, 0.05, spectra_of(LOUD_SHAFT, 1475.0), origin="file").speed
    assert (speed.rpm, speed.origin) == (None, "unknown")
    assert speed.asks is not None
    assert (speed.asks.reason, speed.asks.seen_rpm) == ("contradicted", pytest.approx(1475.0, rel=0.01))


def test_a_nominal_speed_off_by_little_more_than_slip_stands_and_is_asked_about() -> None:
    speed = refined(1475.0 * 0.91, 0.05, spectra_of(LOUD_SHAFT, 1475.0), origin="config").speed
    assert (speed.rpm, speed.origin) == (1475.0 * 0.91, "config")
    assert speed.asks is not None


@pytest.mark.parametrize("nominal", [1500.0, 700.0, 29.0])
def test_where_no_shaft_is_heard_nothing_is_asked(nominal: float) -> None:
    noise = heard(np.random.default_rng(3).normal(size=(12_800, 1)).astype(np.float32))
    speed = refined(nominal, 0.05, noise, origin="told").speed
    assert (speed.rpm, speed.origin, speed.asks) == (nominal, "told", None)


def test_no_sure_speed_of_many_machines_is_wrong() -> None:
    """A small sample of what docs/decisions/0018-speed.md measures: wrong is off by more than bearing lines may be."""
    rng = np.random.default_rng(8)
    wrong = right = 0
    for machine in simulator.foreign_machines(40, seed=32, rate_hz=RATE_HZ):
        drawn = machine.record(0, seconds=2.0)
        spectra = heard(drawn.samples)
        placed = refined(drawn.rpm * float(rng.uniform(0.96, 1.04)), 0.05, spectra, origin="told").speed
        low = drawn.rpm / 1.3 ** float(rng.random())
        sought = estimate_rpm(spectra, (low, 1.3 * low))
        for rpm in (placed.rpm if placed.origin == "estimated" else None, sought):
            if rpm is not None:
                off = abs(rpm / drawn.rpm - 1) > 0.02
                wrong, right = wrong + off, right + (not off)
    assert wrong <= 1
    assert right >= 20
