"""Virtual sensors behind a real pseudo-terminal, speaking in real time.

A pty behaves like USB: when nobody reads, the device's queue fills, whole blocks are dropped, and STATUS says how many.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections import deque
from collections.abc import Sequence
from types import TracebackType

from firmware_bridge.device import Said, VirtualSensor
from firmware_bridge.line import Line
from firmware_bridge.runners import run_paced
from firmware_bridge.script import Vibration


class PtySensor:
    """Virtual sensors behind a pseudo-terminal, speaking in real time from a thread of their own.

    Open `path` as a serial port. Use it as a context manager, or call `start` and `stop`; without a reader the device
    runs on, as a real one does.
    """

    def __init__(
        self,
        sensors: Sequence[tuple[VirtualSensor, Vibration]],
        line: Line | None = None,
        *,
        seconds: float | None = None,
    ) -> None:
        self._sensors = sensors
        self._line = line or Line()
        self._seconds = seconds
        self._master, self._slave = os.openpty()  # the slave stays open here, so that readers may come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._waiting: deque[bytes] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="virtual-sensor", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Power on."""
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until `seconds` are over; whether they are."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Pull the plug: the port vanishes for its reader. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if not self._closed:
            self._closed = True
            os.close(self._slave)
            os.close(self._master)

    def __enter__(self) -> PtySensor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        run_paced(self._sensors, self._send, seconds=self._seconds, stop=self._stop)
        deadline_s = time.monotonic() + 1
        while self._waiting and not self._stop.is_set() and time.monotonic() < deadline_s:
            select.select((), (self._master,), (), 0.05)
            self._flush()

    def _send(self, said: list[Said]) -> int:
        self._waiting.extend(self._line.carry(said))
        self._flush()
        return sum(map(len, self._waiting))

    def _flush(self) -> None:
        while self._waiting:
            piece = self._waiting.popleft()
            try:
                written = os.write(self._master, piece)
            except BlockingIOError:
                written = 0
            if written < len(piece):
                self._waiting.appendleft(piece[written:])
                return
