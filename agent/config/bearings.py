"""Bearings that can be named instead of measured: a small table, each entry with the source of its figures.

No entry without a published source. Makers build one designation differently (balls and orders differ by up to 2 %, in
the 63 series even the number of balls), so entries say whose bearing they describe, and a config can define its own.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from agent.machine import Geometry

CWRU = "Case Western Reserve University Bearing Data Center, bearing information (SKF 2RS JEM)"
XJTU = "XJTU-SY bearing data sets, table of the LDK UER204 (Wang et al., IEEE Trans. Reliability 69(1), 2020)"
TIMKEN = "Timken Ball Bearing Housed Unit Catalog, table A-9 frequency coefficients (page A-13)"
"""It gives fault orders to three decimals; ball/pitch follows from (BPFI - BPFO) / balls, the pitch circle is taken
midway between bore and outside diameter, and the ball comes out within 0.02 mm of a standard inch size each time."""


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A geometry and who published it; `exact` is False where another maker's bearing of that name differs visibly."""

    geometry: Geometry
    source: str
    exact: bool = True


CATALOGUE: dict[str, CatalogueEntry] = {
    "6203": CatalogueEntry(Geometry(balls=8, ball_mm=6.746, pitch_mm=28.5), CWRU),
    "6204": CatalogueEntry(Geometry(balls=8, ball_mm=7.938, pitch_mm=33.5), TIMKEN),
    "6205": CatalogueEntry(Geometry(balls=9, ball_mm=7.94, pitch_mm=39.04), CWRU),
    "6206": CatalogueEntry(Geometry(balls=9, ball_mm=9.525, pitch_mm=46.0), TIMKEN),
    "6207": CatalogueEntry(Geometry(balls=9, ball_mm=11.112, pitch_mm=53.5), TIMKEN),
    "6208": CatalogueEntry(Geometry(balls=9, ball_mm=12.7, pitch_mm=60.0), TIMKEN, exact=False),
    "6209": CatalogueEntry(Geometry(balls=9, ball_mm=12.7, pitch_mm=65.0), TIMKEN, exact=False),
    "6210": CatalogueEntry(Geometry(balls=10, ball_mm=12.7, pitch_mm=70.0), TIMKEN, exact=False),
    "6307": CatalogueEntry(Geometry(balls=8, ball_mm=14.288, pitch_mm=57.5), TIMKEN, exact=False),
    "6308": CatalogueEntry(Geometry(balls=8, ball_mm=15.875, pitch_mm=65.0), TIMKEN, exact=False),
    "6309": CatalogueEntry(Geometry(balls=8, ball_mm=17.462, pitch_mm=72.5), TIMKEN, exact=False),
    "6310": CatalogueEntry(Geometry(balls=8, ball_mm=19.05, pitch_mm=80.0), TIMKEN, exact=False),
    "6311": CatalogueEntry(Geometry(balls=8, ball_mm=20.638, pitch_mm=87.5), TIMKEN, exact=False),
    "6312": CatalogueEntry(Geometry(balls=8, ball_mm=22.225, pitch_mm=95.0), TIMKEN, exact=False),
    "UER204": CatalogueEntry(Geometry(balls=8, ball_mm=7.92, pitch_mm=34.55), XJTU),
}

MAKERS = re.compile(r"^(SKF|FAG|NSK|NTN|KOYO|SNR|INA|TIMKEN|NACHI|ZKL|ZWZ)[\s-]*", re.IGNORECASE)
SUFFIX = re.compile(r"[\s/-]+[A-Z0-9/\s-]+$|(ZZ|DDU|VV|LLU|LLB|LLH|RS|2RS|2Z|Z)$", re.IGNORECASE)


def designation(name: str) -> str:
    """`SKF 6205-2RS` or `6205 ZZ/C3` as the table's `6205`: seals, clearance and maker do not change the geometry."""
    bare = MAKERS.sub("", name.strip()).upper()
    return SUFFIX.sub("", bare) if bare not in CATALOGUE else bare


def find(name: str) -> CatalogueEntry | None:
    """The entry under `name`, written as on the bearing or as in the table."""
    return CATALOGUE.get(designation(name))


def geometry_of(bearing: str) -> Geometry | None:
    """A bearing by catalogue name, or as balls/ball/pitch/angle; None for an empty name.

    Diameters are in one unit, the angle in degrees. ValueError says what is wrong and what to give instead.
    """
    if not bearing:
        return None
    parts = bearing.split("/")
    if len(parts) not in (3, 4):
        entry = find(bearing)
        if entry is None:
            raise ValueError(
                f"bearing {bearing!r} is not in the catalogue; give balls/ball/pitch/angle (9/7.94/39.04/0)"
            )
        return entry.geometry
    try:
        balls, ball, pitch = int(parts[0]), float(parts[1]), float(parts[2])
        angle = float(parts[3]) if len(parts) == 4 else 0.0
    except ValueError as error:
        raise ValueError(f"bearing {bearing!r} is not balls/ball/pitch/angle (9/7.94/39.04/0)") from error
    if not (3 <= balls <= 200 and 0 < ball < pitch < math.inf and 0 <= angle < 90):
        raise ValueError(f"bearing {bearing!r}: needs 3 to 200 balls, 0 < ball < pitch, 0 <= angle < 90")
    if balls * ball >= math.pi * pitch:
        raise ValueError(f"bearing {bearing!r}: {balls} balls of {ball:g} do not fit on a pitch circle of {pitch:g}")
    return Geometry(balls, ball, pitch, angle)
