"""Whether probabilities mean what they say: confidence against accuracy, bin by bin, and the error that is left."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

BINS = 10


class Bin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names whose probability fell into one of BINS equal widths."""

    share: float  # of all names, by weight
    probability: float  # mean of what was said
    right: float  # share that was


class Reliability(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reliability curve and the expected calibration error (Guo et al. 2017, arXiv 1706.04599)."""

    error: float  # mean distance of probability and share right, over the bins' shares
    bins: tuple[Bin, ...]  # those that hold any name, by rising probability


def reliability_of(
    probability: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64]
) -> Reliability:
    """Of n names, each with its probability and weight."""
    cells = np.minimum((probability * BINS).astype(int), BINS - 1)
    bins = []
    for cell in np.unique(cells):
        rows = cells == cell
        of_bin = weights[rows]
        bins.append(
            Bin(
                share=float(of_bin.sum() / weights.sum()),
                probability=float(np.average(probability[rows], weights=of_bin)),
                right=float(np.average(right[rows], weights=of_bin)),
            )
        )
    return Reliability(sum(one.share * abs(one.probability - one.right) for one in bins), tuple(bins))
