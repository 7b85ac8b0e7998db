"""Lines that stand in a window's envelope spectra and belong to nothing that is known to draw any.

Multiples of shaft speed (gears, blades, couplings among them) and of the mains are left out: what is left is a
bearing's, another machine's, or chance. Of many windows those lines last that most of them show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import Spectra
from agent.types import StandingLine

LEAST = 2.0
"""Log height above the floor, the mean over the bands heard, from which a line stands: 8 dB."""
MOST_LINES = 40
MAINS_HZ, MAINS_WIDTH_HZ = (50.0, 60.0), 1.0
SHAFT_WIDTH = 0.01
"""How far, relative, a multiple of shaft speed may lie from where the speed puts it."""
_NARROWEST, _LOWEST = 1.5, 3  # bins: a Hann line is as wide; and where what drifts is no longer seen
ALIKE = 0.006  # relative; lines of two windows no further apart are one


def standing_lines(spectra: Spectra, shafts_hz: Sequence[float]) -> tuple[StandingLine, ...]:
    """The highest `MOST_LINES` of them in orders of the first of the machine's shafts, highest first.

    None where no band is heard.
    """
    if not spectra.hears_bearings:
        return ()
    return lines_of(spectra.envelopes[spectra.envelope_known].mean(axis=0), spectra.bin_hz, shafts_hz)


def lines_of(heights: NDArray[np.float32], bin_hz: float, shafts_hz: Sequence[float]) -> tuple[StandingLine, ...]:
    """The same of log heights (bins,) of an envelope spectrum."""
    inner = heights[1:-1]
    peaks = 1 + np.flatnonzero((inner >= LEAST) & (inner >= heights[:-2]) & (inner > heights[2:]))
    peaks = peaks[looked_at(bin_hz * peaks, shafts_hz, bin_hz)]
    peaks = peaks[np.argsort(-heights[peaks])[:MOST_LINES]]
    return tuple(
        StandingLine(
            order=bin_hz * peak / shafts_hz[0], hz=bin_hz * peak, above_floor_db=_decibels(float(heights[peak]))
        )
        for peak in peaks.tolist()
    )


def looked_at(hz: NDArray[np.floating], shafts_hz: Sequence[float], bin_hz: float) -> NDArray[np.bool_]:
    """Whether a line at these frequencies would be one: off the spectrum's beginning, shaft multiples and mains."""
    free: NDArray[np.bool_] = hz >= _LOWEST * bin_hz
    for step_hz in shafts_hz:
        free &= _off_multiples(hz, step_hz) > np.maximum(_NARROWEST * bin_hz, SHAFT_WIDTH * hz)
    for mains_hz in MAINS_HZ:
        free &= _off_multiples(hz, mains_hz) > MAINS_WIDTH_HZ
    return free


def _off_multiples(hz: NDArray[np.floating], step_hz: float) -> NDArray[np.floating]:
    """How far each lies from the nearest multiple, the zeroth not among them."""
    off: NDArray[np.floating] = np.abs(hz - np.maximum(np.rint(hz / step_hz), 1) * step_hz)
    return off


def lasting_lines(windows: Sequence[Sequence[StandingLine]]) -> tuple[StandingLine, ...]:
    """Lines that at least half of the windows show, with mean order and height, highest first."""
    if len(windows) == 1:
        return tuple(windows[0])
    every = sorted(((line, number) for number, lines in enumerate(windows) for line in lines), key=_order_of)
    bundles: list[_Bundle] = []
    for line, number in every:
        if not bundles or line.order > bundles[-1].lines[0].order * (1 + ALIKE):
            bundles.append(_Bundle([], set()))
        bundles[-1].lines.append(line)
        bundles[-1].windows.add(number)
    lasting = [_mean(bundle.lines) for bundle in bundles if 2 * len(bundle.windows) >= len(windows)]
    return tuple(sorted(lasting, key=lambda line: -line.above_floor_db)[:MOST_LINES])


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Lines of several windows at about one order."""

    lines: list[StandingLine]
    windows: set[int]


def _order_of(item: tuple[StandingLine, int]) -> float:
    return item[0].order


def _mean(lines: Sequence[StandingLine]) -> StandingLine:
    return replace(
        lines[0],
        order=fmean(line.order for line in lines),
        hz=fmean(line.hz for line in lines),
        above_floor_db=fmean(line.above_floor_db for line in lines),
    )


def _decibels(height: float) -> float:
    """Of a log height, as the bearing lines of the evidence have them."""
    return 10 * float(np.log10(np.expm1(height)))
