"""`run`: phase one builds and tests everything, phase two opens it; threads, signals and the order of the end are here.

One thread per source reads, one worker thinks, one thread per sink publishes, one answers the control socket; the main
thread waits for a signal or for one of them to fail, and watches that each loop turns. A failure nobody foresaw ends
the process; the supervisor starts anew.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from agent.config.keys import Config
from agent.errors import TextVibError
from agent.ports import Hearing
from agent.service.assembly import Parts, assemble, source_of
from agent.service.beats import Beats, Deadlines
from agent.service.control_server import ControlServer
from agent.service.inbox import Inbox
from agent.service.logs import tell_suppressed
from agent.service.outbox import Outbox, Outboxes
from agent.service.process import give_memory_back, tell_systemd
from agent.service.publisher import Publisher
from agent.service.source_thread import Reader
from agent.service.store import open_store
from agent.service.watch import Watch
from agent.service.watched import watched_of
from agent.service.worker import Worker
from agent.sinks import BROKER
from agent.sources import KINDS

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
WATCH_S = 0.25
ONE_WISH_S = 1.0  # timeout(1) and some supervisors signal the process and then its group: that is one wish, said twice
LAST_READS_S, LAST_THOUGHTS_S = 5.0, 15.0
GOODBYES_S = 20.0
"""For all sinks together, at the end, as those above for readers and worker: what hangs may not keep the process."""

EX_BUG = os.EX_SOFTWARE

log = logging.getLogger(__name__)


Caught = tuple[int, float]
"""A signal and the monotonic second at which it came."""


def run(config: Config) -> int:
    """Diagnose until a signal comes or every source has ended; the process's exit code.

    Raises ConfigError or BundleError before anything is opened, and what a source or thread failed with afterwards.
    """
    caught: list[Caught] = []
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number in STOP_SIGNALS:
        # A handler may run between any two instructions of the main thread: it takes no lock and says nothing.
        signal.signal(number, lambda number, _frame: caught.append((number, time.monotonic())))
    try:
        daemon = Daemon(assemble(config), signals=caught)
        give_memory_back()  # what building and the self-test took; what the threads take later follows the same rule
        return daemon.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_impatient(caught: Sequence[Caught]) -> bool:
    """Whether somebody asked twice to leave: a signal more than ONE_WISH_S after the first one."""
    return any(at_s - caught[0][1] > ONE_WISH_S for _, at_s in caught)


class Daemon:
    """The threads of one run, and their end in order: readers, worker, publisher.

    `run` is for the main thread; `stop` may be called from any.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        signals: Sequence[Caught] = (),
        goodbyes_s: float = GOODBYES_S,
        deadlines: Deadlines | None = None,
    ) -> None:
        deadlines = deadlines or Deadlines()
        beats = Beats()
        self._signals = signals  # grows while we run
        self._goodbyes_s = goodbyes_s
        state_dir = Path(parts.config.agent.state_dir)
        self._store = open_store(state_dir, retry_s=deadlines.disk_s)
        self._stop_reading, self._stop_working, self._stop_publishing = (threading.Event() for _ in range(3))
        patient = {source.name for source in parts.config.sources if KINDS[source.kind].is_patient}
        self._failures: list[BaseException] = []
        self._inbox = Inbox((source.name for source in parts.sources), patient=patient)
        limit, store = parts.config.publish.queue, self._store
        outboxes = {name: Outbox(limit=limit, waiting=store.sinks.waiting(name)) for name in parts.sinks}
        self._readers = [
            Reader(
                source,
                self._inbox,
                patient=source.name in patient,
                stop=self._stop_reading,
                beat=beats.add(f"source {source.name}", turn_s=deadlines.turn_s),
                deadlines=deadlines,
                remake=partial(source_of, parts.config, source.name),
            )
            for source in parts.sources
        ]
        self._watched = watched_of(
            parts, wake=self._inbox.wake, stop=self._stop_publishing, beats=beats, deadlines=deadlines
        )
        publishers = {
            name: Publisher(
                sink,
                outboxes[name],
                stop=self._stop_publishing,
                name=name,
                rows=store.sinks,
                own=parts.topics.shown,
                found=lambda name, held: self._worker.found(name, held),
                moved=lambda name, held: self._worker.found(name, held, moved=True),
                beat=beats.add(_publisher(name), turn_s=deadlines.turn_s),
                deadlines=deadlines,
                took=self._watched.took,
            )
            for name, sink in parts.sinks.items()
        }
        self._outbox = Outboxes(outboxes)
        self._worker = Worker(
            parts,
            store=self._store,
            inbox=self._inbox,
            outbox=self._outbox,
            readers={reader.source.name: reader for reader in self._readers},
            publishers=publishers,
            stop=self._stop_working,
            beat=beats.add("worker", turn_s=deadlines.turn_s),
            watched=self._watched,
        )
        self._control = ControlServer(
            state_dir,
            self._worker.handle,
            stop=self._stop_working,
            beat=beats.add("control", turn_s=deadlines.turn_s),
            retry_s=deadlines.disk_s,
        )
        for sink in parts.sinks.values():
            if parts.config.publish.commands and isinstance(sink, Hearing):
                sink.listen(parts.topics.command, self._worker.command)
        self._reader_threads = [self._thread(f"source {r.source.name}", r.run) for r in self._readers]
        self._worker_threads = [self._thread("worker", self._worker.run), self._thread("control", self._control.run)]
        self._publisher_threads = [
            self._thread(_publisher(name), publisher.run) for name, publisher in publishers.items()
        ]
        self._threads_beside = [self._thread(name, loop) for name, loop in self._watched.loops.items()]
        self._watch = Watch(beats, revive={f"source {r.source.name}": partial(self._revive, r) for r in self._readers})

    def run(self) -> int:
        try:
            self._control.open()
            threads = [*self._publisher_threads, *self._threads_beside, *self._worker_threads, *self._reader_threads]
            for thread in threads:
                thread.start()
            tell_systemd("READY=1")
            log.info("running with %d sources", len(self._readers))
            self._wait_for_an_end()
            tell_systemd("STOPPING=1")
            self._end(self._stop_reading, self._reader_threads, patience_s=LAST_READS_S)
            self._end(self._stop_working, self._worker_threads, patience_s=LAST_THOUGHTS_S)
            self._watched.end()
            last = [*self._publisher_threads, *self._threads_beside]
            self._end(self._stop_publishing, last, patience_s=self._goodbyes_s)
        finally:
            if not any(thread.is_alive() for thread in self._worker_threads):
                self._store.close()
        return self._exit_code()

    def stop(self) -> None:
        """Drain and leave, as on SIGTERM."""
        self._stop_reading.set()

    def _wait_for_an_end(self) -> None:
        while not self._failures and not self._stop_reading.is_set():
            if self._signals:
                log.info("%s: draining and leaving", signal.Signals(self._signals[0][0]).name)
                return
            if all(reader.ended for reader in self._readers) and self._inbox.is_empty:
                log.info("every source has been read to its end: leaving")
                return
            self._watch.look()
            tell_suppressed()
            self._stop_reading.wait(WATCH_S)

    def _revive(self, reader: Reader) -> None:
        reader.revive()
        thread = self._thread(f"source {reader.source.name}", reader.run)
        self._reader_threads[self._readers.index(reader)] = thread
        thread.start()

    def _end(self, stop: threading.Event, threads: Iterable[threading.Thread], *, patience_s: float) -> None:
        """Stop some threads and wait for them, up to `patience_s` in all; a second signal leaves at once."""
        stop.set()
        deadline_s = time.monotonic() + patience_s
        for wake in (self._inbox.wake, self._outbox.wake, self._control.wake):
            wake()
        for thread in threads:
            while thread.is_alive():
                if time.monotonic() > deadline_s:
                    log.warning("%s does not end: leaving without its goodbye", thread.name)
                    break
                self._watch.feed()
                thread.join(WATCH_S)
                if is_impatient(self._signals):
                    log.warning("second signal: leaving at once")
                    os._exit(128 + self._signals[-1][0])

    def _exit_code(self) -> int:
        for failure in self._failures:
            if isinstance(failure, TextVibError):
                raise failure
        return EX_BUG if self._failures else os.EX_OK

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                body()
            except TextVibError as error:
                self._failures.append(error)
            except BaseException as error:
                log.critical("%s failed, which is a bug; leaving", name, exc_info=True)
                self._failures.append(error)

        return threading.Thread(target=guarded, name=name, daemon=True)


def _publisher(sink: str) -> str:
    """The name of a sink's thread and beat."""
    return "publisher" if sink == BROKER else f"publisher {sink}"
