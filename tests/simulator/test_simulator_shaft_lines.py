"""Faults of the shaft show the orders that theory gives them, on the axes where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from spectral_lines import above_floor_db, spectrum

from simulator import SMALL_MOTOR, signal
from simulator.tones import residual_g

RPM, RATE_HZ = 1797.0, 6400.0
HALVES = (0.5, 1.5, 2.5)


def heights(fault, axis, wanted):
    hz, power = spectrum(signal(fault, seconds=8, rate_hz=RATE_HZ, rpm=RPM, seed=2)[:, axis], RATE_HZ)
    return {order: above_floor_db(hz, power, order * RPM / 60) for order in wanted}


def phasor(samples, hz, rate_hz):
    return 2 * np.mean(samples * np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate_hz))


def level_at(fault, order, *, axis=0, rpm=RPM):
    hz, power = spectrum(signal(fault, seconds=8, rate_hz=RATE_HZ, rpm=rpm, seed=2)[:, axis], RATE_HZ)
    near = np.abs(hz - order * rpm / 60) < 1.5
    return np.sqrt(2 * power[near].sum() * (hz[1] - hz[0]))


def test_imbalance_raises_1x_alone():
    assert level_at("imbalance", 1) > 6 * level_at("healthy", 1)
    for order in (2, 3):
        assert level_at("imbalance", order) == pytest.approx(level_at("healthy", order), rel=0.1)


def test_imbalance_grows_with_the_square_of_the_speed():
    slow, fast = (level_at("imbalance", 1, rpm=rpm) for rpm in (900.0, 2700.0))
    assert fast / slow == pytest.approx(9.0, rel=0.2)


def test_residual_velocity_is_what_the_rig_states():
    velocity_mm_s = residual_g(SMALL_MOTOR, 1500.0) * 9806.65 / (2 * np.pi * 25) / np.sqrt(2)
    assert velocity_mm_s == pytest.approx(SMALL_MOTOR.residual_mm_s)


def test_imbalance_turns_vertical_a_quarter_turn_behind_horizontal():
    samples = signal("imbalance", seconds=0.4, rate_hz=RATE_HZ, rpm=RPM, seed=2)
    across, up = (phasor(samples[:, axis] - samples[:, axis].mean(), RPM / 60, RATE_HZ) for axis in (0, 1))
    assert abs(np.degrees(np.angle(up / across)) + 90) < 25


def test_misalignment_shows_1x_2x_3x_radially_and_axially():
    for axis in (0, 2):
        seen = heights("misalignment", axis, (1, 2, 3, *HALVES))
        assert min(seen[order] for order in (1, 2, 3)) > 15
        assert max(seen[order] for order in HALVES) < 6.5
    assert level_at("misalignment", 2) > 3 * level_at("healthy", 2)
    assert level_at("misalignment", 2, axis=2) > 3 * level_at("healthy", 2, axis=2)


def test_looseness_shows_harmonics_to_ten_and_half_orders():
    seen = heights("looseness", 1, (*range(1, 11), *HALVES))
    assert min(seen.values()) > 9


@pytest.mark.parametrize("fault", ["healthy", "imbalance", "misalignment", "outer_race", "ball"])
def test_no_other_fault_shows_half_orders(fault):
    assert max(heights(fault, 1, HALVES).values()) < 6.5


def test_looseness_raises_the_floor():
    def floor(fault):
        hz, power = spectrum(signal(fault, seconds=4, rate_hz=RATE_HZ, rpm=RPM, seed=2)[:, 1], RATE_HZ)
        return np.median(power[(hz > 150) & (hz < 350)])

    assert 10 * np.log10(floor("looseness") / floor("healthy")) > 2


def test_hum_stays_where_the_line_frequency_puts_it_whatever_the_speed():
    for rpm in (1000.0, 1400.0):
        hz, power = spectrum(signal("healthy", seconds=8, rate_hz=RATE_HZ, rpm=rpm, seed=2)[:, 0], RATE_HZ)
        assert above_floor_db(hz, power, 120.0) > 12


def test_a_mesh_tone_has_sidebands_at_shaft_speed():
    mesh = SMALL_MOTOR.meshes[0].order
    seen = heights("healthy", 0, (mesh - 1, mesh, mesh + 1))
    assert seen[mesh] > seen[mesh - 1] > 3
