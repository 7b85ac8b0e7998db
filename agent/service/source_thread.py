"""One thread per source: opens it, reads it into the inbox, and tries again when the link is gone.

A source only reads; waiting, retrying and counting live here, the same for every kind.
"""

from __future__ import annotations

import logging
import threading
import time

from agent.errors import EndOfStream, TransportError
from agent.ports import Source
from agent.service.inbox import Inbox
from agent.transport.retry import Outage
from agent.types import Counters

READ_TIMEOUT_S = 0.5
COUNT_EVERY_S = 1.0
ROOM_S = 0.02

log = logging.getLogger(__name__)


class Reader:
    """The life of one source; `run` is its thread's body and returns when stopped or when the source has ended.

    A `patient` source (a recording) waits where the inbox is full; any other would lose data where nobody counts it.
    """

    def __init__(self, source: Source, inbox: Inbox, *, patient: bool, stop: threading.Event) -> None:
        self.source = source
        self.outage = Outage(f"source {source.name}")
        self.connected = False
        self.ended = False
        self.counters: Counters = {}  # as of about a second ago, for other threads to look at
        self._inbox = inbox
        self._patient = patient
        self._stop = stop

    def run(self) -> None:
        while not self._stop.is_set() and not self.ended:
            try:
                self.source.open()
                self.connected = True
                log.info("source %s: open", self.source.name)
                self._read_on()
            except TransportError as error:
                pause_s = self.outage.failed(error, now_s=time.monotonic())
                self._close()
                self._stop.wait(pause_s)
            except EndOfStream:
                self.ended = True
                log.info("source %s: read to its end", self.source.name)
        self._close()

    def _read_on(self) -> None:
        counted_s = 0.0
        while not self._stop.is_set():
            if self._patient and not self._inbox.has_room(self.source.name):
                self._stop.wait(ROOM_S)
                continue
            items = self.source.read(READ_TIMEOUT_S)
            now_s = time.monotonic()
            self.outage.works(now_s=now_s)
            if items:
                self._inbox.put(self.source.name, items)
            if now_s - counted_s >= COUNT_EVERY_S:
                counted_s = now_s
                self.counters = dict(self.source.counters())

    def _close(self) -> None:
        self.connected = False
        self.source.close()
        self.counters = dict(self.source.counters())
