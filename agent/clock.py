"""The true rate of a stream, from sample counts against a clock; the declared rate only where there is nothing better.

Device time comes first, then host arrival time, then what was declared; a rate more than 10 % off the declared one is
never believed, and every answer says where it came from and how far it may be off.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from agent.types import Counters, Rate, SampleBlock, Stream

TOLERANCE = 0.10  # MEMS sensors are off nominal by up to 4 %; more is a wrong clock or a wrong declaration
DIGITS = 5  # significant digits kept, so that how a stream was cut into blocks hardly shows in the rate
MAX_ERROR_PPM = 1000.0  # a rate worse than this moves a bearing line by more than a bin: not yet worth believing
HORIZON_S = 60.0  # sensors drift with temperature, so the baseline slides
HORIZON_SAMPLES = 4096  # slow sensors need a longer one
SEGMENTS = 12  # the baseline slides by one segment at a time
HULL_POINTS = 64  # of one segment: an honest hull holds a dozen, a hostile clock could make every point one
STEP_SLACK_US = 2000.0  # by which a time stamp may be off its neighbour before it counts as wrong
SUSPECTS = 4  # so many wrong stamps in a row that agree among themselves are the device's new time

Point = tuple[int, int]  # sample index, microseconds
Origin = Literal["device_time", "arrival"]


@dataclass(frozen=True, slots=True)
class Line:
    """Time against sample index: `us_per_sample`, one-sided uncertainty, and how many points it rests on."""

    us_per_sample: float
    error_ppm: float
    points: int


def lower_hull(points: list[Point]) -> list[Point]:
    """The lower convex hull of points sorted by index (Andrew's monotone chain)."""
    hull: list[Point] = []
    for point in points:
        push(hull, point)
    return hull


def push(hull: list[Point], point: Point) -> None:
    """Add a point to the right of a lower hull."""
    while len(hull) >= 2 and _turns_up_too_late(hull[-2], hull[-1], point):
        hull.pop()
    hull.append(point)


def _turns_up_too_late(a: Point, b: Point, c: Point) -> bool:
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])


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


