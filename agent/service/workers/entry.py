"""A worker process: it hears its share of the sensors and hands all that comes of it to the process that started it.

It has no store, no outbox and no socket to be asked at. It ends with the process that started it, and as fast as that
wants it: what was not handed over is not said.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable

from agent.errors import TextVibError
from agent.service.assembly import Parts, assemble
from agent.service.beats import Beats
from agent.service.control import Answer
from agent.service.hearing import Hearing
from agent.service.process import Holes, give_memory_back, let_go_of_start
from agent.service.reloading.changes import changes_between
from agent.service.watch import Watch
from agent.service.watching.logs import log_to_stderr, tell_suppressed, use
from agent.service.watching.stopwatch import Durations
from agent.service.workers.link import Link
from agent.service.workers.remote import RemoteRegistrar
from agent.service.workers.spoken import (
    Answered,
    Asked,
    Begin,
    Down,
    Failed,
    Lives,
    Ready,
    Reload,
    Replied,
    RolledBack,
    Standing,
    Start,
    Stop,
    named,
)
from agent.service.workers.terms import Terms, unpickled

LOOK_S = 0.25
LIVES_EVERY_S = 1.0
LAST_WORDS_S = 5.0

log = logging.getLogger(__name__)


def main(descriptor: int) -> None:
    """The life of a worker process, whose end of the socket is `descriptor`."""
    faulthandler.enable()  # SIGABRT says where every thread is
    life = WorkerLife(socket.socket(fileno=descriptor))
    os._exit(life.run())


class WorkerLife:
    """From the first word to the last."""

    def __init__(self, connection: socket.socket, *, leave: Callable[[int], object] = os._exit) -> None:
        self._leave = leave
        self._link = Link(connection, leave=leave)
        self._stop = threading.Event()
        self._begun, self._started = threading.Event(), threading.Event()
        self._terms: Terms | None = None
        self._registrar: RemoteRegistrar | None = None
        self._hearing: Hearing | None = None
        self._parts: Parts | None = None
        self._failed = False

    def run(self) -> int:
        """Until told to stop; the process's exit code."""
        speaking = self._linked("link out", self._link.speak)
        self._linked("link in", lambda: self._link.hear(self._heard))
        self._begun.wait()
        beats = Beats()
        try:
            hearing = self._built(beats)
        except TextVibError as error:
            kind, problems = named(error)
            self._link.say(Failed(kind, problems))
            self._last_words(speaking)
            return error.exit_code
        self._link.say(Ready())
        while not self._started.wait(LOOK_S) and not self._stop.is_set():
            self._link.say(Lives())
        if not self._stop.is_set():
            hearing.start()
            self._watch(hearing, Watch(beats, revive=hearing.revive, leave=self._leave))
        self._stop.set()
        hearing.end(self._wait)
        self._wait(hearing.still_writing, patience_s=LAST_WORDS_S)
        self._last_words(speaking)
        return os.EX_SOFTWARE if self._failed else os.EX_OK

    def _built(self, beats: Beats) -> Hearing:
        terms = self._terms
        assert terms is not None
        assert self._registrar is not None
        self._parts = assemble(terms.config, runtime=terms.runtime)
        hearing = self._hearing = Hearing(
            self._parts,
            registrar=self._registrar,
            follow=lambda changes, after: None,
            rolled_back=lambda bad, good: self._link.say(RolledBack(bad.bundle.manifest, good.bundle.manifest)),
            durations=self._durations,
            stop_reading=self._stop,
            beats=beats,
            deadlines=terms.deadlines,
            thread=self._thread,
            processes=terms.workers,
        )
        give_memory_back()
        let_go_of_start()
        return hearing

    def _watch(self, hearing: Hearing, watch: Watch) -> None:
        said_s, holes = 0.0, Holes()
        while not self._stop.wait(LOOK_S) and not self._failed:
            watch.look()
            holes.look()
            tell_suppressed()
            if time.monotonic() - said_s >= LIVES_EVERY_S:
                said_s = time.monotonic()
                self._link.say(Lives(hearing.has_ended))

    def _last_words(self, speaking: threading.Thread) -> None:
        self._link.end()
        speaking.join(LAST_WORDS_S)

    def _wait(self, threads: Iterable[threading.Thread], *, patience_s: float) -> None:
        deadline_s = time.monotonic() + patience_s
        for thread in threads:
            while thread.is_alive() and time.monotonic() < deadline_s:
                thread.join(LOOK_S)
                self._link.say(Lives())

    # ---------------------------------------------------------------------------------- what is heard, on its thread

    def _heard(self, message: Down) -> None:
        match message:
            case Begin():
                self._begin(unpickled(message.pickled))
            case Start():
                self._started.set()
            case Stop():
                self._stop.set()
            case Standing() if self._registrar is not None:
                self._registrar.stand(message)
            case Replied() if self._registrar is not None:
                self._registrar.hear(message)
            case Asked() if self._hearing is not None:
                self._ask(self._hearing, message)
            case Reload():
                threading.Thread(target=self._reload, args=(message,), name="reload", daemon=True).start()
            case _:
                log.error("worker: %s came too soon", type(message).__name__)

    def _begin(self, terms: Terms) -> None:
        log_to_stderr(level=terms.log_level)
        use(terms.config.log.format)
        self._terms = terms
        self._durations = Durations() if terms.is_timed else None
        standing = Standing(terms.is_kept, terms.troubles)
        self._registrar = RemoteRegistrar(self._link, boot=terms.boot, standing=standing, durations=self._durations)
        self._begun.set()

    def _ask(self, hearing: Hearing, asked: Asked) -> None:
        def said(answer: object) -> None:
            self._say_answer(asked.number, future.result)

        future = hearing.ask(asked.request)
        future.add_done_callback(said)

    def _reload(self, message: Reload) -> None:
        self._say_answer(message.number, lambda: self._reloaded(unpickled(message.pickled)))

    def _reloaded(self, terms: Terms) -> Answer:
        """Go over to another config; what was done and told."""
        before, hearing = self._parts, self._hearing
        assert before is not None
        assert hearing is not None
        after = assemble(terms.config, running=before, runtime=terms.runtime)
        if terms.is_trial:
            return {}
        applied = hearing.apply(before, after, changes_between(before, after), moving=terms.moving)
        self._parts = applied.parts
        return {"done": applied.done, "told": applied.told}

    def _say_answer(self, number: int, result: Callable[[], Answer]) -> None:
        try:
            answer = result()
            if "share" in answer and self._registrar is not None:
                answer = {"share": self._registrar.whole(answer["share"])}
            self._link.say(Answered(number, answer))
        except TextVibError as error:
            kind, problems = named(error)
            self._link.say(Answered(number, None, kind, problems))

    def _linked(self, name: str, body: Callable[[], None]) -> threading.Thread:
        """A thread without which the process is worth nothing."""
        thread = _guarded(name, body, lambda: self._leave(os.EX_SOFTWARE))
        thread.start()
        return thread

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        return _guarded(name, body, self._fail)

    def _fail(self) -> None:
        self._failed = True


def _guarded(name: str, body: Callable[[], None], failed: Callable[[], object]) -> threading.Thread:
    """A thread, not started, whose failure is told before `failed` deals with it."""

    def guarded() -> None:
        try:
            body()
        except BaseException:
            log.critical("%s failed, which is a bug; this worker is started anew", name, exc_info=True)
            failed()

    return threading.Thread(target=guarded, name=name, daemon=True)
