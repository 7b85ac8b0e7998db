"""Whether one objective leads another over paired trials, and how far chance alone would have carried it.

Trials are paired by column and seed. Seeds say how much the luck of a training matters, columns how much the question
does; all figures speak for the columns that were compared and for no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from export.scoring.statistics import Interval

Verdict = Literal["supported", "contradicted", "undecided"]

LEVEL = 0.05
EXACT_PAIRS = 14  # up to which every combination is tried; beyond, as many are drawn
DRAWN = 2**EXACT_PAIRS


class Difference(msgspec.Struct, frozen=True):
    """Scores of one less those of the other, over pairs."""

    mean: float
    spread: float  # standard deviation over pairs, 0 with a single one
    interval: Interval | None  # of the mean; None where there are too few pairs for 95 %
    p_value: float  # two-sided
    pairs: int
    columns: dict[str, float]  # mean over the seeds of each


def difference_of(columns: Mapping[str, Sequence[float]]) -> Difference:
    """Of differences per column and seed, at least one.

    The p-value is that of the sign-flip test: had both the same score, each difference could as well have the other
    sign (Fisher 1935, The design of experiments, section 21). The interval is its inversion: means of random subsets
    are equally likely to have the true mean between any two neighbours (Hartigan 1969, Using subsample values as
    typical values, JASA 64).
    """
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in columns.values()])
    return Difference(
        mean=float(values.mean()),
        spread=float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        interval=_interval(values),
        p_value=_p_value(values),
        pairs=len(values),
        columns={name: float(np.mean(part)) for name, part in columns.items()},
    )


def verdict_of(difference: Difference) -> Verdict:
    """Supported where chance is an unlikely reason and every column leads; contradicted where every one trails."""
    signs = {float(np.sign(mean)) for mean in difference.columns.values()}
    if difference.p_value >= LEVEL or len(signs) > 1:
        return "undecided"
    return "supported" if difference.mean > 0 else "contradicted"


def p_of_equivalence(columns: Mapping[str, Sequence[float]], *, bound: float) -> float:
    """Of the mean lying within +-`bound`: the larger p-value of two one-sided sign-flip tests, against either bound.

    Two one-sided tests: Schuirmann 1987 (J. Pharmacokinetics and Biopharmaceutics 15: 657-680).
    """
    values = np.concatenate([np.asarray(part, dtype=np.float64) for part in columns.values()])
    return max(_p_value(values + bound, "greater"), _p_value(values - bound, "less"))


def _p_value(values: NDArray[np.float64], side: Literal["two-sided", "greater", "less"] = "two-sided") -> float:
    """Of the mean: exact up to EXACT_PAIRS values, from as many flips drawn beyond."""
    from scipy.stats import permutation_test

    if len(values) == 1:
        return 1.0  # as good as its opposite
    flips = {"permutation_type": "samples", "n_resamples": DRAWN, "vectorized": True, "alternative": side}
    return float(permutation_test((values,), np.mean, **flips, random_state=0).pvalue)


def _interval(values: NDArray[np.float64]) -> Interval | None:
    chosen = _choices(len(values))
    chosen = chosen[chosen.any(axis=1)]
    means = np.sort(chosen @ values / chosen.sum(axis=1))
    outside = int(LEVEL / 2 * (len(means) + 1))
    return Interval(float(means[outside - 1]), float(means[-outside])) if outside else None


def _choices(count: int) -> NDArray[np.float64]:
    """(choices, count) of 0 and 1: every one there is, or drawn ones with that of none first."""
    if count <= EXACT_PAIRS:
        return np.array((np.arange(2**count)[:, np.newaxis] >> np.arange(count)) & 1, dtype=np.float64)
    drawn = np.random.default_rng(0).integers(0, 2, (DRAWN, count)).astype(np.float64)
    drawn[0] = 0
    return drawn
