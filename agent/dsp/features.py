"""Spectra become the encoder's numbers: the only implementation, called by the agent and by training alike.

`extract` reads a window's spectra at the orders of one shaft and the fault orders of one bearing. A figure that cannot
be known (no speed, no geometry, a band above Nyquist, no axis roles) is 0 and masked in `known`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.dsp.patterns import GEOMETRIC, PATTERNS, families, pattern_heights
from agent.dsp.shaft import order_span, shaft_levels
from agent.dsp.spectra import FeatureSpec, Spectra, analyse
from agent.machine import AxisRole, Bearing, FaultOrders
from agent.types import Vector

__all__ = ["VERSION", "FeatureSpec", "Features", "Spectra", "analyse", "extract", "feature_names", "views"]

VERSION = 2
"""Raised whenever the same window and spec would give other numbers; bundles carry it."""


@dataclass(frozen=True, slots=True)
class Features:
    """The encoder's view of one window and one bearing."""

    values: Vector  # (n,) finite; 0 where unknown
    known: NDArray[np.bool_]  # (n,)
    # What no encoder reads, and signs rest on:
    shaft_db: NDArray[np.float64] | None = None  # as `dsp.shaft` measures it
    impulses: float | None = None  # as `spectra.impulses`; None where no band is heard
    seconds: float | None = None  # length of a piece shorter than a window; None: a whole window


STATISTICS = ("first", "second", "mean")
CONTRASTS = ("outer_inner", "race_ball", "ball_shaft")
VIEWS = (
    "comb",
    "raw",
    "contrast",
    "envelope_order",
    "low_order",
    "share",
    "axial",
    "spectrum",
    "level",
    "shape",
    "impulse",
)
SPEED_BOUND = ("low_order", "share", "axial")
"""Views of a healthy machine that do not carry over to another speed: its shaft lines rise and fall as they like."""
LOW_ORDERS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0)
_LOW_ORDERS = np.array(LOW_ORDERS)


def extract(
    spectra: Spectra,
    *,
    spec: FeatureSpec,
    rpm: float | None,
    bearing: Bearing | None,
    roles: Sequence[tuple[str, AxisRole]] = (),
) -> Features:
    """Features of one window for one bearing (None: for the machine). `rpm` is the reference shaft's speed.

    What is placed by the shaft's orders is unknown in a piece too short to resolve them, as it is without a speed.
    """
    turning_hz = rpm / 60 * (bearing.ratio if bearing else 1.0) if rpm else None
    shaft_hz = turning_hz if turning_hz and spectra.resolves(turning_hz) else None
    comb = _comb_part(spectra, spec, shaft_hz, bearing.orders if bearing else None)
    parts = (
        comb,
        _contrast_part(comb),
        _envelope_order_part(spectra, spec, shaft_hz),
        _low_order_part(spectra, spec, shaft_hz, roles),
        _spectrum_part(spectra, spec),
        _shape_part(spectra),
    )
    values = np.concatenate([value for value, _ in parts]).astype(np.float32)
    known = np.concatenate([mask for _, mask in parts])
    return Features(
        values=np.where(known, values, np.float32(0)),
        known=known,
        shaft_db=shaft_levels(spectra, turning_hz) if turning_hz else None,
        impulses=spectra.impulses,
        seconds=None if spectra.whole else spectra.seconds,
    )


Part: TypeAlias = tuple[NDArray[np.float32], NDArray[np.bool_]]


def feature_names(spec: FeatureSpec) -> tuple[str, ...]:
    """One name per feature, "view/detail", in the order of `Features.values`."""
    return (
        *(f"comb/{p}/{s}" for s in STATISTICS for p in PATTERNS),
        *(f"raw/{p}" for p in PATTERNS),
        *(f"contrast/{c}/{s}" for s in (*STATISTICS, "raw") for c in CONTRASTS),
        *(f"envelope_order/{o:.2f}" for o in _order_grid(spec)),
        *(f"low_order/{o:g}" for o in LOW_ORDERS),
        *(f"share/{o:g}" for o in (1.0, 2.0, 3.0)),
        *(f"axial/{o:g}" for o in (1.0, 2.0)),
        *(f"spectrum/{i}" for i in range(spec.spectrum_bands)),
        "level",
        "shape/kurtosis",
        "shape/crest",
        *(f"shape/spread/{i}" for i in range(len(spec.envelope_bands_hz))),
        *(f"shape/peaky/{i}" for i in range(len(spec.envelope_bands_hz))),
        *(f"impulse/{name}" for name in ("spread", "most_spread", "peaky", "most_peaky")),
    )


