"""The one thread that thinks: items to pipelines, outputs to the announcer, requests to answers.

Everything with state between windows is touched from here alone.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TypeAlias

from agent.errors import TextVibError
from agent.service.announcer import Announcer
from agent.service.answers import Answers
from agent.service.assembly import Parts
from agent.service.beats import Beat
from agent.service.control import Answer, Asked
from agent.service.desks import accounts_of, counted, restored_desk
from agent.service.health import Everything, share_of
from agent.service.inbox import Inbox
from agent.service.maintenance import Silences
from agent.service.recording_jobs import Tapes
from agent.service.refusals import Refusals
from agent.service.registrar import Registrar
from agent.service.reloading.handover import Exchange, Handover, Plan, RolledBack
from agent.service.requests import Found, Inner, RollBack, SaveAgain, TakeFigures
from agent.service.sensor import take_up_baselines
from agent.service.share import Share
from agent.service.shelves import take_back
from agent.service.source_thread import Reader
from agent.service.teaching import Teaching
from agent.service.upkeep import Upkeep
from agent.service.watching.watched import Watched
from agent.types import DeviceStatus, Item, Reading, SampleBlock, SourceFault

TICK_S = 0.5
HEALTH_S = 10.0
DRAIN_S = 5.0

ToWorker: TypeAlias = Asked | Inner | Plan

log = logging.getLogger(__name__)


class Worker:
    """`run` is its thread's body; `handle` may be called from any thread."""

    def __init__(
        self,
        parts: Parts,
        *,
        registrar: Registrar,
        inbox: Inbox,
        readers: Mapping[str, Reader],
        exchange: Exchange,
        rolled_back: RolledBack,
        stop: threading.Event,
        beat: Beat | None = None,
        watched: Watched | None = None,
        upkeep: Upkeep | None = None,
    ) -> None:
        """`upkeep`: what is to be done for all sensors at once, where nobody else does it."""
        self._watched = watched or Watched()
        self._beat = beat or Beat("worker")
        self._registrar, self._upkeep = registrar, upkeep
        self._inbox = inbox
        self._announcer = Announcer(parts, registrar=registrar, inbox=inbox, noted=self._watched.noted)
        stamp, witness = self._announcer.stamp, self._watched.onlooker
        self._desks = {
            name: restored_desk(name, parts, registrar, stamp=stamp, witness=witness(name)) for name in parts.setups
        }
        self._silences = Silences(parts, self._desks, registrar=registrar)
        self._refusals = {source.name: Refusals(source.name) for source in parts.sources}
        self._everything = Everything(
            parts=parts,
            registrar=registrar,
            inbox=inbox,
            desks=self._desks,
            refusals=self._refusals,
            readers=readers,
            ring=self._watched.ring,
            trend=self._watched.trend,
            looking=self._watched.looking,
        )
        self._stop = stop
        self._teaching = Teaching(registrar, announcer=self._announcer, parts=parts)
        self._handover = Handover(
            self._everything,
            announcer=self._announcer,
            teaching=self._teaching,
            exchange=exchange,
            rolled_back=rolled_back,
            watched=self._watched,
        )
        for desk in self._desks.values():
            self._teaching.take_up(desk)
            inbox.go_on(desk.sensor, accounts_of(desk, parts, registrar))
        self._requests: queue.SimpleQueue[tuple[ToWorker, Future[Answer]]] = queue.SimpleQueue()
        self._tapes = Tapes()
        self._answers = Answers(
            self._everything,
            announcer=self._announcer,
            teaching=self._teaching,
            tapes=self._tapes,
            share=self._share,
        )

    # ----------------------------------------------------------------------------------------------------- the loop

    def run(self) -> None:
        self._beat.bump()
        if self._upkeep is not None:
            self._upkeep.begin()
        self._say_states()
        ticks_s, healths_s, drain_until_s = 0.0, time.monotonic(), None
        while True:
            batch = self._inbox.take(TICK_S)
            for source, item in batch:
                self._beat.bump()
                self._feed(source, item)
            self._beat.bump()
            now_s = time.monotonic()
            if now_s - ticks_s >= TICK_S:
                ticks_s = now_s
                self._tick(now_s)
            if now_s >= healths_s:
                healths_s = now_s + HEALTH_S
                self._announcer.correct_clocks(self._desks)
                self._announce_health()
            if self._upkeep is not None:
                self._upkeep.turn(now_s)
            self._answer_requests()
            if self._stop.is_set():
                drain_until_s = drain_until_s or now_s + DRAIN_S
                if not batch or now_s > drain_until_s:
                    break
        for desk in self._desks.values():
            self._teaching.keep_lessons(desk, time.monotonic(), at_once=True)
        self._keep_counts()
        self._announce_health()
        self._tapes.close()
        self._beat.end()

    def _feed(self, source: str, item: Item) -> None:
        match item:
            case SourceFault():
                if line := self._refusals[source].feed(item, now_s=time.monotonic()):
                    about = {"event": "input_refused", "source": source, "sensor": item.sensor, "kind": item.kind}
                    log.warning("%s", line, extra=about)
                if (desk := self._desks.get(item.sensor or "")) is not None:
                    self._announcer.announce(desk, desk.refuse(item, time.monotonic() - self._inbox.lag_s(source)))
            case Reading(quantity="rpm"):
                for desk in list(self._desks.values()):
                    if desk.pipeline.setup.machine.id == item.sensor:
                        self._handover.feed(desk, item)
            case _:
                self._feed_sensor(item)

    def _feed_sensor(self, item: Item) -> None:
        sensor = item.stream.sensor if isinstance(item, SampleBlock) else item.sensor
        desk = self._desks.get(sensor or "")
        if desk is None:
            return
        if isinstance(item, SampleBlock | DeviceStatus):
            self._tapes.feed(desk.change.sensor, item)
        self._watched.take_up(item)
        self._handover.feed(desk, item)
        self._watched.let_go(item)
        self._keep(desk.sensor)

    def _keep(self, sensor: str) -> None:
        desk = self._desks[sensor]  # another one where a bundle was taken back
        if self._teaching.keep(desk):
            self._announcer.announce_state(desk)
            self._registrar.say_health(self._share())

    def _keep_counts(self) -> None:
        """What was counted, to go on from where the agent is started again at once."""
        parts, registrar = self._everything.parts, self._registrar
        ledgers = {sensor: self._inbox.total(sensor) for sensor in self._desks}
        registrar.save_rows([counted(d, parts, registrar, ledger=ledgers[d.sensor]) for d in self._desks.values()])

    def _tick(self, now_s: float) -> None:
        self._tapes.tick(now_s)
        self._watched.tick(now_s)
        take_back(self._desks.values(), self._announcer)
        self._silences.look(now_s)
        sources = {sensor: one.source for sensor, one in self._everything.parts.config.sensors.items()}
        for sensor in self._desks:
            desk = self._desks[sensor]
            # What still waits was heard: a sensor is lost by the reader's last arrival, not by when we come to it.
            reached_s = now_s - self._inbox.lag_s(sources[sensor])
            self._handover.announce(desk, desk.tick(reached_s, overloaded=self._inbox.is_overloaded(sensor)))
            self._keep(sensor)
            self._teaching.keep_lessons(self._desks[sensor], now_s)

    def _announce_health(self) -> None:
        self._say_states()
        self._registrar.say_health(self._share())

    def _share(self) -> Share:
        return share_of(self._everything, self._watched.noted.tally)

    def _say_states(self) -> None:
        for desk in self._desks.values():
            self._announcer.announce_state(desk)

    # ------------------------------------------------------------------------------------------------------- requests

    def ask(self, request: ToWorker) -> Future[Answer]:
        """Leave a request, or another config, from any thread; its answer, or the TextVibError that refuses it, comes
        in time."""
        answer: Future[Answer] = Future()
        self._requests.put((request, answer))
        self._inbox.wake()
        return answer

    def _answer_requests(self) -> None:
        while not self._requests.empty():
            request, answer = self._requests.get()
            try:
                answer.set_result(self._answered(request))
            except TextVibError as error:
                answer.set_exception(error)

    def _answered(self, request: ToWorker) -> Answer:
        match request:
            case Plan():
                taken_over = self._handover.take_over(request)
                self._silences = Silences(self._everything.parts, self._desks, registrar=self._registrar)
                return taken_over._asdict()
            case TakeFigures():
                return {"share": self._share()}
            case SaveAgain():
                for desk in self._desks.values():
                    self._teaching.save_again(desk)
            case Found():
                self._take_up(request)
            case RollBack():
                if self._handover.is_watching:
                    self._handover.roll_back(request.why)
            case _:
                return self._answers.answer(request)
        return {}

    def _take_up(self, found: Found) -> None:
        """What the store can be read again to hold."""
        for desk in self._desks.values():
            if take_up_baselines(desk, self._everything.parts, self._registrar):
                log.info("%s: its healthy state can be read again", desk.sensor)
                self._teaching.take_up(desk)
            desk.pipeline.restore([alert for alert in found.alerts if alert.sensor == desk.sensor])
