"""Figures with their uncertainty: shares, rates, areas under curves, and what other bearings would have given.

Windows of one recording are no independent witnesses, so intervals of shares count only windows that do not overlap,
and the interval of a score resamples whole groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
_Z = 1.959963984540054  # of the normal distribution at 97.5 %


class Interval(msgspec.Struct, frozen=True):
    """95 % bounds."""

    low: float
    high: float


class Share(msgspec.Struct, frozen=True):
    """`count` of `windows`; the bounds are those of `independent` windows, the most that do not overlap."""

    share: float
    low: float
    high: float
    count: int
    windows: int
    independent: float


class Rate(msgspec.Struct, frozen=True):
    """`count` events in `hours`."""

    per_hour: float
    low: float
    high: float
    count: int
    hours: float


def share_of(hits: NDArray[np.bool_], *, overlap: float = 1.0) -> Share | None:
    """The share of True with Wilson's bounds; None where there is nothing to count.

    `overlap` is window over hop: how many windows each sample lies in.
    """
    if not len(hits):
        return None
    share, independent = float(hits.mean()), len(hits) / max(1.0, overlap)
    bounds = wilson(share, independent)
    return Share(share, bounds.low, bounds.high, int(hits.sum()), len(hits), independent)


def share_of_count(count: int, windows: int, *, overlap: float = 1.0) -> Share | None:
    """The same with the exact bounds of Clopper and Pearson (1934, Biometrika 26: 404-413), which never promise more.

    Where the count of independent windows is no whole number the beta quantiles between its neighbours are taken.
    """
    from scipy.stats import beta

    if not windows:
        return None
    independent = windows / max(1.0, overlap)
    share, tail = count / windows, (1 - LEVEL) / 2
    seen = share * independent
    low = float(beta.ppf(tail, seen, independent - seen + 1)) if seen > 0 else 0.0
    high = float(beta.ppf(1 - tail, seen + 1, independent - seen)) if seen < independent else 1.0
    return Share(share, low, high, count, windows, independent)


def wilson(share: float, trials: float) -> Interval:
    """Score interval of a binomial share (Wilson 1927, JASA 22: 209-212)."""
    denominator = 1 + _Z**2 / trials
    centre = (share + _Z**2 / (2 * trials)) / denominator
    half = _Z / denominator * math.sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def rate_of(count: int, hours: float) -> Rate | None:
    """Events per hour with the exact bounds of a Poisson count (Garwood 1936, Biometrika 28: 437-442)."""
    from scipy.stats import chi2

    if hours <= 0:
        return None
    tail = (1 - LEVEL) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return Rate(count / hours, low / hours, high / hours, count, hours)


def auroc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float | None:
    """Chance that a positive scores above a negative, ties half (Mann-Whitney); None where either is missing."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, scores)) if 0 < positive.sum() < len(positive) else None


Tally: TypeAlias = Mapping[str, Mapping[str, tuple[int, int]]]
"""Label -> group -> windows called right, and windows: all that a resampling of groups needs to know."""


def tally_of(
    right: NDArray[np.bool_], labels: NDArray[np.str_], groups: NDArray[np.str_]
) -> dict[str, dict[str, tuple[int, int]]]:
    """The Tally of windows."""
    return {
        str(label): {
            str(group): (int(right[cell].sum()), int(cell.sum()))
            for group in np.unique(groups[labels == label])
            for cell in [(labels == label) & (groups == group)]
        }
        for label in np.unique(labels)
    }


def bootstrap_balanced(
    right: NDArray[np.bool_],
    labels: NDArray[np.str_],
    groups: NDArray[np.str_],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """95 % of the balanced accuracies that other draws of groups would have given: groups resampled within each label.

    Efron's percentile interval on whole clusters. A label with a single group adds no spread, however uncertain it is.
    """
    return bootstrap_mean([tally_of(right, labels, groups)], resamples=resamples, seed=seed)


def bootstrap_mean(tallies: Sequence[Tally], *, resamples: int = 2000, seed: int = 0) -> Interval:
    """The same for the mean of several balanced accuracies, each with its groups drawn on its own."""
    rng = np.random.default_rng(seed)
    scores = []
    for tally in tallies:
        recalls = []
        for groups in tally.values():
            hits, sizes = np.array(list(groups.values())).T
            drawn = rng.integers(len(groups), size=(resamples, len(groups)))
            recalls.append(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
        scores.append(np.mean(recalls, axis=0))
    low, high = np.quantile(np.mean(scores, axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def single_groups(labels: NDArray[np.str_], groups: NDArray[np.str_]) -> Sequence[str]:
    """Labels that only one group shows: the bootstrap cannot say how another bearing would do."""
    return [str(label) for label in np.unique(labels) if len(np.unique(groups[labels == label])) == 1]


def weighted_quantile(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """The largest value with at most `share` of the weight below it."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(below, share)), len(values) - 1)])
