"""`run`: phase one builds and tests everything, phase two opens it; threads, signals and the order of the end are here.

One thread per source reads, one worker thinks, one thread publishes, one answers the control socket; the main thread
waits for a signal or for one of them to fail. A failure nobody foresaw ends the process; the supervisor starts anew.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from agent import ports
from agent.config.keys import Config
from agent.errors import TextVibError
from agent.service.assembly import Parts, assemble
from agent.service.control import ControlServer
from agent.service.inbox import Inbox
from agent.service.process import give_memory_back, tell_systemd
from agent.service.publisher import ConnectedSink, Outbox, Publisher
from agent.service.source_thread import Reader
from agent.service.store import open_store
from agent.service.worker import Worker

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
WATCH_S = 0.25
ONE_WISH_S = 1.0  # timeout(1) and some supervisors signal the process and then its group: that is one wish, said twice
EX_BUG = os.EX_SOFTWARE

log = logging.getLogger(__name__)


PATIENT_KINDS = ("replay",)
"""Kinds of source that lose nothing by waiting."""

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

    def __init__(self, parts: Parts, *, signals: Sequence[Caught] = ()) -> None:
        self._signals = signals  # grows while we run
        state_dir = Path(parts.config.agent.state_dir)
        self._store = open_store(state_dir)
        self._stop_reading, self._stop_working, self._stop_publishing = (threading.Event() for _ in range(3))
        patient = {source.name for source in parts.config.sources if source.kind in PATIENT_KINDS}
        self._failures: list[BaseException] = []
        self._inbox = Inbox(source.name for source in parts.sources)
        self._outbox = Outbox(limit=parts.config.publish.queue)
        sink: ConnectedSink = ports.load(ports.SINKS, "mqtt")(parts.broker, availability=parts.topics.availability)
        self._readers = [
            Reader(source, self._inbox, patient=source.name in patient, stop=self._stop_reading)
            for source in parts.sources
        ]
        publisher = Publisher(sink, self._outbox, stop=self._stop_publishing)
        self._worker = Worker(
            parts,
            store=self._store,
            inbox=self._inbox,
            outbox=self._outbox,
            readers={reader.source.name: reader for reader in self._readers},
            publisher=publisher,
            stop=self._stop_working,
        )
        self._control = ControlServer(state_dir, self._worker.handle, stop=self._stop_working)
        self._reader_threads = [self._thread(f"source {r.source.name}", r.run) for r in self._readers]
        self._worker_threads = [self._thread("worker", self._worker.run), self._thread("control", self._control.run)]
        self._publisher_thread = self._thread("publisher", publisher.run)

    def run(self) -> int:
        try:
            self._control.open()
            for thread in [self._publisher_thread, *self._worker_threads, *self._reader_threads]:
                thread.start()
            tell_systemd("READY=1")
            log.info("running with %d sources", len(self._readers))
            self._wait_for_an_end()
            tell_systemd("STOPPING=1")
            self._end(self._stop_reading, self._reader_threads)
            self._end(self._stop_working, self._worker_threads)
            self._end(self._stop_publishing, [self._publisher_thread])
        finally:
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
            self._stop_reading.wait(WATCH_S)

    def _end(self, stop: threading.Event, threads: Iterable[threading.Thread]) -> None:
        """Stop some threads and wait for them; a second signal leaves at once."""
        stop.set()
        for wake in (self._inbox.wake, self._outbox.wake, self._control.wake):
            wake()
        for thread in threads:
            while thread.is_alive():
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
