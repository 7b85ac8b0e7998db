"""The half that hears, as it runs in one process: readers, inbox, worker and ring of some sensors, and their threads.

Whoever keeps and tells is handed in: the registry of this very process, or the way to one in another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future

from agent.service.assembly import Parts
from agent.service.beats import Beats, Deadlines
from agent.service.control import Answer
from agent.service.inbox import MAX_BYTES, MAX_BYTES_IN_ALL, Inbox
from agent.service.readers import Readers, Threads
from agent.service.registrar import Registrar
from agent.service.reloading.changes import Changes
from agent.service.reloading.exchange import exchange
from agent.service.reloading.handover import Exchange, RolledBack
from agent.service.reloading.reload import Applied
from agent.service.upkeep import Upkeep
from agent.service.watching.stopwatch import Durations
from agent.service.watching.watched import watched_of
from agent.service.worker import ToWorker, Worker
from agent.sources import KINDS

LAST_READS_S, LAST_THOUGHTS_S = 5.0, 15.0

End = Callable[..., None]
"""Waits for threads that were told to stop, up to `patience_s` in all."""


class Hearing:
    """`start` and `end` are for the main thread; `ask` may be called from any."""

    def __init__(
        self,
        parts: Parts,
        *,
        registrar: Registrar,
        follow: Exchange,
        rolled_back: RolledBack,
        upkeep: Upkeep | None = None,
        durations: Durations | None = None,
        stop_reading: threading.Event,
        beats: Beats,
        deadlines: Deadlines,
        thread: Threads,
        processes: int = 1,
    ) -> None:
        """`processes`: that hear sensors side by side, and share the memory that may be taken by what waits."""
        self._stop_reading = stop_reading
        self._stop_working, self._stop_watching = threading.Event(), threading.Event()
        self.inbox = inbox_of(parts, processes=processes)
        self.watched = watched_of(
            parts, durations=durations, stop=self._stop_watching, beats=beats, deadlines=deadlines
        )
        self.readers = Readers(
            parts.config, inbox=self.inbox, stop=stop_reading, beats=beats, deadlines=deadlines, thread=thread
        )
        for source in parts.sources:
            self.readers.add(source)
        self._worker = Worker(
            parts,
            registrar=registrar,
            inbox=self.inbox,
            readers=self.readers.by_source,
            exchange=follow,
            rolled_back=rolled_back,
            stop=self._stop_working,
            beat=beats.add("worker", turn_s=deadlines.turn_s),
            watched=self.watched,
            upkeep=upkeep,
        )
        self._working = thread("worker", self._worker.run)
        self._beside = [thread(name, loop) for name, loop in self.watched.loops.items()]

    @property
    def revive(self) -> Mapping[str, Callable[[], None]]:
        """Name of a beat -> what restarts its loop alone."""
        return self.readers.revive

    def wake(self) -> None:
        """Let the worker look at what waits now."""
        self.inbox.wake()

    def apply(self, before: Parts, after: Parts, changes: Changes, *, moving: Collection[str] = ()) -> Applied:
        """Another config; from the thread that reads it. `moving`: sensors that another process goes on with."""
        return exchange(
            before,
            after,
            changes,
            readers=self.readers,
            inbox=self.inbox,
            hand_over=self.ask,
            stop=self._stop_reading,
            moving=moving,
        )

    def ask(self, request: ToWorker) -> Future[Answer]:
        """Leave a request for the worker; its answer comes in time."""
        return self._worker.ask(request)

    @property
    def has_ended(self) -> bool:
        """Whether every source was read to its end, and nothing waits."""
        return self.readers.have_ended and self.inbox.is_empty

    def prepare(self) -> None:
        """Before anything is opened: it is built as it stands."""

    def start(self) -> None:
        for thread in (*self._beside, self._working):
            thread.start()
        self.readers.start()

    def end(self, wait: End) -> None:
        """After `stop_reading` was set: readers, then the worker, then the ring."""
        wait(self.readers.threads, patience_s=LAST_READS_S)
        self._stop_working.set()
        self.inbox.wake()
        wait([self._working], patience_s=LAST_THOUGHTS_S)
        self.watched.end()
        self._stop_watching.set()

    @property
    def still_writing(self) -> list[threading.Thread]:
        """Threads that end by themselves once `end` has returned."""
        return self._beside

    @property
    def is_thinking(self) -> bool:
        """Whether the worker uses what it was handed."""
        return self._working.is_alive()


def inbox_of(parts: Parts, *, processes: int = 1) -> Inbox:
    """With a lane for each source; one of several processes may hold its part of what one may."""
    patient = {source.name for source in parts.config.sources if KINDS[source.kind].is_patient}
    return Inbox(
        (source.name for source in parts.sources),
        patient=patient,
        max_bytes=MAX_BYTES // processes,
        max_bytes_in_all=MAX_BYTES_IN_ALL // processes,
    )
