"""Where in a spectrum the lines of a shaft, of a bearing and of the mains belong: spans as wide as slip allows.

For whoever shows a spectrum. What is looked for, and how, is decided where it is looked for; the figures are taken from
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent.diagnosis.evidence import line_orders
from agent.diagnosis.standing_lines import MAINS_HZ, MAINS_WIDTH_HZ, SHAFT_WIDTH
from agent.machine import BallCount, Bearing


@dataclass(frozen=True, slots=True)
class Place:
    """Where one line may stand."""

    kind: Literal["shaft", "bearing", "mains"]
    family: str  # "1x", "BPFO", "50 Hz", "~BPFI": that of the first line
    multiple: int
    low_hz: float
    high_hz: float

    @property
    def middle_hz(self) -> float:
        return (self.low_hz + self.high_hz) / 2


def places_of(*, rpm: float | None, bearing: Bearing | None, tolerance: float, highest_hz: float) -> tuple[Place, ...]:
    """All places up to `highest_hz`: shaft, then bearing, then mains. Without a speed those of the mains alone.

    The shaft is the bearing's own; `tolerance` is relative, as `FeatureSpec` has it.
    """
    places = []
    if rpm:
        shaft_hz = rpm / 60 * (bearing.ratio if bearing is not None else 1.0)
        places += [*_shaft(shaft_hz, highest_hz), *_bearing(bearing, shaft_hz, tolerance)]
    places += _mains(highest_hz)
    return tuple(place for place in places if place.high_hz <= highest_hz)


def _shaft(shaft_hz: float, highest_hz: float) -> Iterator[Place]:
    for multiple in range(1, int(highest_hz / shaft_hz) + 1):
        hz = multiple * shaft_hz
        yield Place("shaft", "1x", multiple, hz * (1 - SHAFT_WIDTH), hz * (1 + SHAFT_WIDTH))


def _bearing(bearing: Bearing | None, shaft_hz: float, tolerance: float) -> Iterator[Place]:
    if bearing is None:
        return
    if isinstance(bearing.geometry, BallCount):
        for name, low, high in bearing.geometry.ranges:
            yield Place("bearing", f"~{name}", 1, low * shaft_hz, high * shaft_hz)
    elif bearing.orders is not None:
        for name, order in line_orders(bearing.orders):
            multiple, _, family = name.rpartition("x")
            hz = order * shaft_hz
            yield Place("bearing", family, int(multiple or 1), hz * (1 - tolerance), hz * (1 + tolerance))


def _mains(highest_hz: float) -> Iterator[Place]:
    for mains_hz in MAINS_HZ:
        for multiple in range(1, int(highest_hz / mains_hz) + 1):
            hz = multiple * mains_hz
            yield Place("mains", f"{mains_hz:g} Hz", multiple, hz - MAINS_WIDTH_HZ, hz + MAINS_WIDTH_HZ)
