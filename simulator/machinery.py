"""What stands around a motor and is heard beside it: gears, belts, blades, the mains and a drive, each as its tones.

Every part is frozen numbers; `Rig.machinery` takes any of them, together and repeatedly. Levels are peaks in g on the
loudest axis at 1500 rpm. Where lines lie follows Randall, Vibration-based Condition Monitoring, ch. 2; those of a
motor's magnetic field follow Finley, Hodowanec & Holter, IEEE Trans. Ind. Appl. 36 (2000).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Gains: TypeAlias = tuple[float, float, float]  # along horizontal, vertical, axial
EVEN: Gains = (1.0, 0.8, 0.5)
G = 9.80665
TURNS_PER_S = 25.0  # of the reference speed, 1500 rpm


@dataclass(frozen=True, slots=True)
class Tone:
    """One sine, at `order` x the shaft + `set_order` x the speed asked of it + `hz`."""

    level_g: float
    order: float = 0.0
    set_order: float = 0.0  # a drive's frequency follows what is asked, not what the shaft makes of it
    hz: float = 0.0
    growth: float = 1.0  # its level rises with this power of the speed
    gains: Gains = EVEN
    steady: bool = False  # electrical: its amplitude does not wander


class Machinery(Protocol):
    """Anything that sounds in tones beside the shaft."""

    @property
    def tones(self) -> tuple[Tone, ...]: ...


@dataclass(frozen=True, slots=True)
class SecondShaft:
    """A shaft `ratio` times as fast as the first; `residual_mm_s` RMS at its 1x when that turns at 1500 rpm."""

    ratio: float
    residual_mm_s: float = 0.5
    harmonics: tuple[float, ...] = (0.5, 0.25, 0.12)  # acceleration at its 2x, 3x, ... over that at its 1x
    gains: Gains = EVEN

    @property
    def tones(self) -> tuple[Tone, ...]:
        one = math.sqrt(2) * self.residual_mm_s * 1e-3 * 2 * math.pi * TURNS_PER_S * self.ratio / G
        shares = (1.0, *self.harmonics)
        return tuple(
            Tone(one * share, order=number * self.ratio, growth=2.0, gains=self.gains)
            for number, share in enumerate(shares, start=1)
        )


@dataclass(frozen=True, slots=True)
class Gear:
    """A pair of wheels, `teeth` on the first shaft and `driven_teeth` on the other.

    Mesh frequency and its harmonics, each with sidebands at whole turns of either shaft.
    """

    teeth: int
    driven_teeth: int
    level_g: float
    harmonics: tuple[float, ...] = (0.5, 0.25)  # of the mesh: 2x, 3x, ... over 1x
    sideband: float = 0.3  # share of the nearest sideband of the first shaft; each further one has as much less again
    driven_sideband: float = 0.3
    sidebands: int = 2  # on either side, per shaft
    gains: Gains = EVEN

    @property
    def ratio(self) -> float:
        """Speed of the other shaft over that of the first."""
        return self.teeth / self.driven_teeth

    @property
    def tones(self) -> tuple[Tone, ...]:
        found = []
        for number, share in enumerate((1.0, *self.harmonics), start=1):
            mesh, level = float(number * self.teeth), self.level_g * share
            found.append(Tone(level, order=mesh, gains=self.gains))
            for step, strength in ((1.0, self.sideband), (self.ratio, self.driven_sideband)):
                for count in range(1, self.sidebands + 1):
                    found += [
                        Tone(level * strength**count, order=mesh + side * count * step, gains=self.gains)
                        for side in (-1, 1)
                    ]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Belt:
    """A belt that runs round `order` times per turn of the shaft: its frequency and its harmonics."""

    order: float  # circumference of the pulley over length of the belt
    level_g: float
    harmonics: tuple[float, ...] = (1.0, 0.5, 0.3)  # 2x, 3x, ... over 1x
    gains: Gains = EVEN

    @property
    def tones(self) -> tuple[Tone, ...]:
        shares = (1.0, *self.harmonics)
        return tuple(
            Tone(self.level_g * share, order=number * self.order, gains=self.gains)
            for number, share in enumerate(shares, start=1)
        )


@dataclass(frozen=True, slots=True)
class Blades:
    """A wheel of `count` blades or vanes: blade pass and its harmonics, swayed once per turn."""

    count: int
    level_g: float
    harmonics: tuple[float, ...] = (0.4, 0.2)
    sideband: float = 0.1
    ratio: float = 1.0  # speed of the wheel's shaft over that of the first
    gains: Gains = EVEN

    @property
    def tones(self) -> tuple[Tone, ...]:
        found = []
        for number, share in enumerate((1.0, *self.harmonics), start=1):
            for turn, strength in ((-1, self.sideband), (0, 1.0), (1, self.sideband)):
                order = (number * self.count + turn) * self.ratio
                found.append(Tone(self.level_g * share * strength, order=order, growth=2.0, gains=self.gains))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Mains:
    """What an induction motor on the mains makes of it: lines at multiples of `line_hz`, whatever the shaft does.

    `level_g` is that at twice the line; the line itself is heard, too, through wiring or saturation. Pole pass, `poles`
    times the slip, stands beside twice the line (an eccentric gap) and beside the shaft's 1x (a broken rotor bar).
    """

    line_hz: float
    level_g: float
    line: float = 0.3  # share at the line itself
    multiples: tuple[float, ...] = (0.3, 0.15)  # at 4x, 6x, ... of the line
    poles: int = 4
    eccentricity: float = 0.1  # share beside twice the line
    bars: float = 0.0  # and beside 1x
    gains: Gains = EVEN

    @property
    def tones(self) -> tuple[Tone, ...]:
        twice, level = 2 * self.line_hz, self.level_g
        placed = [(self.line, 0.0, self.line_hz), (1.0, 0.0, twice)]
        placed += [(share, 0.0, number * twice) for number, share in enumerate(self.multiples, start=2)]
        placed += [(self.eccentricity, side * self.poles, twice - side * twice) for side in (-1, 1)]
        placed += [(self.bars, 1 + side * self.poles, -side * twice) for side in (-1, 1)]
        return tuple(
            Tone(level * share, order=order, hz=hz, growth=0.0, gains=self.gains, steady=True)
            for share, order, hz in placed
        )


@dataclass(frozen=True, slots=True)
class Drive:
    """A frequency converter that feeds a motor of `poles` at that slip: its frequency, twice, six and twelve times it.

    The carrier has sidebands at twice and four times the drive's frequency, and at odd ones about its double.
    """

    poles: int
    slip: float
    level_g: float  # at twice the drive's frequency
    fundamental: float = 0.2
    ripple: float = 0.5  # at six times
    carrier_hz: float = 4000.0
    carrier_g: float = 0.02
    gains: Gains = EVEN

    @property
    def order(self) -> float:
        """Its frequency over the speed asked of the shaft."""
        return self.poles / 2 / (1 - self.slip)

    @property
    def tones(self) -> tuple[Tone, ...]:
        low = [(self.fundamental, 1), (1.0, 2), (0.3, 4), (self.ripple, 6), (0.4 * self.ripple, 12)]
        high = [(1.0, 1, 0), (0.6, 1, -2), (0.6, 1, 2), (0.3, 1, -4), (0.3, 1, 4), (0.5, 2, -1), (0.5, 2, 1)]
        placed = [(self.level_g * share, number, 0.0) for share, number in low]
        placed += [(self.carrier_g * share, number, double * self.carrier_hz) for share, double, number in high]
        return tuple(
            Tone(level, set_order=number * self.order, hz=hz, growth=0.0, gains=self.gains, steady=True)
            for level, number, hz in placed
        )


def two_pole_motor(line_hz: float, level_g: float, *, eccentricity: float = 0.4) -> Mains:
    """Of a motor whose 1x stands just below the line, and its 2x just below twice the line."""
    return Mains(line_hz, level_g, line=0.5, poles=2, eccentricity=eccentricity)
