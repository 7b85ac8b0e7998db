"""One thread per source: opens it, reads it into the inbox, and tries again when the link is gone.

A source only reads; waiting, retrying and counting live here, the same for every kind. A source that hangs is left
behind with its thread, and a new one is made.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from agent.errors import ConfigError, EndOfStream, TransportError
from agent.ports import Rerouted, Source
from agent.service.beats import Beat, Deadlines
from agent.service.inbox import Inbox
from agent.transport.retry import Outage
from agent.transport.routes import Route
from agent.types import Counters, DeviceStatus, Item, SampleBlock

READ_TIMEOUT_S = 0.5
COUNT_EVERY_S = 1.0
ROOM_S = 0.02

SESSIONS_PER_LIFE = 1 << 20
"""A source made anew counts its sessions from the start: those of its lives are kept apart."""

log = logging.getLogger(__name__)


class Reader:
    """The life of one source; `run` is its thread's body and returns when stopped or when the source has ended.

    A `patient` source (a recording) waits where the inbox is full; any other would lose data where nobody counts it.
    `remake` builds the source anew, for `revive`.
    """

    def __init__(
        self,
        source: Source,
        inbox: Inbox,
        *,
        patient: bool,
        stop: threading.Event,
        beat: Beat | None = None,
        deadlines: Deadlines | None = None,
        remake: Callable[[], Source] | None = None,
    ) -> None:
        self.source = source
        self.outage = Outage(f"source {source.name}")
        self.connected = False
        self.ended = False
        self.counters: Counters = {}  # as of about a second ago, for other threads to look at
        self.lives = 0  # that ended before this one
        self._inbox = inbox
        self._patient = patient
        self._stop = stop
        self._deadlines = deadlines or Deadlines()
        self.beat = beat or Beat(f"source {source.name}")
        self._turn_s = self._deadlines.file_s if patient else self._deadlines.turn_s
        self._remake = remake
        self._before: Counters = {}  # counted by the sources of earlier lives
        self._routes: tuple[Route, ...] | None = None  # to be taken up between two reads
        self._has_left = False

    def run(self) -> None:
        life = self.lives
        source = self.source  # of this life: the next one's is another
        while self._goes_on(life) and not self.ended:
            try:
                self.beat.bump(within_s=self._deadlines.open_s)
                self._take_up_routes(source)
                source.open()
                if not self._goes_on(life):
                    break
                self.connected = True
                log.info("source %s: open", source.name, extra={"event": "source_open", "source": source.name})
                self._read_on(source, life)
            except (TransportError, ConfigError) as error:
                # The config was good when it was read: a secret that cannot be read now may be there again tomorrow.
                if life == self.lives:
                    self._pause(error)
            except EndOfStream:
                if life != self.lives:
                    break
                self.ended = True
                log.info("source %s: read to its end", source.name, extra={"source": source.name})
        if life == self.lives:
            self._close()
            self.beat.end()
        else:
            _let_go(source)

    def revive(self) -> None:
        """Leave the thread that hangs in `run` behind with its source; `run` may be called again, in another thread."""
        assert self._remake is not None
        hung = self.source
        self._before = self.counters
        self.lives += 1
        self.connected = False
        self.source = self._remake()
        self.outage.failed(TransportError("it hung and was restarted"), now_s=time.monotonic())
        # What holds a port would keep the new source out of it; whether letting go hangs as well is its own affair.
        threading.Thread(target=_let_go, args=(hung,), name=f"{self.beat.name} (left behind)", daemon=True).start()

    def renew(self, source: Source, *, patient: bool) -> None:
        """Let go of the source and go on with another one; once `run` has returned it may be called again."""
        self._before = self.counters
        self._patient = patient
        self._turn_s = self._deadlines.file_s if patient else self._deadlines.turn_s
        self.ended = self.connected = False
        self.lives += 1
        self.source = source

    def leave(self) -> None:
        """Let `run` return, as if stopped."""
        self._has_left = True

    def reroute(self, routes: Sequence[Route]) -> None:
        """What belongs to which sensor from the next read on, of a source that can be told so."""
        self._routes = tuple(routes)

    def _take_up_routes(self, source: Source) -> None:
        routes, self._routes = self._routes, None
        if routes is not None and isinstance(source, Rerouted):
            source.reroute(routes)

    def _goes_on(self, life: int) -> bool:
        return life == self.lives and not self._has_left and not self._stop.is_set()

    def _read_on(self, source: Source, life: int) -> None:
        counted_s = 0.0
        while self._goes_on(life):
            self.beat.bump(within_s=self._turn_s)
            if self._patient and not self._inbox.has_room(source.name):
                self._stop.wait(ROOM_S)
                continue
            self._take_up_routes(source)
            items = source.read(READ_TIMEOUT_S)
            if life != self.lives:
                return
            now_s = time.monotonic()
            self.outage.works(now_s=now_s)
            if items:
                self._inbox.put(source.name, _of_life(life, items))
            if now_s - counted_s >= COUNT_EVERY_S:
                counted_s = now_s
                self._count()

    def _pause(self, error: TransportError | ConfigError) -> None:
        pause_s = self.outage.failed(error, now_s=time.monotonic())
        self.beat.bump(within_s=pause_s + self._turn_s)
        self._close()
        self._stop.wait(pause_s)

    def _close(self) -> None:
        self.connected = False
        self.source.close()
        self._count()

    def _count(self) -> None:
        now = self.source.counters()
        self.counters = {name: self._before.get(name, 0) + now.get(name, 0) for name in {**self._before, **now}}


def _let_go(source: Source) -> None:
    with contextlib.suppress(Exception):  # two threads are inside it by now: anything may happen
        source.close()


def _of_life(life: int, items: Iterable[Item]) -> Iterable[Item]:
    """The items of a source that was made anew, as sessions of their own."""
    return (_moved(item, life * SESSIONS_PER_LIFE) for item in items) if life else items


def _moved(item: Item, by: int) -> Item:
    match item:
        case SampleBlock():
            return replace(item, stream=replace(item.stream, session=item.stream.session + by))
        case DeviceStatus():
            return replace(item, session=item.session + by)
        case _:
            return item
