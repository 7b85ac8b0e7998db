"""From one config, or one bundle, to the next while the agent runs: done by the worker between two items, at once.

Desks of sensors that did not change are not touched. Everything is built and tested before it comes here, so nothing
here can be refused; a bundle that turns out to be no good is handed back the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from agent.service.announcer import Announcer
from agent.service.assembly import Parts, with_bundle_of
from agent.service.desks import accounts_of, counted, moved_desk, restored_desk
from agent.service.health import Everything
from agent.service.refusals import Refusals
from agent.service.reloading.changes import Changes
from agent.service.reloading.probation import Probation, WatchedEncoder
from agent.service.sensor import SensorDesk
from agent.service.source_thread import Reader
from agent.service.teaching import Teaching
from agent.service.watching.watched import Watched
from agent.types import Item, Output

RolledBack = Callable[[Parts, Parts], None]
"""Told that the bundle of the first was taken back for that of the second."""

Exchange = Callable[[Changes, Parts], None]
"""Has what is there once, whoever hears, follow a config that is taken over: sinks, and what they show."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run from now on; `readers` as they are once the worker knows their sensors."""

    parts: Parts
    changes: Changes
    readers: Mapping[str, Reader]
    moving: frozenset[str] = frozenset()  # sensors that another process goes on with


class TakenOver(NamedTuple):
    """What a plan has done beyond what it says, and what was lost with it, for who asked."""

    done: list[str]
    told: list[str]


