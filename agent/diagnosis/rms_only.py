"""A transmitter that sends figures instead of samples: severity, and nothing that a waveform would be needed for.

Its diagnoses have no matches, and say of every figure that is missing that there are no samples; `is_rms_only` tells
them from others, so that they are worded as what they are.
"""

from __future__ import annotations

import math

from agent.diagnosis.evidence import iso_zone
from agent.diagnosis.running import RunningGate, is_told_still, plainly_shakes
from agent.diagnosis.unnamed import unnamed
from agent.machine import SensorSetup
from agent.types import Diagnosis, Evidence, Figure, Rate, Reading, Speed

VELOCITY, ACCELERATION = "velocity_rms_mm_s", "acceleration_rms_g"
STALE_AFTER_S = 60.0  # an axis that is silent for longer no longer speaks for the machine
NO_SAMPLES = "no_samples"
_NONE = Figure(None, "1", NO_SAMPLES)


class Transmitter:
    """The latest figures of one sensor; a diagnosis whenever its leading figure comes round again.

    The worst axis counts. Velocity leads, of several axes the first by name, so that one round of readings is one
    diagnosis.
    """

    def __init__(self, setup: SensorSetup) -> None:
        self._setup = setup
        self._gate = RunningGate()
        self._latest: dict[tuple[str, str], Reading] = {}
        self._rounds = 0
        self._session: int | None = None

    def feed(self, reading: Reading, speed: Speed) -> list[Diagnosis]:
        """One diagnosis where this reading begins a new round; none where it only adds to one."""
        if reading.quantity not in (VELOCITY, ACCELERATION):
            return []
        key = (reading.quantity, reading.axis or "")
        self._latest[key] = reading
        fresh = {k: r for k, r in self._latest.items() if reading.arrival_s - r.arrival_s <= STALE_AFTER_S}
        self._latest = fresh
        if key != min(fresh, key=lambda k: (k[0] != VELOCITY, k[1])):
            return []
        if self._session is None:
            self._session = int(reading.wall_s or 0)  # rounds are counted from here on
        self._rounds += 1
        return [self._diagnose(reading, speed)]

    def _diagnose(self, reading: Reading, speed: Speed) -> Diagnosis:
        fault = _fault_of([r.value for r in self._latest.values()])
        velocity, acceleration = self._worst(VELOCITY, "mm/s"), self._worst(ACCELERATION, "g")
        limit = self._setup.idle_below_g
        if is_told_still(speed) and plainly_shakes(acceleration.value, limit=limit, unit="g", velocity=velocity):
            speed = Speed(None, "unknown", doubt="contradicted")
        running = self._gate.feed(acceleration.value, limit=limit, speed=speed)
        zone, reason = iso_zone(velocity, self._setup.machine.mounting, speed.rpm)
        evidence = Evidence((), NO_SAMPLES, velocity, zone, reason, _NONE, _NONE, acceleration)
        return unnamed(
            self._setup.sensor,
            None,
            window_start=self._rounds - 1,
            session=self._session or 0,
            wall_s=reading.wall_s,
            time_s=reading.arrival_s,
            rate=Rate(0.0, "declared"),
            speed=speed,
            quality=fault,
            running=running,
            evidence=evidence if fault is None else None,
        )

    def _worst(self, quantity: str, unit: str) -> Figure:
        values = [reading.value for (name, _), reading in self._latest.items() if name == quantity]
        return Figure(max(values), unit) if values else Figure(None, unit, "not_sent")


def why_unjudged(reading: Reading) -> str:
    """The reason of a state, where nothing but such readings comes and none of them can be judged."""
    return "temperature_alone" if reading.quantity == "temperature_c" else "no_window"


def is_rms_only(diagnosis: Diagnosis) -> bool:
    """Whether a diagnosis rests on figures that a transmitter sent, not on samples."""
    return diagnosis.evidence is not None and diagnosis.evidence.lines_reason == NO_SAMPLES


def _fault_of(values: list[float]) -> str | None:
    if not all(math.isfinite(value) for value in values):
        return "not_finite"
    return "negative" if min(values) < 0 else None