class Envelope:
    """The line under a cloud of (sample index, time) points, over a sliding baseline and in bounded memory.

    Delays only ever add, so the truth runs below the points: of all lines with no point under them, take the one with
    the least total distance. It is the edge of the lower hull above the points' mean index (Moon, Skelly and Towsley,
    INFOCOM 1999). With n points of mean delay d over a span S its slope is off by about 8 d / (n S): the least delay
    of either half is near 2 d / n, and the halves' middles lie S / 2 apart.
    """

    def __init__(self, *, horizon: int, resolution_us: float) -> None:
        self._length = max(1, horizon // SEGMENTS)
        self._resolution_us = resolution_us
        self._segments: deque[_Segment] = deque(maxlen=SEGMENTS)
        self._last: Point | None = None  # kept aside: it may lie beyond the sample that is asked about

    def add(self, point: Point) -> None:
        """Add a point to the right of all others (others are ignored)."""
        if self._last is not None:
            if point[0] <= self._last[0]:
                return
            if not self._segments or self._last[0] >= self._segments[-1].start + self._length:
                self._segments.append(_Segment(self._last[0]))
            self._segments[-1].add(self._last)
        self._last = point

    def line(self, upto: int) -> Line | None:
        """The line from points at or before sample `upto`, which lies at or after all points but the last."""
        points = [point for segment in self._segments for point in segment.hull]
        count = sum(segment.count for segment in self._segments)
        index_sum = sum(segment.index_sum for segment in self._segments)
        us_sum = sum(segment.us_sum for segment in self._segments)
        if self._last is not None and self._last[0] <= upto:
            points.append(self._last)
            count, index_sum, us_sum = count + 1, index_sum + self._last[0], us_sum + self._last[1]
        hull = lower_hull(points)
        if len(hull) < 2:
            return None
        right = next((k for k in range(1, len(hull)) if hull[k][0] * count >= index_sum), len(hull) - 1)
        (i0, t0), (i1, t1) = hull[right - 1], hull[right]
        slope = (t1 - t0) / (i1 - i0)
        span_us = (points[-1][0] - points[0][0]) * slope
        if span_us <= 0:
            return None
        delay_us = max(0.0, ((us_sum - count * t0) - slope * (index_sum - count * i0)) / count)
        error = (8 * delay_us / count + self._resolution_us) / span_us
        return Line(slope, error * 1e6, count)


class DeviceTime:
    """Keeps wrong time stamps out of an envelope: a stray one is left out, a lasting jump starts afresh."""

    def __init__(self, *, declared_us: float, horizon: int) -> None:
        self._declared_us = declared_us
        self._horizon = horizon
        self._suspects: list[Point] = []
        self._last: Point | None = None
        self.envelope = self._empty()
        self.strays = 0
        self.resets = 0

    def add(self, point: Point) -> None:
        if self._last is None or self._agree(self._last, point):
            self._suspects.clear()
            self._accept(point)
            return
        self.strays += 1
        if self._suspects and not self._agree(self._suspects[-1], point):
            self._suspects.clear()
        self._suspects.append(point)
        if len(self._suspects) >= SUSPECTS:
            self.resets += 1
            self.envelope = self._empty()
            for suspect in self._suspects:
                self._accept(suspect)
            self._suspects.clear()

    def covers(self, index: int) -> bool:
        """Whether time stamps came recently enough to speak for this sample."""
        return self._last is not None and index - self._last[0] <= self._horizon

    def _accept(self, point: Point) -> None:
        self.envelope.add(point)
        self._last = point

    def _agree(self, earlier: Point, later: Point) -> bool:
        expected = (later[0] - earlier[0]) * self._declared_us
        return abs(later[1] - earlier[1] - expected) <= TOLERANCE * expected + STEP_SLACK_US

    def _empty(self) -> Envelope:
        return Envelope(horizon=self._horizon, resolution_us=1.0)


class SampleClock:
    """The measured rate of one stream; starts afresh with a new session or a changed declaration.

    Feed every block in order; a gap in the sample count is no harm, since index and time jump together.
    """

    def __init__(self) -> None:
        self._stream: Stream | None = None
        self._device: DeviceTime | None = None
        self._arrival: Envelope | None = None
        self._counts = {"device_time_strays": 0, "device_time_resets": 0, "rate_refused": 0}

    def feed(self, block: SampleBlock) -> None:
        if self._stream is None or (block.stream is not self._stream and block.stream != self._stream):
            self._start(block.stream)
        assert self._device is not None
        assert self._arrival is not None
        if block.device_us is not None:
            before = (self._device.strays, self._device.resets)
            self._device.add((block.start, block.device_us))
            self._counts["device_time_strays"] += self._device.strays - before[0]
            self._counts["device_time_resets"] += self._device.resets - before[1]
        if block.stream.live:
            self._arrival.add((block.end, round(block.arrival_s * 1e6)))

    def rate(self, upto: int) -> Rate:
        """The rate as known at sample `upto`, a sample of the latest block: points beyond it do not count.

        `error_ppm` is None where nothing was measured.
        """
        assert self._stream is not None, "feed a block first"
        assert self._device is not None
        assert self._arrival is not None
        declared = self._stream.rate_hz
        candidates: list[tuple[Origin, Envelope, int]] = [("arrival", self._arrival, 8)]
        if self._device.covers(upto):
            candidates.insert(0, ("device_time", self._device.envelope, 3))
        for origin, envelope, least_points in candidates:
            line = envelope.line(upto)
            if line is None or line.points < least_points or line.error_ppm > MAX_ERROR_PPM:
                continue
            hz = 1e6 / line.us_per_sample
            if abs(hz / declared - 1) > TOLERANCE:
                self._counts["rate_refused"] += 1
                continue
            return Rate(float(f"{hz:.{DIGITS}g}"), origin, line.error_ppm)
        return Rate(declared, "declared")

    def restart(self) -> None:
        """Forget every point: the sample count began anew although the stream says nothing of it."""
        self._stream = None

    def counters(self) -> Counters:
        """Time stamps left out, device time restarts, and rates measured but not believed."""
        return dict(self._counts)

    def _start(self, stream: Stream) -> None:
        horizon = max(HORIZON_SAMPLES, round(HORIZON_S * stream.rate_hz))
        self._stream = stream
        self._device = DeviceTime(declared_us=1e6 / stream.rate_hz, horizon=horizon)
        self._arrival = Envelope(horizon=horizon, resolution_us=50.0)
