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
from agent.errors import ConfigError, TextVibError
from agent.service.assembly import Parts, assemble
from agent.service.beats import Beats, Deadlines
from agent.service.control import Answer, RefusedError, Reload, Reloading, Request, Retry
from agent.service.control_server import ControlServer
from agent.service.hearing import LAST_READS_S
from agent.service.office import Office
from agent.service.process import Holes, give_memory_back, let_go_of_start, tell_systemd
from agent.service.reloading.kept_bundles import KeptBundles
from agent.service.reloading.reload import Reassemble, Reloader, reassembly_of, unchangeable
from agent.service.watch import Watch
from agent.service.watching.logs import tell_suppressed
from agent.service.workers.forked import Forked, forked_workers
from agent.service.workers.shares import workers_of

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
WATCH_S = 0.25
ONE_WISH_S = 1.0  # timeout(1) and some supervisors signal the process and then its group: that is one wish, said twice
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
    forked: tuple[Forked, ...] = ()
    for number in lists:
        # A handler may run between any two instructions of the main thread: it takes no lock and says nothing.
        signal.signal(number, lambda number, _frame: lists[signal.Signals(number)].append((number, time.monotonic())))
    try:
        kept = KeptBundles(Path(config.agent.state_dir))
        asked = kept.standing_in(config)
        parts = assemble(asked, judges=workers_of(asked) == 1)
        reassemble = unchangeable if path is None else reassembly_of(path, kept)
        workers = workers_of(asked)
        give_memory_back()  # what building and the self-test took; what the threads take later follows the same rule
        let_go_of_start()
        if workers > 1:  # forked before there is a thread, or a file that is ours alone
            forked = forked_workers(workers, parts.runtime)
        daemon = Daemon(parts, signals=caught, hups=hups, reassemble=reassemble, kept=kept, forked=forked)
        kept.keep(parts.bundle, parts.config)  # not before the state folder is known to be ours
        return daemon.run()
    finally:
        for one in forked:
            one.end()
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
        forked: Sequence[Forked] = (),
    ) -> None:
        """`signals` to leave and `hups` to read the config again may grow while it runs; `reassemble` reads it.

        Where there are several workers, the first are those that were `forked`; `run` ends them all.
        """
        deadlines = deadlines or Deadlines()
        beats = Beats()
        self._signals, self._hups, self._reloads = signals, hups, 0
        self._goodbyes_s = goodbyes_s
        state_dir = Path(parts.config.agent.state_dir)
        self._stop_reading, self._stop_answering, self._stop_watching = (threading.Event() for _ in range(3))
        self._failures: list[BaseException] = []
        self._office = Office(
            parts,
            read_again=lambda: self._reloader.ask(),
            kept=kept or KeptBundles(state_dir),
            stop=self._stop_reading,
            stop_watching=self._stop_watching,
            beats=beats,
            deadlines=deadlines,
            thread=self._thread,
            forked=forked,
        )
        self._reloader = Reloader(
            parts,
            reassemble=reassemble,
            apply=self._office.hearing.apply,
            stop=self._stop_reading,
            beat=beats.add("reload", turn_s=deadlines.turn_s),
        )
        self._control = ControlServer(
            state_dir,
            self._handle,
            stop=self._stop_answering,
            beat=beats.add("control", turn_s=deadlines.turn_s),
            retry_s=deadlines.disk_s,
        )
        self._control_thread = self._thread("control", self._control.run)
        self._reload_thread = self._thread("reload", self._reloader.run)
        self._watch = Watch(beats, revive=self._office.hearing.revive)

    def run(self) -> int:
        office = self._office
        try:
            self._control.open()
            self._control_thread.start()
            office.hearing.prepare()
            office.start()
            office.hearing.start()
            self._reload_thread.start()
            tell_systemd("READY=1")
            log.info("running with %d sources", len(office.parts.config.sources))
            self._wait_for_an_end()
            tell_systemd("STOPPING=1")
            self._stop_reading.set()
            self._end([self._reload_thread], patience_s=LAST_READS_S)
            self._stop_answering.set()
            office.hearing.end(self._end)
            self._end([self._control_thread], patience_s=LAST_READS_S)
            self._stop_watching.set()
            office.publishers.end()
            self._end([*office.threads, *office.hearing.still_writing], patience_s=self._goodbyes_s)
        finally:
            self._stop_answering.set()
            if not office.hearing.is_thinking:
                office.store.close()
        return self._exit_code()

    def stop(self) -> None:
        """Drain and leave, as on SIGTERM."""
        self._stop_reading.set()

    def _wait_for_an_end(self) -> None:
        holes = Holes()
        while not self._failures and not self._stop_reading.is_set():
            if self._signals:
                log.info("%s: draining and leaving", signal.Signals(self._signals[0][0]).name)
                return
            for _ in range(self._reloads, len(self._hups)):
                log.info("SIGHUP: reading the config again")
                self._reloader.ask()
            self._reloads = len(self._hups)
            if self._office.hearing.has_ended:
                log.info("every source has been read to its end: leaving")
                return
            self._watch.look()
            holes.look()
            tell_suppressed()
            self._stop_reading.wait(WATCH_S)

    def _handle(self, request: Request) -> Answer:
        """Have a request answered by whom it is for; from the control thread."""
        try:
            return self._answered(request)
        except ConfigError as error:
            language = self._office.parts.config.agent.language
            raise RefusedError(*error.problems, language=language, code=error.exit_code) from error

    def _answered(self, request: Request) -> Answer:
        match request:
            case Reload():
                return {"number": self._reloader.ask()}
            case Reloading():
                return self._reloader.answer(request.number)
            case Retry():
                left = self._office.publishers.try_again(request.sink).items()
                waiting = {sink: messages for sink, (messages, _) in left}
                events = {sink: events for sink, (_, events) in left}
                language = self._office.parts.config.agent.language
                return {"waiting": waiting, "waiting_events": events, "language": language}
            case _:
                return self._office.commands.handle(request)

    def _end(self, threads: Iterable[threading.Thread], *, patience_s: float) -> None:
        """Wait for threads that were told to stop, up to `patience_s` in all; a second signal leaves at once."""
        deadline_s = time.monotonic() + patience_s
        self._office.outboxes.wake()
        self._control.wake()
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
