"""The second, physical reason beside the embedding's: bearing lines, ISO 20816 zone, impulsiveness.

Every figure is a value, or None with the reason why there is none; nothing here influences the embedding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import FeatureSpec, Spectra
from agent.faults import TABLE
from agent.limits import STANDARD_GRAVITY
from agent.machine import BallCount, Bearing, FaultOrders, Machine, Mounting
from agent.types import BearingLine, Evidence, Figure, Speed

LINE_ABOVE_FLOOR_DB = 9.0  # a tolerance band of noise bins stays below this in 99 % of windows
BAND_ABOVE_NYQUIST = "band_above_nyquist"
WINDOW_TOO_SHORT = "window_too_short"
APPROXIMATE = "approximate_geometry"
"""The lines stand somewhere in a wide range: only the number of balls is known. Their names begin with `~`."""
_HARMONICS = 3
VELOCITY_BAND_HZ = (10.0, 1000.0)
"""Broad-band velocity, on which ISO 20816-3 zones rest, is taken in it."""

ISO_20816_3_MM_S = {
    (1, "rigid"): (2.3, 4.5, 7.1),
    (1, "flexible"): (3.5, 7.1, 11.0),
    (2, "rigid"): (1.4, 2.8, 4.5),
    (2, "flexible"): (2.3, 4.5, 7.1),
}
"""Zone limits A/B, B/C, C/D in mm/s RMS, 10-1000 Hz: (machine group, foundation); ISO 20816-3:2022, tables A.1, A.2."""


def gather_evidence(
    spectra: Spectra, *, spec: FeatureSpec, speed: Speed, bearing: Bearing | None, machine: Machine, unit: str
) -> Evidence:
    """Evidence of one window for one bearing; `unit` is that of the samples, "g" or "raw"."""
    lines, lines_reason = bearing_lines(spectra, spec=spec, speed=speed, bearing=bearing)
    velocity = velocity_rms(spectra, unit=unit)
    zone, iso_reason = iso_zone(velocity, machine.mounting, speed.rpm)
    worst = int(np.argmax(spectra.rms))
    scale_reason = None if unit == "g" else "no_scale"
    return Evidence(
        lines=lines,
        lines_reason=lines_reason,
        velocity_rms=velocity,
        iso_zone=zone,
        iso_reason=iso_reason,
        kurtosis=Figure(float(spectra.kurtosis.max()), "1"),
        crest_factor=Figure(float(spectra.crest.max()), "1"),
        acceleration_rms=Figure(None if scale_reason else float(spectra.rms[worst]), "g", scale_reason),
    )


def bearing_lines(
    spectra: Spectra, *, spec: FeatureSpec, speed: Speed, bearing: Bearing | None
) -> tuple[tuple[BearingLine, ...], str | None]:
    """Lines of the envelope spectra that stand where the bearing's fault orders say, highest first; or why none.

    APPROXIMATE comes with lines, too: where a count of balls alone says in which range each may stand.
    """
    if not spectra.hears_bearings:
        return (), BAND_ABOVE_NYQUIST
    if not speed.rpm or not speed.steady:
        return (), "no_speed"
    if bearing is None or bearing.geometry is None:
        return (), "no_geometry"
    shaft_hz = speed.rpm / 60 * bearing.ratio
    if not spectra.resolves(shaft_hz):
        return (), WINDOW_TOO_SHORT
    heights = spectra.envelopes.max(axis=0)
    if isinstance(bearing.geometry, BallCount):
        return _lines_in_ranges(heights, bearing.geometry, shaft_hz, spectra.bin_hz, spec.tolerance), APPROXIMATE
    assert bearing.orders is not None
    lines = (
        _line(heights, name, order, shaft_hz, spectra.bin_hz, spec.tolerance, least_db=LINE_ABOVE_FLOOR_DB)
        for name, order in line_orders(bearing.orders)
    )
    return _peaks([line for line in lines if line is not None], spectra.bin_hz), None


def _peaks(lines: Sequence[BearingLine], bin_hz: float) -> tuple[BearingLine, ...]:
    """Each peak once, highest first: it speaks for the line nearest to it, and says which others it would `also` fit.

    What is highest next to the top of a peak, because the range of its line ends there, is the flank of that peak.
    """
    peaks: list[list[BearingLine]] = []
    for line in sorted(lines, key=lambda line: -line.above_floor_db):
        peak = next((peak for peak in peaks if abs(peak[0].seen_hz - line.seen_hz) < 1.5 * bin_hz), None)
        if peak is None:
            peaks.append([line])
        else:
            peak.append(line)
    return tuple(map(_peak, peaks))


def _peak(lines: Sequence[BearingLine]) -> BearingLine:
    """The line nearest to the top of a peak, as high as that, of all that fit it; the highest comes first."""
    top = lines[0]
    nearest, *others = sorted(lines, key=lambda line: abs(top.seen_hz / line.expected_hz - 1))
    return replace(
        nearest,
        seen_hz=top.seen_hz,
        above_floor_db=top.above_floor_db,
        also=tuple(other.name for other in others),
    )


@lru_cache(maxsize=64)
def line_orders(orders: FaultOrders) -> tuple[tuple[str, float], ...]:
    """Names and orders of the lines at which a fault strikes, in the order of `FaultOrders`."""
    struck = {fault.frequency for fault in TABLE}
    families = [(field.name.upper(), getattr(orders, field.name)) for field in fields(orders) if field.name in struck]
    return tuple(
        (name if h == 1 else f"{h}x{name}", h * order) for name, order in families for h in range(1, _HARMONICS + 1)
    )


def _line(
    heights: NDArray[np.float32],
    name: str,
    order: float,
    shaft_hz: float,
    bin_hz: float,
    tolerance: float,
    *,
    least_db: float,
) -> BearingLine | None:
    """What stands highest around an order; None where that is beyond the spectrum, or less than `least_db`."""
    expected_hz = order * shaft_hz
    first = max(1, math.floor(expected_hz * (1 - tolerance) / bin_hz))
    last = math.ceil(expected_hz * (1 + tolerance) / bin_hz) + 1
    if last > len(heights):
        return None
    seen = first + int(heights[first:last].argmax())
    above_floor_db = 10 * math.log10(max(math.expm1(heights[seen]), 1e-3))
    if above_floor_db < least_db:
        return None
    return BearingLine(
        name=name, order=order, expected_hz=expected_hz, seen_hz=seen * bin_hz, above_floor_db=above_floor_db
    )


def _lines_in_ranges(
    heights: NDArray[np.float32], count: BallCount, shaft_hz: float, bin_hz: float, tolerance: float
) -> tuple[BearingLine, ...]:
    """The highest line in the range of each fault that a count of balls bounds, multiples of shaft speed left out.

    Noise has more bins to stand out in: their powers are exponential, so that the highest of m exceeds what one in a
    hundred of m' bins does by ln(100 m) / ln(100 m'), and the limit rises by that.
    """
    found = []
    for name, low, high in count.ranges:
        middle = (low + high) / 2
        bins = [max(2.0, 2 * middle * shaft_hz / bin_hz * width) for width in (high / middle - 1, tolerance)]
        limit = LINE_ABOVE_FLOOR_DB + 10 * float(np.log10(np.log(100 * bins[0]) / np.log(100 * bins[1])))
        off_shaft = _without_shaft(heights, shaft_hz / bin_hz)
        line = _line(off_shaft, f"~{name}", middle, shaft_hz, bin_hz, high / middle - 1, least_db=limit)
        if line is not None:
            found.append(line)
    return tuple(sorted(found, key=lambda line: -line.above_floor_db))


def _without_shaft(heights: NDArray[np.float32], bins_per_turn: float) -> NDArray[np.float32]:
    """The heights with every multiple of shaft speed taken away, as wide as a speed off by 1 % makes it."""
    if bins_per_turn < 4:  # nothing is left between them
        return np.zeros_like(heights)
    at = np.arange(len(heights))
    multiple = np.rint(at / bins_per_turn)
    shaft = np.abs(at - multiple * bins_per_turn) <= np.maximum(1.5, 0.01 * at)
    return np.where(shaft, np.float32(0), heights)


def velocity_rms(spectra: Spectra, *, unit: str) -> Figure:
    """Broad-band velocity in `VELOCITY_BAND_HZ` of the worst axis, mm/s RMS, integrated in the frequency domain."""
    if unit != "g":
        return Figure(None, "mm/s", "no_scale")
    lowest, highest = VELOCITY_BAND_HZ
    if spectra.rate_hz / 2 < highest:
        return Figure(None, "mm/s", BAND_ABOVE_NYQUIST)
    if spectra.bin_hz > 5.0:
        return Figure(None, "mm/s", WINDOW_TOO_SHORT)
    first, last = int(np.ceil(lowest / spectra.bin_hz)), int(highest / spectra.bin_hz) + 1
    power = (spectra.axis_power[:, first:last] / _omega_squared(first, last)).sum(axis=1)
    return Figure(float(np.sqrt(power.max())) / spectra.bin_hz * STANDARD_GRAVITY * 1000, "mm/s")


@lru_cache(maxsize=16)
def _omega_squared(first: int, last: int) -> NDArray[np.float64]:
    """Of bins [first, last), of 1 Hz each: sensors differ in their rates, and would each have a table of its own."""
    return np.asarray((2 * np.pi * np.arange(first, last)) ** 2, dtype=np.float64)


def iso_zone(velocity: Figure, mounting: Mounting, rpm: float | None) -> tuple[str | None, str | None]:
    """ISO 20816-3 zone "A".."D", or (None, reason)."""
    if velocity.value is None:
        return None, velocity.reason
    if mounting.group is None:
        return None, "no_machine_group"
    if mounting.foundation is None:
        return None, "no_foundation"
    if rpm is not None and rpm < 600:
        return None, "below_600_rpm"  # the standard asks for 2-1000 Hz there
    limits = ISO_20816_3_MM_S[mounting.group, mounting.foundation]
    return "ABCD"[sum(velocity.value > limit for limit in limits)], None
