"""The line under a cloud of (count, time) points whose times may be late but never early.

Delays only ever add, so nothing here averages: what decides are the points that waited least.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
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

    def closed(self) -> _Closed:
        return _Closed(_flat(self.hull), self.count, self.index_sum, self.us_sum)


@dataclass(frozen=True, slots=True)
class _Closed:
    """A segment to which no point comes any more. Most of a baseline is in these: as tuples it would take eight times
    the memory."""

    flat: Sequence[int]  # its hull, count and time in turn
    count: int
    index_sum: int
    us_sum: int

    @property
    def hull(self) -> Iterator[Point]:
        return zip(self.flat[::2], self.flat[1::2], strict=True)


def _flat(points: Sequence[Point]) -> Sequence[int]:
    numbers = [number for point in points for number in point]
    try:
        return array("q", numbers)
    except OverflowError:  # a device may count on to 2**64
        return tuple(numbers)


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
        self._closed: deque[_Closed] = deque(maxlen=segments - 1)
        self._latest: _Segment | None = None
        self._before: _Whole | None = None  # the closed ones; None: to be put together
        self._last: Point | None = None  # kept aside: it may lie beyond the count that is asked about

    def add(self, point: Point) -> None:
        """Add a point to the right of all others (others are ignored)."""
        last = self._last
        if last is not None:
            if point[0] <= last[0]:
                return
            if self._latest is None or last[0] >= self._latest.start + self._length:
                if self._latest is not None:
                    self._closed.append(self._latest.closed())
                self._latest = _Segment(last[0])
                self._before = None
            self._latest.add(last)
        self._last = point

    def line(self, upto: int) -> LowerLine | None:
        """The line from points at or before count `upto`, which lies at or after all points but the last."""
        latest = self._latest
        if latest is None:
            return None
        before = self._all_before()
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
        """The closed segments put together, once for each of them."""
        if self._before is None:
            closed = self._closed
            self._before = _Whole(
                lower_hull([point for one in closed for point in one.hull]),
                sum(one.count for one in closed),
                sum(one.index_sum for one in closed),
                sum(one.us_sum for one in closed),
            )
        return self._before

    def least_delays_us(self, line: LowerLine) -> list[float]:
        """How far above `line` the lowest point of each segment of the baseline lies, the one under way left out."""
        index, us = line.anchor
        return [min((t - us) - line.us_per_count * (i - index) for i, t in segment.hull) for segment in self._closed]
