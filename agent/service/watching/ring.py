"""The ring: raw windows around each alert, kept as files that replay to the same diagnosis.

The worker notes windows and says that an alert came; a thread of its own composes and writes the files, so that a slow
disk is waited for by nobody. A disk that refuses costs the recording of that alert, is told, and nothing else.
"""

from __future__ import annotations

import errno
import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.config.watching_keys import RingConfig
from agent.limits import DAY_S
from agent.machine import SensorSetup
from agent.recordings.kept import About, Kept
from agent.recordings.kept_writer import to_file
from agent.service.beats import Beat
from agent.service.watching.ring_folder import FOLDER, alone, kept_of, last_number, make_room, name_of, put, tidy
from agent.service.watching.strip import Seen, Strip, joined
from agent.types import Alert

MOST_WAITING = 8
"""Excerpts that wait for the disk; one more is dropped, since it is memory that they wait in."""
MOST_RAISING = 60
"""Of the windows that raise an alert, where they are very many: half a minute of samples."""
WAIT_S = 60.0
"""For the windows after an alert: a sensor that is lost, or sends a snapshot an hour, gives fewer."""
MOST_A_DAY = 10
"""Times the bound of the folder: alerts that come and go every minute must not wear out a card."""
IDLE_S = 0.5
LOOK_S = 10.0
FILE_S = 600.0
MB = 10**6

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """What all files of a run say of where they come from."""

    agent: str
    version: str
    bundle: str
    bundle_sha256: str
    runtime: str


