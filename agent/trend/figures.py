"""The figures that are followed over years, and what one window adds to each of them.

A figure is followed per speed: the same machine is louder where it turns faster, which is no trend.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from agent.diagnosis.evidence import ISO_20816_3_MM_S
from agent.faults import OWN_LINES
from agent.machine import Mounting
from agent.types import Diagnosis, Figure

SPEED_RATIO = 1.1  # between two speeds that are followed apart
STAYS_WITHIN = 0.75  # of a class, from its middle
NO_SPEED = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """How a figure is read off a window, and whether it grows by ratios (a level) or by differences (a log height)."""

    read: Callable[[Diagnosis], float | None]
    is_ratio: bool = True


def _evidence_of(name: Literal["velocity_rms", "acceleration_rms", "kurtosis"]) -> Callable[[Diagnosis], float | None]:
    def read(diagnosis: Diagnosis) -> float | None:
        if diagnosis.evidence is None:
            return None
        figure: Figure = getattr(diagnosis.evidence, name)
        return figure.value

    return read


def _height_of(fault: str) -> Callable[[Diagnosis], float | None]:
    return lambda diagnosis: None if diagnosis.heights is None else float(getattr(diagnosis.heights, fault))


FIGURES: Final[dict[str, Followed]] = {
    "deviation": Followed(lambda diagnosis: diagnosis.deviation),
    "velocity": Followed(_evidence_of("velocity_rms")),
    "acceleration": Followed(_evidence_of("acceleration_rms")),
    "kurtosis": Followed(_evidence_of("kurtosis")),
    **{f"lines_{fault}": Followed(_height_of(fault), is_ratio=False) for fault in OWN_LINES},
}
"""By the name under which it is kept; velocity in mm/s, acceleration in the sensor's unit, heights in log units."""


def readings(diagnosis: Diagnosis) -> dict[str, float]:
    """What one window adds; nothing where it cannot be judged, or where the machine stands or changes its speed."""
    if diagnosis.quality is not None or not diagnosis.running or not diagnosis.speed.steady:
        return {}
    found = {name: figure.read(diagnosis) for name, figure in FIGURES.items()}
    return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}


def speed_class(rpm: float | None, *, last: int | None = None) -> int:
    """Number of the class of speeds that `rpm` belongs to; NO_SPEED where it is not known.

    It stays the `last` one somewhat beyond its ends, so that a load that comes and goes splits no machine in two.
    """
    if rpm is None or rpm <= 1:
        return NO_SPEED
    at = math.log(rpm) / math.log(SPEED_RATIO)
    return last if last and abs(at - last) <= STAYS_WITHIN else max(1, round(at))


def speeds_of(number: int) -> tuple[float, float] | None:
    """Between which speeds a class lies, in rpm."""
    return (
        None if number == NO_SPEED else (SPEED_RATIO ** (number - STAYS_WITHIN), SPEED_RATIO ** (number + STAYS_WITHIN))
    )


def limits_of(name: str, mounting: Mounting) -> dict[str, float]:
    """The limits that a figure may come to: name -> value; velocity's are the lower ends of ISO 20816-3 zones."""
    if name == "deviation":
        return {"alarm": 1.0}
    if name == "velocity" and mounting.group is not None and mounting.foundation is not None:
        return dict(zip("BCD", ISO_20816_3_MM_S[mounting.group, mounting.foundation], strict=True))
    return {}
