"""Whether batches keep the rate that is said of them: their samples against the clock by which they come. Pure.

Batches that come seldom are recordings with pauses between, and say nothing of a rate; nor do those that make up for a
pause.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from statistics import median

from agent.limits import RATE_TOLERANCE
from agent.stream.backlog import Backlog

LEAST_STEPS = 8  # between batches
LEAST_SPAN_S = 0.5  # what waited in a broker arrives all at once
LONG_SPAN_S = 10.0  # from which the network's jitter is small beside it
SHORT_TOLERANCE = 0.25  # of the declared rate, before that
SELDOM_S = 5.0  # between batches that are recordings, not a stream
STEADY = 0.15  # by which the usual pace and the mean may differ; more is a network that stalls or loses
MOST = 128


class Pace:
    """The batches of one stream."""

    def __init__(self) -> None:
        self._backlog = Backlog()
        self._points: deque[tuple[float, int]] = deque(maxlen=MOST)  # time, samples up to and with that batch

    def feed(self, time_s: float, end: int, count: int, *, rate_hz: float) -> float | None:
        """Note that `count` samples up to `end` came at `time_s`; the rate seen, in Hz, where `rate_hz` is not it."""
        if self._points and (time_s < self._points[-1][0] or end <= self._points[-1][1]):
            self._points.clear()
        first = self._points[-1][1] if self._points else end - count
        if self._backlog.feed(time_s, (end - first) / rate_hz):
            self._points.clear()
        self._points.append((time_s, end))
        first_s, first = self._points[0]
        span_s = time_s - first_s
        steps = len(self._points) - 1
        if steps < LEAST_STEPS or span_s < LEAST_SPAN_S or span_s > SELDOM_S * steps:
            return None
        mean_s = span_s / (end - first)
        usual_s = median((b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(self._points))
        tolerance = RATE_TOLERANCE if span_s >= LONG_SPAN_S else SHORT_TOLERANCE
        seen_hz = 1 / mean_s
        is_steady = abs(usual_s / mean_s - 1) <= STEADY and not (seen_hz > rate_hz and self._backlog.is_due)
        return seen_hz if is_steady and abs(seen_hz / rate_hz - 1) > tolerance else None
