"""The lines that stand in a window's spectra, each as a frequency: what a shaft's speed is read from.

The mains draw lines of their own, at exact multiples of 50 or 60 Hz, in whatever a sensor and a motor are wired to.
They are left out: no shaft is ever read from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import Spectra

Floats = NDArray[np.floating[Any]]

MAINS_HZ = (50.0, 60.0)
_MAINS_WITHIN = 0.002  # relative: grids keep their frequency to half of that, and most sample rates are as good
_BINS = 0.4  # how well the place of a line is known, in bins
_SWAY = 0.0015  # relative: how far a shaft's speed wanders during a window
_APART = 2  # bins: a lower maximum so near to a higher one is its flank
_AROUND_HZ = 50.0  # over which peaks are compared with each other
ENVELOPE_WEIGHT = 0.5  # of its heights beside those of the plain spectrum


@dataclass(frozen=True, slots=True)
class Peaks:
    """One spectrum with its local maxima, those of the mains left out."""

    lines: NDArray[np.float32]  # (bins,) log height over the local floor
    usable: NDArray[np.bool_]  # (bins,) where the mains are not
    bin_hz: float
    weight: float
    hz: Floats  # (n,) ascending
    surprise: Floats  # (n,) -ln of the chance that a line as high lies so near to a given place by itself

    @property
    def end_hz(self) -> float:
        return (len(self.lines) - 1) * self.bin_hz


def peaks_of(spectra: Spectra) -> tuple[Peaks, ...]:
    """Those of the plain spectrum and, where a band is known, those of the mean envelope spectrum."""
    plain = _peaks(spectra.lines, spectra.bin_hz, weight=1.0)
    if not spectra.envelope_known.any():
        return (plain,)
    envelope = spectra.envelopes[spectra.envelope_known].mean(axis=0)
    return plain, _peaks(envelope, spectra.bin_hz, weight=ENVELOPE_WEIGHT)


def reach_hz(hz: Floats, bin_hz: float) -> Floats:
    """How far from its place a line of a shaft may lie: it is known to a part of a bin, and the shaft sways."""
    return _BINS * bin_hz + _SWAY * hz


def is_mains(hz: Floats, bin_hz: float) -> NDArray[np.bool_]:
    """Which frequencies cannot be told from a multiple of the mains."""
    within = np.maximum(_BINS * bin_hz, _MAINS_WITHIN * hz)
    near = [(np.abs(hz - np.rint(hz / mains) * mains) <= within) & (hz > mains / 2) for mains in MAINS_HZ]
    either: NDArray[np.bool_] = near[0] | near[1]
    return either


def _peaks(lines: NDArray[np.float32], bin_hz: float, *, weight: float) -> Peaks:
    places = _maxima(lines)
    left, centre, right = (lines[places + shift].astype(np.float64) for shift in (-1, 0, 1))
    bend = np.minimum(left - 2 * centre + right, -1e-9)
    hz = np.asarray((places + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) * bin_hz, dtype=np.float64)
    kept = ~is_mains(hz, bin_hz)
    hz = hz[kept]
    surprise = _surprise(hz, centre[kept], bin_hz, end_hz=(len(lines) - 1) * bin_hz)
    return Peaks(lines, _usable_bins(len(lines), bin_hz), bin_hz, weight, hz, surprise)


@lru_cache(maxsize=64)
def _usable_bins(count: int, bin_hz: float) -> NDArray[np.bool_]:
    return ~is_mains(np.arange(count) * bin_hz, bin_hz)


def _maxima(lines: NDArray[np.float32]) -> NDArray[np.intp]:
    """Bins that are the highest within `_APART` of them."""
    if len(lines) <= 2 * _APART:
        return np.zeros(0, np.intp)
    inner = lines[_APART:-_APART]
    highest = inner > 0
    for shift in range(1, _APART + 1):
        highest &= inner > lines[_APART - shift : -_APART - shift]
        highest &= inner >= lines[_APART + shift : len(lines) - _APART + shift]
    return np.flatnonzero(highest) + _APART


def _surprise(hz: Floats, heights: Floats, bin_hz: float, *, end_hz: float) -> Floats:
    """From how many peaks around are as high: the chance that one of them falls within reach of a given place."""
    if not len(hz):
        return np.zeros(0)
    span = np.minimum(hz + _AROUND_HZ, end_hz) - np.maximum(hz - _AROUND_HZ, 0.0)
    expected = _as_high(hz, heights) / span * 2 * reach_hz(hz, bin_hz)
    surprise: Floats = -np.log(-np.expm1(-expected))
    return surprise


def _as_high(hz: Floats, heights: Floats) -> NDArray[np.intp]:
    """How many of the peaks within `_AROUND_HZ` of each are as high, itself among them."""
    places = np.searchsorted(hz, hz + 1.01 * _AROUND_HZ) - np.arange(len(hz))
    most = int(places.max())  # peaks around, on either side
    as_high = _beside(heights, most, -np.inf) >= heights
    as_high &= np.abs(_beside(hz, most, np.inf) - hz) <= _AROUND_HZ
    counts: NDArray[np.intp] = np.add.reduce(as_high.view(np.uint8), axis=0, dtype=np.intp)
    return counts


def _beside(values: Floats, most: int, beyond: float) -> Floats:
    """(2 most + 1, n): the n values moved by -most ... most places, with `beyond` where there is none."""
    padded = np.full(len(values) + 2 * most, beyond)
    padded[most : most + len(values)] = values
    return np.lib.stride_tricks.sliding_window_view(padded, len(values))
