"""How strong a window is at the shaft's own orders, in decibels, and how strong in all else.

Line heights in the features are free of level, so that machines compare; whether a line has *grown* is asked of one
machine alone, and needs its level. Axes are added as powers, as everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import Spectra

ORDERS = (0.5, 1.0, 2.0, 3.0)
REST = len(ORDERS)
"""Where in the levels all but 1, 2 and 3 x is."""

_SMALLEST = 1e-30


def shaft_levels(spectra: Spectra, shaft_hz: float) -> NDArray[np.float64]:
    """(5,) decibels of unit^2: power at 1/2, 1, 2 and 3 times `shaft_hz`, and of the rest of the spectrum.

    NaN where an order lies beyond the spectrum, or in a piece too short to tell it from its neighbour.
    """
    power = spectra.power.astype(np.float64)
    levels = np.full(len(ORDERS) + 1, np.nan)
    rest = float(power[1:].sum())
    for place, order in enumerate(ORDERS):
        span = order_span(order, shaft_hz / spectra.bin_hz)
        apart = spectra.whole or span.stop <= order_span(order + 0.5, shaft_hz / spectra.bin_hz).start
        if span.stop > len(power) or not apart:
            continue
        within = float(power[span].sum())
        levels[place] = within
        rest -= within if order >= 1.0 else 0.0
    levels[REST] = max(rest, 0.0)
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(levels, _SMALLEST))
    return decibels


def order_span(order: float, bins_per_order: float) -> slice:
    """The bins that may hold the line of an order: two at least, and 3 % of where it lies."""
    centre = order * bins_per_order
    half = max(2.0, 0.03 * centre)
    return slice(max(1, round(centre - half)), round(centre + half) + 1)
