"""Families of lines that a defect draws, and how high each family stands in a spectrum."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import FeatureSpec
from agent.machine import FaultOrders

_SHAFT = "shaft"
_FLOOR_HEIGHT = np.float32(0.9)  # mean of the largest of three neighbouring Hann bins of noise


@lru_cache(maxsize=64)
def patterns(orders: FaultOrders | None, harmonics: int) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Families of lines that a defect draws into the envelope spectrum, in orders of its shaft.

    Outer race: BPFO harmonics. Inner race: BPFI harmonics with shaft-speed sidebands (it passes the load zone once a
    turn). Ball: BSF harmonics, even ones strongest, with cage-speed sidebands. Cage: FTF harmonics.
    Source: Randall & Antoni, Rolling element bearing diagnostics - a tutorial, MSSP 25 (2011), section 2.
    """
    steps = range(1, harmonics + 1)
    shaft = (
        (_SHAFT, tuple(float(h) for h in steps)),
        ("half", tuple(h - 0.5 for h in steps)),
    )
    o = orders or FaultOrders(bpfo=0.0, bpfi=0.0, bsf=0.0, ftf=0.0)
    return (
        *shaft,
        ("bpfo", tuple(h * o.bpfo for h in steps)),
        ("bpfi", tuple(h * o.bpfi for h in steps)),
        ("bpfi_side", tuple(h * o.bpfi + d for h in (1, 2) for d in (-1, 1))),
        ("bpfi_side2", tuple(h * o.bpfi + d for h in (1, 2) for d in (-2, 2))),
        ("bsf", tuple(h * o.bsf for h in steps)),
        ("bsf_even", tuple(2 * h * o.bsf for h in (1, 2))),
        ("bsf_side", tuple(2 * h * o.bsf + d * o.ftf for h in (1, 2) for d in (-1, 1))),
        ("bpfo_side", tuple(h * o.bpfo + d * o.ftf for h in (1, 2) for d in (-1, 1))),
        ("ftf", tuple(h * o.ftf for h in (1, 2, 3))),
    )


PATTERNS = tuple(name for name, _ in patterns(None, 4))
GEOMETRIC = np.array([name not in (_SHAFT, "half") for name in PATTERNS])
"""(patterns,) which of them need the bearing's geometry."""


class Families(NamedTuple):
    """The lines of all patterns in a row, in orders of the shaft, at every slip that is tried."""

    orders: NDArray[np.float64]  # (slips, lines)
    firsts: NDArray[np.intp]  # (patterns,) where each pattern begins
    counts: NDArray[np.intp]  # (patterns,) of lines


@lru_cache(maxsize=64)
def families(orders: FaultOrders | None, spec: FeatureSpec) -> Families:
    """The lines of `patterns`. One slip for all lines of a family is what physics allows, and leaves noise less to
    choose from than a search per line."""
    lines = [lines for _, lines in patterns(orders, spec.harmonics)]
    slips = np.linspace(1 - spec.tolerance, 1 + spec.tolerance, spec.tolerance_steps)
    counts = np.array([len(of_pattern) for of_pattern in lines])
    return Families(slips[:, None] * np.concatenate(lines), np.cumsum(counts) - counts, counts)


def pattern_heights(lines: NDArray[np.float32], bins_per_order: float, of: Families) -> NDArray[np.float32]:
    """(spectra, patterns) mean height of each pattern's lines, in `lines` (spectra, bins), at the one common slip that
    raises them most. A line beyond the spectrum counts as floor."""
    bins = lines.shape[1]
    place = np.rint(of.orders * bins_per_order).astype(np.intp)
    place = np.where((place < 1) | (place >= bins), bins, place)
    heights = _neighbour_max(lines)[:, place]  # (spectra, slips, lines)
    sums = np.add.reduceat(heights, of.firsts, axis=2) / of.counts
    best: NDArray[np.float32] = np.maximum.reduce(sums, axis=1).astype(np.float32)
    return best


def _neighbour_max(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger of each bin and its two neighbours, with one more column of floor for lines out of range."""
    padded = np.full((lines.shape[0], lines.shape[1] + 1), _FLOOR_HEIGHT, np.float32)
    padded[:, :-1] = lines
    np.maximum(padded[:, :-2], lines[:, 1:], out=padded[:, :-2])
    np.maximum(padded[:, 1:-1], lines[:, :-1], out=padded[:, 1:-1])
    return padded
