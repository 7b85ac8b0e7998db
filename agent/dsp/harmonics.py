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

from agent.dsp.peaks import Floats, Peaks, is_mains, reach_hz

ORDERS = np.arange(1, 11)
REACHES = (3, 5, 7, 10)
"""How many orders are taken together: some shafts show three, some all."""
_UP_TO_REACHES = np.array(REACHES) - 1


@dataclass(frozen=True, slots=True)
class Odds:
    """How surprising what stands at some frequencies is, each array of their shape."""

    usable: NDArray[np.bool_]  # within a spectrum, and not where the mains are
    surprise: Floats  # -ln of the chance; 0 where nothing stands


@dataclass(frozen=True, slots=True)
class Found(Odds):
    """The same, and which lines they are."""

    seen_hz: Floats  # of the line; NaN where nothing stands


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


def chance(odds: Odds, among: NDArray[np.bool_] | None = None) -> Floats:
    """log10 of the chance of what is seen at `ORDERS`, which are the last axis; of those `among` them where given."""
    usable = odds.usable if among is None else odds.usable & among
    totals = np.add.accumulate(np.where(usable, odds.surprise, 0.0), axis=-1).take(_UP_TO_REACHES, axis=-1)
    counts = np.add.accumulate(usable, axis=-1, dtype=np.intp).take(_UP_TO_REACHES, axis=-1)
    best: Floats = np.minimum.reduce(log_tail(totals, counts), axis=-1, initial=0.0)
    return best


def log_tail(total: Floats, count: NDArray[np.intp]) -> Floats:
    """log10 of the chance that the sum of `count` exponential variables, at most ten, exceeds `total`; 0 for none.

    It is exp(-total) times the sum of total^j / j! over j < count, which is added up by Horner's rule.
    """
    after_first, step = np.zeros(np.shape(total)), np.empty(np.shape(total))
    for j in range(len(ORDERS) - 1, 0, -1):
        after_first += 1.0
        after_first *= np.divide(total, j, out=step)
        after_first *= j < count
    tail: Floats = np.where(count > 0, (np.log1p(after_first) - total) / math.log(10), 0.0)
    return tail
