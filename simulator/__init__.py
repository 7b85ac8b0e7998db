"""The physics of a sick machine: seeded vibration of any fault, for demonstrations, tests and training.

A stream that can be damaged and repaired while it runs, in g, in portions of any size:

    source = demo_source("healthy", rate_hz=25_600, seed=1)       # small motor, 1797 rpm, 6205 bearing, MEMS sensor
    block = source.next(256)                                      # (256, 3) float32: horizontal, vertical, axial
    source.change(condition=typical_condition("outer_race"))      # heard within 0.23 s
    source.change(rpm=900)                                        # `source.rpm` follows like a tacho

The same in one array, or with every part your own:

    samples = signal("inner_race", seconds=2, rpm=1200)           # (51200, 3)
    source = VibrationSource(SMALL_MOTOR, Condition("ball", severity_db=6), sensor=Sensor(), geometry=BEARING_6205,
                             rpm=1797, rate_hz=12_000, seed=7)

For training, a random machine and a random condition per call; a seed gives one machine whatever the fault:

    drawn = draw("ball", seed=5, seconds=2)                       # .samples .rate_hz .rpm .geometry .directions
    machine = draw_machine(5)
    baseline = [machine.record("healthy", k, seconds=2, rpm=rpm) for k, rpm in enumerate(machine.speeds(4))]
    damaged = machine.record("ball", 9, seconds=2)

Healthy machines with gears, belts, blades, mains and drives around them, to be asked about or taught as foreign:

    for foreign in foreign_machines(3, seed=1, rate_hz=12_000):   # .supply .train .has_blades .ratios
        heard = foreign.record(0, seconds=2)                      # .samples .rpm .shafts_rpm

Each of these parts is one that any rig may take: `replace(SMALL_MOTOR, machinery=(two_pole_motor(50.0, 0.02),))`.

Sensors that feel gravity (`Sensor.dc_coupled`) report 1 g on the vertical axis. Nothing here imports another package of
ours, and numpy is all it needs.
"""

from .draws import Drawn, DrawnMachine, draw, draw_machine
from .examples import BEARING_6205, MEMS_SENSOR, SMALL_MOTOR, demo_source, signal, typical_condition
from .foreign import ForeignMachine, ForeignRecording, foreign_machine, foreign_machines
from .machine import BEARING_FAULTS, DIRECTIONS, FAULTS, BearingGeometry, Condition, Mesh, Resonance, Rig, Sensor
from .machinery import Belt, Blades, Drive, Gear, Machinery, Mains, SecondShaft, Tone, two_pole_motor
from .population import random_condition, random_geometry, random_rig, random_sensor
from .source import VibrationSource

__all__ = [
    "BEARING_6205",
    "BEARING_FAULTS",
    "DIRECTIONS",
    "FAULTS",
    "MEMS_SENSOR",
    "SMALL_MOTOR",
    "BearingGeometry",
    "Belt",
    "Blades",
    "Condition",
    "Drawn",
    "DrawnMachine",
    "Drive",
    "ForeignMachine",
    "ForeignRecording",
    "Gear",
    "Machinery",
    "Mains",
    "Mesh",
    "Resonance",
    "Rig",
    "SecondShaft",
    "Sensor",
    "Tone",
    "VibrationSource",
    "demo_source",
    "draw",
    "draw_machine",
    "foreign_machine",
    "foreign_machines",
    "random_condition",
    "random_geometry",
    "random_rig",
    "random_sensor",
    "signal",
    "two_pole_motor",
    "typical_condition",
]
