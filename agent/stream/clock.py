"""The true rate of a stream, from sample counts against a clock; the declared rate only where there is nothing better.

Device time comes first, then host arrival time, then what was declared; a rate more than 10 % off the declared one is
never believed, and every answer says where it came from and how far it may be off. Where the clocks tell such a rate,
neither is it known which of the two is right, and the answer says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from agent.limits import RATE_TOLERANCE
from agent.stream.backlog import Backlog
from agent.stream.drift import HostDrift
from agent.stream.lower_line import ARRIVAL_RESOLUTION_US, LowerLineFit, Point
from agent.stream.rate_check import RateCheck
from agent.types import Counters, Drift, Piece, Rate, SampleBlock, Stream

DIGITS = 5  # significant digits kept, so that how a stream was cut into blocks hardly shows in the rate
MAX_ERROR_PPM = 1000.0  # a rate worse than this moves a bearing line by more than a bin: not yet worth believing
HORIZON_S = 60.0  # sensors drift with temperature, so the baseline slides
HORIZON_SAMPLES = 4096  # slow sensors need a longer one
STEP_SLACK_US = 2000.0  # by which a time stamp may be off its neighbour before it counts as wrong
SUSPECTS = 4  # so many wrong stamps in a row that agree among themselves are the device's new time

Origin = Literal["device_time", "arrival"]


class DeviceTime:
    """Keeps wrong time stamps out of a fit: a stray one is left out, a lasting jump starts afresh."""

    def __init__(self, *, declared_us: float, horizon: int) -> None:
        self._declared_us = declared_us
        self._horizon = horizon
        self._suspects: list[Point] = []
        self._last: Point | None = None
        self.fit = self._empty()
        self.strays = 0
        self.resets = 0

    def add(self, point: Point) -> bool:
        """Whether the point (sample index, device time) is believed."""
        if self._last is None or self._agree(self._last, point):
            self._suspects.clear()
            self._accept(point)
            return True
        self.strays += 1
        if self._suspects and not self._agree(self._suspects[-1], point):
            self._suspects.clear()
        self._suspects.append(point)
        if len(self._suspects) < SUSPECTS:
            return False
        self.resets += 1
        self.fit = self._empty()
        for suspect in self._suspects:
            self._accept(suspect)
        self._suspects.clear()
        return True

    def covers(self, index: int) -> bool:
        """Whether time stamps came recently enough to speak for this sample."""
        return self._last is not None and index - self._last[0] <= self._horizon

    def _accept(self, point: Point) -> None:
        self.fit.add(point)
        self._last = point

    def _agree(self, earlier: Point, later: Point) -> bool:
        expected = (later[0] - earlier[0]) * self._declared_us
        return abs(later[1] - earlier[1] - expected) <= RATE_TOLERANCE * expected + STEP_SLACK_US

    def _empty(self) -> LowerLineFit:
        return LowerLineFit(horizon=self._horizon, resolution_us=1.0)


class SampleClock:
    """The measured rate of one stream; starts afresh with a new session or a changed declaration.

    Feed every block in order; a gap in the sample count is no harm, since index and time jump together.
    """

    def __init__(self) -> None:
        self._stream: Stream | None = None
        self._device: DeviceTime | None = None
        self._arrival: LowerLineFit | None = None
        self._check: RateCheck | None = None
        self._backlog = Backlog()
        self._drift = HostDrift()
        self._counts = {"device_time_strays": 0, "device_time_resets": 0, "rate_refused": 0}

    def feed(self, block: SampleBlock) -> None:
        if self._stream is None or (block.stream is not self._stream and block.stream != self._stream):
            self._start(block.stream)
        for piece in block.pieces:
            self._hear(piece, block.stream)

    def _hear(self, piece: Piece, stream: Stream) -> None:
        assert self._device is not None
        assert self._arrival is not None
        assert self._check is not None
        self._check.feed(piece, is_live=stream.live)
        if piece.device_us is not None:
            before = (self._device.strays, self._device.resets)
            believed = self._device.add((piece.start, piece.device_us))
            self._counts["device_time_strays"] += self._device.strays - before[0]
            self._counts["device_time_resets"] += self._device.resets - before[1]
            if self._device.resets > before[1]:
                self._drift = HostDrift()
            if believed and stream.live:
                # A piece arrives when it is complete; the declared rate is near enough for the length of one.
                length_us = round((piece.end - piece.start) * 1e6 / stream.rate_hz)
                self._drift.add(piece.device_us + length_us, piece.arrival_s)
        if stream.live:
            self._arrival.add((piece.end, round(piece.arrival_s * 1e6)))

    def rate(self, upto: int) -> Rate:
        """The rate as known at sample `upto`, a sample of the latest block: points beyond it do not count.

        `error_ppm` is None where nothing was measured; `seen_hz` is not None where what was measured contradicts the
        declared rate.
        """
        rate = self._believed(upto)
        assert self._check is not None
        seen_hz = self._check.by_arrival(upto)
        if seen_hz is None and rate.origin == "declared":
            seen_hz = self._check.by_device()
        return rate if seen_hz is None else replace(rate, seen_hz=float(f"{seen_hz:.3g}"), seen_as=self._check.seen_as)

    def _believed(self, upto: int) -> Rate:
        assert self._stream is not None, "feed a block first"
        assert self._device is not None
        assert self._arrival is not None
        declared = self._stream.rate_hz
        candidates: list[tuple[Origin, LowerLineFit, int]] = [("arrival", self._arrival, 8)]
        if self._device.covers(upto):
            candidates.insert(0, ("device_time", self._device.fit, 3))
        for origin, fit, least_points in candidates:
            line = fit.line(upto)
            if line is None or line.points < least_points or line.error_ppm > MAX_ERROR_PPM:
                continue
            hz = 1e6 / line.us_per_count
            if abs(hz / declared - 1) > RATE_TOLERANCE:
                self._counts["rate_refused"] += 1
                continue
            return Rate(float(f"{hz:.{DIGITS}g}"), origin, line.error_ppm)
        return Rate(declared, "declared")

    @property
    def drift(self) -> Drift | None:
        """The device's clock against the host's; None until enough time has passed, or where either gives no time."""
        return self._drift.value

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
        self._arrival = LowerLineFit(horizon=horizon, resolution_us=ARRIVAL_RESOLUTION_US)
        self._check = RateCheck(stream, self._backlog)
        self._drift = HostDrift()
