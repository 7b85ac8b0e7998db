"""What the running agent answers on its control socket: how it is, and whether it will learn or record.

The worker asks here, so that nothing with state is touched from another thread.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import msgspec

from agent.diagnosis.baseline import MIN_WINDOWS
from agent.diagnosis.commissioning import MAX_WINDOWS, remarks_on
from agent.errors import ConfigError
from agent.service.announcer import Announcer
from agent.service.control import Answer, Commission, Record, Request, Status
from agent.service.health import Everything, health_report
from agent.service.recording_jobs import Tapes
from agent.service.sensor import SensorDesk

MAX_RECORDING_S = 24 * 3600.0

log = logging.getLogger(__name__)


class Answers:
    """Answers one request at a time; ConfigError where what is asked for cannot be."""

    def __init__(self, everything: Everything, *, announcer: Announcer, tapes: Tapes) -> None:
        self._everything = everything
        self._announcer = announcer
        self._tapes = tapes

    def answer(self, request: Request) -> Answer:
        match request:
            case Status():
                return self._status()
            case Commission():
                return self._commission(request)
            case Record():
                return self._record(request)

    def _status(self) -> Answer:
        desks = self._everything.desks
        states = {sensor: self._announcer.state_of(desk) for sensor, desk in desks.items()}
        learning = {sensor: desk.pipeline.healthy.windows_to_learn for sensor, desk in desks.items()}
        report = health_report(self._everything)
        return {
            "health": msgspec.to_builtins(report),
            "states": msgspec.to_builtins(states),
            "to_learn": learning,
            "language": self._everything.parts.config.agent.language,
        }

    def _commission(self, request: Commission) -> Answer:
        pipeline = self._desk(request.sensor).pipeline
        if not MIN_WINDOWS <= request.windows <= MAX_WINDOWS:
            raise ConfigError(f"windows: {request.windows} is not between {MIN_WINDOWS} and {MAX_WINDOWS}")
        alerts, spec = pipeline.decision.open_alerts, self._everything.parts.bundle.spec
        remarks = remarks_on(request.windows, window_s=spec.window_s, hop_s=spec.hop_s, alerts=alerts)
        pipeline.healthy.commission(request.windows)
        log.info("%s: commissioning, %d windows to learn", request.sensor, request.windows)
        for remark in remarks:
            log.warning("%s: %s", request.sensor, remark)
        return {"remarks": remarks}

    def _record(self, request: Record) -> Answer:
        desk = self._desk(request.sensor)
        if not 0 < request.seconds <= MAX_RECORDING_S:
            raise ConfigError(f"seconds: {request.seconds} is not between 0 and {MAX_RECORDING_S:g}")
        path = Path(request.path) if request.path else self._new_path(request.sensor)
        until_s = time.monotonic() + request.seconds
        self._tapes.start(request.sensor, path, until_s=until_s, latest=desk.latest)
        return {"path": str(path), "heard": desk.heard_s is not None}

    def _desk(self, sensor: str) -> SensorDesk:
        desks = self._everything.desks
        if sensor not in desks:
            raise ConfigError(f"there is no sensor {sensor!r}; known: {', '.join(sorted(desks))}")
        return desks[sensor]

    def _new_path(self, sensor: str) -> Path:
        """Of a recording in the state directory."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = Path(self._everything.parts.config.agent.state_dir) / "recordings"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be made ({error.strerror}); give --out FILE") from error
        return folder / f"{sensor}-{stamp}.vbp"
