"""Draws for training: one machine per seed, every fault from it, wide in everything but the physics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from spectral_lines import above_floor_db, envelope_spectrum

import simulator
from simulator import DIRECTIONS, FAULTS, draw, draw_machine, random_condition, random_geometry, random_rig


@pytest.mark.parametrize("fault", FAULTS)
def test_a_draw_is_labelled_finite_and_reproducible(fault):
    drawn, again = draw(fault, 4, seconds=0.5), draw(fault, 4, seconds=0.5)
    assert np.array_equal(drawn.samples, again.samples)
    assert drawn.samples.shape == (round(0.5 * drawn.rate_hz), 3)
    assert np.isfinite(drawn.samples).all()
    assert drawn.fault == drawn.condition.fault == fault
    assert sorted(drawn.directions) == sorted(DIRECTIONS)


def test_a_machine_depends_on_its_seed_and_not_on_the_fault():
    drawn = [draw(fault, 8, seconds=0.1) for fault in FAULTS]
    assert len({(d.geometry, d.rate_hz, d.directions) for d in drawn}) == 1
    assert draw_machine(8) == draw_machine(8)
    assert draw_machine(8) != draw_machine(9)


def test_recordings_of_one_machine_differ_by_seed_and_by_fault():
    machine = draw_machine(2)
    rpm = machine.speeds(2)[0]
    takes = [machine.record("healthy", seed, seconds=0.2, rpm=rpm).samples for seed in (1, 2)]
    takes.append(machine.record("imbalance", 1, seconds=0.2, rpm=rpm).samples)
    for index, one in enumerate(takes):
        for other in takes[index + 1 :]:
            assert not np.array_equal(one, other)


def test_speeds_span_the_range_of_the_machine():
    machine = draw_machine(12)
    speeds = machine.speeds(4)
    assert (speeds[0], speeds[-1]) == pytest.approx(machine.rpm_range)
    assert len(speeds) == 4
    drawn = machine.record("healthy", 1, seconds=0.1)
    assert speeds[0] <= drawn.rpm <= speeds[-1]
    assert machine.record("healthy", 1, seconds=0.1, rpm=speeds[1]).rpm == speeds[1]


def test_the_wanted_rate_is_kept():
    assert draw("ball", 3, seconds=0.2, rate_hz=6400.0).samples.shape == (1280, 3)


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="'rust'"):
        draw("rust", 1, seconds=0.1)


def test_every_drawn_bearing_can_be_built():
    rng = np.random.default_rng(0)
    for _ in range(500):
        geometry = random_geometry(rng)
        chord = geometry.pitch_mm * math.sin(math.pi / geometry.balls)
        assert geometry.balls >= 6
        assert chord > geometry.ball_mm


def test_every_drawn_rig_is_heard_by_its_sensor_and_dies_away():
    rng = np.random.default_rng(1)
    for heard_hz in (500.0, 2000.0, 10_000.0):
        for _ in range(100):
            rig = random_rig(rng, heard_hz=heard_hz)
            assert rig.bearing_path[0].hz < heard_hz
            assert max(abs(gain) for gain in rig.bearing_path[0].gains) == 1.0
            assert all(mode.damping * mode.hz >= 7.99 for mode in (*rig.bearing_path, *rig.frame_path))


def test_conditions_cover_sharp_and_worn_damage():
    rng = np.random.default_rng(2)
    spreads = [random_condition(rng, "outer_race").spread for _ in range(200)]
    assert min(spreads) < 0.1
    assert max(spreads) > 0.8


def test_the_usage_in_the_package_docstring_works():
    shown = [line[4:] for line in simulator.__doc__.splitlines() if line.startswith("    ")]
    names = {name: getattr(simulator, name) for name in simulator.__all__}
    exec("\n".join(shown), names)
    assert names["block"].shape == (256, 3)
    assert names["samples"].shape == (51_200, 3)
    assert [drawn.fault for drawn in names["baseline"]] == ["healthy"] * 4
    assert names["damaged"].geometry == names["drawn"].geometry


def best_line_db(drawn, order, heard_hz):
    heights = []
    for low, high in zip(edges := np.geomspace(300, heard_hz, 5), edges[1:], strict=False):
        for axis in range(3):
            hz, power = envelope_spectrum(drawn.samples[:, axis], drawn.rate_hz, (low, high))
            heights.append(above_floor_db(hz, power, order * drawn.rpm / 60))
    return max(heights)


@pytest.mark.parametrize("fault", ["inner_race", pytest.param("outer_race", marks=pytest.mark.long)])
def test_most_draws_show_their_line_over_the_same_machine_healthy(fault):
    """No bearing is perfect: healthy ones show weak lines too, damaged ones strong ones. A ball strikes as it likes."""
    shown, rises = 0, []
    for seed in range(6):
        machine = draw_machine(seed, rate_hz=10_000.0)
        heard_hz = min(machine.sensor.bandwidth_hz, 4200.0)
        order = {"inner_race": machine.geometry.bpfi, "outer_race": machine.geometry.bpfo}[fault]
        damaged = best_line_db(machine.record(fault, 1, seconds=5), order, heard_hz)
        shown += damaged > 9
        rises.append(damaged - best_line_db(machine.record("healthy", 1, seconds=5), order, heard_hz))
    assert shown >= 4
    assert np.median(rises) > 6


def test_level_alone_hardly_tells_healthy_from_damaged():
    """Area under the curve of RMS as the only feature: 0.5 would tell nothing, 1 everything."""

    def level(fault, seed):
        return draw(fault, seed, seconds=0.3, rate_hz=8000.0).samples.std(axis=0).max()

    healthy = np.array([level("healthy", seed) for seed in range(60)])
    damaged = np.array([level("outer_race", seed) for seed in range(100, 160)])
    above = np.mean(damaged[:, None] > healthy[None, :])
    assert 0.4 < above < 0.75
