"""How many pairs a claim needs before anything is run, and what power there is with as many as can be paid for.

A difference is tested at the level that Holm's first step leaves each of several claims, which is never more generous
than what it gets in the end.
"""

from __future__ import annotations

import math

MOST_PAIRS = 100_000
CAUTION = 0.8
"""The spread planned with is the one-sided upper bound of the pilot's at this level: a few pairs are as often too
close together as too far apart (Browne 1995, Statistics in Medicine 14: 1933-1940)."""


def cautious(spread: float, pairs: int) -> float:
    """The upper bound of the true standard deviation, where `pairs` of a pilot had `spread`; inf for fewer than two."""
    from scipy.stats import chi2

    if pairs < 2:
        return math.inf
    freedom = pairs - 1
    return spread * math.sqrt(freedom / float(chi2.ppf(1 - CAUTION, freedom)))


def power_to_tell(difference: float, spread: float, pairs: int, *, level: float) -> float:
    """Chance that a two-sided paired t-test at `level` finds a true `difference`; the sign-flip test comes near it."""
    from scipy.stats import nct, t

    if pairs < 2:
        return 0.0
    if spread == 0:
        return 1.0
    freedom = pairs - 1
    beyond = float(t.ppf(1 - level / 2, freedom))
    away = abs(difference) / spread * math.sqrt(pairs)
    found = float(nct.sf(beyond, freedom, away))
    return found if math.isfinite(found) else 1.0


def power_of_equivalence(bound: float, spread: float, pairs: int, *, level: float) -> float:
    """Chance that two one-sided t-tests at `level` find a true difference of 0 within +-`bound`.

    Schuirmann 1987 (J. Pharmacokinetics and Biopharmaceutics 15: 657-680); by the normal approximation for the mean
    with the quantile of t, which is what remains of it where the spread is known.
    """
    from scipy.stats import norm, t

    if pairs < 2:
        return 0.0
    if spread == 0:
        return 1.0
    room = bound / spread * math.sqrt(pairs) - float(t.ppf(1 - level, pairs - 1))
    return max(0.0, 2 * float(norm.cdf(room)) - 1)


def pairs_needed(bound: float, spread: float, *, level: float, power: float) -> int:
    """The least that tell a difference of `bound` from none, and one of 0 from it, both with `power`."""

    def enough(pairs: int) -> bool:
        both = (power_to_tell, power_of_equivalence)
        return all(chance(bound, spread, pairs, level=level) >= power for chance in both)

    if not math.isfinite(spread) or not enough(MOST_PAIRS):
        return MOST_PAIRS
    low, high = 1, MOST_PAIRS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
