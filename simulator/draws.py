"""Labelled recordings from random machines: what a model is trained on.

A machine depends on its seed alone, never on the fault, so every fault and the healthy baseline come from the same rig.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .machine import FAULTS, BearingGeometry, Condition, Rig, Sensor, check_fault
from .population import random_condition, random_geometry, random_rig, random_sensor
from .source import VibrationSource

FAST_HZ = (8000.0, 10_000.0, 12_000.0, 12_800.0, 16_000.0, 20_000.0, 25_600.0, 26_667.0, 48_000.0, 51_200.0)
SLOW_HZ = (1600.0, 3200.0, 3332.0, 4000.0, 6400.0, 6667.0)  # what a cheap sensor delivers


@dataclass(frozen=True, slots=True)
class Drawn:
    """One labelled recording."""

    samples: NDArray[np.float32]  # (n, 3) in g
    rate_hz: float
    rpm: float  # asked for; the true speed sways around it by a few tenths of a per cent
    geometry: BearingGeometry
    fault: str
    condition: Condition
    directions: tuple[str, ...]  # along which each column was measured: horizontal, vertical, axial in any order


@dataclass(frozen=True, slots=True)
class DrawnMachine:
    """One machine with its sensor, to be recorded in any condition and at any of its speeds."""

    seed: int
    rig: Rig
    sensor: Sensor
    geometry: BearingGeometry
    rate_hz: float
    rpm_range: tuple[float, float]

    def speeds(self, count: int) -> tuple[float, ...]:
        """That many speeds spread over the machine's range, the slowest and the fastest among them."""
        return tuple(float(rpm) for rpm in np.linspace(*self.rpm_range, count))

    def record(self, fault: str, seed: int, *, seconds: float, rpm: float | None = None) -> Drawn:
        """A recording with a random condition of that fault, at a random speed of its range unless `rpm` is given."""
        check_fault(fault)
        root = (self.seed, seed, FAULTS.index(fault))
        rng = np.random.default_rng([*root, 1])
        condition = random_condition(rng, fault)
        speed = float(rng.uniform(*self.rpm_range))
        if rpm is not None:
            speed = rpm
        source = VibrationSource(
            self.rig,
            condition,
            sensor=self.sensor,
            geometry=self.geometry,
            rpm=speed,
            rate_hz=self.rate_hz,
            seed=np.random.SeedSequence([*root, 2]),
        )
        samples = source.next(round(seconds * self.rate_hz))
        return Drawn(samples, self.rate_hz, speed, self.geometry, fault, condition, self.sensor.axes)


def draw_machine(seed: int, *, rate_hz: float | None = None) -> DrawnMachine:
    """A random machine; its sample rate suits its sensor unless `rate_hz` is given."""
    rng = np.random.default_rng([seed, 0])
    sensor = random_sensor(rng)
    geometry = random_geometry(rng)
    usual = float(rng.choice(SLOW_HZ if sensor.bandwidth_hz < 3000 else FAST_HZ))
    rate = usual if rate_hz is None else rate_hz
    rig = random_rig(rng, heard_hz=min(sensor.bandwidth_hz, 0.42 * rate))
    slowest = float(np.exp(rng.uniform(np.log(350.0), np.log(3000.0))))
    return DrawnMachine(seed, rig, sensor, geometry, rate, (slowest, slowest * float(rng.uniform(1.2, 2.5))))


def draw(fault: str, seed: int, *, seconds: float, rate_hz: float | None = None) -> Drawn:
    """A random machine in a random condition of that fault; the same seed gives the same machine for every fault."""
    return draw_machine(seed, rate_hz=rate_hz).record(fault, seed, seconds=seconds)
