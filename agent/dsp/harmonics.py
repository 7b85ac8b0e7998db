"""What stands at the multiples of a frequency, and how likely it would stand there by chance.

Each multiple gives one chance, that of a line as high lying so near by itself; they are added up as Fisher did
(Statistical Methods for Research Workers, 1932): without a comb, the sum of n of -ln(chance) is gamma distributed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.dsp.peaks import Floats, Peaks, is_mains, peaks_of, reach_hz
from agent.dsp.spectra import Spectra

ORDERS = np.arange(1, 11)
REACHES = (3, 5, 7, 10)
"""How many orders are taken together: some shafts show three, some all."""
_STEPS_PER_BIN = 4
_LOG_FACTORIALS = np.array([math.lgamma(j + 1) for j in range(len(ORDERS))])


@dataclass(frozen=True, slots=True)
class Found:
    """What the spectra show at some frequencies, each array of their shape."""

    usable: NDArray[np.bool_]  # within a spectrum, and not where the mains are
    surprise: Floats  # -ln of the chance; 0 where nothing stands
    seen_hz: Floats  # of the line; NaN where nothing stands


@dataclass(frozen=True, slots=True)
class Survey:
    """A window's spectra, looked through once at closely spaced frequencies, so that many combs can be tried."""

    peaks: tuple[Peaks, ...]
    step_hz: float
    found: Found  # at 0, step_hz, 2 step_hz, ...

    @property
    def bin_hz(self) -> float:
        return self.peaks[0].bin_hz

    def near(self, wanted_hz: Floats) -> Found:
        """What stands at each frequency, to half a step; nothing beyond the end."""
        place = np.rint(wanted_hz / self.step_hz).astype(np.intp)
        inside = place < len(self.found.usable)
        place = np.minimum(place, len(self.found.usable) - 1)
        surprise = np.where(inside, self.found.surprise[place], 0.0)
        return Found(self.found.usable[place] & inside, surprise, self.found.seen_hz[place])


def survey_of(spectra: Spectra) -> Survey:
    """The window's spectra, looked through."""
    peaks = peaks_of(spectra)
    step_hz = peaks[0].bin_hz / _STEPS_PER_BIN
    hz = np.arange(0.0, max(spectrum.end_hz for spectrum in peaks), step_hz)
    return Survey(peaks, step_hz, look(peaks, hz))


def look(peaks: Sequence[Peaks], wanted_hz: Floats) -> Found:
    """The least likely line of all spectra within reach of each frequency."""
    usable, surprise = np.zeros(wanted_hz.shape, np.bool_), np.zeros(wanted_hz.shape)
    seen_hz = np.full(wanted_hz.shape, np.nan)
    reach, mains = reach_hz(wanted_hz, peaks[0].bin_hz), is_mains(wanted_hz, peaks[0].bin_hz)
    for spectrum in peaks:
        inside = (wanted_hz <= spectrum.end_hz) & ~mains
        usable |= inside
        if not len(spectrum.hz):
            continue
        right = np.searchsorted(spectrum.hz, wanted_hz)
        for place in (np.maximum(right - 1, 0), np.minimum(right, len(spectrum.hz) - 1)):
            near = inside & (np.abs(spectrum.hz[place] - wanted_hz) <= reach)
            here = np.where(near, spectrum.surprise[place] - math.log(len(peaks)), 0.0)  # the best of several looks
            seen_hz = np.where(here > surprise, spectrum.hz[place], seen_hz)
            surprise = np.maximum(here, surprise)
    return Found(usable, surprise, seen_hz)


def chance(found: Found, among: NDArray[np.bool_] | None = None) -> Floats:
    """log10 of the chance of what is seen at `ORDERS`, which are the last axis; of those `among` them where given."""
    usable = found.usable if among is None else found.usable & among
    surprise = np.where(usable, found.surprise, 0.0)
    best = np.zeros(surprise.shape[:-1])
    for reach in REACHES:
        best = np.minimum(best, log_tail(surprise[..., :reach].sum(axis=-1), usable[..., :reach].sum(axis=-1)))
    return best


def log_tail(total: Floats, count: NDArray[np.intp]) -> Floats:
    """log10 of the chance that the sum of `count` exponential variables, at most ten, exceeds `total`; 0 for none."""
    j = np.arange(len(_LOG_FACTORIALS))
    logs = j * np.log(np.maximum(np.asarray(total)[..., None], 1e-9)) - _LOG_FACTORIALS
    terms = np.where(j < count[..., None], np.exp(logs), 0.0).sum(axis=-1)
    tail: Floats = np.where(count > 0, (np.log(np.maximum(terms, 1e-300)) - total) / math.log(10), 0.0)
    return tail
