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


_SHAFT = "shaft"


@lru_cache(maxsize=64)
def patterns(orders: FaultOrders | None, harmonics: int) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Families of lines that a defect draws into the envelope spectrum, in orders of its shaft.

    Outer race: BPFO harmonics. Inner race: BPFI harmonics with shaft-speed sidebands (it passes the load zone once a
    turn). Ball: BSF harmonics, even ones strongest, with cage-speed sidebands. Cage: FTF harmonics.
    Source: Randall & Antoni, Rolling element bearing diagnostics - a tutorial, MSSP 25 (2011), section 2.
    """
    steps = range(1, harmonics + 1)
    shaft = (
        (_SHAFT, tuple(float(h) for h in steps)),
        ("half", tuple(h - 0.5 for h in steps)),
    )
    o = orders or FaultOrders(bpfo=0.0, bpfi=0.0, bsf=0.0, ftf=0.0)
    return (
        *shaft,
        ("bpfo", tuple(h * o.bpfo for h in steps)),
        ("bpfi", tuple(h * o.bpfi for h in steps)),
        ("bpfi_side", tuple(h * o.bpfi + d for h in (1, 2) for d in (-1, 1))),
        ("bpfi_side2", tuple(h * o.bpfi + d for h in (1, 2) for d in (-2, 2))),
        ("bsf", tuple(h * o.bsf for h in steps)),
        ("bsf_even", tuple(2 * h * o.bsf for h in (1, 2))),
        ("bsf_side", tuple(2 * h * o.bsf + d * o.ftf for h in (1, 2) for d in (-1, 1))),
        ("bpfo_side", tuple(h * o.bpfo + d * o.ftf for h in (1, 2) for d in (-1, 1))),
        ("ftf", tuple(h * o.ftf for h in (1, 2, 3))),
    )


PATTERNS = tuple(name for name, _ in patterns(None, 4))
STATISTICS = ("first", "second", "mean")
CONTRASTS = ("outer_inner", "race_ball", "ball_shaft")
_GEOMETRIC = np.array([name not in (_SHAFT, "half") for name in PATTERNS])
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
    low, high, step = spec.order_grid
    grid = np.arange(low, high, step)
    return (
        *(f"comb/{p}/{s}" for s in STATISTICS for p in PATTERNS),
        *(f"raw/{p}" for p in PATTERNS),
        *(f"contrast/{c}/{s}" for s in (*STATISTICS, "raw") for c in CONTRASTS),
        *(f"envelope_order/{o:.2f}" for o in grid),
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


def views(spec: FeatureSpec) -> dict[str, NDArray[np.bool_]]:
    """View name -> which features belong to it, (n,) each."""
    of = np.array([name.split("/")[0] for name in feature_names(spec)])
    return {view: of == view for view in VIEWS}


def _comb_part(spectra: Spectra, spec: FeatureSpec, shaft_hz: float | None, orders: FaultOrders | None) -> Part:
    """Mean line height of every pattern: best band, second best, mean over bands; then in the raw spectrum."""
    count = len(PATTERNS)
    if shaft_hz is None or not spectra.envelope_known.any():
        return np.zeros(4 * count, np.float32), np.zeros(4 * count, np.bool_)
    heights = _pattern_heights(spectra.envelopes[spectra.envelope_known], spectra.bin_hz, shaft_hz, orders, spec)
    raw = _pattern_heights(spectra.lines[None], spectra.bin_hz, shaft_hz, orders, spec)[0]
    ranked = np.sort(heights, axis=0)[::-1]
    second = ranked[1] if len(ranked) > 1 else ranked[0]
    known = np.tile(~_GEOMETRIC if orders is None else np.ones(count, np.bool_), 4)
    return np.concatenate([ranked[0], second, ranked.mean(axis=0), raw]), known


def _contrast_part(comb: Part) -> Part:
    """Which family stands higher: outer over inner race, the higher race over the ball, the ball over the shaft.

    A loud or a rough machine raises all families alike; their differences stay.
    """
    heights, known = (part.reshape(-1, len(PATTERNS)) for part in comb)
    outer, inner, even, ball, shaft = (
        heights[:, PATTERNS.index(name)] for name in ("bpfo", "bpfi", "bsf_even", "bsf", "shaft")
    )
    ball = np.maximum(ball, even)
    contrasts = np.stack([outer - inner, np.maximum(outer, inner) - ball, ball - shaft], axis=1)
    return contrasts.ravel(), np.repeat(known[:, PATTERNS.index("bpfo")], len(CONTRASTS))


def _pattern_heights(
    lines: NDArray[np.float32], bin_hz: float, shaft_hz: float, orders: FaultOrders | None, spec: FeatureSpec
) -> NDArray[np.float32]:
    """Mean height (spectra, patterns) of each pattern's lines at the one common slip that raises them most.

    A line beyond the spectrum counts as floor. One slip for all lines of a family is what physics allows, and leaves
    noise less to choose from than a search per line.
    """
    table = patterns(orders, spec.harmonics)
    slips = np.linspace(1 - spec.tolerance, 1 + spec.tolerance, spec.tolerance_steps)
    padded = _neighbour_max(lines)
    line_orders = np.concatenate([np.asarray(lines_of) for _, lines_of in table])
    index = np.rint(slips[:, None] * line_orders[None, :] * (shaft_hz / bin_hz)).astype(np.intp)
    index = np.where((index < 1) | (index >= lines.shape[1]), lines.shape[1], index)
    heights = padded[:, index]  # (spectra, slips, lines)
    edges = np.cumsum([0] + [len(lines_of) for _, lines_of in table])
    sums = np.add.reduceat(heights, edges[:-1], axis=2) / np.diff(edges)
    best: NDArray[np.float32] = sums.max(axis=1)
    return best.astype(np.float32)


def _neighbour_max(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger of each bin and its two neighbours, with one more column of floor for lines out of range."""
    padded = np.full((lines.shape[0], lines.shape[1] + 1), _FLOOR_HEIGHT, np.float32)
    padded[:, :-1] = lines
    np.maximum(padded[:, :-2], lines[:, 1:], out=padded[:, :-2])
    np.maximum(padded[:, 1:-1], lines[:, :-1], out=padded[:, 1:-1])
    return padded