@lru_cache(maxsize=8)
def _order_grid(spec: FeatureSpec) -> NDArray[np.float64]:
    return np.arange(*spec.order_grid)


def views(spec: FeatureSpec) -> dict[str, NDArray[np.bool_]]:
    """View name -> which features belong to it, (n,) each."""
    of = np.array([name.split("/")[0] for name in feature_names(spec)])
    return {view: of == view for view in VIEWS}


def _comb_part(spectra: Spectra, spec: FeatureSpec, shaft_hz: float | None, orders: FaultOrders | None) -> Part:
    """Mean line height of every pattern: best band, second best, mean over bands; then in the raw spectrum."""
    count = len(PATTERNS)
    if shaft_hz is None or not spectra.envelope_known.any():
        return np.zeros(4 * count, np.float32), np.zeros(4 * count, np.bool_)
    of, bins_per_order = families(orders, spec), shaft_hz / spectra.bin_hz
    heights = pattern_heights(spectra.envelopes[spectra.envelope_known], bins_per_order, of)
    raw = pattern_heights(spectra.lines[None], bins_per_order, of)[0]
    ranked = np.sort(heights, axis=0)[::-1]
    second = ranked[1] if len(ranked) > 1 else ranked[0]
    mean = np.add.reduce(ranked, axis=0) / np.float32(len(ranked))
    return np.concatenate([ranked[0], second, mean, raw]), _WITHOUT_GEOMETRY if orders is None else _ALL_KNOWN


_WITHOUT_GEOMETRY, _ALL_KNOWN = np.tile(~GEOMETRIC, 4), np.ones(4 * len(PATTERNS), np.bool_)
_COMPARED = [PATTERNS.index(name) for name in ("bpfo", "bpfi", "bsf_even", "bsf", "shaft")]


def _contrast_part(comb: Part) -> Part:
    """Which family stands higher: outer over inner race, the higher race over the ball, the ball over the shaft.

    A loud or a rough machine raises all families alike; their differences stay.
    """
    heights, known = (part.reshape(-1, len(PATTERNS)) for part in comb)
    outer, inner, even, ball, shaft = heights[:, _COMPARED].T
    ball = np.maximum(ball, even)
    contrasts = np.array([outer - inner, np.maximum(outer, inner) - ball, ball - shaft]).T
    return contrasts.ravel(), np.repeat(known[:, PATTERNS.index("bpfo")], len(CONTRASTS))


def _envelope_order_part(spectra: Spectra, spec: FeatureSpec, shaft_hz: float | None) -> Part:
    """Peak height per order bin of the envelope spectra, their mean over the bands."""
    step, grid = spec.order_grid[2], _order_grid(spec)
    if shaft_hz is None or not spectra.envelope_known.any():
        return np.zeros(len(grid), np.float32), np.zeros(len(grid), np.bool_)
    mean = spectra.envelopes[spectra.envelope_known].mean(axis=0)
    return _peaks(mean, grid, step, shaft_hz / spectra.bin_hz)


def _peaks(lines: Vector, centres: NDArray[np.float64], width: float, bins_per_order: float) -> Part:
    """Largest height within +-width/2 orders around each centre, less what noise alone would give there."""
    first = np.maximum(np.rint((centres - width / 2) * bins_per_order).astype(np.intp), 1)
    last = np.maximum(np.rint((centres + width / 2) * bins_per_order).astype(np.intp), first + 1)
    known = last < len(lines)
    values = np.zeros(len(centres), np.float32)
    if known.any():
        pairs = np.array([first[known], last[known]]).T.ravel()
        values[known] = np.maximum.reduceat(lines, pairs)[::2] - np.log1p(np.log(last[known] - first[known] + 1.0))
    return values, known


