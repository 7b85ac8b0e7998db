"""The line under a cloud of (count, time) points whose times may be late but never early.

Delays only ever add, so nothing here averages: what decides are the points that waited least.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SEGMENTS = 12  # the baseline slides by one segment at a time
HULL_POINTS = 64  # of one segment: an honest hull holds a dozen, a hostile clock could make every point one
ARRIVAL_RESOLUTION_US = 50.0  # what a host's time stamp of an arrival is worth at best

Point = tuple[int, int]  # count (of samples, or of another clock's microseconds), microseconds


@dataclass(frozen=True, slots=True)
class LowerLine:
    """Time against a count, with its one-sided uncertainty and what it rests on."""

    us_per_count: float
    error_ppm: float
    points: int
    span_us: float
    anchor: Point  # lies on it


def lower_hull(points: list[Point]) -> list[Point]:
    """The lower convex hull of points sorted by index (Andrew's monotone chain)."""
    hull: list[Point] = []
    for point in points:
        push(hull, point)
    return hull


def push(hull: list[Point], point: Point) -> None:
    """Add a point to the right of a lower hull."""
    x, y = point
    while len(hull) >= 2:
        (ax, ay), (bx, by) = hull[-2], hull[-1]
        if (by - ay) * (x - ax) < (y - ay) * (bx - ax):
            break
        hull.pop()  # it lies on or above the line from the one before it to this one
    hull.append(point)


@dataclass(slots=True)
class _Segment:
    """A stretch of the baseline: its lower hull, and sums over every point that fell into it."""

    start: int
    hull: list[Point] = field(default_factory=list)
    count: int = 0
    index_sum: int = 0
    us_sum: int = 0

    def add(self, point: Point) -> None:
        push(self.hull, point)
        if len(self.hull) > HULL_POINTS:
            del self.hull[1:-1:2]
        self.count += 1
        self.index_sum += point[0]
        self.us_sum += point[1]


@dataclass(frozen=True, slots=True)
class _Whole:
    """Segments to which no point comes any more, together."""

    hull: list[Point]
    count: int
    index_sum: int
    us_sum: int


class LowerLineFit:
    """The line under a cloud of (count, time) points, over a sliding baseline and in bounded memory.

    Delays only ever add, so the truth runs below the points: of all lines with no point under them, take the one with
    the least total distance. It is the edge of the lower hull above the points' mean index (Moon, Skelly and Towsley,
    INFOCOM 1999). With n points of mean delay d over a span S its slope is off by about 8 d / (n S): the least delay
    of either half is near 2 d / n, and the halves' middles lie S / 2 apart.
    """

    def __init__(self, *, horizon: int, resolution_us: float, segments: int = SEGMENTS) -> None:
        self._length = max(1, horizon // segments)
        self._resolution_us = resolution_us
        self._segments: deque[_Segment] = deque(maxlen=segments)
        self._before: _Whole | None = None  # all of them but the last; None: to be put together
        self._last: Point | None = None  # kept aside: it may lie beyond the count that is asked about

    def add(self, point: Point) -> None:
        """Add a point to the right of all others (others are ignored)."""
        last = self._last
        if last is not None:
            if point[0] <= last[0]:
                return
            segments = self._segments
            if not segments or last[0] >= segments[-1].start + self._length:
                segments.append(_Segment(last[0]))
                self._before = None
            segments[-1].add(last)
        self._last = point

    def line(self, upto: int) -> LowerLine | None:
        """The line from points at or before count `upto`, which lies at or after all points but the last."""
        if not self._segments:
            return None
        before, latest = self._all_before(), self._segments[-1]
        hull = before.hull.copy()
        for point in latest.hull:
            push(hull, point)
        count, index_sum = before.count + latest.count, before.index_sum + latest.index_sum
        us_sum = before.us_sum + latest.us_sum
        if self._last is not None and self._last[0] <= upto:
            push(hull, self._last)
            count, index_sum, us_sum = count + 1, index_sum + self._last[0], us_sum + self._last[1]
        if len(hull) < 2:
            return None
        right = next((k for k in range(1, len(hull)) if hull[k][0] * count >= index_sum), len(hull) - 1)
        (i0, t0), (i1, t1) = hull[right - 1], hull[right]
        slope = (t1 - t0) / (i1 - i0)
        span_us = (hull[-1][0] - hull[0][0]) * slope
        if span_us <= 0:
            return None
        delay_us = max(0.0, ((us_sum - count * t0) - slope * (index_sum - count * i0)) / count)
        error = (8 * delay_us / count + self._resolution_us) / span_us
        return LowerLine(slope, error * 1e6, count, span_us, (i0, t0))

    def _all_before(self) -> _Whole:
        """The segments before the latest, to which no point comes any more: put together once for each."""
        if self._before is None:
            whole = list(self._segments)[:-1]
            hull = lower_hull([point for segment in whole for point in segment.hull])
            self._before = _Whole(
                hull,
                sum(one.count for one in whole),
                sum(one.index_sum for one in whole),
                sum(one.us_sum for one in whole),
            )
        return self._before

    def least_delays_us(self, line: LowerLine) -> list[float]:
        """How far above `line` the lowest point of each segment of the baseline lies, the one under way left out."""
        index, us = line.anchor
        return [
            min((t - us) - line.us_per_count * (i - index) for i, t in segment.hull)
            for segment in list(self._segments)[:-1]
        ]
