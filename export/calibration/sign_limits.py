"""From where on a physical sign bears a name out: fitted on healthy and damaged machines, no encoder asked.

Every machine family weighs the same, so that no rig decides alone; simulated machines are one family, and healthy
recordings dressed as other machines another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.line_check import line_heights
from agent.diagnosis.matching import SignLimits
from agent.diagnosis.signs import spread_place
from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.dsp.spectra import FeatureSpec
from agent.faults import HEALTHY, OWN_LINES
from export.data.healthy import healthy_states
from export.data.table import Table, join
from export.network.graph import Floats
from export.scoring.statistics import weighted_quantile

MISTAKEN, MISPLACED = 0.05, 0.03
"""Shares of healthy windows that may reach the limit of impacts, and that of an element's own lines."""
MIN_WINDOWS = 10
"""Of either kind; fewer fix nothing."""


@dataclass(frozen=True, slots=True)
class FittedSigns:
    """As `Calibration` holds them; None where too few windows speak."""

    above: SignLimits | None  # this machine's healthy state
    blind: SignLimits | None


def fit_signs(table: Table, dressed: Table | None, spec: FeatureSpec) -> FittedSigns:
    """Both limits of a training table; without a healthy state `dressed` machines count among the healthy ones."""
    healthy = healthy_states(table, speed_bound(view_shares(spec)))
    blind = table if dressed is None else join([table, dressed])
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
    slope, offset = _logistic(spread[heard], damaged[heard], weights[heard])
    heights, _ = line_heights(table.values, table.known, healthy, spec)
    return SignLimits(
        impulses=_reached_by(spread[sound], weights[sound], MISTAKEN),
        slope=slope,
        offset=offset,
        own={
            fault: _reached_by(heights[sound & known, number].astype(np.float64), weights[sound & known], MISPLACED)
            for number, fault in enumerate(OWN_LINES)
            if (known := np.isfinite(heights[:, number]))[sound].sum() >= MIN_WINDOWS
        },
    )


def families(table: Table) -> NDArray[np.str_]:
    """(n,) the family of each row's machine: what stands before the first dash of its name."""
    return np.array([machine.split("-")[0] for machine in table.machines.tolist()])


def _alike(table: Table, rows: NDArray[np.bool_], damaged: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) weights by which both kinds weigh the same, and every family the same within a kind."""
    weights = np.zeros(len(table))
    family = families(table)
    for kind in (rows & damaged, rows & ~damaged):
        for name in np.unique(family[kind]):
            own = kind & (family == name)
            weights[own] = 1 / own.sum()
        weights[kind] /= weights[kind].sum()
    return weights


def _reached_by(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """The value that this share of the weight reaches."""
    return -weighted_quantile(-values, weights, share)


def _logistic(
    values: NDArray[np.float64], hits: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and offset of the probability of a hit, by logistic regression on one figure."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=10.0).fit(values[:, np.newaxis], hits, sample_weight=weights * len(weights))
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
