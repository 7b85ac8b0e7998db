"""A serial port, real or pseudo, that speaks the firmware's frames.

One read takes whatever has arrived and is stamped at once; a port that is gone is a TransportError, and everything the
line says wrongly is a counted fault.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from agent.sources.port import Baud, Port, PortConfig
from agent.sources.understanding import Understanding
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import Counters, Item
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Fault, Frame

CUT_KINDS = ("cobs", "short", "crc")
"""What the end of a frame looks like to one who did not hear its beginning."""


class SerialConfig(PortConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A port that speaks frames; a pty or a symlink to one will do."""

    baud: Baud = 3_000_000


class SerialSource:
    """Reads frames from one serial port; what the line said before a re-open still counts afterwards."""

    def __init__(self, config: SerialConfig, routes: Sequence[Route], *, name: str = "serial") -> None:
        self.name = name
        self._port = Port(config)
        self._reader = FrameReader(Routes(tuple(routes)))
        self._decoder = Decoder()
        self._joining = True  # nothing has come since the port was opened
        self._cut = 0
        self._understanding = Understanding(unit="frame", baud=config.baud, kind="serial")

    def open(self) -> None:
        """Open the port; TransportError where it is missing, held by another process or not permitted."""
        self._port.open()
        self._decoder = Decoder()
        self._joining = True
        self._reader.listen_anew()
        self._understanding.restart()

    def read(self, timeout_s: float) -> list[Item]:
        """Items of what has arrived, waiting up to `timeout_s` for a byte; TransportError once the port is gone."""
        data = self._port.read(timeout_s)
        arrival_s, wall_s = time.monotonic(), time.time()
        frames = self._whole(self._decoder.feed(data))
        items: list[Item] = []
        for frame in frames:
            items += self._reader.feed(frame, arrival_s=arrival_s, wall_s=wall_s)
        understood = any(not isinstance(frame, Fault) for frame in frames)
        return items + self._understanding.feed(data, understood=understood, now_s=arrival_s)

    def reroute(self, routes: Sequence[Route]) -> None:
        """Which stream belongs to which sensor from now on."""
        self._reader.reroute(Routes(tuple(routes)))

    def fileno(self) -> int:
        """What becomes readable once something has arrived."""
        return self._port.fileno()

    def close(self) -> None:
        self._port.close()

    def counters(self) -> Counters:
        """Bytes, opens, frames that were under way when the port was opened, and the frames' own counters."""
        return self._port.counts | {"cut_at_opening": self._cut} | dict(self._reader.counters())

    def _whole(self, frames: list[Frame | Fault]) -> list[Frame | Fault]:
        """The frames without the rest of one that was under way when the port was opened: nobody's fault."""
        if not self._joining or not frames:
            return frames
        self._joining = False
        if isinstance(frames[0], Fault) and frames[0].kind in CUT_KINDS:
            self._cut += 1
            return frames[1:]
        return frames
