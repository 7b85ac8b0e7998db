"""All workers as the process runs them that keeps and tells: started, heard, asked, and started anew where one is gone.

One thread has the store, the registry and every worker's socket, so that what a worker said is dealt with in its order,
and all of it before another takes its place: what was kept is what counts.
"""

from __future__ import annotations

import logging
import selectors
import time
from collections.abc import Callable, Mapping, Sequence

from agent.bundle.manifest import Manifest
from agent.errors import TransportError
from agent.messages.payloads import HealthPayload
from agent.messages.words import Language
from agent.service.beats import Beat
from agent.service.house import House
from agent.service.registry import Registry
from agent.service.requests import RollBack
from agent.service.share import Share
from agent.service.upkeep import Upkeep
from agent.service.workers.errands import Errands
from agent.service.workers.forked import Forked
from agent.service.workers.lifetimes import Lifetimes
from agent.service.workers.member import Member
from agent.service.workers.said import do
from agent.service.workers.spoken import (
    Answered,
    Asked,
    Failed,
    Lives,
    Ready,
    RolledBack,
    SayHealth,
    Standing,
    Up,
)

LOOK_S = 0.25
HEALTH_S = 10.0
DRAIN_S = 20.0
"""For all workers, to think to the end."""
READS = 64
"""Chunks of one worker dealt with before the next has its turn."""

log = logging.getLogger(__name__)


class Crew:
    """`run` is its thread's body; errands may be left from any."""

    def __init__(
        self,
        members: list[Member],
        *,
        house: House,
        registry: Registry,
        upkeep: Upkeep,
        gone: Callable[[str], None],
        rolled_back: Callable[[Manifest, Manifest], object],
        silent_s: float,
        build_s: float,
        beat: Beat | None = None,
        forked: Sequence[Forked] = (),
    ) -> None:
        """`gone` is told sensors that are not heard for long; a worker silent for `silent_s` hangs; building may take
        `build_s`; the first workers are those that were
        `forked`."""
        self.members = members
        self._house, self._registry, self._upkeep = house, registry, upkeep
        self._rolled_back = rolled_back
        self._beat = beat or Beat("workers")
        self._selector = selectors.DefaultSelector()
        self.errands = Errands()
        self._selector.register(self.errands.woken, selectors.EVENT_READ)
        self.lives = Lifetimes(
            members,
            house=house,
            selector=self._selector,
            gone=gone,
            silent_s=silent_s,
            build_s=build_s,
            forked=forked,
        )
        self._standing: Standing | None = None
        self._health_s = 0.0
        self._later: list[tuple[float, Callable[[], None]]] = []

    # ------------------------------------------------------------------------------------------------ from any thread

    def await_ready(self, timeout_s: float) -> None:
        """Until every worker is built; the error of one that cannot be, or TransportError in the end."""
        if not self.lives.begun.wait(timeout_s):
            raise TransportError(f"the workers were not ready within {timeout_s:g} s")
        if self.lives.failure is not None:
            raise self.lives.failure

    def open_sources(self) -> None:
        """From now on workers hear as soon as they are built."""
        self.errands.leave(self.lives.start_all)

    def stop(self) -> None:
        """Have every worker read no more and think to the end; `run` returns after that."""
        self.lives.ends_s = time.monotonic() + DRAIN_S
        self.errands.leave(self.lives.stop_all)

    @property
    def shares(self) -> list[Share]:
        """What each worker told last, with what its earlier lives counted."""
        return self.lives.accounts.shares

    @property
    def have_ended(self) -> bool:
        return all(member.has_ended for member in self.members)

    @property
    def owners(self) -> Mapping[str, Member]:
        """Sensor -> its worker."""
        return {sensor: member for member in self.members for sensor in member.terms.config.sensors}

    # ----------------------------------------------------------------------------------------------------- the loop

    def run(self) -> None:
        self._beat.bump()
        self._upkeep.begin()
        for member in self.members:
            self.lives.spawn(member)
        while not self._is_over():
            self._beat.bump()
            for key, events in self._selector.select(LOOK_S):
                if self.lives.cradle.is_heard_by(key.fileobj):
                    self.lives.cradle.hear()
                elif key.data is not None and key.data.connection is not None:
                    self._attend(key.data, events)
            self.errands.do()
            self._turn(time.monotonic())
        self.lives.leave()
        self.errands.close()
        self._beat.end()

    def _is_over(self) -> bool:
        if self.lives.ends_s is None:
            return False
        return time.monotonic() > self.lives.ends_s or all(member.connection is None for member in self.members)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done in a while, by the crew's thread, which is where this is called."""
        self._later.append((time.monotonic() + seconds, action))

    def _turn(self, now_s: float) -> None:
        due = [action for at_s, action in self._later if at_s <= now_s]
        self._later = [(at_s, action) for at_s, action in self._later if at_s > now_s]
        for action in due:
            action()
        self.lives.mind_all(now_s)
        self._upkeep.turn(now_s)
        store = self._house.store
        standing = Standing(store.is_kept, store.troubles)
        if standing != self._standing:
            self._standing = standing
            for member in self.members:
                member.tell(standing)
        if now_s - self._health_s >= HEALTH_S and self.lives.starts:
            self._say_health(now_s)

    def _attend(self, member: Member, events: int) -> None:
        """What a worker says, and is to be told."""
        if events & selectors.EVENT_WRITE:
            member.write()
        for _ in range(READS if events & selectors.EVENT_READ else 0):
            try:
                said = member.read(time.monotonic())
            except TransportError as error:
                log.critical("%s: %s; it is started anew", member.name, error)
                member.kill()
                said = None
            if said is None:
                self.lives.went(member)
                return
            try:
                for message in said:
                    self._hear(member, message)
            except (LookupError, TypeError, ValueError, OverflowError):  # what one says may not end all
                log.critical("%s says what cannot be told; it is started anew", member.name, exc_info=True)
                member.kill()
                self.lives.went(member)
                return
            if not said:
                break
        self.lives.listen(member)

    def _hear(self, member: Member, message: Up) -> None:
        match message:
            case Ready():
                self.lives.ready(member)
            case Failed():
                member.problems = message.kind, message.problems
            case Lives():
                member.has_ended = message.has_ended
            case Answered():
                member.hear(message)
            case SayHealth():
                member.share = message.share
                if self.lives.accounts.are_all_told:
                    self._say_health(time.monotonic())
            case RolledBack():
                self._rolled_back(message.bad, message.good)
                for other in self.members:
                    other.ask(lambda number: Asked(number, RollBack("another worker took it back")))
            case _:
                if (reply := do(message, self._registry)) is not None:
                    member.tell(reply)

    # -------------------------------------------------------------------------------------------------- what is told

    def health(self, language: Language | None = None) -> HealthPayload:
        """The whole document, by default in the agent's own language."""
        alerts, nursery_mb = self._registry.bulletin.open_alerts, self.lives.cradle.memory_mb
        return self.lives.accounts.health(alerts, nursery_mb=nursery_mb, language=language)

    def _say_health(self, now_s: float) -> None:
        self._health_s = now_s
        self._registry.announce_health(self.health())
