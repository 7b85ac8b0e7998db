"""Whether the clocks of a stream contradict the rate that it declares: by the device's own stamps, or by its arrivals.

A contradiction is said only where nothing else explains what is seen: neither a stray stamp nor a stall, a pause or a
backlog that arrives at once or is made up for.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from agent.limits import RATE_TOLERANCE
from agent.stream.backlog import PAUSE_S, Backlog
from agent.stream.lower_line import ARRIVAL_RESOLUTION_US, LowerLine, LowerLineFit, Point
from agent.types import Piece, SeenAs, Stream

STEP_US = 100_000.0  # least time between two stamps that are compared: one of theirs may be off by milliseconds
STEPS = 8
LEAST_STEPS = 3
AGREE = 0.02  # of the middle one, by which steps that agree may differ
LEAST_POINTS = 3
LEAST_SPAN_US = 0.7e6  # what waited arrives all at once
LEAST_SPAN_AFTER_US = 4e6  # behind a pause, where the first to arrive are the latest
CAUGHT_UP_S = 30.0  # for which samples must come faster than the device's own stamps say: what waited comes so
CLOCK_FACTOR = 2.5  # by which a device's clock may be wrong; what comes faster was recorded before
JITTER_US = 100_000.0  # of the arrivals of a few blocks, shared among them
HORIZON_S, HORIZON_SAMPLES = 10.0, 256  # of the arrivals, the longer one: a rate that changes is told that soon
STRIDE_S = 0.25  # of arrivals that are compared with each other
STRIDES = 24
LEAST_STRIDES = 6
UNEVEN = 0.3  # of the middle one, beyond which a stride is another; networks jitter by tens of milliseconds
UNEVEN_SHARE = 0.2  # of strides that are others, from which arrivals are not even


class RateCheck:
    """Of one stream; `seen_hz` is the rate that contradicts the declared one. `backlog`: of who sends it, which
    outlasts a session."""

    def __init__(self, stream: Stream, backlog: Backlog | None = None) -> None:
        self._declared_us = 1e6 / stream.rate_hz
        self._backlog = backlog or Backlog()
        self._horizon = max(HORIZON_SAMPLES, round(HORIZON_S * stream.rate_hz))
        self._steps: deque[float] = deque(maxlen=STEPS)  # of device time, in declared ones
        self._stamp: Point | None = None
        self._lately = self._empty()  # arrivals since the last pause
        self._least_span_us = LEAST_SPAN_US
        self._last: Piece | None = None
        self._mark: Piece | None = None  # where the present stride of arrivals began
        self._strides: deque[float] = deque(maxlen=STRIDES)  # of arrivals, in declared time
        self._faster_since_s: float | None = None  # than the stamps say, by arrival

    def feed(self, piece: Piece, *, is_live: bool) -> None:
        """The next piece of the stream; of a recording's arrivals nothing is read."""
        if piece.device_us is not None:
            self._compare((piece.start, piece.device_us))
        if is_live:
            self._arrive(piece)

    def by_device(self) -> float | None:
        """The rate that the device's stamps tell, in Hz, where it is not the declared one; None where they agree."""
        if len(self._steps) < LEAST_STEPS:
            return None
        usual = median(self._steps)
        agreeing = sum(abs(step / usual - 1) <= AGREE for step in self._steps)
        off = abs(1 / usual - 1) > RATE_TOLERANCE + AGREE
        return 1e6 / (usual * self._declared_us) if off and agreeing >= max(LEAST_STEPS, len(self._steps) - 2) else None

    def by_arrival(self, upto: int) -> float | None:
        """The rate at which samples arrive, in Hz, where it is not the declared one."""
        line = self._lately.line(upto)
        contradicts = line is not None and self._contradicts(line)
        if line is not None and line.us_per_count < self._declared_us and self._backlog.is_due:
            contradicts = False
        if line is None or not contradicts or line.us_per_count > self._declared_us or not self._stamps_agree:
            self._faster_since_s = None
            return 1e6 / line.us_per_count if line is not None and contradicts else None
        assert self._last is not None
        now_s = self._last.arrival_s
        self._faster_since_s = now_s if self._faster_since_s is None else self._faster_since_s
        is_recorded = line.us_per_count * CLOCK_FACTOR < self._declared_us
        return None if is_recorded or now_s - self._faster_since_s < CAUGHT_UP_S else 1e6 / line.us_per_count

    @property
    def seen_as(self) -> SeenAs:
        """How a rate shows that contradicts the declared one."""
        if self.by_device() is not None:
            return "stamps"
        return "late" if self._stamps_agree or self._is_uneven else "evenly"

    @property
    def _is_uneven(self) -> bool:
        """Whether samples come in bursts, or some of them late, rather than at a rate."""
        if len(self._strides) < LEAST_STRIDES:
            return False
        usual = median(self._strides)
        others = sum(abs(stride - usual) > UNEVEN * max(usual, 1.0) for stride in self._strides)
        return others >= UNEVEN_SHARE * len(self._strides)

    @property
    def _stamps_agree(self) -> bool:
        """With the declared rate."""
        return len(self._steps) >= LEAST_STEPS and abs(1 / median(self._steps) - 1) <= RATE_TOLERANCE

    def _compare(self, stamp: Point) -> None:
        last = self._stamp
        if last is None or stamp[0] <= last[0] or stamp[1] <= last[1]:
            self._stamp = stamp
            return
        expected_us = (stamp[0] - last[0]) * self._declared_us
        if expected_us >= STEP_US:
            self._steps.append((stamp[1] - last[1]) / expected_us)
            self._stamp = stamp

    def _arrive(self, piece: Piece) -> None:
        last, self._last = self._last, piece
        if last is not None:
            seconds = (piece.end - piece.start) * self._declared_us / 1e6
            if piece.start == last.end and piece.arrival_s - last.arrival_s - seconds > PAUSE_S:
                self._lately, self._least_span_us = self._empty(), LEAST_SPAN_AFTER_US
        first = piece.start if last is None else min(last.end, piece.start)
        if self._backlog.feed(piece.arrival_s, (piece.end - first) * self._declared_us / 1e6):
            self._lately, self._least_span_us = self._empty(), LEAST_SPAN_AFTER_US
        self._stride(piece)
        self._lately.add((piece.end, round(piece.arrival_s * 1e6)))

    def _stride(self, piece: Piece) -> None:
        mark = self._mark
        if mark is None or piece.end <= mark.end:
            self._mark = piece
            return
        expected_s = (piece.end - mark.end) * self._declared_us / 1e6
        if expected_s >= STRIDE_S:
            self._strides.append((piece.arrival_s - mark.arrival_s) / expected_s)
            self._mark = piece

    def _contradicts(self, line: LowerLine) -> bool:
        if line.points < LEAST_POINTS or line.span_us < self._least_span_us:
            return False
        error = line.error_ppm / 1e6 + JITTER_US / (line.points * line.span_us)
        return abs(self._declared_us / line.us_per_count - 1) > RATE_TOLERANCE + error

    def _empty(self) -> LowerLineFit:
        return LowerLineFit(horizon=self._horizon, resolution_us=ARRIVAL_RESOLUTION_US)
