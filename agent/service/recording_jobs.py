"""Recordings under way: what chosen sensors send, written to .vbp files until their time is over."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from agent.errors import ConfigError, RecordingError
from agent.recordings.vbp_writer import Framer, Recorder
from agent.types import DeviceStatus, SampleBlock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tape:
    """One recording under way."""

    recorder: Recorder
    until_s: float


class Tapes:
    """At most one recording per sensor."""

    def __init__(self) -> None:
        self._tapes: dict[str, Tape] = {}

    def start(self, sensor: str, path: Path, *, until_s: float, latest: SampleBlock | None = None) -> None:
        """Begin a recording; ConfigError where one is under way, RecordingError where the file cannot be made.

        `latest`: the block that came last, by which a sensor whose samples no frame can hold is refused at once.
        """
        if latest is not None:
            Framer(sensor).frames_of(latest)
        if sensor in self._tapes:
            raise ConfigError(
                f"{sensor}: is already being recorded to {self._tapes[sensor].recorder.path}; wait for its end"
            )
        self._tapes[sensor] = Tape(Recorder(path, sensor), until_s)
        log.info("%s: recording to %s", sensor, path)

    def feed(self, sensor: str, item: SampleBlock | DeviceStatus) -> None:
        """Write what a sensor that is being recorded sent; a full disk ends that recording and nothing else."""
        tape = self._tapes.get(sensor)
        if tape is None:
            return
        try:
            tape.recorder.write(item)
        except RecordingError as error:
            log.error("%s", error)
            self._stop(sensor)

    def tick(self, now_s: float) -> None:
        """End the recordings whose time is over."""
        for sensor in [sensor for sensor, tape in self._tapes.items() if now_s >= tape.until_s]:
            self._stop(sensor)

    def close(self) -> None:
        for sensor in list(self._tapes):
            self._stop(sensor)

    def _stop(self, sensor: str) -> None:
        recorder = self._tapes.pop(sensor).recorder
        try:
            recorder.close()
        except OSError as error:
            log.error("%s: may be cut short (%s)", recorder.path, error)
            return
        if recorder.blocks:
            log.info("%s: recorded %d blocks to %s", sensor, recorder.blocks, recorder.path)
        else:
            log.warning("%s: nothing came that could be recorded; %s was not kept", sensor, recorder.path)
