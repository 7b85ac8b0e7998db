"""How fast a device's clock runs against this computer's, by the lower envelope of arrivals over device time.

A transport only ever adds delay, so the blocks that waited least tell the drift, however the others were late. What is
not told apart is a path whose least delay itself changes: x microseconds of it show as x ppm over a second, a
six-hundredth of that over the horizon.
"""

from __future__ import annotations

from agent.envelope import ARRIVAL_RESOLUTION_US, Envelope
from agent.types import Drift

HORIZON_S = 600.0  # crystals drift with temperature, within minutes
AFTER_S = 10.0  # of listening before anything is said: a burst or a stall at the start would speak for the whole
MAX_ERROR_PPM = 100.0  # crystals are off by tens; a figure worse than this says nothing
LEAST_POINTS = 8


class HostDrift:
    """Feed it blocks in order, of one device clock; another clock (a reset) needs another one of these."""

    def __init__(self) -> None:
        self._envelope = Envelope(horizon=round(HORIZON_S * 1e6), resolution_us=ARRIVAL_RESOLUTION_US)
        self._last_us = 0

    def add(self, device_us: int, arrival_s: float) -> None:
        """A block whose last sample was made at `device_us` arrived at `arrival_s` (host monotonic)."""
        self._envelope.add((device_us, round(arrival_s * 1e6)))
        self._last_us = max(self._last_us, device_us)

    @property
    def value(self) -> Drift | None:
        """The drift so far; None until AFTER_S have passed and its uncertainty is at most MAX_ERROR_PPM."""
        line = self._envelope.line(self._last_us)
        if line is None or line.points < LEAST_POINTS or line.span_us < AFTER_S * 1e6 or line.us_per_count <= 0:
            return None
        if line.error_ppm > MAX_ERROR_PPM:
            return None
        return Drift((1 / line.us_per_count - 1) * 1e6, line.error_ppm)
