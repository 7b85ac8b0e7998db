"""Healthy machines of random make-up: motors on the mains or on a drive, with gears, belts and blades around them.

What is heard of them is tones that belong to no bearing, and often to no shaft. A machine depends on its seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .draws import FAST_HZ, SLOW_HZ
from .machine import BearingGeometry, Condition, Rig, Sensor
from .machinery import Belt, Blades, Drive, Gear, Machinery, Mains, SecondShaft
from .population import log_uniform, random_geometry, random_rig, random_sensor
from .source import VibrationSource

SUPPLIES = ("mains", "drive", "other")
TRAINS = ("direct", "gear", "belt")
LINE_WANDER_HZ = 0.02  # standard deviation of a grid's frequency
MOTOR = "motor"  # the shaft that all orders refer to
DRIVEN = "driven"


@dataclass(frozen=True, slots=True)
class ForeignRecording:
    """What one healthy machine sounds like, and how fast its shafts truly turned meanwhile."""

    samples: NDArray[np.float32]  # (n, 3) in g
    rate_hz: float
    rpm: float  # of the motor, the mean over the recording
    shafts_rpm: Mapping[str, float]  # of every shaft, the motor's among them
    geometry: BearingGeometry  # of the motor's bearing
    directions: tuple[str, ...]  # along which each column was measured


@dataclass(frozen=True, slots=True)
class ForeignMachine:
    """One healthy machine with its sensor on the motor."""

    seed: tuple[int, int]
    supply: str  # one of `SUPPLIES`
    train: str  # one of `TRAINS`
    has_blades: bool
    poles: int  # of the motor; 0 where it is none
    rig: Rig
    sensor: Sensor
    geometry: BearingGeometry
    rate_hz: float
    rpm_range: tuple[float, float]  # within which the motor's speed lies: the slip's on the mains
    ratios: Mapping[str, float]  # shaft -> its speed over the motor's

    def record(self, seed: int, *, seconds: float, rpm: float | None = None) -> ForeignRecording:
        """A recording at a random speed of its range unless `rpm` is given; a seed always gives the same one."""
        rng = np.random.default_rng([*self.seed, seed, 1])
        speed = float(rng.uniform(*self.rpm_range))
        source = VibrationSource(
            self.rig,
            Condition("healthy"),
            sensor=self.sensor,
            geometry=self.geometry,
            rpm=speed if rpm is None else rpm,
            rate_hz=self.rate_hz,
            seed=np.random.SeedSequence([*self.seed, seed, 2]),
        )
        samples = source.next(round(seconds * self.rate_hz))
        true = source.mean_rpm
        shafts = {name: ratio * true for name, ratio in self.ratios.items()}
        return ForeignRecording(samples, self.rate_hz, true, shafts, self.geometry, self.sensor.axes)


def foreign_machines(count: int, seed: int, *, rate_hz: float | None = None) -> Iterator[ForeignMachine]:
    """`count` healthy machines of random make-up; their sample rate suits their sensor unless `rate_hz` is given."""
    return (foreign_machine((seed, number), rate_hz=rate_hz) for number in range(count))


def foreign_machine(seed: tuple[int, int], *, rate_hz: float | None = None) -> ForeignMachine:
    """The machine of that seed."""
    rng = np.random.default_rng([*seed, 0])
    sensor, geometry = random_sensor(rng), random_geometry(rng)
    usual = float(rng.choice(SLOW_HZ if sensor.bandwidth_hz < 3000 else FAST_HZ))
    rate = usual if rate_hz is None else rate_hz
    plain = random_rig(rng, heard_hz=min(sensor.bandwidth_hz, 0.42 * rate))
    supply, train, has_blades = str(rng.choice(SUPPLIES)), str(rng.choice(TRAINS)), bool(rng.random() < 0.4)
    poles = 0 if supply == "other" else int(rng.choice([2, 2, 4, 4, 6, 8]))
    loudness = plain.rolling_g
    electrical, rpm_range = _supply(rng, supply, poles, loudness)
    driven, ratio = _train(rng, train, loudness)
    wheels = (_blades(rng, loudness, ratio if rng.random() < 0.5 else 1.0),) if has_blades else ()
    rig = replace(plain, hum_g=0.0, meshes=(), machinery=(*electrical, *driven, *wheels))
    ratios = {MOTOR: 1.0} if train == "direct" else {MOTOR: 1.0, DRIVEN: ratio}
    return ForeignMachine(seed, supply, train, has_blades, poles, rig, sensor, geometry, rate, rpm_range, ratios)


def _supply(
    rng: np.random.Generator, supply: str, poles: int, loudness: float
) -> tuple[tuple[Machinery, ...], tuple[float, float]]:
    """What feeds it, as it sounds, and between which speeds it turns."""
    if supply == "other":
        slowest = log_uniform(rng, 400.0, 3500.0)
        return (), (slowest, slowest * float(rng.uniform(1.05, 2.0)))
    if supply == "mains":
        line_hz = float(rng.choice([50.0, 60.0])) + LINE_WANDER_HZ * float(rng.standard_normal())
        synchronous = 120 * line_hz / poles
        rated = log_uniform(rng, 0.01, 0.05)  # slip under full load
        mains = Mains(
            line_hz,
            level_g=loudness * log_uniform(rng, 0.05, 5.0),
            line=log_uniform(rng, 0.03, 1.0),
            poles=poles,
            eccentricity=log_uniform(rng, 0.03, 0.6),
            bars=float(rng.choice([0.0, 0.0, 0.05, 0.2])),
            gains=_gains(rng),
        )
        return (mains,), (synchronous * (1 - rated), synchronous * (1 - 0.2 * rated))
    slip = log_uniform(rng, 0.005, 0.05)
    drive = Drive(
        poles,
        slip,
        level_g=loudness * log_uniform(rng, 0.05, 3.0),
        fundamental=log_uniform(rng, 0.03, 1.0),
        ripple=log_uniform(rng, 0.1, 1.0),
        carrier_hz=float(rng.choice([2000.0, 4000.0, 8000.0, 16_000.0])),
        carrier_g=loudness * log_uniform(rng, 0.05, 2.0),
        gains=_gains(rng),
    )
    mains_hz = float(rng.choice([50.0, 60.0])) + LINE_WANDER_HZ * float(rng.standard_normal())
    around = Mains(mains_hz, level_g=loudness * log_uniform(rng, 0.01, 0.5), eccentricity=0.0, gains=_gains(rng))
    fastest = 120 * float(rng.uniform(25.0, 75.0)) / poles * (1 - slip)
    return (drive, around), (fastest * float(rng.uniform(0.5, 0.95)), fastest)


def _train(rng: np.random.Generator, train: str, loudness: float) -> tuple[tuple[Machinery, ...], float]:
    """What it turns, and how fast that is over the motor."""
    if train == "direct":
        return (), 1.0
    if train == "gear":
        gear = Gear(
            teeth=int(rng.integers(13, 60)),
            driven_teeth=int(rng.integers(13, 120)),
            level_g=loudness * log_uniform(rng, 0.05, 5.0),
            sideband=float(rng.uniform(0.05, 0.7)),
            driven_sideband=float(rng.uniform(0.05, 0.7)),
            sidebands=int(rng.integers(1, 5)),
            gains=_gains(rng),
        )
        return (gear, _second_shaft(rng, gear.ratio)), gear.ratio
    ratio = log_uniform(rng, 0.3, 2.5)
    belt = Belt(float(rng.uniform(0.12, 0.45)), level_g=loudness * log_uniform(rng, 0.03, 1.0), gains=_gains(rng))
    return (belt, _second_shaft(rng, ratio)), ratio


def _second_shaft(rng: np.random.Generator, ratio: float) -> SecondShaft:
    residual_mm_s = log_uniform(rng, 0.05, 1.2)
    harmonics = tuple(log_uniform(rng, 0.05, 1.2) / order for order in range(2, 2 + int(rng.integers(2, 6))))
    return SecondShaft(ratio, residual_mm_s, harmonics, _gains(rng))


def _blades(rng: np.random.Generator, loudness: float, ratio: float) -> Blades:
    return Blades(
        count=int(rng.integers(3, 14)),
        level_g=loudness * log_uniform(rng, 0.05, 3.0),
        sideband=log_uniform(rng, 0.02, 0.5),
        ratio=ratio,
        gains=_gains(rng),
    )


def _gains(rng: np.random.Generator) -> tuple[float, float, float]:
    gains = rng.uniform(0.1, 1.0, 3)
    gains[int(rng.integers(3))] = 1.0
    return float(gains[0]), float(gains[1]), float(gains[2])