class Handover:
    """Changes `everything` in place; called by the worker alone."""

    def __init__(
        self,
        everything: Everything,
        *,
        announcer: Announcer,
        teaching: Teaching,
        exchange: Exchange,
        rolled_back: RolledBack,
        watched: Watched | None = None,
        probation: Callable[..., Probation] = Probation,
    ) -> None:
        self._everything = everything
        self._announcer, self._teaching = announcer, teaching
        self._exchange, self._rolled_back = exchange, rolled_back
        self._make_probation = probation
        self._looking_on = watched or Watched()
        self._probation: Probation | None = None

    def take_over(self, plan: Plan) -> TakenOver:
        """Let it be what runs."""
        everything, changes, before = self._everything, plan.changes, self._everything.parts
        after = with_bundle_of(plan.parts, before)
        done, told = [], list[str]()
        is_another = changes.bundle and not _has_same_bundle(plan.parts, before)
        if is_another:
            after = self._watched(plan.parts)
            done = [f"bundle: {_named(after)} instead of {_named(before)}{'; it is watched' * self.is_watching}"]
        for sensor in changes.sensors.removed:
            self._let_go(everything.desks[sensor], moves=sensor in plan.moving)
        moved = after.config.sensors.keys() - set(changes.sensors.added)
        if not is_another:
            moved &= set(changes.sensors.renewed)
        self._looking_on.adopt(after)
        told += [line for sensor in sorted(moved) for line in self._move(sensor, before, after)]
        for sensor in changes.sensors.removed:
            del everything.desks[sensor]
        everything.parts, everything.readers = after, plan.readers
        for source in changes.sources.added:
            everything.refusals.setdefault(source, Refusals(source))
        self._teaching.adopt(after)
        for sensor in changes.sensors.added:
            everything.registrar.unsay(sensor)
            witness = self._looking_on.onlooker(sensor)
            desk = restored_desk(sensor, after, everything.registrar, stamp=self._announcer.stamp, witness=witness)
            everything.desks[sensor] = desk
            self._teaching.take_up(desk)
            everything.inbox.go_on(sensor, accounts_of(desk, after, everything.registrar))
        self._exchange(changes, after)
        self._adopt_words(after)
        return TakenOver(done, told)

    @property
    def is_watching(self) -> bool:
        """Whether a bundle has not proved itself yet."""
        return self._probation is not None

    def feed(self, desk: SensorDesk, item: Item) -> None:
        """Let a desk think about an item, and say what it puts out."""
        if self._probation is None:
            self._announcer.announce(desk, desk.feed(item))
            return
        take_back = desk.as_it_was()
        try:
            outputs = desk.feed(item)
        except Exception as error:
            why: str | None = f"it fails: {type(error).__name__}: {error}"
        else:
            why = self._probation.fault(outputs)
        if why is None:
            self.announce(desk, outputs)
            return
        take_back()  # a window that was not computed says nothing
        self.roll_back(why)

    def announce(self, desk: SensorDesk, outputs: Sequence[Output]) -> None:
        """Say what a desk put out. A bundle that is watched may be taken back for it, or have proved itself."""
        probation = self._probation
        why = None if probation is None else probation.see(outputs)
        self._announcer.announce(desk, outputs)
        if why is not None:
            self.roll_back(why)
        elif probation is not None and probation.is_over:
            self._probation = None
            probation.trust()
            log.info("bundle %s has proved itself", _named(self._everything.parts))

    def roll_back(self, why: str) -> None:
        """The bundle that is watched is no good: that before it again, without the alerts that it raised."""
        probation, everything = self._probation, self._everything
        assert probation is not None
        self._probation = None
        bad, good = everything.parts, with_bundle_of(everything.parts, probation.proven)
        for desk in everything.desks.values():
            for alert in desk.pipeline.decision.open_alerts:
                if probation.has_raised(alert):
                    self._announcer.end(desk, "rolled_back", alert)
        self._looking_on.adopt(good)
        for sensor in list(everything.desks):
            for line in self._move(sensor, bad, good):
                log.warning("%s", line)
        everything.parts = good
        self._teaching.adopt(good)
        self._rolled_back(bad, good)
        self._adopt_words(good)
        notice = _remark_on_rollback(_named(bad), why)
        log.error("%s", notice)
        everything.bundle_notices = (notice,)

    def _move(self, sensor: str, before: Parts, after: Parts) -> tuple[str, ...]:
        everything = self._everything
        everything.registrar.unsay(sensor)
        moved = moved_desk(
            everything.desks[sensor],
            before,
            after,
            everything.registrar,
            close=self._announcer.end,
            stamp=self._announcer.stamp,
            witness=self._looking_on.onlooker(sensor),
        )
        everything.desks[sensor] = moved.desk
        if not moved.is_same_health:
            self._teaching.go_on(moved.desk)
        return moved.told

    def _watched(self, parts: Parts) -> Parts:
        """The parts with a bundle whose encoder is watched; taking back one that had proved itself ends the watch."""
        running, self._probation = self._probation, None
        proven = self._everything.parts if running is None else running.proven
        self._everything.bundle_notices = ()
        if _has_same_bundle(parts, proven):
            return with_bundle_of(parts, proven)
        watched = WatchedEncoder(parts.encoder, size=parts.bundle.golden_embeddings.shape[1])
        bearings = sum(len(setup.bearings) or 1 for setup in parts.setups.values())
        self._probation = self._make_probation(proven, encoder=watched, bearings=bearings)
        return replace(parts, encoder=watched)

    def _let_go(self, desk: SensorDesk, *, moves: bool) -> None:
        """A sensor that is heard here no more. One that moves takes its counts and its alerts with it."""
        if moves:
            everything = self._everything
            ledger = everything.inbox.total(desk.sensor)
            everything.registrar.save_rows([counted(desk, everything.parts, everything.registrar, ledger=ledger)])
            self._teaching.keep_lessons(desk, 0.0, at_once=True)
            everything.inbox.forget(desk.sensor)
            return
        for alert in desk.pipeline.decision.open_alerts:
            self._announcer.end(desk, "removed", alert)

    def _adopt_words(self, parts: Parts) -> None:
        self._announcer.adopt(parts)
        for desk in self._everything.desks.values():
            self._announcer.announce_state(desk)


def _has_same_bundle(parts: Parts, other: Parts) -> bool:
    """Whether the same files run in the same runtime."""
    return parts.bundle.manifest == other.bundle.manifest and parts.runtime == other.runtime


def _remark_on_rollback(bundle: str, why: str) -> str:
    return (
        f"bundle_rolled_back: bundle {bundle} was taken back ({why}); the one before it runs in its place; "
        "set agent.bundle to one that works"
    )


def _named(parts: Parts) -> str:
    return f"{parts.bundle.manifest.name} {parts.bundle.manifest.version}"
