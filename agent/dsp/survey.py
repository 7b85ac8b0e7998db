"""A window's spectra, looked through once at closely spaced frequencies, so that many combs can be tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.dsp.harmonics import Odds
from agent.dsp.peaks import Floats, Peaks, is_mains, peaks_of, reach_hz
from agent.dsp.spectra import Spectra

_STEPS_PER_BIN = 4


@dataclass(frozen=True, slots=True)
class Survey:
    """The lines of a window's spectra, and the odds of what stands at 0, step_hz, 2 step_hz, ..."""

    peaks: tuple[Peaks, ...]
    step_hz: float
    odds: Odds

    @property
    def bin_hz(self) -> float:
        return self.peaks[0].bin_hz

    def near(self, wanted_hz: Floats) -> Odds:
        """What stands at each frequency, to half a step; nothing beyond the end."""
        place = np.rint(wanted_hz / self.step_hz).astype(np.intp)
        inside = place < len(self.odds.usable)
        place = np.minimum(place, len(self.odds.usable) - 1)
        return Odds(self.odds.usable[place] & inside, np.where(inside, self.odds.surprise[place], 0.0))


def survey_of(spectra: Spectra) -> Survey:
    """The window's spectra, looked through."""
    peaks = peaks_of(spectra)
    step_hz = peaks[0].bin_hz / _STEPS_PER_BIN
    count = math.ceil(max(spectrum.end_hz for spectrum in peaks) / step_hz)
    return Survey(peaks, step_hz, _odds_at_steps(peaks, step_hz, count))


def _odds_at_steps(peaks: Sequence[Peaks], step_hz: float, count: int) -> Odds:
    """What `look` finds there, by laying the lines out beside the steps, which are many and in order."""
    hz = np.arange(count) * step_hz
    mains = _mains_at_steps(count, step_hz, peaks[0].bin_hz)
    end, surprise = 0, np.zeros(count)
    for spectrum in peaks:
        within = int(np.searchsorted(hz, spectrum.end_hz, side="right"))
        end = max(end, within)
        if len(spectrum.hz):
            found = _surprise_at(hz[:within], spectrum, peaks[0].bin_hz) - math.log(len(peaks))  # the best of several
            np.maximum(surprise[:within], found, out=surprise[:within])
    usable = ~mains
    usable[end:] = False
    return Odds(usable, np.where(mains, 0.0, surprise))


def _surprise_at(hz: Floats, spectrum: Peaks, bin_hz: float) -> Floats:
    """Of the line below or above each frequency, the one that surprises more; 0 where neither is within reach."""
    reach = reach_hz(hz, bin_hz)
    edges = np.concatenate(([0], np.searchsorted(hz, spectrum.hz, side="right"), [len(hz)]))
    runs = edges[1:] - edges[:-1]  # of frequencies between two lines
    best = np.zeros(len(hz))
    for beside in (_below, _above):
        near = np.abs(np.repeat(beside(spectrum.hz), runs) - hz) <= reach
        best = np.maximum(best, np.where(near, np.repeat(beside(spectrum.surprise), runs), 0.0))
    return best


def _below(lines: Floats) -> Floats:
    """Of the line below each run, which the first run has not: it takes the one above it."""
    return np.concatenate((lines[:1], lines))


def _above(lines: Floats) -> Floats:
    return np.concatenate((lines, lines[-1:]))


@lru_cache(maxsize=64)
def _mains_at_steps(count: int, step_hz: float, bin_hz: float) -> NDArray[np.bool_]:
    return is_mains(np.arange(count) * step_hz, bin_hz)
