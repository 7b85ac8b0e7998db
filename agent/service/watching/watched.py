"""What looks on at the data path: windows for the ring, counts and times for the endpoint.

Switched off, all of it costs a comparison and a count.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.bundle.manifest import identity_of
from agent.config.keys import AgentConfig, Config
from agent.config.watching_keys import MetricsConfig, WebConfig
from agent.messages.words import Language
from agent.service.assembly import Parts
from agent.service.beats import Beat, Beats, Deadlines
from agent.service.child import Child
from agent.service.pulse import Pulse
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


class Watched:
    """The worker's; `durations` None: nothing is timed."""

    def __init__(
        self,
        *,
        ring: Ring | None = None,
        trend: Trend | None = None,
        durations: Durations | None = None,
        looking: Looking | None = None,
    ) -> None:
        self.ring = ring
        self.trend = trend
        self.looking = looking
        self.noted = Noted(ring, trend, looking)
        self._stopwatch = None if durations is None else Stopwatch(durations)

    @property
    def loops(self) -> Mapping[str, Callable[[], None]]:
        """Bodies of the threads that this takes, by name."""
        parts = {"ring": self.ring, "trend": self.trend}
        return {name: part.run for name, part in parts.items() if part is not None}

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

    def tick(self, now_s: float) -> None:
        """Time passes, by the monotonic clock."""
        if self.ring is not None:
            self.ring.tick(now_s)
        if self.trend is not None:
            self.trend.tick(now_s)

    def end(self) -> None:
        """The worker has ended: no more windows come."""
        if self.ring is not None:
            self.ring.end()
        if self.trend is not None:
            self.trend.end()


def watched_of(
    parts: Parts, *, durations: Durations | None, stop: threading.Event, beats: Beats, deadlines: Deadlines
) -> Watched:
    """As the config asks for it, nothing of it open yet."""
    config = parts.config
    ring = _ring(parts, stop=stop, beat=beats.add("ring", turn_s=deadlines.turn_s)) if config.ring.max_mb else None
    trend = _trend(config, stop, beats.add("trend", turn_s=deadlines.turn_s)) if config.trend.years else None
    looking = None if config.web is None else Looking()
    return Watched(ring=ring, trend=trend, durations=durations, looking=looking)


def endpoint_of(
    config: MetricsConfig, exposition: Exposition, *, stop: threading.Event, beats: Beats, deadlines: Deadlines
) -> MetricsServer:
    """Where Prometheus asks, not open yet."""
    return MetricsServer(
        config.address,
        config.port,
        exposition.page,
        stop=stop,
        beat=beats.add("metrics", turn_s=deadlines.turn_s),
        retry_s=deadlines.disk_s,
    )


def page_of(
    config: WebConfig, agent: AgentConfig, *, stop: threading.Event, beats: Beats, deadlines: Deadlines
) -> Child:
    """The page's process, not started yet."""
    argv = page_argv(config, Path(agent.state_dir), agent.language)
    pulse = Pulse(first_s=deadlines.open_s, within_s=deadlines.turn_s)
    return Child("page", argv, stop=stop, beat=beats.add("page", turn_s=deadlines.turn_s), pulse=pulse)


def page_argv(web: WebConfig, state_dir: Path, language: Language) -> list[str]:
    """The command line of the page's process: all that it is told, so that it reads no config."""
    files = {"--password-file": web.password_file, "--cert-file": web.cert_file, "--key-file": web.key_file}
    files["--setup-file"] = web.setup_file
    return [
        *(sys.executable, "-m", "agent", "page", "--until-eof"),
        *("--state-dir", str(state_dir), "--listen", web.listen, "--language", language),
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
