"""What a window shows by itself, free of any description: impacts, and shaft lines that have grown.

Each sign is a small function of numbers that a person could read off a plot. A name needs its sign (see `naming`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean

import numpy as np

from agent.dsp.features import Features, feature_names
from agent.dsp.spectra import FeatureSpec
from agent.types import ShaftGrowth, Signs

GROWN_DB = 6.0
"""By how much 1 x must have risen over healthy, and over all else: doubled amplitude. On recorded rotors imbalance
raised it by 6 to 29 dB, and healthy machines at one speed and load hardly ever by as much."""
OVER_SECOND_DB, OVER_THIRD_DB = 3.0, 4.0
"""By how much more than 2 x and 3 x: misalignment raises 2 x most, looseness 3 x as well (ISO 13373-3, table D.1)."""


def signs_of(features: Features, reference: Features | None, spec: FeatureSpec) -> Signs:
    """Of one window, above its healthy `reference` as far as that is known.

    The spread of a band's envelope (its coefficient of variation, in log units above that of Gaussian noise) rises with
    every kind of impact, and tones that are steady leave it. The band that spreads most counts, for nobody knows in
    which one a machine's resonances lie (Randall & Antoni, MSSP 25 (2011), section 5).
    """
    growth = growth_of(features, reference)
    spread, healthy = _spread(features, spec), None if reference is None else _spread(reference, spec)
    kurtosis = float(features.values[kurtosis_place(spec)])
    if spread is None:
        return Signs(None, False, growth, kurtosis)
    return Signs(spread if healthy is None else spread - healthy, healthy is not None, growth, kurtosis)


def _spread(features: Features, spec: FeatureSpec) -> float | None:
    """That of the features, off the window's ends where it was measured so; None where no band is heard."""
    if features.impulses is not None:
        return features.impulses
    place = spread_place(spec)
    return float(features.values[place]) if features.known[place] else None


def growth_of(features: Features, reference: Features | None) -> ShaftGrowth | None:
    """Levels of the shaft's orders over those of the healthy state; None where it does not cover this very speed."""
    if features.shaft_db is None or reference is None or reference.shaft_db is None:
        return None
    grown = features.shaft_db - reference.shaft_db
    return ShaftGrowth(*(float(value) if np.isfinite(value) else None for value in grown))


def mean_signs(windows: Sequence[Signs | None]) -> Signs | None:
    """Averaged over windows, above healthy or above noise, whichever more of them are; None where most have none."""
    known = [window for window in windows if window is not None]
    if not known or 2 * len(known) < len(windows):
        return None
    above = 2 * sum(window.above_healthy for window in known) >= len(known)
    alike = [window for window in known if window.above_healthy == above]
    spreads = [window.impulses for window in alike if window.impulses is not None]
    grown = [window.growth for window in alike if window.growth is not None]
    growth = _mean_growth(grown) if grown and 2 * len(grown) >= len(alike) else None
    peaky = [window.kurtosis for window in alike if window.kurtosis is not None]
    return Signs(fmean(spreads) if spreads else None, above, growth, fmean(peaky) if peaky else None)


def _mean_growth(windows: Sequence[ShaftGrowth]) -> ShaftGrowth:
    def mean(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return fmean(known) if known else None

    return ShaftGrowth(
        half=mean([w.half for w in windows]),
        first=mean([w.first for w in windows]),
        second=mean([w.second for w in windows]),
        third=mean([w.third for w in windows]),
        rest=mean([w.rest for w in windows]),
    )


def has_risen(growth: ShaftGrowth | None) -> bool:
    """1 x has grown, more than all else and no less than its multiples: a rotor out of balance, or loose."""
    if growth is None or growth.first is None or growth.rest is None:
        return False
    others = [order for order in (growth.second, growth.third) if order is not None]
    return (
        growth.first >= GROWN_DB and growth.first - growth.rest >= GROWN_DB and growth.first >= max(others, default=0.0)
    )


def shows_imbalance(growth: ShaftGrowth | None) -> bool:
    """1 x has grown alone. What a multiple beyond the spectrum did is not known, and speaks against nothing."""
    if growth is None or growth.first is None or not has_risen(growth):
        return False
    alone = growth.second is None or growth.first - growth.second >= OVER_SECOND_DB
    return alone and (growth.third is None or growth.first - growth.third >= OVER_THIRD_DB)


def shows_misalignment(growth: ShaftGrowth | None) -> bool:
    """2 x has grown more than 1 x and than all else (ISO 13373-3, table D.1)."""
    if growth is None or growth.first is None or growth.second is None or growth.rest is None:
        return False
    return growth.second >= GROWN_DB and growth.second - growth.rest >= GROWN_DB and growth.second >= growth.first


def shows_looseness(growth: ShaftGrowth | None) -> bool:
    """Several multiples, or half of 1 x, have grown together, more than all else."""
    if growth is None or growth.rest is None:
        return False
    limit = max(GROWN_DB, growth.rest + GROWN_DB) - OVER_SECOND_DB
    grown = [order for order in (growth.half, growth.first, growth.second, growth.third) if order is not None]
    return sum(order >= limit for order in grown) >= 3


@lru_cache(maxsize=8)
def kurtosis_place(spec: FeatureSpec) -> int:
    """Where in the features the log kurtosis of the worst axis is."""
    return feature_names(spec).index("shape/kurtosis")


@lru_cache(maxsize=8)
def spread_place(spec: FeatureSpec) -> int:
    """Where in the features the spread of whole windows is, on which limits are fitted."""
    return feature_names(spec).index("impulse/most_spread")
