"""What is known of a machine beforehand: shafts, bearings and where sensors sit.

A machine is a tree: shafts with speed ratios, bearings on shafts, sensors at positions with axis roles. Whatever is
unknown stays None, and the features mask what depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

AxisRole = Literal["radial", "axial", "vertical", "horizontal"]
Nominal = Literal["config", "told", "file"]
"""Where a nominal speed was given: in the configuration, by who asks, or in the recording."""
DEFAULT_TOLERANCE = 0.05

CAGE_ORDERS = (0.36, 0.46)
"""Lowest and highest FTF of the bearings in the catalogue, which a test keeps within; textbooks say .4."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A rolling bearing: `balls` elements of diameter `ball_mm` on a pitch circle of `pitch_mm`."""

    balls: int
    ball_mm: float
    pitch_mm: float
    angle_deg: float = 0.0

    @property
    def orders(self) -> FaultOrders:
        """Fault frequencies in multiples of shaft speed, inner ring turning, no slip (Harris & Kotzalas, ch. 8)."""
        ratio = self.ball_mm / self.pitch_mm * math.cos(math.radians(self.angle_deg))
        return FaultOrders(
            bpfo=self.balls / 2 * (1 - ratio),
            bpfi=self.balls / 2 * (1 + ratio),
            bsf=self.pitch_mm / (2 * self.ball_mm) * (1 - ratio**2),
            ftf=(1 - ratio) / 2,
        )


@dataclass(frozen=True, slots=True)
class FaultOrders:
    """Ball pass outer, ball pass inner, ball spin (one contact per turn) and cage orders."""

    bpfo: float
    bpfi: float
    bsf: float
    ftf: float


@dataclass(frozen=True, slots=True)
class BallCount:
    """All that is known of a bearing is how many `balls` a row of it has: its orders are known to be in ranges."""

    balls: int

    @property
    def ranges(self) -> tuple[tuple[str, float, float], ...]:
        """(name, lowest, highest order) of what the count alone bounds, around the textbooks' .4 n, .6 n and .4.

        A ball's spin is not among them: the catalogue's two bearings of 19 elements differ in it by a factor of 1.75.
        """
        low, high = CAGE_ORDERS
        return (
            ("BPFO", self.balls * low, self.balls * high),
            ("BPFI", self.balls * (1 - high), self.balls * (1 - low)),
            ("FTF", low, high),
        )


Inside: TypeAlias = Geometry | FaultOrders | BallCount
"""What is known of a bearing: its measures, its fault orders where only they are published, or a count alone."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """A bearing on a shaft that turns `ratio` times as fast as the machine's reference shaft."""

    id: str
    geometry: Inside | None = None
    ratio: float = 1.0

    @property
    def orders(self) -> FaultOrders | None:
        """Its fault orders; None where they are unknown, or known as ranges alone."""
        if isinstance(self.geometry, Geometry):
            return self.geometry.orders
        return self.geometry if isinstance(self.geometry, FaultOrders) else None


@dataclass(frozen=True, slots=True)
class Mounting:
    """What ISO 20816-3 needs to know before it assigns a zone."""

    group: Literal[1, 2] | None = None
    foundation: Literal["rigid", "flexible"] | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine, as far as a diagnosis needs to know it."""

    id: str
    rpm: float | None = None  # nominal speed of the reference shaft
    rpm_tolerance: float = DEFAULT_TOLERANCE  # how far the truth may lie from nominal, relative; 0: it is exact
    rpm_range: tuple[float, float] | None = None  # where an estimated speed may lie
    speed_source: Literal["config", "told", "file", "topic", "tacho", "estimate", "unknown"] = "unknown"
    mounting: Mounting = field(default_factory=Mounting)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SensorSetup:
    """One sensor on one machine: which bearings it hears and which axis points where."""

    sensor: str
    machine: Machine
    bearings: tuple[Bearing, ...] = ()
    position: str | None = None
    axis_roles: tuple[tuple[str, AxisRole], ...] = ()  # (axis name, role)
    idle_below_g: float | None = None  # RMS under which the machine stands still; None: learnt with the baseline
    snapshot_every_s: float | None = None  # of a sensor that sleeps in between; None: it sends all the time
