"""The threads that read: begun, begun anew where one hangs, and exchanged where the config changes.

Ports have one thread together; a source that waits by itself has its own. A source that goes is closed by the thread
that reads it before another takes its port or its client id. One that does not let go is left behind.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial

from agent.config.keys import Config
from agent.config.resolve import routes
from agent.ports import Polled, Source
from agent.service.assembly import source_of
from agent.service.beats import Beats, Deadlines
from agent.service.inbox import Inbox
from agent.service.polling import Polling
from agent.service.polling import Threads as Threads
from agent.service.source_thread import Reader
from agent.sources import KINDS

LET_GO_S = 5.0
"""For a source to close before its place is taken; a read takes half a second."""

log = logging.getLogger(__name__)


class Readers:
    """`by_source` may be looked at from any thread; the rest is for one at a time."""

    def __init__(
        self,
        config: Config,
        *,
        inbox: Inbox,
        stop: threading.Event,
        beats: Beats,
        deadlines: Deadlines,
        thread: Threads,
    ) -> None:
        self.by_source: dict[str, Reader] = {}
        self.revive: dict[str, Callable[[], None]] = {}
        """Name of a beat -> what restarts its source alone."""
        self.config = config  # by which a source is made anew
        self._inbox, self._stop, self._beats, self._deadlines = inbox, stop, beats, deadlines
        self._thread = thread
        self._threads: dict[str, threading.Thread] = {}
        self._polling: Polling | None = None  # where there are ports

    @property
    def threads(self) -> list[threading.Thread]:
        polling = None if self._polling is None else self._polling.thread
        return [*self._threads.values(), *([] if polling is None else [polling])]

    @property
    def have_ended(self) -> bool:
        """Whether every source has been read to its end."""
        return all(reader.ended for reader in list(self.by_source.values()))

    def add(self, source: Source) -> None:
        """One more source, not read yet."""
        name, patient = source.name, self._is_patient(source.name)
        self._inbox.add(name, patient=patient)
        beat = self._beats.add(f"source {name}", turn_s=self._deadlines.turn_s)
        reader = Reader(
            source,
            self._inbox,
            patient=patient,
            stop=self._stop,
            beat=beat,
            deadlines=self._deadlines,
            remake=lambda: source_of(self.config, name),
        )
        self.revive[beat.name] = partial(self._revive, reader)
        self.by_source = {**self.by_source, name: reader}

    def start(self, names: Iterable[str] | None = None) -> None:
        """Begin to read, by default every source."""
        for name in list(self.by_source) if names is None else names:
            reader = self.by_source[name]
            if isinstance(reader.source, Polled):
                self._polled().add(reader)
                continue
            self._threads[name] = self._thread(f"source {name}", reader.run)
            self._threads[name].start()

    def let_go(self, name: str, source: Source | None = None) -> None:
        """Stop reading a source; another one with its name is to be started, by default none."""
        reader = self.by_source[name]
        if source is None:
            reader.leave()
        else:
            reader.renew(source, patient=self._is_patient(name))
        if not self._has_let_go(name, reader):
            log.warning("source %s does not let go: left behind", name)
        reader.beat.end()
        if source is None:
            self._beats.remove(reader.beat)
            self.revive.pop(reader.beat.name, None)
            self.by_source = {other: one for other, one in self.by_source.items() if other != name}

    def _has_let_go(self, name: str, reader: Reader) -> bool:
        thread = self._threads.pop(name, None)
        if thread is None:
            return self._polled().let_go(reader, patience_s=LET_GO_S)
        thread.join(LET_GO_S)
        return not thread.is_alive()

    def _polled(self) -> Polling:
        if self._polling is None:
            beat = self._beats.add("ports", turn_s=self._deadlines.turn_s)
            self._polling = Polling(stop=self._stop, beat=beat, thread=self._thread)
        return self._polling

    def reroute(self, name: str) -> None:
        """Tell an open source what belongs to whom by the present config."""
        self.by_source[name].reroute(routes(self.config)[name])

    def _revive(self, reader: Reader) -> None:
        reader.revive()
        self.start([reader.source.name])

    def _is_patient(self, name: str) -> bool:
        (kind,) = (source.kind for source in self.config.sources if source.name == name)
        return KINDS[kind].is_patient
