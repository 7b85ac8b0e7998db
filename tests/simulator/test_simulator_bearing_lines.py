"""Damage of a bearing shows the lines that theory gives it, in the envelope spectrum, and none of another fault's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectral_lines import above_floor_db, envelope_spectrum

from simulator import (
    BEARING_6205,
    MEMS_SENSOR,
    SMALL_MOTOR,
    BearingGeometry,
    Condition,
    Resonance,
    VibrationSource,
    signal,
    typical_condition,
)

PRESENT_DB = 9.0
ABSENT_DB = 6.5
RPM, RATE_HZ, BAND = 1797.0, 12_800.0, (2200.0, 3600.0)

BIG_BEARING = BearingGeometry(balls=14, ball_mm=22.0, pitch_mm=118.0, angle_deg=25.0)


def orders(geometry):
    ftf, bpfo, bpfi, bsf = geometry.ftf, geometry.bpfo, geometry.bpfi, geometry.bsf
    return {
        "FTF": ftf,
        "1x": 1.0,
        "BPFO": bpfo,
        "2xBPFO": 2 * bpfo,
        "BPFO-1": bpfo - 1,
        "BPFO+1": bpfo + 1,
        "BPFI": bpfi,
        "2xBPFI": 2 * bpfi,
        "BPFI-1": bpfi - 1,
        "BPFI+1": bpfi + 1,
        "2xBSF": 2 * bsf,
        "2xBSF-FTF": 2 * bsf - ftf,
        "2xBSF+FTF": 2 * bsf + ftf,
    }


LINES = {
    "healthy": (set(), {"FTF", "BPFO", "BPFI", "2xBSF"}),
    "inner_race": ({"1x", "BPFI", "BPFI-1", "BPFI+1", "2xBPFI"}, {"FTF", "BPFO", "2xBSF"}),
    "outer_race": ({"BPFO", "2xBPFO"}, {"FTF", "BPFO-1", "BPFO+1", "BPFI", "2xBSF"}),
    "ball": ({"FTF", "2xBSF", "2xBSF-FTF", "2xBSF+FTF"}, {"1x", "BPFO", "BPFI-1"}),
    "cage": ({"FTF"}, {"1x", "BPFI", "2xBSF"}),
    "imbalance": (set(), {"FTF", "BPFO", "BPFI", "2xBSF"}),
    "misalignment": (set(), {"FTF", "BPFO", "BPFI", "2xBSF"}),
    "looseness": (set(), {"FTF", "BPFO", "BPFI", "2xBSF"}),
}


@pytest.mark.parametrize("fault", LINES)
def test_small_motor_shows_the_lines_of_its_fault_and_no_others(fault):
    samples = signal(fault, seconds=8, rate_hz=RATE_HZ, rpm=RPM, seed=11)[:, 0]
    hz, power = envelope_spectrum(samples, RATE_HZ, BAND)
    heights = {name: above_floor_db(hz, power, order * RPM / 60) for name, order in orders(BEARING_6205).items()}
    present, absent = LINES[fault]
    assert {name for name in present if heights[name] < PRESENT_DB} == set()
    assert {name for name in absent if heights[name] > ABSENT_DB} == set()


@pytest.mark.parametrize("rpm", [620.0, 2950.0])
@pytest.mark.parametrize("fault", ["inner_race", "outer_race", "ball", "cage"])
def test_lines_follow_geometry_and_speed(fault, rpm):
    samples = signal(fault, seconds=8, rate_hz=RATE_HZ, rpm=rpm, seed=5, geometry=BIG_BEARING)[:, 0]
    hz, power = envelope_spectrum(samples, RATE_HZ, BAND)
    names = {"inner_race": "BPFI", "outer_race": "BPFO", "ball": "2xBSF", "cage": "FTF"}
    own = orders(BIG_BEARING)[names[fault]] * rpm / 60
    assert above_floor_db(hz, power, own) >= PRESENT_DB


def steady_source(condition, *, seed=3):
    rig = replace(SMALL_MOTOR, speed_drift=0.0, speed_jitter=0.0, background_g=0.001)
    return VibrationSource(
        rig, condition, sensor=MEMS_SENSOR, geometry=BEARING_6205, rpm=RPM, rate_hz=RATE_HZ, seed=seed
    )


def peak_hz(condition, near_hz):
    samples = steady_source(condition).next(int(8 * RATE_HZ))[:, 0]
    hz, power = envelope_spectrum(samples, RATE_HZ, BAND)
    window = np.abs(hz - near_hz) < 0.04 * near_hz
    return hz[window][power[window].argmax()]


@pytest.mark.parametrize(
    ("fault", "order", "shift"),
    [("outer_race", BEARING_6205.bpfo, -1.0), ("inner_race", BEARING_6205.bpfi, BEARING_6205.bpfo / BEARING_6205.bpfi)],
)
def test_a_slipping_cage_lowers_the_outer_line_and_raises_the_inner(fault, order, shift):
    expected = order * RPM / 60
    slipping = Condition(fault, severity_db=15, slip=0.02, slip_jitter=0.001)
    assert peak_hz(slipping, expected) == pytest.approx(expected * (1 + 0.02 * shift), rel=0.004)


def test_slip_jitter_smears_the_harmonics():
    def fifth_harmonic_db(jitter):
        condition = Condition("outer_race", severity_db=12, slip=0.0, slip_jitter=jitter)
        hz, power = envelope_spectrum(steady_source(condition).next(int(8 * RATE_HZ))[:, 0], RATE_HZ, BAND)
        return above_floor_db(hz, power, 5 * BEARING_6205.bpfo * RPM / 60)

    assert fifth_harmonic_db(0.001) > fifth_harmonic_db(0.02) + 10


def kurtosis(samples):
    centred = samples - samples.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2)


def test_a_worn_ring_keeps_its_line_without_sharp_impacts():
    sharp = Condition("outer_race", severity_db=8, contact_us=20)
    worn = replace(sharp, spread=0.95)
    click, hum = (steady_source(condition).next(int(8 * RATE_HZ))[:, 0] for condition in (sharp, worn))
    hz, power = envelope_spectrum(hum, RATE_HZ, BAND)
    assert above_floor_db(hz, power, BEARING_6205.bpfo * RPM / 60) >= PRESENT_DB
    assert kurtosis(hum) < 0.7 * kurtosis(click)


def test_a_fully_loaded_inner_ring_has_weaker_sidebands():
    def sideband_db(zone, unloaded):
        condition = Condition("inner_race", severity_db=12, slip_jitter=0.003, load_zone=zone, unloaded=unloaded)
        hz, power = envelope_spectrum(steady_source(condition).next(int(8 * RATE_HZ))[:, 0], RATE_HZ, BAND)
        carrier, side = (order * RPM / 60 for order in (BEARING_6205.bpfi, BEARING_6205.bpfi + 1))
        return above_floor_db(hz, power, side) - above_floor_db(hz, power, carrier)

    assert sideband_db(0.4, 0.0) > sideband_db(3.0, 0.8) + 6


@pytest.mark.parametrize(
    ("effect", "offset"), [({"unevenness": 0.5}, BEARING_6205.ftf), ({"sway": 0.6}, 1.0)], ids=["uneven", "sway"]
)
def test_uneven_balls_and_a_turning_load_give_an_outer_defect_its_sidebands(effect, offset):
    def sideband_db(condition):
        hz, power = envelope_spectrum(steady_source(condition).next(int(8 * RATE_HZ))[:, 0], RATE_HZ, BAND)
        return above_floor_db(hz, power, (BEARING_6205.bpfo + offset) * RPM / 60)

    plain = Condition("outer_race", severity_db=15, slip=0.0, slip_jitter=0.001)
    assert sideband_db(plain) < ABSENT_DB
    assert sideband_db(replace(plain, **effect)) > PRESENT_DB


@pytest.mark.parametrize(
    ("rig", "order"),
    [
        (replace(SMALL_MOTOR, compliance=0.3), BEARING_6205.bpfo),
        (replace(SMALL_MOTOR, inner_waviness=0.3), BEARING_6205.bpfi),
        (replace(SMALL_MOTOR, ball_waviness=0.3), 2 * BEARING_6205.bsf),
        (replace(SMALL_MOTOR, rolling_modulation=0.4), 1.0),
        (replace(SMALL_MOTOR, pulse_order=5, pulse_db=5.0, frame_path=SMALL_MOTOR.bearing_path), 5.0),
    ],
    ids=["compliance", "wavy ring", "uneven balls", "turning load", "vanes"],
)
def test_healthy_machines_have_rhythms_of_their_own(rig, order):
    def line_db(rig):
        source = VibrationSource(
            rig, Condition("healthy"), sensor=MEMS_SENSOR, geometry=BEARING_6205, rpm=RPM, rate_hz=RATE_HZ, seed=1
        )
        hz, power = envelope_spectrum(source.next(int(8 * RATE_HZ))[:, 0], RATE_HZ, BAND)
        return above_floor_db(hz, power, order * RPM / 60)

    assert line_db(replace(SMALL_MOTOR, rolling_modulation=0.0)) < ABSENT_DB
    assert line_db(rig) > PRESENT_DB


def line_db(condition, order):
    hz, power = envelope_spectrum(steady_source(condition).next(int(8 * RATE_HZ))[:, 0], RATE_HZ, BAND)
    return above_floor_db(hz, power, order * RPM / 60)


def test_a_ball_that_strikes_both_rings_alike_shows_twice_its_spin_alone():
    alike = Condition("ball", severity_db=15, slip=0.0, slip_jitter=0.001, second_contact=1.0)
    assert line_db(alike, BEARING_6205.bsf) < ABSENT_DB
    assert line_db(replace(alike, second_contact=0.3), BEARING_6205.bsf) > PRESENT_DB


def test_a_tumbling_ball_is_heard_now_and_then():
    def gusts(tumble):
        condition = Condition("ball", severity_db=15, scatter=0.0, second_contact=1.0, load_zone=3.0, tumble=tumble)
        samples = steady_source(condition).next(int(8 * RATE_HZ))[:, 0]
        levels = samples.reshape(80, -1).std(axis=1)
        return levels.std() / levels.mean()

    assert gusts(1.0) > 2 * gusts(0.0)


def test_a_ball_that_meets_its_defect_now_and_then_clicks_without_rhythm():
    steady = Condition("ball", severity_db=22, slip=0.0, slip_jitter=0.001, second_contact=1.0)
    seldom = replace(steady, strikes=0.03)
    assert line_db(seldom, 2 * BEARING_6205.bsf) < line_db(steady, 2 * BEARING_6205.bsf) - 6

    def power_and_tails(condition):
        samples = steady_source(condition).next(int(8 * RATE_HZ))[:, 0].astype(np.float64)
        samples -= samples.mean()
        return samples.var(), (samples**4).mean() / samples.var() ** 2

    (power, tails), (seldom_power, seldom_tails) = power_and_tails(steady), power_and_tails(seldom)
    assert seldom_power == pytest.approx(power, rel=0.5)
    assert seldom_tails > 2 * tails


def test_wear_of_the_inner_ring_also_passes_through_the_load():
    worn = Condition("inner_race", severity_db=12, spread=1.0, slip=0.0, slip_jitter=0.001, sharpness=2.0)
    assert min(line_db(worn, BEARING_6205.bpfi + side) for side in (-1, 0, 1)) > PRESENT_DB
    everywhere = replace(worn, load_zone=100.0, unloaded=1.0)
    assert line_db(everywhere, BEARING_6205.bpfi + 1) < ABSENT_DB


def test_a_wide_defect_strikes_twice():
    """Entry and exit, as far apart as a ball takes to cross: visible in the autocorrelation of the raw impulses."""
    rig = replace(SMALL_MOTOR, bearing_path=(Resonance(3000.0, 0.2, (1.0, 0.0, 0.0)),), rolling_g=0.05, hum_g=0.0)
    condition = Condition("outer_race", severity_db=20, arc_deg=8.0, slip=0.0, scatter=0.0)

    def echo(condition):
        source = VibrationSource(
            rig, condition, sensor=MEMS_SENSOR, geometry=BEARING_6205, rpm=RPM, rate_hz=25_600.0, seed=1
        )
        samples = source.next(51_200)[:, 0].astype(np.float64)
        samples -= samples.mean()
        spectrum = np.abs(np.fft.rfft(samples)) ** 2
        correlation = np.fft.irfft(spectrum)
        lag = round(8 / 360 / BEARING_6205.ftf / (RPM / 60) * 25_600)
        return correlation[lag - 3 : lag + 4].min() / correlation[0]

    assert echo(condition) < -0.2  # entry and exit have opposite signs
    assert echo(replace(condition, arc_deg=0.0)) > -0.1


def test_a_contact_that_lasts_longer_excites_less_high_frequency():
    def level(contact_us):
        condition = Condition("outer_race", severity_db=20, contact_us=contact_us)
        return steady_source(condition).next(int(RATE_HZ))[:, 0].std()

    assert level(20.0) > 1.5 * level(250.0)


def test_typical_condition_refuses_what_is_no_fault():
    with pytest.raises(ValueError, match=r"'rust'.*healthy"):
        typical_condition("rust")