class Judgement(Protocol):
    """Of a sensor's decision keys, those on which a single diagnosis rests."""

    @property
    def detect_at(self) -> float: ...

    @property
    def name_at(self) -> float: ...

    @property
    def raise_after(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An excerpt on its way to the disk."""

    name: str
    about: About
    setup: SensorSetup
    seen: Sequence[Seen]


class Ring:
    """`run` is a thread's body; `strip`, `begin`, `tick` and `end` are the worker's."""

    def __init__(
        self,
        config: RingConfig,
        state_dir: Path,
        *,
        origin: Origin,
        setups: Mapping[str, SensorSetup],
        decisions: Mapping[str, Judgement],
        overlap: int,
        stop: threading.Event,
        beat: Beat | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`overlap`: how many windows a sample is in, so that the first windows kept have all of theirs."""
        self.folder = state_dir / FOLDER
        self.written = self.failed = 0
        self.trouble: str | None = None  # why the last excerpt could not be kept
        self._config = config
        self._origin = origin
        self._setups = setups
        self._decisions = decisions
        self._clock = clock
        self._stop = stop
        self._beat = beat or Beat("ring")
        self._waiting: queue.Queue[Waiting] = queue.Queue(MOST_WAITING)
        self._strips = {sensor: self._new_strip(one, overlap) for sensor, one in decisions.items()}
        self._number = self._highest = last_number(self.folder)
        self._day_began_s, self._written_bytes = clock(), 0
        self._looked_s = clock()

    def adopt(
        self, origin: Origin, setups: Mapping[str, SensorSetup], decisions: Mapping[str, Judgement], *, overlap: int
    ) -> None:
        """Go on under another config or bundle; what is noted of sensors that it changes belongs to the one before."""
        for sensor, strip in list(self._strips.items()):
            goes_on = setups.get(sensor) == self._setups[sensor] and decisions.get(sensor) == self._decisions[sensor]
            if origin != self._origin or not goes_on:
                strip.end_excerpts()
                del self._strips[sensor]
        self._origin, self._setups, self._decisions = origin, setups, decisions
        for sensor, one in decisions.items():
            if sensor not in self._strips:
                self._strips[sensor] = self._new_strip(one, overlap)

    def strip(self, sensor: str) -> Strip:
        """Where the windows of a sensor are noted."""
        return self._strips[sensor]

    def begin(self, alert: Alert) -> str | None:
        """An alert is being raised by the window noted last: where, below `state_dir`, what led to it will be found.

        None where there are no windows: a transmitter sends figures.
        """
        strip = self._strips[alert.sensor]
        raised_by = strip.latest
        if raised_by is None:
            return None
        self._number = max(self._number, self._highest) + 1
        name, about = name_of(self._number, alert.id), self._about(alert, raised_by)
        setup = self._setups[alert.sensor]
        strip.begin_excerpt(
            to_come=self._config.keep_windows,
            now_s=self._clock(),
            done=lambda seen: self._hand_over(Waiting(name, about, setup, seen)),
        )
        return f"{FOLDER}/{name}"

    def tick(self, now_s: float) -> None:
        """Time passes: what was waited for too long comes no more."""
        for strip in self._strips.values():
            strip.end_excerpts(before_s=now_s - WAIT_S)

    def end(self) -> None:
        """Nothing more comes; `run` writes what waits, and returns once it is told to stop."""
        for strip in self._strips.values():
            strip.end_excerpts()

    def run(self) -> None:
        while not (self._stop.is_set() and self._waiting.empty()):
            self._beat.bump()
            try:
                waiting = self._waiting.get(timeout=IDLE_S)
            except queue.Empty:
                self._look()
                continue
            self._beat.bump(within_s=FILE_S)
            self._write(waiting)
        self._beat.end()

    def _look(self) -> None:
        """Count on above what other processes have kept, now and then."""
        now_s = self._clock()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s, self._highest = now_s, last_number(self.folder)

    def find(self, alerts: Collection[str]) -> dict[str, str]:
        """As `kept_of`."""
        return kept_of(self.folder, alerts)

    @property
    def notices(self) -> tuple[str, ...]:
        return () if self.trouble is None else (f"ring: {self.trouble}",)

    def _new_strip(self, judgement: Judgement, overlap: int) -> Strip:
        return Strip(min(judgement.raise_after, MOST_RAISING) + self._config.keep_windows + overlap)

    def _about(self, alert: Alert, raised_by: Seen) -> About:
        decision, origin = self._decisions[alert.sensor], self._origin
        return About(
            alert=alert.id,
            agent=origin.agent,
            sensor=alert.sensor,
            bearing=alert.bearing,
            machine=self._setups[alert.sensor].machine.id,
            fault=alert.fault,
            probability=alert.probability,
            wall_s=alert.wall_s,
            raised_by=raised_by.window.start,
            version=origin.version,
            bundle=origin.bundle,
            bundle_sha256=origin.bundle_sha256,
            runtime=origin.runtime,
            detect_at=decision.detect_at,
            name_at=decision.name_at,
        )

    def _hand_over(self, waiting: Waiting) -> None:
        try:
            self._waiting.put_nowait(waiting)
        except queue.Full:
            self._fail(waiting.about.alert, "the disk is too slow")

    def _write(self, waiting: Waiting) -> None:
        about = waiting.about
        try:
            samples, windows = joined(waiting.seen)
            content = to_file(Kept(about, waiting.setup, samples, windows))
            self._spend(len(content))
            self.folder.mkdir(mode=0o700, exist_ok=True)
            with alone(self.folder):
                tidy(self.folder)
                make_room(self.folder, len(content), most_bytes=self._most_bytes)
                put(self.folder, waiting.name, content)
        except OSError as error:
            self._fail(about.alert, error.strerror or str(error))
            return
        except Exception as error:  # a bug of ours, which must not end what alerts
            log.error("ring: this is a bug of ours; please report it with these lines", exc_info=True)
            self._fail(about.alert, f"{type(error).__name__}: {error}")
            return
        self.written += 1
        self.trouble = None
        told = {"event": "windows_kept", "sensor": about.sensor, "alert": about.alert}
        path = self.folder / waiting.name
        log.info("%s: windows around alert %s are kept in %s", about.sensor, about.alert, path, extra=told)

    @property
    def _most_bytes(self) -> int:
        return round(self._config.max_mb * MB)

    def _spend(self, size: int) -> None:
        """Count what is written today; OSError where it would be too much."""
        now_s = self._clock()
        if now_s - self._day_began_s >= DAY_S:
            self._day_began_s, self._written_bytes = now_s, 0
        if self._written_bytes + size > MOST_A_DAY * self._most_bytes:
            raise OSError(errno.EDQUOT, f"{MOST_A_DAY} times max_mb were written within a day")
        self._written_bytes += size

    def _fail(self, alert: str, reason: str) -> None:
        self.failed += 1
        self.trouble = f"the windows around alert {alert} could not be kept ({reason}); the alert itself is not touched"
        log.warning("ring: %s", self.trouble, extra={"event": "windows_not_kept"})
