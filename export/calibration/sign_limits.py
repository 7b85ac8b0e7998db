"""From where on a physical sign bears a name out: fitted on healthy and damaged machines, no encoder asked.

Every machine family weighs the same, so that no rig decides alone; simulated machines are one family, and healthy
recordings dressed as other machines another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.line_check import line_heights
from agent.diagnosis.matching import Curve, SignLimits
from agent.diagnosis.signs import kurtosis_place, spread_place
from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.dsp.spectra import FeatureSpec
from agent.faults import HEALTHY, OWN_LINES
from export.data.healthy import healthy_pools, references
from export.data.table import Table, join
from export.network.graph import Floats
from export.scoring.statistics import weighted_quantile

MISTAKEN, MISPLACED = 0.05, 0.03
"""Shares of healthy windows that may reach the limit of impacts, and that of an element's own lines."""
KNOTS, TAIL = 33, 0.02
"""Of a curve, between the figures that this share of the weight stays below and above."""
DOUBT = 0.01
"""What any probability leaves to what was never recorded."""
EDGE = 0.001
"""How far below a limit a curve is still what it is below it."""
MIN_WINDOWS = 10
"""Of either kind; fewer fix nothing."""


@dataclass(frozen=True, slots=True)
class FittedSigns:
    """As `Calibration` holds them; None where too few windows speak."""

    above: SignLimits | None  # this machine's healthy state
    blind: SignLimits | None


def fit_signs(table: Table, dressed: Table | None, spec: FeatureSpec) -> FittedSigns:
    """Both limits of a training table; without a healthy state `dressed` machines count among the healthy ones.

    Healthy states are those of other speeds where there are any: at the same speed a machine scatters less, and what
    was never commissioned must hold, too.
    """
    table = as_signs(table, spec)
    healthy = references(table, healthy_pools(table), hidden=speed_bound(view_shares(spec)))
    blind = table if dressed is None else join([table, as_signs(dressed, spec)])
    return FittedSigns(fit_sign_limits(table, healthy, spec), fit_sign_limits(blind, None, spec))


def fit_sign_limits(table: Table, healthy: Floats | None, spec: FeatureSpec) -> SignLimits | None:
    """Limits and the probability of bearing damage, above the healthy references (n, d) of the rows (NaN: unknown).

    None for `healthy`: above noise and floor alone. None where too few windows of either kind are heard.
    """
    place = spread_place(spec)
    spread = table.values[:, place].astype(np.float64)
    if healthy is not None:
        spread = spread - healthy[:, place]
    damaged = np.isin(table.labels, tuple(OWN_LINES))
    heard = table.known[:, place] & np.isfinite(spread) & ~table.baseline & (damaged | (table.labels == HEALTHY))
    if min((heard & damaged).sum(), (heard & ~damaged).sum()) < MIN_WINDOWS:
        return None
    weights = _alike(table, heard, damaged)
    sound = heard & ~damaged
    heights, _ = line_heights(table.values, table.known, healthy, spec)
    limit = _limit_of_impulses(table, spread, sound, weights=weights, above=healthy is not None)
    fitted = (spread[heard], damaged[heard], weights[heard])
    return SignLimits(
        impulses=limit,
        damage=rising(*fitted) if healthy is not None else level_below(limit, *fitted),
        own={
            fault: _reached_by(heights[sound & known, number].astype(np.float64), weights[sound & known], MISPLACED)
            for number, fault in enumerate(OWN_LINES)
            if (known := np.isfinite(heights[:, number]))[sound].sum() >= MIN_WINDOWS
        },
        kurtosis=_reached_by(table.values[sound, kurtosis_place(spec)].astype(np.float64), weights[sound], MISTAKEN),
    )


def level_below(
    limit: float, figures: NDArray[np.float64], hits: NDArray[np.bool_], weights: NDArray[np.float64]
) -> Curve:
    """As `rising`, with one probability for all figures below `limit`.

    How calm a machine is below the limit says which machine it is, where nobody knows its own calm, and nothing of its
    damage: fitted there, the curve doubted the health of every machine that is a little rougher than those it saw.
    """
    loud = figures >= limit
    if loud.sum() < MIN_WINDOWS or not (~loud).any():
        return rising(figures, hits, weights)
    calm = float(np.average(hits[~loud], weights=weights[~loud]))
    above = rising(figures[loud], hits[loud], weights[loud])
    at = (limit - EDGE, limit, *(place for place in above.at if place > limit))
    probability = (calm, *(max(calm, above.of(place)) for place in at[1:]))
    return Curve(tuple(round(place, 4) for place in at), tuple(round(one, 4) for one in probability))


def _limit_of_impulses(
    table: Table,
    spread: NDArray[np.float64],
    sound: NDArray[np.bool_],
    *,
    weights: NDArray[np.float64],
    above: bool,
) -> float:
    """What MISTAKEN of healthy windows reach; above a machine's own state, in the family that scatters most.

    How far healthy machines stray from what they were at other speeds differs from one family to the next, and nobody
    knows which a new one is like. How impulsive they are by themselves differs far more: there the mean must do.
    """
    pooled = _reached_by(spread[sound], weights[sound], MISTAKEN)
    if not above:
        return pooled
    family = table.families
    each = [spread[sound & (family == name)] for name in np.unique(family[sound])]
    return max([pooled, *(float(np.quantile(one, 1 - MISTAKEN)) for one in each if len(one) >= MIN_WINDOWS)])


def as_signs(table: Table, spec: FeatureSpec) -> Table:
    """The table with the spread off the window's ends, as the agent's signs measure it, in place of the whole one."""
    values = table.values.copy()
    place = spread_place(spec)
    values[:, place] = np.where(np.isfinite(table.impulses), table.impulses, values[:, place])
    return replace(table, values=values)


def _alike(table: Table, rows: NDArray[np.bool_], damaged: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) weights by which both kinds weigh the same, and every family the same within a kind."""
    weights = np.zeros(len(table))
    family = table.families
    for kind in (rows & damaged, rows & ~damaged):
        for name in np.unique(family[kind]):
            own = kind & (family == name)
            weights[own] = 1 / own.sum()
        weights[kind] /= weights[kind].sum()
    return weights


def _reached_by(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """The value that this share of the weight reaches."""
    return -weighted_quantile(-values, weights, share)


def rising(figures: NDArray[np.float64], hits: NDArray[np.bool_], weights: NDArray[np.float64]) -> Curve:
    """The probability of a hit as one that rises with a figure: isotonic regression (Zadrozny & Elkan, KDD 2002), read
    off at even steps, which makes lines of its stairs; knots on a level stretch are left out."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=DOUBT, y_max=1 - DOUBT, out_of_bounds="clip").fit(figures, hits, weights)
    low, high = (weighted_quantile(figures, weights, share) for share in (TAIL, 1 - TAIL))
    at = np.linspace(low, high, KNOTS) if high > low else np.array([low])
    probability = np.round(fitted.predict(at), 4)
    level = np.concatenate([[True], probability[1:] == probability[:-1], [True]])
    bends = ~(level[:-1] & level[1:])
    bends[0] = bends[-1] = True
    return Curve(tuple(np.round(at[bends], 4).tolist()), tuple(probability[bends].tolist()))
