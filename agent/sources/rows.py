"""Rows of numbers that arrive one by one, as sample blocks; what is known to be lost moves the sample count on.

A block never holds rows on both sides of a loss. A declared rate that the rows plainly do not keep is said to be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from agent.limits import RATE_TOLERANCE
from agent.stream.backlog import Backlog
from agent.types import SampleBlock, Stream

BLOCK_S = 0.1  # rows arrive one at a time, and a block for each would cost more than all that is done with it
WATCH_S = 20.0
SETTLE_S = 2.0  # what waited in the port's buffer before it was opened arrives all at once
LEAST_ROWS = 50
SILENT_S = 5.0  # who said nothing for so long was silent, and has no rate meanwhile


@dataclass(slots=True)
class _Run:
    """Consecutive rows."""

    start: int
    device_us: int | None = None
    rows: list[Sequence[float]] = field(default_factory=list)


class RowBlocks:
    """Collects the rows of one stream. `end` is the index after the last row, counted from `start`."""

    def __init__(self, stream: Stream, *, start: int = 0) -> None:
        self.stream = stream
        self.end = start
        self._length = max(1, round(BLOCK_S * stream.rate_hz))
        self._runs = [_Run(start)]

    def add(self, row: Sequence[float], *, device_us: int | None = None) -> None:
        """One row of finite numbers, an axis each."""
        run = self._runs[-1]
        if len(run.rows) >= self._length:
            run = _Run(self.end)
            self._runs.append(run)
        if not run.rows:
            run.device_us = device_us
        run.rows.append(row)
        self.end += 1

    def skip(self, samples: int) -> None:
        """So many rows never came, or could not be read."""
        if samples <= 0:
            return
        self.end += samples
        if self._runs[-1].rows:
            self._runs.append(_Run(self.end))
        else:
            self._runs[-1].start = self.end

    def take(self, *, arrival_s: float, wall_s: float, everything: bool = False) -> list[SampleBlock]:
        """The blocks that are complete; with `everything` the last one, too, as when the line has fallen silent."""
        whole, open_run = self._runs[:-1], self._runs[-1]
        if open_run.rows and (everything or len(open_run.rows) >= self._length):
            whole, open_run = self._runs, _Run(self.end)
        self._runs = [open_run]
        return [self._block(run, arrival_s, wall_s) for run in whole if run.rows]

    def _block(self, run: _Run, arrival_s: float, wall_s: float) -> SampleBlock:
        return SampleBlock(
            stream=self.stream,
            start=run.start,
            values=np.array(run.rows, np.float32),
            device_us=run.device_us,
            arrival_s=arrival_s,
            wall_s=wall_s - (self.end - run.start) / self.stream.rate_hz,
        )


class RateWatch:
    """Counts rows against the host's clock, only to tell a wrong declaration from a right one."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._settled_s: float | None = None
        self._from_s: float | None = None
        self._rows = 0
        self._last_s = 0.0  # when rows came last
        self._backlog = Backlog()

    def feed(self, rows: int, *, now_s: float) -> float | None:
        """Note rows, lost ones included; the rate seen, in Hz, where it is far from the declared one."""
        if self._settled_s is None:
            self._settled_s = now_s + SETTLE_S
        if self._from_s is None:
            # Rows of the read that begins the watch belong to the time before it.
            self._from_s, self._last_s = now_s if now_s >= self._settled_s else None, now_s
            return None
        self._rows += rows
        if rows:
            is_made_up, is_paused = self._backlog.feed(now_s, rows / self._rate_hz), now_s - self._last_s > SILENT_S
            self._last_s = now_s
            if is_made_up or is_paused:
                self._from_s, self._rows = now_s, 0
        seconds = now_s - self._from_s
        if seconds < WATCH_S or self._rows < LEAST_ROWS:
            return None
        seen_hz = self._rows / seconds
        self._from_s, self._rows = now_s, 0
        if seen_hz > self._rate_hz and self._backlog.is_due:
            return None
        return seen_hz if abs(seen_hz / self._rate_hz - 1) > RATE_TOLERANCE else None

    def restart(self) -> None:
        """The line was opened anew."""
        self._settled_s, self._from_s, self._rows = None, None, 0
