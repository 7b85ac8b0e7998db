"""The stream: the same samples however they are fetched, seeded, changeable while it runs, limited like a sensor."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spectral_lines import above_floor_db, envelope_spectrum, spectrum

from simulator import (
    BEARING_6205,
    FAULTS,
    MEMS_SENSOR,
    SMALL_MOTOR,
    Condition,
    Sensor,
    VibrationSource,
    demo_source,
    typical_condition,
)

RATE_HZ = 6400.0


def source(condition=None, *, rig=SMALL_MOTOR, sensor=MEMS_SENSOR, rpm=1797.0, rate_hz=RATE_HZ, seed=0):
    return VibrationSource(
        rig,
        condition or Condition("healthy"),
        sensor=sensor,
        geometry=BEARING_6205,
        rpm=rpm,
        rate_hz=rate_hz,
        seed=seed,
    )


@given(fault=st.sampled_from(FAULTS), sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=8))
def test_samples_do_not_depend_on_how_they_are_fetched(fault, sizes):
    parts = demo_source(fault, rate_hz=RATE_HZ, seed=9)
    whole = demo_source(fault, rate_hz=RATE_HZ, seed=9).next(sum(sizes))
    assert np.array_equal(np.concatenate([parts.next(size) for size in sizes]), whole)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seed_decides_every_sample(fault):
    first, again, other = (demo_source(fault, rate_hz=RATE_HZ, seed=seed).next(4000) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (4000, 3)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()


@pytest.mark.parametrize("rate_hz", [100.0, 833.0, 1600.0, 26_667.0, 51_200.0])
def test_any_sample_rate_gives_signal_of_the_right_speed(rate_hz):
    samples = source(typical_condition("imbalance"), rate_hz=rate_hz).next(int(8 * rate_hz))
    hz, power = spectrum(samples[:, 0], rate_hz)
    assert hz[power[2:].argmax() + 2] == pytest.approx(1797 / 60, abs=0.6)


def outer_line_db(samples, rate_hz):
    hz, power = envelope_spectrum(samples[:, 0], rate_hz, (2200.0, 3600.0))
    return above_floor_db(hz, power, BEARING_6205.bpfo * 1797 / 60)


def test_a_machine_breaks_and_is_repaired_while_it_runs():
    rate_hz = 12_800.0
    running = demo_source("healthy", rate_hz=rate_hz, seed=3)
    before = running.next(int(6 * rate_hz))
    running.change(condition=typical_condition("outer_race"))
    assert running.condition.fault == "outer_race"
    running.next(int(0.3 * rate_hz))
    broken = running.next(int(6 * rate_hz))
    running.change(condition=typical_condition("healthy"))
    running.next(int(0.3 * rate_hz))
    after = running.next(int(6 * rate_hz))
    assert outer_line_db(broken, rate_hz) > 12
    assert max(outer_line_db(before, rate_hz), outer_line_db(after, rate_hz)) < 6.5


def test_damage_that_grows_keeps_its_rhythm():
    """Stepwise growth leaves one phase-locked line, where a restart at each step would smear it."""
    rate_hz = 12_800.0
    running = source(Condition("outer_race", severity_db=10, slip_jitter=0.0005), rate_hz=rate_hz)
    parts = []
    for step in range(80):
        running.change(condition=Condition("outer_race", severity_db=10 + step / 40, slip_jitter=0.0005))
        parts.append(running.next(int(0.1 * rate_hz)))
    hz, power = envelope_spectrum(np.concatenate(parts)[:, 0], rate_hz, (2200.0, 3600.0))
    assert above_floor_db(hz, power, BEARING_6205.bpfo * 1797 / 60) > 24


def test_a_change_depends_on_the_sample_at_which_it_is_asked_for():
    def run(sizes):
        running = demo_source("healthy", rate_hz=RATE_HZ, seed=3)
        parts = [running.next(size) for size in sizes]
        running.change(condition=typical_condition("ball"), rpm=1200.0)
        return np.concatenate([*parts, running.next(5000)])

    assert np.array_equal(run([7000]), run([1, 4095, 2904]))


def test_a_new_imbalance_sets_in_without_a_step():
    quiet = replace(SMALL_MOTOR, rolling_g=0.0, background_g=0.0, hum_g=0.0, meshes=(), knocks_per_s=0.0)
    sensor = replace(MEMS_SENSOR, noise_ug_rthz=0.0)
    for seed in range(6):  # a step could hide where the phase happens to be near zero
        running = source(rig=quiet, sensor=sensor, seed=seed)
        calm = running.next(4096)
        running.change(condition=Condition("imbalance", severity_db=30))
        shaken = running.next(8192)
        one_x_step = 2 * np.pi * 1797 / 60 / RATE_HZ * np.abs(shaken[:, 0]).max()
        assert np.abs(np.diff(shaken[:, 0])).max() < 1.2 * one_x_step
        assert np.abs(shaken[:, 0]).max() > 10 * np.abs(calm[:, 0]).max()


def test_speed_follows_and_the_lines_with_it():
    running = source(typical_condition("imbalance"), rpm=1800.0)
    running.change(rpm=1200.0)
    running.next(int(5 * RATE_HZ))
    assert running.rpm == pytest.approx(1200.0, rel=0.02)
    hz, power = spectrum(running.next(int(6 * RATE_HZ))[:, 0], RATE_HZ)
    assert hz[power[2:].argmax() + 2] == pytest.approx(20.0, abs=0.6)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_machine_that_stands_still_is_quiet_whatever_is_wrong_with_it(fault):
    running, standing = (source(typical_condition(fault), rpm=rpm).next(6400).std(axis=0) for rpm in (1797.0, 0.0))
    assert np.all(standing < 0.25 * running)


def test_faults_overlap_in_level_with_another_healthy_machine():
    louder = replace(SMALL_MOTOR, rolling_g=SMALL_MOTOR.rolling_g * 4)
    assert source(rig=louder).next(6400).std() > source(typical_condition("outer_race")).next(6400).std()


SILENT = replace(SMALL_MOTOR, rolling_g=0.0, background_g=0.0, hum_g=0.0, meshes=(), residual_mm_s=0.0)


def contact_rms(condition, rate_hz):
    """Of the contact alone, on the loudest axis, behind a sensor that hears everything."""
    rig = replace(SILENT, rolling_g=0.1, rolling_modulation=0.0, knocks_per_s=0.0)
    ideal = Sensor(full_scale_g=100.0, bits=24, noise_ug_rthz=0.0, bandwidth_hz=1e6, dc_coupled=False)
    samples = source(condition, rig=rig, sensor=ideal, rpm=1500.0, rate_hz=rate_hz).next(int(3 * rate_hz))
    return samples.std(axis=0).max()


@pytest.mark.parametrize("rate_hz", [20_000.0, 25_600.0, 51_200.0])
def test_rolling_noise_and_severity_have_the_levels_they_state_at_every_rate(rate_hz):
    assert contact_rms(Condition("healthy"), rate_hz) == pytest.approx(0.1, rel=0.06)
    for spread in (0.0, 0.1, 1.0):
        defect = Condition("outer_race", severity_db=20, spread=spread, scatter=0.0, contact_us=0.1)
        assert contact_rms(defect, rate_hz) == pytest.approx(1.005, rel=0.1)


def test_sensor_noise_has_its_density():
    samples = source(rig=SILENT, sensor=Sensor(noise_ug_rthz=200.0, bits=24)).next(int(4 * RATE_HZ))
    hz, power = spectrum(samples[:, 2], RATE_HZ)
    assert np.sqrt(np.mean(power[hz > 50])) * 1e6 == pytest.approx(200.0, rel=0.03)


def test_samples_are_whole_steps_of_the_resolution_and_end_at_full_scale():
    sensor = Sensor(full_scale_g=2.0, bits=12, noise_ug_rthz=300.0)
    samples = source(Condition("imbalance", severity_db=50), sensor=sensor).next(6400).astype(np.float64)
    steps = samples / (2.0 / 2048)
    assert steps == pytest.approx(np.round(steps))
    assert steps.min() == -2048
    assert steps.max() == 2047


def test_gravity_reaches_dc_coupled_sensors_on_the_vertical_axis():
    falling = replace(MEMS_SENSOR, axes=("axial", "vertical"))
    assert source(sensor=falling).next(6400).mean(axis=0) == pytest.approx([0.0, 1.0], abs=0.01)
    floating = replace(falling, dc_coupled=False)
    assert source(sensor=floating).next(6400).mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.01)


def test_axes_pick_their_directions():
    whole = source().next(3000)
    picked = source(sensor=replace(MEMS_SENSOR, axes=("axial", "horizontal"), noise_ug_rthz=0.0)).next(3000)
    assert picked.shape == (3000, 2)
    assert np.corrcoef(picked[:, 0], whole[:, 2])[0, 1] > 0.95
    assert np.corrcoef(picked[:, 1], whole[:, 0])[0, 1] > 0.95


def test_a_slow_sensor_does_not_fold_a_fast_tone_back():
    """The slot tone (28x = 838.6 Hz) would fold to 161.4 Hz at 1000 Hz."""
    hz, power = spectrum(source(rate_hz=1000.0, rpm=1797.0).next(8000)[:, 0], 1000.0)
    assert above_floor_db(hz, power, 1000 - 28 * 1797 / 60) < 6.5


def test_spikes_reach_the_signal():
    sensor = replace(MEMS_SENSOR, spikes_per_s=20.0, spike_g=2.0)
    samples = source(rig=SILENT, sensor=sensor).next(int(5 * RATE_HZ))
    assert 50 < np.count_nonzero(np.abs(samples[:, 0]) > 0.3) < 130


def test_process_knocks_and_loose_feet_make_peaks():
    calm = replace(SMALL_MOTOR, knocks_per_s=0.0)
    knocked = replace(SMALL_MOTOR, knocks_per_s=5.0, knock_db=0.0)
    loose = Condition("looseness", severity_db=18, knocking=1.0)
    still = replace(loose, knocking=0.0)

    def impulsiveness(rig, condition):
        hz, power = envelope_spectrum(source(condition, rig=rig).next(int(8 * RATE_HZ))[:, 0], RATE_HZ, (350.0, 1100.0))
        return power[hz > 1].sum()

    assert impulsiveness(knocked, Condition("healthy")) > 10 * impulsiveness(calm, Condition("healthy"))
    assert impulsiveness(calm, loose) > 2 * impulsiveness(calm, still)


def test_what_stays_of_the_background_at_standstill_is_what_the_rig_states():
    silent = replace(MEMS_SENSOR, noise_ug_rthz=0.0, bits=24, bandwidth_hz=20_000.0)
    rig = replace(SMALL_MOTOR, background_g=0.1, background_idle=0.3, background_slope=1.5)
    samples = source(rig=rig, sensor=silent, rpm=0.0, rate_hz=25_600.0).next(25_600 * 4)
    hz, power = spectrum(samples[:, 0], 25_600.0)
    assert np.sqrt(power[hz >= 10].sum() * (hz[1] - hz[0])) == pytest.approx(0.03, rel=0.1)


@pytest.mark.parametrize("wrong", [{"rate_hz": 5.0}, {"rate_hz": float("nan")}, {"rpm": -1.0}, {"rpm": float("nan")}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="is outside"):
        source(**wrong)


def test_an_impossible_new_speed_is_refused():
    with pytest.raises(ValueError, match="rpm"):
        source().change(rpm=-5.0)


def test_numpy_is_all_it_needs():
    code = "import simulator, sys; print(sorted({'scipy', 'torch', 'agent', 'export', 'msgspec'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
