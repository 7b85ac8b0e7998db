"""What stands around a motor sounds where physics puts it, beside the shaft and never instead of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spectral_lines import above_floor_db, spectrum

import simulator
from simulator import Belt, Blades, Drive, Gear, Mains, SecondShaft

RATE_HZ = 8000.0
RPM = 1430.0
SHAFT_HZ = RPM / 60
STEADY = replace(simulator.SMALL_MOTOR, speed_drift=0.0, speed_jitter=0.0, meshes=(), hum_g=0.0, harmonics=())


def heard(*parts, rpm=RPM, rig=STEADY):
    source = simulator.VibrationSource(
        replace(rig, machinery=parts),
        simulator.Condition("healthy"),
        sensor=simulator.MEMS_SENSOR,
        geometry=simulator.BEARING_6205,
        rpm=rpm,
        rate_hz=RATE_HZ,
        seed=4,
    )
    return source.next(round(8 * RATE_HZ))


GEAR = Gear(17, 40, 0.1, sidebands=1)
DRIVE = Drive(4, slip=0.02, level_g=0.1, carrier_hz=2000.0, carrier_g=0.1)


@pytest.mark.parametrize(
    ("part", "lines_hz"),
    [
        (GEAR, [17 * SHAFT_HZ, 34 * SHAFT_HZ, 18 * SHAFT_HZ, (17 - 17 / 40) * SHAFT_HZ]),
        (SecondShaft(1.7, residual_mm_s=2.0), [1.7 * SHAFT_HZ, 3.4 * SHAFT_HZ]),
        (Belt(0.31, 0.1), [0.31 * SHAFT_HZ, 0.62 * SHAFT_HZ, 0.93 * SHAFT_HZ]),
        (Blades(7, 0.1, ratio=0.8), [5.6 * SHAFT_HZ, 11.2 * SHAFT_HZ, 4.8 * SHAFT_HZ]),
        (Mains(50.0, 0.1, multiples=(0.5, 0.3)), [50.0, 100.0, 200.0, 300.0, 4 * SHAFT_HZ, 200.0 - 4 * SHAFT_HZ]),
        (DRIVE, [2 / 0.98 * SHAFT_HZ * number for number in (1, 2, 6, 12)]),
        (DRIVE, [2000.0, 2000.0 - 4 / 0.98 * SHAFT_HZ, 2000.0 + 4 / 0.98 * SHAFT_HZ]),
        (simulator.two_pole_motor(50.0, 0.1), [50.0, 100.0]),
    ],
)
def test_each_part_stands_where_it_belongs(part, lines_hz):
    hz, with_it = spectrum(heard(part)[:, 0], RATE_HZ)
    _, without = spectrum(heard()[:, 0], RATE_HZ)
    for line in lines_hz:
        place = int(np.argmin(np.abs(hz - line)))
        near = slice(max(0, place - 1), place + 2)
        assert with_it[near].max() > 10 * without[near].max(), line


def test_pole_pass_lies_beside_one_x_with_a_broken_bar():
    hz, power = spectrum(heard(Mains(50.0, 0.2, bars=0.5, eccentricity=0.0))[:, 0], RATE_HZ)
    pole_pass = 100.0 - 4 * SHAFT_HZ
    assert above_floor_db(hz, power, SHAFT_HZ + pole_pass) > 10


def test_mains_stay_where_they_are_and_all_else_moves_with_the_shaft():
    hz, power = spectrum(heard(Mains(60.0, 0.1), GEAR, rpm=1200.0)[:, 0], RATE_HZ)
    assert above_floor_db(hz, power, 120.0) > 15
    assert above_floor_db(hz, power, 17 * 20.0) > 15


def test_machinery_is_silent_while_the_machine_stands():
    still = heard(Mains(50.0, 0.3), DRIVE, GEAR, rpm=0.0)
    assert np.allclose(still, heard(rpm=0.0), atol=2e-3)


def test_parts_add_to_what_the_machine_sounds_like_without_them():
    alone, more = heard(), heard(Belt(0.3, 0.0))
    assert np.array_equal(alone, more)


def test_foreign_machines_depend_on_their_seed_alone():
    one, again = (list(simulator.foreign_machines(4, seed=9)) for _ in range(2))
    assert one == again
    assert [m.rig for m in one] != [m.rig for m in simulator.foreign_machines(4, seed=10)]
    first, other = one[0].record(0, seconds=0.3), one[0].record(1, seconds=0.3)
    assert np.array_equal(first.samples, again[0].record(0, seconds=0.3).samples)
    assert not np.array_equal(first.samples, other.samples)


def test_foreign_machines_are_of_every_make_up_and_say_their_true_speeds():
    machines = list(simulator.foreign_machines(60, seed=2, rate_hz=4000.0))
    assert {m.supply for m in machines} == {"mains", "drive", "other"}
    assert {m.train for m in machines} == {"direct", "gear", "belt"}
    assert {m.has_blades for m in machines} == {True, False}
    assert {m.rate_hz for m in machines} == {4000.0}
    for machine in machines[:8]:
        drawn = machine.record(3, seconds=0.5)
        assert drawn.samples.shape == (2000, 3)
        assert np.isfinite(drawn.samples).all()
        assert machine.rpm_range[0] * 0.97 <= drawn.rpm <= machine.rpm_range[1] * 1.03
        assert drawn.shafts_rpm == {name: ratio * drawn.rpm for name, ratio in machine.ratios.items()}


def test_a_two_pole_motor_on_the_mains_turns_just_below_them():
    found = [m for m in simulator.foreign_machines(80, seed=3) if (m.supply, m.poles) == ("mains", 2)]
    assert found
    for machine in found:
        line_hz = machine.rig.machinery[0].line_hz
        assert 0.94 * 60 * line_hz < machine.rpm_range[0] < machine.rpm_range[1] < 60 * line_hz
