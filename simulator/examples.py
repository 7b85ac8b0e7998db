"""One plausible small induction motor with a 6205 bearing and a MEMS sensor, for demonstrations and virtual sensors.

Clear but not absurd: its faults stand out for a trained ear and hardly for a level meter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .machine import BearingGeometry, Condition, Mesh, Resonance, Rig, Sensor
from .source import VibrationSource

BEARING_6205 = BearingGeometry(balls=9, ball_mm=7.94, pitch_mm=39.04)

MEMS_SENSOR = Sensor(full_scale_g=16.0, bits=16, noise_ug_rthz=75.0, bandwidth_hz=6300.0)

SMALL_MOTOR = Rig(
    bearing_path=(
        Resonance(1150.0, 0.04, (0.35, 0.5, 0.2)),
        Resonance(2850.0, 0.03, (1.0, 0.8, 0.3)),
        Resonance(4700.0, 0.025, (0.6, -0.7, 0.6)),
    ),
    frame_path=(Resonance(420.0, 0.06, (1.0, 0.6, 0.4)), Resonance(900.0, 0.05, (0.5, -0.8, 0.5))),
    rolling_g=0.06,
    background_g=0.02,
    residual_mm_s=0.6,
    harmonics=(0.4, 0.2, 0.1, 0.05),
    meshes=(Mesh(order=28.0, level_g=0.015, sideband=0.2),),
    hum_hz=120.0,
    hum_g=0.01,
    knocks_per_s=0.5,
    knock_db=-18.0,
)

_SEVERITY_DB = {"inner_race": 8.0, "outer_race": 6.0, "ball": 9.0, "cage": 5.0}
_SHAFT_SEVERITY_DB = 18.0


def typical_condition(fault: str) -> Condition:
    """A well developed fault of that id; ValueError names the ids if it is none."""
    spread = 0.85 if fault == "cage" else 0.0
    return Condition(fault, severity_db=_SEVERITY_DB.get(fault, _SHAFT_SEVERITY_DB), spread=spread)


def demo_source(
    fault: str = "healthy",
    *,
    rate_hz: float = 25_600.0,
    rpm: float = 1797.0,
    seed: int = 0,
    geometry: BearingGeometry = BEARING_6205,
) -> VibrationSource:
    """The small motor, streaming; damage it with `.change(condition=typical_condition("outer_race"))`."""
    return VibrationSource(
        SMALL_MOTOR,
        typical_condition(fault),
        sensor=MEMS_SENSOR,
        geometry=geometry,
        rpm=rpm,
        rate_hz=rate_hz,
        seed=seed,
    )


def signal(
    fault: str,
    *,
    seconds: float,
    rate_hz: float = 25_600.0,
    rpm: float = 1797.0,
    seed: int = 0,
    geometry: BearingGeometry = BEARING_6205,
) -> NDArray[np.float32]:
    """Samples of the small motor in g, (round(seconds * rate_hz), 3): horizontal, vertical (with gravity), axial."""
    source = demo_source(fault, rate_hz=rate_hz, rpm=rpm, seed=seed, geometry=geometry)
    return source.next(round(seconds * rate_hz))