def _low_order_part(
    spectra: Spectra, spec: FeatureSpec, shaft_hz: float | None, roles: Sequence[tuple[str, AxisRole]]
) -> Part:
    """Shaft harmonics and half orders of the raw spectrum, their share of its power, the axial part of 1x and 2x."""
    count = len(LOW_ORDERS)
    if shaft_hz is None:
        return np.zeros(count + 5, np.float32), np.zeros(count + 5, np.bool_)
    bins_per_order = shaft_hz / spectra.bin_hz
    heights, known = _peaks(spectra.lines, _LOW_ORDERS, 0.06, bins_per_order)
    spans = [order_span(order, bins_per_order) for order in (1.0, 2.0, 3.0)]
    total = max(float(spectra.power.sum()), 1e-30)
    share = np.array([np.log(spectra.power[span].sum() / total + 1e-4) for span in spans])
    share_known = np.array([span.stop <= len(spectra.power) for span in spans])
    axial = [index for index, axis in enumerate(spectra.axes) if ("axial" in dict(roles).get(axis, ""))]
    parts = np.zeros(2)
    if axial and len(spectra.axes) > len(axial):
        for row, span in enumerate(spans[:2]):
            whole = float(spectra.power[span].sum()) + 1e-30
            parts[row] = float(spectra.axis_power[axial][:, span].sum()) / whole
    axial_known = np.full(2, bool(axial) and len(spectra.axes) > len(axial))
    return (
        np.concatenate([heights, share, parts]).astype(np.float32),
        np.concatenate([known, share_known, axial_known]),
    )


def bands_heard(spectra: Spectra, spec: FeatureSpec) -> NDArray[np.bool_]:
    """Of the view `spectrum` the bands that the sensor is fast enough to hear, (spectrum_bands,)."""
    bounds = _band_bounds(spec, spectra.bin_hz)
    return (bounds[1:] <= len(spectra.power)) & (np.diff(bounds) > 0)


def _spectrum_part(spectra: Spectra, spec: FeatureSpec) -> Part:
    """Log power in logarithmic bands against the total in range, and the log level itself."""
    bounds, last, known = _band_bounds(spec, spectra.bin_hz), len(spectra.power), bands_heard(spectra, spec)
    sums = np.add.reduceat(spectra.power, np.minimum(bounds, last - 1))[:-1]
    total = max(float(sums[known].sum()), 1e-30)
    values = np.log(sums / total + np.float32(1e-6))
    return np.append(values, np.float32(0.5 * np.log(total))), np.append(known, known.any())


@lru_cache(maxsize=64)
def _band_bounds(spec: FeatureSpec, bin_hz: float) -> NDArray[np.intp]:
    """First bin of every logarithmic band, and the bin after the last."""
    low, high = spec.spectrum_hz
    return np.rint(np.geomspace(low, high, spec.spectrum_bands + 1) / bin_hz).astype(np.intp)


def _shape_part(spectra: Spectra) -> Part:
    """Impulsiveness: log kurtosis and crest of the worst axis, spread and kurtosis of each band's envelope; the mean
    and the most of either over the bands, since nobody knows beforehand which band a machine's resonances lie in."""
    head = np.array(
        [np.log(max(float(spectra.kurtosis.max()), 1e-3) / 3), np.log(max(float(spectra.crest.max()), 1.0))]
    )
    bands = spectra.envelope_known
    known = np.concatenate([[True, True], bands, bands, np.full(4, bands.any())])
    over_bands = np.zeros(4)
    if bands.any():
        spread, peaky = spectra.envelope_spread[bands], spectra.envelope_kurtosis[bands]
        over_bands[:] = spread.mean(), spread.max(), peaky.mean(), peaky.max()
    values = np.concatenate([head, spectra.envelope_spread, spectra.envelope_kurtosis, over_bands])
    return values.astype(np.float32), known
