"""How long stages take, as histograms: a clock read and a few additions each, on whatever thread a stage runs."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.types import SampleBlock

STAGES = ("read", "window", "features", "encode", "decide", "publish")
BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets but the last: from a window on a fast computer to a broker that is away."""


@dataclass(slots=True)
class Histogram:
    """Counts of durations per bucket, and their sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    seconds: float = 0.0


class Durations:
    """Every stage's histogram since the start; may be used from any thread."""

    def __init__(self) -> None:
        self._histograms = {stage: Histogram() for stage in STAGES}
        self._lock = threading.Lock()

    def observe(self, stage: str, seconds: float) -> None:
        with self._lock:
            histogram = self._histograms[stage]
            histogram.counts[bisect_left(BOUNDS_S, seconds)] += 1
            histogram.seconds += seconds

    def read(self) -> Mapping[str, Histogram]:
        """As they are now."""
        with self._lock:
            return {stage: Histogram(list(one.counts), one.seconds) for stage, one in self._histograms.items()}


class Stopwatch:
    """The worker's: what one block of samples took, stage by stage, however often each comes in it."""

    def __init__(self, durations: Durations, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._durations = durations
        self._clock = clock
        self._began_s = 0.0
        self._laps: dict[str, float] = {}

    def begin(self, block: SampleBlock) -> None:
        """The worker takes up a block, which until then has waited since it came."""
        self._began_s = self._clock()
        self._laps.clear()
        if block.stream.live:
            self._durations.observe("read", max(0.0, self._began_s - block.arrival_s))

    def lap(self, stage: str) -> None:
        """A stage ends."""
        now_s = self._clock()
        self._laps[stage] = self._laps.get(stage, 0.0) + now_s - self._began_s
        self._began_s = now_s

    def end(self) -> None:
        """All that comes of the block is said. Where it completed no window, there was nothing to decide."""
        self.lap("decide")
        for stage, seconds in self._laps.items():
            if stage == "window" or "features" in self._laps:
                self._durations.observe(stage, seconds)
        self._laps.clear()
