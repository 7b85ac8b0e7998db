"""Hearing with several workers, as the daemon has it with one: started, gone over to another config, and ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import msgspec

from agent.bundle.manifest import Manifest
from agent.errors import TextVibError, TransportError
from agent.service.assembly import Parts
from agent.service.beats import Beats, Deadlines
from agent.service.control import Answer
from agent.service.hearing import End
from agent.service.house import House
from agent.service.readers import Threads
from agent.service.registry import Registry
from agent.service.reloading.changes import Changes
from agent.service.reloading.handover import Exchange
from agent.service.reloading.reload import Applied
from agent.service.upkeep import Upkeep
from agent.service.worker import ToWorker
from agent.service.workers.asking import Asking
from agent.service.workers.crew import Crew
from agent.service.workers.forked import Forked
from agent.service.workers.member import Member
from agent.service.workers.shares import share_of, shared
from agent.service.workers.spoken import Reload
from agent.service.workers.terms import Terms

LAST_THOUGHTS_S = 25.0
RELOAD_S = 120.0

log = logging.getLogger(__name__)


class Hearers:
    """Has what `Hearing` has for the daemon; `ask` may be called from any thread."""

    def __init__(
        self,
        parts: Parts,
        *,
        workers: int,
        house: House,
        registry: Registry,
        upkeep: Upkeep,
        exchange: Exchange,
        gone: Callable[[str], None],
        rolled_back: Callable[[Manifest, Manifest], object],
        is_timed: bool,
        beats: Beats,
        deadlines: Deadlines,
        thread: Threads,
        copy_of: Callable[[Manifest], str | None],
        forked: Sequence[Forked] = (),
    ) -> None:
        """`copy_of`: where a bundle lies that nobody writes over, if it does; `forked`: workers that
        wait."""
        self._copy_of = copy_of
        self._house, self._exchange = house, exchange
        self._deadlines, self._is_timed = deadlines, is_timed
        self._shares = shared(parts.config, workers)
        members = [Member(number, terms=self._terms(parts, number)) for number in range(workers)]
        self.crew = Crew(
            members,
            house=house,
            registry=registry,
            upkeep=upkeep,
            gone=gone,
            rolled_back=rolled_back,
            silent_s=deadlines.turn_s,
            build_s=deadlines.open_s,
            beat=beats.add("workers", turn_s=deadlines.turn_s),
            forked=forked,
        )
        self._asking = Asking(self.crew, house=house, registry=registry)
        self._build_s = deadlines.open_s
        self._thread = thread("workers", self.crew.run)

    # ------------------------------------------------------------------------------------------------ as Hearing has it

    @property
    def revive(self) -> Mapping[str, Callable[[], None]]:
        return {}

    @property
    def has_ended(self) -> bool:
        return self.crew.have_ended

    @property
    def still_writing(self) -> list[threading.Thread]:
        return []

    @property
    def is_thinking(self) -> bool:
        return self._thread.is_alive()

    def prepare(self) -> None:
        """Start the workers and have all built, before anything is opened; the error of one that cannot be."""
        for member in self.crew.members:  # since they were made the bundle was copied
            member.terms = self._terms(self._house.parts, member.number)
        self._thread.start()
        try:
            self.crew.await_ready(self._build_s)
        except TextVibError:
            self.crew.stop()
            self._thread.join(LAST_THOUGHTS_S)
            raise

    def start(self) -> None:
        self.crew.open_sources()

    def end(self, wait: End) -> None:
        self.crew.stop()
        wait([self._thread], patience_s=LAST_THOUGHTS_S)

    def wake(self) -> None:
        self.crew.errands.wake()

    def ask(self, request: ToWorker) -> Future[Answer]:
        """Leave a request for whoever hears what it is about."""
        return self._asking.ask(request)

    # ------------------------------------------------------------------------- another config, on a thread of its own

    def _terms(self, parts: Parts, number: int, *, moving: frozenset[str] = frozenset()) -> Terms:
        store, config = self._house.store, share_of(parts.config, self._shares[number], number)
        if (copy := self._copy_of(parts.bundle.manifest)) is not None:
            config = msgspec.structs.replace(config, agent=msgspec.structs.replace(config.agent, bundle=copy))
        return Terms(
            config=config,
            runtime=parts.runtime,
            workers=len(self._shares),
            boot=store.numbers.boot,
            log_level=logging.getLevelName(logging.getLogger().level),
            is_timed=self._is_timed,
            is_kept=store.is_kept,
            troubles=store.troubles,
            deadlines=self._deadlines,
            moving=moving,
        )

    def apply(self, before: Parts, after: Parts, changes: Changes) -> Applied:
        """Have every worker go over to its share of another config; TextVibError where one cannot, and nothing changed.

        What goes elsewhere is let go first. Whoever tells knows the words before anything new is heard.
        """
        if changes.bundle:
            for member in self.crew.members:
                self._hand_over(member, replace(self._terms(after, member.number), is_trial=True))
        was, shares = self._shares, shared(after.config, len(self._shares), before=self._shares)
        gone = frozenset(changes.sensors.removed)
        done: dict[str, None] = {}
        told: dict[str, None] = {}
        staying = tuple(one & will for one, will in zip(was, shares, strict=True))
        if staying != was:
            self._go_over(staying, after, gone, done, told)
        self._wait_for(self.crew.errands.leave(lambda: self._exchange(changes, after)))
        self._go_over(shares, after, gone, done, told)
        return Applied(after, tuple(done), tuple(told))

    def _go_over(
        self,
        shares: tuple[frozenset[str], ...],
        after: Parts,
        gone: frozenset[str],
        done: dict[str, None],
        told: dict[str, None],
    ) -> None:
        self._shares = shares
        for member in self.crew.members:
            leaving = frozenset(member.terms.config.sensors) - shares[member.number] - gone
            try:
                answer = self._hand_over(member, self._terms(after, member.number, moving=leaving))
            except TransportError as error:  # it goes on with the new config as soon as it is there again
                log.warning("reload: %s: %s", member.name, error)
                continue
            done.update(dict.fromkeys(answer["done"]))
            told.update(dict.fromkeys(answer["told"]))

    def _hand_over(self, member: Member, terms: Terms) -> Answer:
        def ask() -> Future[Answer]:
            if not terms.is_trial:
                member.terms = replace(terms, moving=frozenset())  # should it be started anew
            return member.ask(lambda number: Reload(number, terms.pickled()))

        answer: Answer = self._wait_for(self._wait_for(self.crew.errands.leave(ask)))
        return answer

    def _wait_for(self, future: Future[Any]) -> Any:
        try:
            return future.result(timeout=RELOAD_S)
        except TimeoutError:
            raise TransportError(f"no answer within {RELOAD_S:g} s") from None