_FLOOR_HEIGHT = np.float32(0.9)  # mean of the largest of three neighbouring Hann bins of noise


def _envelope_order_part(spectra: Spectra, spec: FeatureSpec, shaft_hz: float | None) -> Part:
    """Peak height per order bin of the envelope spectra, the best band of each."""
    low, high, step = spec.order_grid
    grid = np.arange(low, high, step)
    if shaft_hz is None or not spectra.envelope_known.any():
        return np.zeros(len(grid), np.float32), np.zeros(len(grid), np.bool_)
    best = spectra.envelopes[spectra.envelope_known].mean(axis=0)
    return _peaks(best, grid, step, shaft_hz / spectra.bin_hz)


def _peaks(lines: Vector, centres: NDArray[np.float64], width: float, bins_per_order: float) -> Part:
    """Largest height within +-width/2 orders around each centre, less what noise alone would give there."""
    first = np.maximum(np.rint((centres - width / 2) * bins_per_order).astype(np.intp), 1)
    last = np.maximum(np.rint((centres + width / 2) * bins_per_order).astype(np.intp), first + 1)
    known = last < len(lines)
    values = np.zeros(len(centres), np.float32)
    if known.any():
        pairs = np.stack([first[known], last[known]], axis=1).ravel()
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
    heights, known = _peaks(spectra.lines, np.array(LOW_ORDERS), 0.06, bins_per_order)
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


def _spectrum_part(spectra: Spectra, spec: FeatureSpec) -> Part:
    """Log power in logarithmic bands against the total in range, and the log level itself."""
    bounds = _band_bounds(spec, spectra.bin_hz)
    last = len(spectra.power)
    known = (bounds[1:] <= last) & (np.diff(bounds) > 0)
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
