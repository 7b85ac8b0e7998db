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
from pathlib import Path

from agent.config.keys import Config
from agent.errors import TextVibError
from agent.service.assembly import Parts, assemble
from agent.service.beats import Beats, Deadlines
from agent.service.control import Answer, Reload, Reloading, Request
from agent.service.control_server import ControlServer
from agent.service.inbox import Inbox
from agent.service.keeping.store import open_store
from agent.service.outbox import Outbox, Outboxes
from agent.service.process import give_memory_back, tell_systemd
from agent.service.publishers import Publishers
from agent.service.readers import Readers
from agent.service.reloading.kept_bundles import KeptBundles
from agent.service.reloading.reload import Reassemble, Reloader, reassembly_of, unchangeable
from agent.service.watch import Watch
from agent.service.watching.logs import tell_suppressed
from agent.service.watching.watched import watched_of
from agent.service.worker import Worker
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


def run(config: Config, *, path: Path | None = None) -> int:
    """Diagnose until a signal comes or every source has ended; the process's exit code. SIGHUP reads the config at
    `path` again.

    Raises ConfigError or BundleError before anything is opened, and what a source or thread failed with afterwards.
    """
    caught: list[Caught] = []
    hups: list[Caught] = []
    lists = dict.fromkeys(STOP_SIGNALS, caught) | {signal.SIGHUP: hups}
    before = {number: signal.getsignal(number) for number in lists}
    for number in lists:
        # A handler may run between any two instructions of the main thread: it takes no lock and says nothing.
        signal.signal(number, lambda number, _frame: lists[signal.Signals(number)].append((number, time.monotonic())))
    try:
        kept = KeptBundles(Path(config.agent.state_dir))
        parts = assemble(kept.standing_in(config))
        reassemble = unchangeable if path is None else reassembly_of(path, kept)
        daemon = Daemon(parts, signals=caught, hups=hups, reassemble=reassemble, kept=kept)
        kept.keep(parts.bundle, parts.config)  # not before the state folder is known to be ours
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
        hups: Sequence[Caught] = (),
        reassemble: Reassemble = unchangeable,
        kept: KeptBundles | None = None,
        goodbyes_s: float = GOODBYES_S,
        deadlines: Deadlines | None = None,
    ) -> None:
        """`signals` to leave and `hups` to read the config again may grow while it runs; `reassemble` reads it."""
        deadlines = deadlines or Deadlines()
        beats = Beats()
        self._signals, self._hups, self._reloads = signals, hups, 0
        self._goodbyes_s = goodbyes_s
        state_dir = Path(parts.config.agent.state_dir)
        self._store = open_store(state_dir, retry_s=deadlines.disk_s)
        self._stop_reading, self._stop_working, self._stop_watching = (threading.Event() for _ in range(3))
        patient = {source.name for source in parts.config.sources if KINDS[source.kind].is_patient}
        self._failures: list[BaseException] = []
        self._inbox = Inbox((source.name for source in parts.sources), patient=patient)
        self._watched = watched_of(
            parts, wake=self._inbox.wake, stop=self._stop_watching, beats=beats, deadlines=deadlines
        )
        self._readers = Readers(
            parts.config,
            inbox=self._inbox,
            stop=self._stop_reading,
            beats=beats,
            deadlines=deadlines,
            thread=self._thread,
        )
        for source in parts.sources:
            self._readers.add(source)
        self._publishers = Publishers(
            rows=self._store.sinks,
            own=parts.topics.shown,
            found=lambda name, held: self._worker.found(name, held),
            moved=lambda name, held: self._worker.found(name, held, moved=True),
            command=(parts.topics.command, lambda payload, done: self._worker.command(payload, done)),
            beats=beats,
            deadlines=deadlines,
            thread=self._thread,
            took=self._watched.took,
        )
        publish = parts.config.publish
        waiting = self._store.sinks.waiting
        self._outbox = Outboxes({name: Outbox(limit=publish.queue, waiting=waiting(name)) for name in parts.sinks})
        for name, sink in parts.sinks.items():
            self._publishers.add(name, sink, self._outbox[name], commands=publish.commands)
        self._worker = Worker(
            parts,
            store=self._store,
            inbox=self._inbox,
            outbox=self._outbox,
            readers=self._readers.by_source,
            publishers=self._publishers,
            refuse=KeptBundles(state_dir).refuse if kept is None else kept.refuse,
            stop=self._stop_working,
            beat=beats.add("worker", turn_s=deadlines.turn_s),
            watched=self._watched,
        )
        self._reloader = Reloader(
            parts,
            reassemble=reassemble,
            readers=self._readers,
            inbox=self._inbox,
            hand_over=self._worker.ask,
            stop=self._stop_reading,
            beat=beats.add("reload", turn_s=deadlines.turn_s),
        )
        self._control = ControlServer(
            state_dir,
            self._handle,
            stop=self._stop_working,
            beat=beats.add("control", turn_s=deadlines.turn_s),
            retry_s=deadlines.disk_s,
        )
        self._worker_threads = [self._thread("worker", self._worker.run), self._thread("control", self._control.run)]
        self._threads_beside = [self._thread(name, loop) for name, loop in self._watched.loops.items()]
        self._reload_thread = self._thread("reload", self._reloader.run)
        self._watch = Watch(beats, revive=self._readers.revive)

    def run(self) -> int:
        try:
            self._control.open()
            for name in self._publishers.by_sink:
                self._publishers.start(name)
            for thread in (*self._threads_beside, *self._worker_threads):
                thread.start()
            self._readers.start()
            self._reload_thread.start()
            tell_systemd("READY=1")
            log.info("running with %d sources", len(self._readers.by_source))
            self._wait_for_an_end()
            tell_systemd("STOPPING=1")
            self._stop_reading.set()
            self._end([self._reload_thread], patience_s=LAST_READS_S)
            self._end(self._readers.threads, patience_s=LAST_READS_S)
            self._stop_working.set()
            self._end(self._worker_threads, patience_s=LAST_THOUGHTS_S)
            self._watched.end()
            self._stop_watching.set()
            self._publishers.end()
            self._end([*self._publishers.threads, *self._threads_beside], patience_s=self._goodbyes_s)
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
            for _ in range(self._reloads, len(self._hups)):
                log.info("SIGHUP: reading the config again")
                self._reloader.ask()
            self._reloads = len(self._hups)
            if self._readers.have_ended and self._inbox.is_empty:
                log.info("every source has been read to its end: leaving")
                return
            self._watch.look()
            tell_suppressed()
            self._stop_reading.wait(WATCH_S)

    def _handle(self, request: Request) -> Answer:
        """Have a request answered by whom it is for; from the control thread."""
        match request:
            case Reload():
                return {"number": self._reloader.ask()}
            case Reloading():
                return self._reloader.answer(request.number)
            case _:
                return self._worker.handle(request)

    def _end(self, threads: Iterable[threading.Thread], *, patience_s: float) -> None:
        """Wait for threads that were told to stop, up to `patience_s` in all; a second signal leaves at once."""
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
