"""The trend: what each window adds is counted by the worker, and put into the file by a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.config.watching_keys import TrendConfig
from agent.limits import DAY_S
from agent.service.beats import Beat
from agent.service.watching.trend_file import Counts, Key, TrendFile
from agent.trend.figures import FIGURES, readings, speed_class
from agent.trend.sketch import Sketch
from agent.types import Diagnosis, Output

KEEP_S = 600.0
"""Between two times that what was counted goes to the file: so much is lost where the power fails."""
MOST_KEYS = 20_000
"""Of what is counted between two such times; a speed that sweeps has many."""
MOST_WAITING = 144
"""Rounds that wait for a disk that takes nothing: a day of them."""
RETRY_S = 60.0
IDLE_S = 0.5
MB = 10**6

log = logging.getLogger(__name__)

Round = dict[tuple[Key, int], Counts]
END: Round = {}


class Trend:
    """`run` is a thread's body; `feed`, `tick` and `end` are the worker's."""

    def __init__(
        self,
        config: TrendConfig,
        state_dir: Path,
        *,
        stop: threading.Event,
        beat: Beat | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.trouble: str | None = None  # why the file does not take what was counted
        self._config = config
        self._folder = state_dir
        self._stop = stop
        self._beat = beat or Beat("trend")
        self._wall = wall
        self._sketches: dict[tuple[Key, int], Sketch] = {}
        self._speeds: dict[str, int] = {}  # by sensor: the class of the last window
        self._kept_s: float | None = None
        self._rounds: queue.Queue[Round] = queue.Queue(MOST_WAITING)

    @property
    def notices(self) -> tuple[str, ...]:
        return () if self.trouble is None else (f"trend: {self.trouble}",)

    def feed(self, outputs: Iterable[Output]) -> None:
        """What one item led to."""
        for output in outputs:
            if isinstance(output, Diagnosis) and output.wall_s is not None:
                self._count(output, int(output.wall_s // DAY_S))

    def tick(self, now_s: float) -> None:
        """Time passes, by the monotonic clock."""
        if self._kept_s is None:
            self._kept_s = now_s
        if now_s - self._kept_s >= KEEP_S:
            self._kept_s = now_s
            self._hand_over()

    def end(self) -> None:
        """No more windows come."""
        self._hand_over()
        with contextlib.suppress(queue.Full):  # then it ends when it is told to stop
            self._rounds.put_nowait(END)

    def run(self) -> None:
        """Until stopped, and all is kept that can be."""
        file: TrendFile | None = None
        waiting: list[Round] = []
        tried_s = -RETRY_S
        while True:
            self._beat.bump()
            stopping = self._stop.is_set()
            taken = self._taken()
            stopping |= END in taken
            waiting += filter(None, taken)
            if waiting and (stopping or time.monotonic() - tried_s >= (RETRY_S if self.trouble else 0.0)):
                tried_s = time.monotonic()
                file = self._kept(file, waiting)
            if stopping:
                break
        if file is not None:
            file.close()
        self._beat.end()

    def _kept(self, file: TrendFile | None, waiting: list[Round]) -> TrendFile | None:
        """Everything that waits goes to the file; it is opened anew after a failure."""
        try:
            if file is None:
                file = TrendFile(self._folder, years=self._config.years, max_bytes=int(self._config.max_mb * MB))
            while waiting:
                file.add(waiting[0], today=int(self._wall() // DAY_S))
                del waiting[0]
        except (sqlite3.Error, OSError) as error:
            if self.trouble is None:
                log.warning("trend: is not kept (%s)", error, extra={"event": "trend_not_kept"})
            self.trouble = f"is not kept ({error}); it is counted on in memory"
            del waiting[:-MOST_WAITING]
            if file is not None:
                file.close()
            return None
        self.trouble = None
        return file

    def _taken(self) -> list[Round]:
        """What came, waiting a moment for it."""
        taken = []
        with contextlib.suppress(queue.Empty):
            taken.append(self._rounds.get(timeout=IDLE_S))
            while True:
                taken.append(self._rounds.get_nowait())
        return taken

    def _count(self, diagnosis: Diagnosis, day: int) -> None:
        speed = speed_class(diagnosis.speed.rpm, last=self._speeds.get(diagnosis.sensor))
        self._speeds[diagnosis.sensor] = speed
        for figure, value in readings(diagnosis).items():
            at = Key(diagnosis.sensor, diagnosis.bearing or "", figure, speed), day
            sketch = self._sketches.get(at)
            if sketch is None:
                if len(self._sketches) >= MOST_KEYS:
                    continue
                sketch = self._sketches[at] = Sketch(is_ratio=FIGURES[figure].is_ratio)
            sketch.add(value)

    def _hand_over(self) -> None:
        counted, self._sketches = self._sketches, {}
        if not counted:
            return
        try:
            self._rounds.put_nowait({at: dict(sketch.counts) for at, sketch in counted.items()})
        except queue.Full:
            log.warning("trend: ten minutes are not kept, for want of room", extra={"event": "trend_not_kept"})
