"""How much bearing lines may say against a name: fitted on windows that strangers to them named.

The study of unknown faults and every bundle take their limits from here; a limit that too few windows speak of is left
open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.line_check import (
    Heights,
    as_value,
    line_heights,
    objection_to,
    opposition,
    own_height,
)
from agent.diagnosis.matching import Calibration, LineLimits
from agent.dsp.spectra import FeatureSpec
from agent.faults import STRUCK_EVERY_TIME
from export.network.graph import Floats
from export.scoring.statistics import weighted_quantile

MIN_WINDOWS = 20
"""Fewer fix no limit."""
PRICES = 50
"""Steps in which the price of the limits falls until all together cost what they may."""

Names = NDArray[np.str_]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Standing:
    """How high the lines of windows stand, (n, 3) each as in `agent.diagnosis.line_check`."""

    above: Heights  # the machine's healthy state; NaN where it is not known
    alone: Heights  # above the floor, as where nobody knows the machine healthy

    def take(self, rows: NDArray[np.intp] | Rows) -> Standing:
        return Standing(self.above[rows], self.alone[rows])


@dataclass(frozen=True, slots=True)
class Objecting:
    """The limits with a healthy reference and without; None: nothing to go by."""

    lines: LineLimits | None
    blind_lines: LineLimits | None


def standing_of(values: Floats, known: Rows, healthy: Floats, spec: FeatureSpec) -> Standing:
    """Of windows (n, d) with their machine's healthy reference, NaN where unknown."""
    heights, compared = line_heights(values, known, healthy, spec)
    alone, _ = line_heights(values, known, None, spec)
    return Standing(np.where(compared[:, np.newaxis], heights, np.float32(np.nan)), alone)


def fit_objecting(
    names: Names, standing: Standing, weights: NDArray[np.float64], *, rejected: float, already: Rows
) -> Objecting:
    """The strictest limits that, with windows rejected `already`, reject at most `rejected` of all, however named."""
    return Objecting(
        *(
            fit_limits(names, heights, weights, rejected=rejected, already=already)
            for heights in (standing.above, standing.alone)
        )
    )


def fit_limits(
    names: Names, heights: Heights, weights: NDArray[np.float64], *, rejected: float, already: Rows
) -> LineLimits | None:
    """Every limit at the same price, the highest that all together can afford.

    The price is the share of the windows a limit speaks of that it rejects. Where nothing can be afforded, no name that
    was seen is rejected. Windows without heights cost nothing, but count.
    """
    complaints = {key: row for key, row in _complaints(names, heights) if np.isfinite(row).sum() >= MIN_WINDOWS}
    if not complaints:
        return None
    limits: dict[str, float] = {}
    for price in np.linspace(rejected, 0, PRICES + 1):
        limits = {key: _ceiling(row, weights, float(price)) for key, row in complaints.items()}
        lost = already.copy()
        for key, row in complaints.items():
            lost |= row > limits[key]
        if weights[lost].sum() <= rejected * weights.sum():
            break
    return LineLimits(
        named=limits.get("named"),
        unnamed=limits.get("unnamed"),
        absent={fault: -limits[fault] for fault in STRUCK_EVERY_TIME if fault in limits},
    )


def objected(names: Names, standing: Standing, limits: Objecting) -> Rows:
    """Which windows the agent would not call what they are called."""
    calibration = Calibration(1.0, -1.0, 0.0, lines=limits.lines, blind_lines=limits.blind_lines)
    compared: Rows = np.asarray(np.isfinite(standing.above).all(axis=1))
    heights = np.where(compared[:, np.newaxis], standing.above, standing.alone)
    windows = [as_value(row, above_healthy=bool(above)) for row, above in zip(heights, compared, strict=True)]
    found = [objection_to(str(fault), window, calibration) for fault, window in zip(names, windows, strict=True)]
    return np.array([objection is not None for objection in found], np.bool_)


def _complaints(names: Names, heights: Heights) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Key of a limit -> (n,) what it is held against, the higher the worse; NaN where it says nothing."""
    named = np.isin(names, STRUCK_EVERY_TIME)
    against = _each(opposition, names, heights)
    yield "named", np.where(named, against, np.nan)
    yield "unnamed", np.where(named, np.nan, against)
    own = _each(own_height, names, heights)
    for fault in STRUCK_EVERY_TIME:
        yield fault, np.where(names == fault, -own, np.nan)


def _each(figure: Callable[[str, Heights], float | None], names: Names, heights: Heights) -> NDArray[np.float64]:
    found = [figure(str(fault), row) for fault, row in zip(names, heights, strict=True)]
    return np.array([np.nan if value is None else value for value in found], np.float64)


def _ceiling(values: NDArray[np.float64], weights: NDArray[np.float64], price: float) -> float:
    """The smallest value with at most that share of the weight above it, among the values known."""
    known = np.isfinite(values)
    return -weighted_quantile(-values[known], weights[known], price)
