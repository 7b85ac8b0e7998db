"""Blocks of samples become windows of equal length; no window spans a gap.

Windows start at multiples of the hop in the stream's own sample count, so where they lie does not depend on how the
stream was cut into blocks, on when the agent started listening, or on what was lost before. Where a stream comes in
pieces, windows start where their piece does, and a piece shorter than a window is one by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from agent.dsp.fft import fast_length, fast_length_within
from agent.limits import MAX_RATE_HZ
from agent.stream.clock import SampleClock
from agent.stream.holding import Held
from agent.types import Counters, Drift, SampleBlock, Stream, Window

MIN_WINDOW = 16  # samples; fewer hold no spectrum worth the name
MIN_PIECE = 128  # samples of a piece shorter than a window
PAUSE_S = 1.0  # of arrival, beyond what a block lasts, that ends a piece although the count goes on
STALE_RUN = 64  # so many blocks in a row behind the count are a device that restarted without a new session


class Windower:
    """Cuts one stream into overlapping windows.

    `window_s` and `hop_s` are in seconds at the declared rate: a window is `window_length(...)` samples, the
    next starts `round(hop_s * rate_hz)` later. A stream too slow for 16 samples a window, or declared beyond 200 kHz,
    gives no windows; its blocks are counted under `unusable_rate`. Memory: one window, in 16 bits where it came so.

    With `shortest_s` the stream comes in pieces: consecutive samples that a gap, another session or a pause ends. What
    there is of a piece that is shorter than a window becomes one, where it lasts `shortest_s` at least.
    """

    def __init__(self, *, window_s: float, hop_s: float, shortest_s: float | None = None) -> None:
        if not 0 < hop_s <= window_s:
            raise ValueError(f"hop_s {hop_s} is not above 0 and at most window_s {window_s}")
        self._window_s = window_s
        self._hop_s = hop_s
        self._shortest_s = shortest_s
        self._last: SampleBlock | None = None  # of the present piece
        self._is_fresh = True  # no window was cut from this piece yet
        self._clock = SampleClock()
        self._stream: Stream | None = None
        self._length = 0  # samples of a window; 0: no windows from this stream
        self._hop = 1
        self._expected = 0  # sample index that continues the stream
        self._stale_run = 0
        self._held = Held(1, hop=1, step=None)
        self._start = 0  # sample index of the first that is held
        self._clipped: deque[tuple[int, int, int]] = deque()  # start, end, count of blocks with clipped samples
        self._counts = {"gaps": 0, "samples_missing": 0, "stale_blocks": 0, "unusable_rate": 0, "windows": 0}

    def feed(self, block: SampleBlock) -> list[Window]:
        """The windows that this block completes, in order; each owns its samples."""
        if not len(block.values):
            return []
        ended = self.end_piece() if self._begins_piece(block) else []
        return ended + self._go_on(block)

    def end_piece(self) -> list[Window]:
        """Nothing more comes of the present piece: what there is of it, where it gave no window and is long enough."""
        block = self._last
        if self._shortest_s is None or block is None:
            return []
        n = fast_length_within(len(self._held)) if len(self._held) else 0
        enough = n >= max(MIN_PIECE, round(self._shortest_s * block.stream.rate_hz))
        windows = [self._window(block, n)] if self._is_fresh and enough else []
        self._align(self._expected)
        return windows

    def _begins_piece(self, block: SampleBlock) -> bool:
        last = self._last
        if self._shortest_s is None or last is None:
            return False
        if block.stream != last.stream or block.start > self._expected:
            return True
        pause_s = block.arrival_s - last.arrival_s - len(block.values) / block.stream.rate_hz
        return block.stream.live and block.start == self._expected and pause_s > PAUSE_S

    def _go_on(self, block: SampleBlock) -> list[Window]:
        if self._stream is None or (block.stream is not self._stream and block.stream != self._stream):
            self._begin(block.stream, block.start)
        elif block.start < self._expected:
            self._counts["stale_blocks"] += 1
            self._stale_run += 1
            if self._stale_run < STALE_RUN:
                return []
            self._clock.restart()
            self._begin(block.stream, block.start)
        elif block.start > self._expected:
            self._counts["gaps"] += 1
            self._counts["samples_missing"] += block.start - self._expected
            self._align(block.start)
        self._stale_run = 0
        self._expected = block.end
        if not self._length:
            self._counts["unusable_rate"] += 1
            return []
        self._clock.feed(block)
        self._last = block if self._shortest_s is not None else None
        if block.clipped:
            self._clipped.append((block.start, block.end, block.clipped))
        return self._cut(block)

    def counters(self) -> Counters:
        """Gaps and what was missing in them, blocks behind the count, windows made, and the clock's own counters."""
        return self._counts | dict(self._clock.counters())

    @property
    def drift(self) -> Drift | None:
        """The device's clock against the host's; None where it is not known (yet)."""
        return self._clock.drift

    def _begin(self, stream: Stream, start: int) -> None:
        length = window_length(self._window_s, stream.rate_hz) if 0 < stream.rate_hz <= MAX_RATE_HZ else 0
        self._stream = stream
        self._length = length if length >= MIN_WINDOW else 0
        self._hop = max(1, round(self._hop_s * stream.rate_hz)) if self._length else 1
        self._held = Held(len(stream.axes), hop=self._hop, step=stream.step)
        self._align(start)

    def _align(self, start: int) -> None:
        """Drop the tail and go on at the first multiple of the hop from `start` on; a piece begins where it begins."""
        self._held.clear()
        self._start = start if self._shortest_s is not None else -(-start // self._hop) * self._hop
        self._last, self._is_fresh = None, True
        self._clipped.clear()

    def _cut(self, block: SampleBlock) -> list[Window]:
        windows = []
        axes = block.values.T  # whatever reads a window runs along axes
        row = self._start + len(self._held) - block.start  # first row of the block that is still wanted
        while row < axes.shape[1]:
            # Counted, not measured on the slice: rows before the block would be none, and never end this loop.
            taken = min(self._length - len(self._held), axes.shape[1] - row)
            self._held.add(axes[:, row : row + taken])
            row += taken
            if len(self._held) == self._length:
                windows.append(self._window(block, self._length))
                self._slide()
        return windows

    def _slide(self) -> None:
        """Begin the next window with what it shares with this one."""
        self._held.drop_hop()
        self._start += self._hop
        self._is_fresh = False
        while self._clipped and self._clipped[0][1] <= self._start:
            self._clipped.popleft()

    def _window(self, block: SampleBlock, length: int) -> Window:
        end = self._start + length
        rate = self._clock.rate(end)
        wall_s = None if block.wall_s is None else block.wall_s + (self._start - block.start) / rate.hz
        self._counts["windows"] += 1
        return Window(
            stream=block.stream,
            start=self._start,
            samples=self._held.samples(length).T,
            rate=rate,
            arrival_s=block.arrival_s,
            wall_s=wall_s,
            clipped=_touching(self._clipped, self._start, end),
            held=self._held.stretches(length),
        )


def window_length(window_s: float, rate_hz: float) -> int:
    """Samples of a window of `window_s` at the declared rate: the next length up that FFTs are fast at."""
    return fast_length(max(1, round(window_s * rate_hz)))


def _touching(clipped: Sequence[tuple[int, int, int]], start: int, end: int) -> int:
    return sum(count for first, last, count in clipped if first < end and last > start)
