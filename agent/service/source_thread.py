"""The life of one source: opened, read into the inbox, and tried again when the link is gone.

A source only reads; waiting, retrying and counting live here, the same for every kind. A source that waits itself has a
thread that is in `run`; one that need not is read among others (`agent/service/polling.py`), by the same steps. A
source that hangs is left behind with its thread, and a new one is made.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from agent.errors import ConfigError, EndOfStream, TransportError
from agent.ports import Rerouted, Source
from agent.service.beats import Beat, Deadlines
from agent.service.inbox import Inbox
from agent.stream.joining import Joiner
from agent.transport.retry import Outage
from agent.transport.routes import Route
from agent.types import Counters, DeviceStatus, Item, SampleBlock

READ_TIMEOUT_S = 0.5
COUNT_EVERY_S = 1.0
ROOM_S = 0.02

SESSIONS_PER_LIFE = 1 << 20
"""A source made anew counts its sessions from the start: those of its lives are kept apart."""

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Life:
    """One of a reader's sources, with what was read of it and not handed on yet; one thread at a time is inside."""

    number: int
    source: Source
    joiner: Joiner = field(default_factory=Joiner)
    is_left_behind: bool = False  # it hung


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
        self.life = Life(0, source)
        self.outage = Outage(f"source {source.name}")
        self.connected = False
        self.ended = False
        self.counters: Counters = {}  # as of about a second ago, for other threads to look at
        self.due_s = 0.0  # not to be opened before
        self._inbox = inbox
        self._patient = patient
        self._stop = stop
        self._deadlines = deadlines or Deadlines()
        self.beat = beat or Beat(f"source {source.name}")
        self._turn_s = self._deadlines.file_s if patient else self._deadlines.turn_s
        self._remake = remake
        self._before: Counters = {}  # counted by the sources of earlier lives
        self._counted_s = 0.0
        self._routes: tuple[Route, ...] | None = None  # to be taken up between two reads
        self._has_left = False

    @property
    def source(self) -> Source:
        """The one of this life."""
        return self.life.source

    @property
    def lives(self) -> int:
        """Those that ended before this one."""
        return self.life.number

    def run(self) -> None:
        life = self.life
        while self.goes_on(life):
            if self.opens(life):
                while self.reads(life, timeout_s=READ_TIMEOUT_S):
                    pass
            if self.goes_on(life):
                self._stop.wait(max(0.0, self.due_s - time.monotonic()))
        self.finish(life)

    def goes_on(self, life: Life) -> bool:
        """Whether the source of a life is still to be read."""
        return life is self.life and not (self.ended or self._has_left or self._stop.is_set())

    def opens(self, life: Life) -> bool:
        """Open the source of a life; whether it is open now. Where it is not, `due_s` says when to try again."""
        try:
            self.beat.bump(within_s=self._deadlines.open_s)
            self._take_up_routes(life.source)
            life.source.open()
        except (TransportError, ConfigError) as error:
            # The config was good when it was read: a secret that cannot be read now may be there again tomorrow.
            self._pause(life, error)
            return False
        except Exception:
            if not life.is_left_behind:
                raise
        if not self.goes_on(life):
            return False
        self.connected = True
        self._counted_s = 0.0
        name = life.source.name
        log.info("source %s: open", name, extra={"event": "source_open", "source": name})
        return True

    def reads(self, life: Life, *, timeout_s: float) -> bool:
        """Read an open source once, into the inbox; whether it is to be read on."""
        self.beat.bump(within_s=self._turn_s)
        if self._patient and not self._inbox.has_room(life.source.name):
            self._stop.wait(ROOM_S)
            return self.goes_on(life)
        self._take_up_routes(life.source)
        try:
            items = life.source.read(min(timeout_s, life.joiner.waits_s(time.monotonic())))
        except (TransportError, ConfigError) as error:
            self._pause(life, error)
            return False
        except EndOfStream:
            if self.goes_on(life):
                self.ended = True
                log.info("source %s: read to its end", life.source.name, extra={"source": life.source.name})
            return False
        except Exception:
            if not life.is_left_behind:  # its source was closed under it: anything may happen
                raise
        if life is not self.life:
            return False
        now_s = time.monotonic()
        self.outage.works(now_s=now_s)
        self._hand_on(life, items if self._patient else life.joiner.feed(items, now_s=now_s))
        if now_s - self._counted_s >= COUNT_EVERY_S:
            self._counted_s = now_s
            self._count()
        return self.goes_on(life)

    def hands_on(self, life: Life, now_s: float) -> None:
        """Without a read: what came, and has waited for what might follow it, goes into the inbox."""
        if life.joiner.waits_s(now_s) <= 0 and life is self.life:
            self._hand_on(life, life.joiner.feed([], now_s=now_s))

    def finish(self, life: Life) -> None:
        """Let go of the source of a life that goes on no more."""
        if life is self.life:
            self._close(life)
            self.beat.end()
            return
        if not life.is_left_behind:
            self._hand_on(life, life.joiner.rest())
        _let_go(life.source)

    def revive(self) -> None:
        """Leave the thread that hangs behind with its source; that of the next life is to be read in another."""
        assert self._remake is not None
        hung = self.life
        hung.is_left_behind = True
        self._before = self.counters
        self.connected = False
        self.due_s = 0.0
        self.life = Life(hung.number + 1, self._remake())
        self.outage.failed(TransportError("it hung and was restarted"), now_s=time.monotonic())
        # What holds a port would keep the new source out of it; whether letting go hangs as well is its own affair.
        name = f"{self.beat.name} (left behind)"
        threading.Thread(target=_let_go, args=(hung.source,), name=name, daemon=True).start()

    def renew(self, source: Source, *, patient: bool) -> None:
        """Let go of the source and go on with another one; once that is done it may be read again."""
        self._before = self.counters
        self._patient = patient
        self._turn_s = self._deadlines.file_s if patient else self._deadlines.turn_s
        self.ended = self.connected = False
        self.due_s = 0.0
        self.life = Life(self.lives + 1, source)

    def leave(self) -> None:
        """Let the reading end, as if stopped."""
        self._has_left = True

    def reroute(self, routes: Sequence[Route]) -> None:
        """What belongs to which sensor from the next read on, of a source that can be told so."""
        self._routes = tuple(routes)

    def _take_up_routes(self, source: Source) -> None:
        routes, self._routes = self._routes, None
        if routes is not None and isinstance(source, Rerouted):
            source.reroute(routes)

    def _pause(self, life: Life, error: TransportError | ConfigError) -> None:
        if life is not self.life:
            return
        now_s = time.monotonic()
        pause_s = self.outage.failed(error, now_s=now_s)
        self.due_s = now_s + pause_s
        self.beat.bump(within_s=pause_s + self._turn_s)
        self._close(life)

    def _close(self, life: Life) -> None:
        self.connected = False
        self._hand_on(life, life.joiner.rest())
        life.source.close()
        self._count()

    def _hand_on(self, life: Life, items: Sequence[Item]) -> None:
        if items:
            self._inbox.put(life.source.name, _of_life(life.number, items))

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
