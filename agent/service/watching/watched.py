"""What looks on at the data path: windows for the ring, counts and times for the endpoint, and the threads of both.

Switched off, all of it costs a comparison and a count.
"""

from __future__ import annotations

import math
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from agent.bundle.manifest import identity_of
from agent.config.keys import Config
from agent.config.watching_keys import MetricsConfig, WebConfig
from agent.service.assembly import Parts
from agent.service.beats import Beat, Beats, Deadlines
from agent.service.child import Child
from agent.service.health import Everything
from agent.service.watching.figures import Figures, figures_of
from agent.service.watching.filling import Filling
from agent.service.watching.looking import Looking
from agent.service.watching.metrics import Exposition
from agent.service.watching.metrics_server import MetricsServer
from agent.service.watching.noted import Noted
from agent.service.watching.onlooker import Onlooker
from agent.service.watching.ring import Origin, Ring
from agent.service.watching.stopwatch import Durations, Stopwatch
from agent.service.watching.trend import Trend
from agent.types import Item, SampleBlock
from firmware_bridge import VERSION

LOOK_S = 10.0
"""Between two looks at how much waits for each sink."""


class Watched:
    """`figures` may be called from any thread, the rest is the worker's. `durations` None: nothing is timed."""

    def __init__(
        self,
        *,
        ring: Ring | None = None,
        trend: Trend | None = None,
        durations: Durations | None = None,
        looking: Looking | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.ring = ring
        self.trend = trend
        self.looking = looking
        self.noted = Noted(ring, trend, looking)
        self.endpoint: MetricsServer | None = None
        self.page: Child | None = None
        self.took = None if durations is None else partial(durations.observe, "publish")
        self._stopwatch = None if durations is None else Stopwatch(durations)
        self._looked_s = -LOOK_S
        self._fillings: dict[str, Filling] = {}
        self._asked: queue.SimpleQueue[Future[Figures]] = queue.SimpleQueue()
        self._wake = wake

    @property
    def loops(self) -> Mapping[str, Callable[[], None]]:
        """Bodies of the threads that this takes, by name."""
        parts = {"ring": self.ring, "trend": self.trend, "metrics": self.endpoint, "page": self.page}
        return {name: part.run for name, part in parts.items() if part is not None}

    def figures(self) -> Future[Figures]:
        """Have the worker take all figures."""
        figures: Future[Figures] = Future()
        self._asked.put(figures)
        self._wake()
        return figures

    def answer(self, seen: Everything) -> None:
        """Take the figures for who asked."""
        while not self._asked.empty():
            self._asked.get().set_result(figures_of(seen, self.noted.tally, self._fillings))

    def adopt(self, parts: Parts) -> None:
        """Look on at what runs from now on."""
        if self.ring is not None:
            self.ring.adopt(_origin(parts), parts.setups, parts.decisions, overlap=_overlap(parts))
        if self.looking is not None:
            self.looking.keep_only(parts.setups)

    def onlooker(self, sensor: str) -> Onlooker:
        """Who looks on at a sensor's pipeline."""
        return Onlooker(None if self.ring is None else self.ring.strip(sensor), self._stopwatch, self.looking)

    def take_up(self, item: Item) -> None:
        """An item is taken up."""
        if self._stopwatch is not None and isinstance(item, SampleBlock):
            self._stopwatch.begin(item)

    def let_go(self, item: Item) -> None:
        """All that comes of it is said."""
        if self._stopwatch is not None and isinstance(item, SampleBlock):
            self._stopwatch.end()

    def tick(self, now_s: float, seen: Everything) -> None:
        """Time passes, by the monotonic clock."""
        if self.ring is not None:
            self.ring.tick(now_s)
        if self.trend is not None:
            self.trend.tick(now_s)
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            for name, publisher in seen.publishers.items():
                self._fillings.setdefault(name, Filling()).note(now_s, publisher.waiting_bytes)

    def end(self) -> None:
        """The worker has ended: no more windows come."""
        if self.ring is not None:
            self.ring.end()
        if self.trend is not None:
            self.trend.end()


def watched_of(
    parts: Parts, *, wake: Callable[[], None], stop: threading.Event, beats: Beats, deadlines: Deadlines
) -> Watched:
    """As the config asks for it, nothing of it open yet."""
    config = parts.config
    ring = _ring(parts, stop=stop, beat=beats.add("ring", turn_s=deadlines.turn_s)) if config.ring.max_mb else None
    trend = _trend(config, stop, beats.add("trend", turn_s=deadlines.turn_s)) if config.trend.years else None
    durations = Durations() if config.metrics.enabled else None
    looking = None if config.web is None else Looking()
    watched = Watched(ring=ring, trend=trend, durations=durations, looking=looking, wake=wake)
    if durations is not None:
        watched.endpoint = _endpoint(config.metrics, Exposition(watched.figures, durations), stop, beats, deadlines)
    if config.web is not None:
        argv = page_argv(config.web, Path(config.agent.state_dir))
        watched.page = Child("page", argv, stop=stop, beat=beats.add("page", turn_s=deadlines.turn_s))
    return watched


def page_argv(web: WebConfig, state_dir: Path) -> list[str]:
    """The command line of the page's process: all that it is told, so that it reads no config."""
    files = {"--password-file": web.password_file, "--cert-file": web.cert_file, "--key-file": web.key_file}
    return [
        *(sys.executable, "-m", "agent", "page", "--until-eof"),
        *("--state-dir", str(state_dir), "--listen", web.listen),
        *(part for option, file in files.items() if file is not None for part in (option, file)),
        *(part for host in web.hosts for part in ("--host", host)),
    ]


def _ring(parts: Parts, *, stop: threading.Event, beat: Beat) -> Ring:
    return Ring(
        parts.config.ring,
        Path(parts.config.agent.state_dir),
        origin=_origin(parts),
        setups=parts.setups,
        decisions=parts.decisions,
        overlap=_overlap(parts),
        stop=stop,
        beat=beat,
    )


def _origin(parts: Parts) -> Origin:
    manifest = parts.bundle.manifest
    return Origin(
        agent=parts.config.agent.id,
        version=VERSION,
        bundle=f"{manifest.name} {manifest.version}",
        bundle_sha256=identity_of(manifest),
        runtime=parts.runtime,
    )


def _trend(config: Config, stop: threading.Event, beat: Beat) -> Trend:
    return Trend(config.trend, Path(config.agent.state_dir), stop=stop, beat=beat)


def _overlap(parts: Parts) -> int:
    return math.ceil(parts.bundle.spec.window_s / parts.bundle.spec.hop_s)


def _endpoint(
    config: MetricsConfig, exposition: Exposition, stop: threading.Event, beats: Beats, deadlines: Deadlines
) -> MetricsServer:
    return MetricsServer(
        config.address,
        config.port,
        exposition.page,
        stop=stop,
        beat=beats.add("metrics", turn_s=deadlines.turn_s),
        retry_s=deadlines.disk_s,
    )
