"""How healthy windows scatter around their own baseline: the yardstick that says "this machine deviates".

Fitted on healthy training recordings alone, through the agent's own `Baseline`: the first windows of a recording teach,
the later ones are measured against them, as after a commissioning.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline, DeviationScale
from agent.dsp.features import Features, views
from agent.dsp.spectra import FeatureSpec
from export.data.table import Table

SMALLEST_SD = 0.01
QUANTILE = 0.99
REPEATED = ("contrast", "impulse")
"""Views that are made of others: a limit of their own would only be one more chance of a false alarm."""
MARGIN = 1.25  # healthy machines of the field scatter more than the few that were recorded


def fit_deviation(table: Table, spec: FeatureSpec) -> DeviationScale:
    """Typical standard deviation per feature, and per view the root mean square z-score that healthy windows keep."""
    rows = np.flatnonzero(table.labels == "healthy")
    recordings = [rows[table.recordings[rows] == name] for name in np.unique(table.recordings[rows])]
    typical = _typical_sd(table, [recording for recording in recordings if len(recording) > 1])
    unit = DeviationScale(
        tuple(typical.tolist()), dict.fromkeys((view for view in views(spec) if view not in REPEATED), 1.0)
    )
    seen: dict[str, list[float]] = {view: [] for view in unit.limits}
    for recording in recordings:
        teach = recording[table.half[recording] == 0]
        judge = recording[table.half[recording] == 1]
        if len(teach) < MIN_WINDOWS:
            continue
        baseline = Baseline()
        rpm = None if np.isnan(table.rpm[recording[0]]) else float(table.rpm[recording[0]])
        for row in teach:
            baseline = baseline.learn(_features(table, row), rpm=rpm, rms=1.0)
        for row in judge:
            for view in unit.limits:
                members = views(spec)[view]
                value = baseline.deviation(_features(table, row), rpm=rpm, scale=unit, views={view: members})
                if value is not None:
                    seen[view].append(value)
    limits = {view: MARGIN * float(np.quantile(values, QUANTILE)) for view, values in seen.items() if values}
    if not limits:
        raise ValueError(f"no healthy recording has the {2 * MIN_WINDOWS} windows that a deviation limit needs")
    return DeviationScale(unit.typical_sd, limits)


def _typical_sd(table: Table, recordings: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Median over recordings of each feature's standard deviation; 1 where no recording knows it."""
    spreads = []
    for recording in recordings:
        known = table.known[recording].all(axis=0)
        spreads.append(np.where(known, table.values[recording].std(axis=0, ddof=1), np.nan))
    stacked = np.array(spreads)
    anywhere = np.isfinite(stacked).any(axis=0)
    typical = np.ones(stacked.shape[1])
    typical[anywhere] = np.nanmedian(stacked[:, anywhere], axis=0)
    return np.maximum(typical, SMALLEST_SD)


def _features(table: Table, row: np.intp) -> Features:
    return Features(values=table.values[row], known=table.known[row])
