"""A serial port, real or pseudo, that speaks the firmware's frames.

One read takes whatever has arrived and is stamped at once; a port that is gone is a TransportError, and everything the
line says wrongly is a counted fault.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Sequence

import msgspec
import serial

from agent.errors import TransportError
from agent.sources.routes import Route, Routes
from agent.types import Counters, Item
from agent.vbp import FrameReader
from firmware_bridge.decoder import Decoder

MAX_READ_BYTES = 1 << 16


class SerialConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`port` is best given as /dev/serial/by-id/..., which survives replugging; a pty or symlink to one will do."""

    port: str
    baud: int = 3_000_000
    exclusive: bool = True  # two readers of one port each get half of the bytes
    low_latency: bool = True  # FTDI adapters otherwise hold bytes back for 16 ms; no harm where it is not supported


class SerialSource:
    """Reads frames from one serial port; what the line said before a re-open still counts afterwards."""

    def __init__(self, config: SerialConfig, routes: Sequence[Route], *, name: str = "serial") -> None:
        self.name = name
        self._config = config
        self._reader = FrameReader(Routes(tuple(routes)))
        self._decoder = Decoder()
        self._port: serial.Serial | None = None
        self._counts = {"bytes": 0, "opens": 0}

    def open(self) -> None:
        """Open the port; TransportError where it is missing, held by another process or not permitted."""
        self.close()
        config = self._config
        try:
            port = serial.Serial(config.port, config.baud, timeout=0, exclusive=config.exclusive or None)
        except (OSError, ValueError, OverflowError) as error:
            raise TransportError(f"serial {config.port}: cannot open: {_reason(error)}") from error
        if config.low_latency:
            # Not a serial chip of the kernel's own (a pty, USB CDC): there is no latency to lower.
            with contextlib.suppress(OSError, ValueError, NotImplementedError):
                port.set_low_latency_mode(True)
        self._decoder = Decoder()
        self._port = port
        self._counts["opens"] += 1

    def read(self, timeout_s: float) -> list[Item]:
        """Items of what has arrived, waiting up to `timeout_s` for a byte; TransportError once the port is gone."""
        port = self._port
        if port is None:
            raise TransportError(f"serial {self._config.port}: is not open")
        try:
            if port.timeout != timeout_s:  # setting it talks to the driver
                port.timeout = timeout_s
            data = port.read(min(max(1, port.in_waiting), MAX_READ_BYTES))
        except (OSError, TypeError) as error:  # pyserial trips over its own handle (TypeError) when closed meanwhile
            raise TransportError(f"serial {self._config.port}: is gone: {_reason(error)}") from error
        arrival_s, wall_s = time.monotonic(), time.time()
        self._counts["bytes"] += len(data)
        items: list[Item] = []
        for frame in self._decoder.feed(data):
            items += self._reader.feed(frame, arrival_s=arrival_s, wall_s=wall_s)
        return items

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):  # the device may have been unplugged
                port.close()

    def counters(self) -> Counters:
        """Bytes, opens, and the frames' own counters."""
        return self._counts | dict(self._reader.counters())


def _reason(error: Exception) -> str:
    """What happened and what to do about it, without pyserial's nested quoting."""
    text = " ".join(str(error).split())
    nested = re.search(r"\((\d+), '|\[Errno (\d+)\]", text)
    code = int(nested[1] or nested[2]) if nested else getattr(error, "errno", None)
    match code:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return "there is no such port; is it plugged in? (ls /dev/serial/by-id)"
        case errno.EACCES | errno.EPERM:
            return "no permission; add the user to the group dialout"
        case errno.EBUSY | errno.EWOULDBLOCK:
            return "another process holds it"
        case errno.ENOTTY:
            return "is no serial port"
        case errno.EIO:
            return "the device was unplugged"
        case None:
            return text
        case _:
            return os.strerror(code)
