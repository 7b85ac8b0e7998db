"""Each part against its formula: events, load, path, sensor, shaft."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import BEARING_6205, SMALL_MOTOR, Condition, Resonance, Sensor
from simulator.events import EventTrain, load_zone, place
from simulator.path import colour_response, contact_response, modal_response, sensor_response
from simulator.rolling import ENTRY, RollingContact, swell
from simulator.shaft import Shaft


def test_orders_of_the_6205_as_published():
    assert BEARING_6205.bpfo == pytest.approx(3.585, abs=0.001)
    assert BEARING_6205.bpfi == pytest.approx(5.415, abs=0.001)
    assert BEARING_6205.bsf == pytest.approx(2.357, abs=0.001)
    assert BEARING_6205.ftf == pytest.approx(0.398, abs=0.001)


def events_of(train, ends):
    return np.concatenate([train.until(end)[0][1:-1] for end in ends])


def test_event_intervals_scatter_independently_around_the_order():
    train = EventTrain(3.585, jitter=0.01, start=0.0, rng=np.random.default_rng(1))
    intervals = np.diff(events_of(train, np.linspace(0, 3000, 700)[1:])) * 3.585
    assert intervals.mean() == pytest.approx(1.0, abs=0.0005)
    assert intervals.std() == pytest.approx(0.01, rel=0.05)
    assert abs(np.corrcoef(intervals[:-1], intervals[1:])[0, 1]) < 0.05


def test_events_are_neither_lost_nor_doubled_between_calls():
    train = EventTrain(2.0, jitter=0.0, start=10.0, rng=np.random.default_rng(2))
    angles = events_of(train, [10.1, 10.1, 10.2, 15.0, 15.05, 90.0])
    assert np.diff(angles) == pytest.approx(0.5)
    assert angles[0] - 10.0 <= 0.5
    assert 90.0 - angles[-1] <= 0.5


def test_event_numbers_count_on():
    train = EventTrain(5.0, jitter=0.02, start=0.0, rng=np.random.default_rng(2))
    numbers = np.concatenate([train.until(end)[1][1:-1] for end in (0.7, 1.9, 6.0)])
    assert numbers.tolist() == list(range(len(numbers)))


def test_half_of_the_circumference_is_loaded_without_clearance():
    turns = np.linspace(-0.5, 0.5, 1001)
    load = load_zone(turns, 0.5, unloaded=0.0)
    assert load[500] == 1.0
    assert np.all(load[np.abs(turns) > 0.251] == 0)
    assert np.all(load[np.abs(turns) < 0.249] > 0)
    assert load_zone(np.array([0.5]), 0.5, unloaded=0.2) == pytest.approx([0.2])


@given(st.lists(st.tuples(st.floats(0, 63.999), st.floats(-5, 5)), max_size=20))
def test_an_impulse_keeps_its_strength_and_its_place(impulses):
    positions = np.array([position for position, _ in impulses])
    heights = np.array([height for _, height in impulses])
    into = np.zeros(65)
    place(into, positions, heights)
    assert into.sum() == pytest.approx(heights.sum(), abs=1e-9)
    assert (into * np.arange(65)).sum() == pytest.approx((positions * heights).sum(), abs=1e-6)


def test_a_mode_rings_at_its_frequency_and_decays_by_its_damping():
    hz = np.arange(0, 25_600.5, 1.0)
    response = modal_response(hz, [Resonance(2000.0, 0.03, (1.0, -0.5, 0.0))])
    peak = np.abs(response[0]).argmax()
    assert hz[peak] == pytest.approx(2000, rel=0.002)
    half = hz[np.abs(response[0]) >= np.abs(response[0, peak]) / np.sqrt(2)]
    assert half[-1] - half[0] == pytest.approx(2 * 0.03 * 2000, rel=0.03)
    assert response[1] == pytest.approx(-0.5 * response[0])
    assert not response[2].any()


def test_paths_and_colours_have_unit_power():
    hz = np.arange(0, 20_000.0, 5.0)
    modes = [Resonance(900.0, 0.05, (1.0, 0.2, 0.1)), Resonance(7000.0, 0.02, (0.3, 1.0, 0.5))]
    assert (np.sum(np.abs(modal_response(hz, modes)) ** 2, axis=1) * 5).max() == pytest.approx(1.0)
    audible = hz >= 10
    assert np.sum(colour_response(hz, 1.0)[audible] ** 2) * 5 == pytest.approx(1.0)
    assert colour_response(np.array([100.0, 1000.0]), 1.0) ** 2 @ [1, -10] == pytest.approx(0, abs=1e-12)


def test_a_bell_shaped_impact_has_the_spectrum_of_its_width():
    time_s = (np.arange(4001) - 2000) * 1e-7
    pulse = np.exp(-4 * np.log(2) * (time_s / 50e-6) ** 2)
    for hz in (0.0, 3000.0, 9000.0):
        expected = abs(np.sum(pulse * np.exp(-2j * np.pi * hz * time_s))) / pulse.sum()
        assert contact_response(np.array([hz]), 50.0)[0] == pytest.approx(expected, rel=1e-3)


def test_the_sensor_is_3_db_down_at_its_bandwidth_and_silent_at_nyquist():
    response = sensor_response(np.array([0.0, 3000.0, 12_800.0]), Sensor(bandwidth_hz=3000.0), 25_600.0)
    assert 20 * np.log10(response[1] / response[0]) == pytest.approx(-3.01, abs=0.02)
    assert response[2] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("sharpness", [0.0, 1.0, 3.0])
def test_swelling_noise_has_unit_power(sharpness):
    assert np.mean(swell(np.arange(1000) / 1000, sharpness) ** 2) == pytest.approx(1.0)


def test_no_blow_is_lost_where_a_block_ends_between_entry_and_exit():
    condition = Condition("outer_race", severity_db=80, arc_deg=12.0, slip=0.0, slip_jitter=0.0, scatter=0.0)
    contact = RollingContact(BEARING_6205, np.random.default_rng(3))
    turning = shaft(1500.0)
    blocks = [
        contact.force(turning.turn(64, 25_600), 25_600, rig=SMALL_MOTOR, condition=condition) for _ in range(4000)
    ]
    strikes = 4000 * 64 / 25_600 * 25 * BEARING_6205.bpfo
    height = SMALL_MOTOR.rolling_g * 1e4 / np.sqrt(2 * 25 * BEARING_6205.bpfo) * 25_600
    assert np.sum(blocks) / height == pytest.approx((1 + ENTRY) * strikes, rel=0.005)


def shaft(rpm, *, drift=0.0, jitter=0.0, run_up_s=0.5, seed=0):
    return Shaft(rpm, drift=drift, jitter=jitter, run_up_s=run_up_s, rng=np.random.default_rng(seed))


def test_a_steady_shaft_turns_at_its_speed_without_a_step_between_blocks():
    turning = shaft(1500.0)
    first, second = turning.turn(4096, 25_600), turning.turn(4096, 25_600)
    assert second[0] == first[-1]
    assert np.diff(np.concatenate((first, second[1:]))) == pytest.approx(25 / 25_600)


def test_speed_sways_by_as_much_as_stated():
    turning = shaft(1500.0, drift=0.002, jitter=0.001, seed=4)
    speeds = []
    for _ in range(3000):
        turning.turn(64, 400)
        speeds.append(turning.rpm)
    assert np.std(speeds) / 1500 == pytest.approx(np.hypot(0.002, 0.001), rel=0.25)


def test_a_new_speed_is_reached_with_its_time_constant():
    turning = shaft(1000.0, run_up_s=0.5)
    turning.target_rpm = 2000.0
    turning.turn(12_800, 25_600)
    assert turning.rpm == pytest.approx(2000 - 1000 * np.exp(-1), rel=1e-6)
