"""How fast a device's clock runs against this computer's, by the line under the arrivals over device time.

A transport only ever adds delay, so the blocks that waited least tell the drift, however the others were late. How far
the answer may be off is read from the same: how much the least delay differs from one stretch of time to the next. Not
told apart from a drift are a path whose least delay changes for good, and one emptied in a rhythm that nearly fits the
blocks: of a change by x microseconds, up to x / 75 ppm show over the horizon.
"""

from __future__ import annotations

from statistics import median

from agent.stream.lower_line import ARRIVAL_RESOLUTION_US, LowerLineFit
from agent.types import Drift

SEGMENTS = 60
SEGMENT_S = 5.0
HORIZON_S = SEGMENTS * SEGMENT_S  # crystals drift with temperature, within minutes
AFTER_S = 25.0  # before anything is said: two segments must lie in either half
MAX_ERROR_PPM = 100.0  # crystals are off by tens; a figure worse than this says nothing


class HostDrift:
    """Feed it blocks in order, of one device clock; another clock (a reset) needs another one of these."""

    def __init__(self) -> None:
        self._fit = LowerLineFit(horizon=round(HORIZON_S * 1e6), resolution_us=ARRIVAL_RESOLUTION_US, segments=SEGMENTS)
        self._last_us = 0

    def add(self, device_us: int, arrival_s: float) -> None:
        """A block whose last sample was made at `device_us` arrived at `arrival_s` (host monotonic)."""
        self._fit.add((device_us, round(arrival_s * 1e6)))
        self._last_us = max(self._last_us, device_us)

    @property
    def value(self) -> Drift | None:
        """The drift so far; None until AFTER_S have passed and its uncertainty is at most MAX_ERROR_PPM.

        The line touches one point in either half, the middles of which are half the span apart, and either may have
        waited as much longer than the least as segments usually differ: 4 times their median delay over the span.
        """
        line = self._fit.line(self._last_us)
        if line is None or line.span_us < AFTER_S * 1e6 or line.us_per_count <= 0:
            return None
        delays_us = self._fit.least_delays_us(line)
        if not delays_us:
            return None
        error_ppm = (4 * median(delays_us) / line.span_us) * 1e6 + line.error_ppm
        return Drift((1 / line.us_per_count - 1) * 1e6, error_ppm) if error_ppm <= MAX_ERROR_PPM else None
