"""The one thread that thinks: items to pipelines, outputs to the announcer, requests to answers.

Everything with state between windows is touched from here alone.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import msgspec

from agent.errors import TextVibError, TransportError
from agent.ports import Message
from agent.service.alert_requests import remote_request
from agent.service.announcer import Announcer
from agent.service.answers import Answers
from agent.service.assembly import Parts
from agent.service.beats import Beat
from agent.service.control import Answer, Asked
from agent.service.desks import accounts_of, counted, restored_desk
from agent.service.health import Everything, health_report
from agent.service.inbox import Inbox
from agent.service.keeping.store import Store
from agent.service.maintenance import Silences
from agent.service.outbox import Outboxes
from agent.service.publishers import Publishers
from agent.service.recording_jobs import Tapes
from agent.service.refusals import Refusals
from agent.service.reloading.handover import Handover, Plan, Refuse
from agent.service.sensor import take_up_baselines
from agent.service.shelves import take_back
from agent.service.source_thread import Reader
from agent.service.teaching import Teaching
from agent.service.watching.watched import Watched
from agent.types import DeviceStatus, Item, Reading, SampleBlock, SourceFault

TICK_S = 0.5
HEALTH_S = 10.0
DRAIN_S = 5.0
ANSWER_S = 10.0
MOST_COMMANDS = 50  # over sinks, that wait for an answer

log = logging.getLogger(__name__)


class Worker:
    """`run` is its thread's body; `handle` may be called from any thread."""

    def __init__(
        self,
        parts: Parts,
        *,
        store: Store,
        inbox: Inbox,
        outbox: Outboxes,
        readers: Mapping[str, Reader],
        publishers: Publishers,
        refuse: Refuse,
        stop: threading.Event,
        beat: Beat | None = None,
        watched: Watched | None = None,
    ) -> None:
        self._topics = parts.topics
        self._watched = watched or Watched()
        self._beat = beat or Beat("worker")
        self._store = store
        self._inbox = inbox
        self._outbox = outbox
        self._announcer = Announcer(parts, store=store, inbox=inbox, outboxes=outbox, noted=self._watched.noted)
        stamp, witness = self._announcer.stamp, self._watched.onlooker
        self._desks = {
            name: restored_desk(name, parts, store, stamp=stamp, witness=witness(name)) for name in parts.setups
        }
        self._silences = Silences(parts, self._desks, store=store, announcer=self._announcer)
        self._refusals = {source.name: Refusals(source.name) for source in parts.sources}
        self._everything = Everything(
            parts=parts,
            store=store,
            inbox=inbox,
            desks=self._desks,
            refusals=self._refusals,
            readers=readers,
            publishers=publishers.by_sink,
            started_s=time.monotonic(),
            orphaned=store.sinks.orphaned(publishers.by_sink),
            ring=self._watched.ring,
            trend=self._watched.trend,
            endpoint=self._watched.endpoint,
            page=self._watched.page,
            looking=self._watched.looking,
        )
        self._stop = stop
        self._teaching = Teaching(store, announcer=self._announcer, parts=parts)
        self._handover = Handover(
            self._everything,
            announcer=self._announcer,
            teaching=self._teaching,
            outboxes=outbox,
            publishers=publishers,
            refuse=refuse,
            watched=self._watched,
        )
        for desk in self._desks.values():
            self._teaching.take_up(desk)
            inbox.go_on(desk.sensor, accounts_of(desk, parts, store))
        self._requests: queue.SimpleQueue[tuple[Asked | Plan, Future[Answer]]] = queue.SimpleQueue()
        self._found: queue.SimpleQueue[tuple[str, Mapping[str, bytes], bool]] = queue.SimpleQueue()
        self._tapes = Tapes()
        self._answers = Answers(self._everything, announcer=self._announcer, teaching=self._teaching, tapes=self._tapes)

    # ----------------------------------------------------------------------------------------------------- the loop

    def run(self) -> None:
        self._beat.bump()
        self._announcer.take_up_alerts(self._desks)
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
            self._reconcile()
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
            self._announcer.announce_health(health_report(self._everything))

    def _keep_counts(self) -> None:
        """What was counted, to go on from where the agent is started again at once."""
        parts, store = self._everything.parts, self._store
        ledgers = {sensor: self._inbox.total(sensor) for sensor in self._desks}
        store.sensors.save(counted(d, parts, store, ledger=ledgers[d.sensor]) for d in self._desks.values())

    def _tick(self, now_s: float) -> None:
        self._tapes.tick(now_s)
        self._watched.tick(now_s, self._everything)
        self._mind_the_store(now_s)
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

    def _mind_the_store(self, now_s: float) -> None:
        """Say again what the store has lost; take up what it can be read again to hold."""
        if self._store.is_emptied:
            for desk in self._desks.values():
                self._teaching.save_again(desk)
                self._announcer.save_again(desk)
            self._store.is_saved_again()
        if self._store.look(now_s):
            for desk in self._desks.values():
                if take_up_baselines(desk, self._everything.parts, self._store):
                    log.info("%s: its healthy state can be read again", desk.sensor)
                    self._teaching.take_up(desk)
            self._announcer.take_up_found(self._desks)

    def _announce_health(self) -> None:
        for desk in self._desks.values():
            self._announcer.announce_state(desk)
        self._announcer.announce_health(health_report(self._everything))

    def found(self, sink: str, held: Mapping[str, bytes], *, moved: bool = False) -> None:
        """Be told, from any thread, what a sink holds retained from before; or, having moved, where it is now."""
        self._found.put((sink, held, moved))
        self._inbox.wake()

    def _reconcile(self) -> None:
        while not self._found.empty():
            sink, held, moved = self._found.get()
            (self._announcer.tidy if moved else self._announcer.reconcile)(sink, held)

    # ------------------------------------------------------------------------------------------------------- requests

    def ask(self, request: Asked | Plan) -> Future[Answer]:
        """Leave a request, or another config; its answer, or the TextVibError that refuses it, comes in time."""
        answer: Future[Answer] = Future()
        self._requests.put((request, answer))
        self._inbox.wake()
        return answer

    def handle(self, request: Asked) -> Answer:
        """Have the worker answer a request; TransportError where it does not in time."""
        answer = self.ask(request)
        try:
            return answer.result(timeout=ANSWER_S)
        except TimeoutError:
            raise TransportError("the agent is too busy to answer; try again") from None

    def command(self, payload: bytes, done: Callable[[], object]) -> None:
        """Be asked over a sink, from any thread; the answer goes to every sink, and then `done` is called."""
        try:
            if self._requests.qsize() >= MOST_COMMANDS:
                raise TransportError("too many commands wait; try again")
            answer = self.ask(remote_request(payload))
        except TextVibError as error:
            self._say_answer(payload, {"ok": False, "error": str(error)})
            done()
            return

        def said(given: Future[Answer]) -> None:
            error = given.exception()
            self._say_answer(payload, {"ok": False, "error": str(error)} if error else {"ok": True, **given.result()})
            done()

        answer.add_done_callback(said)

    def _say_answer(self, command: bytes, answer: Answer) -> None:
        log.info("command %.200r: %s", command, "done" if answer["ok"] else answer["error"])
        self._outbox.put(Message(self._topics.answer, msgspec.json.encode(answer), kind="answer"))

    def _answer_requests(self) -> None:
        self._watched.answer(self._everything)
        while not self._requests.empty():
            request, answer = self._requests.get()
            try:
                if isinstance(request, Plan):
                    taken_over = self._handover.take_over(request)
                    machines = self._everything.parts, self._desks
                    self._silences = Silences(*machines, store=self._store, announcer=self._announcer)
                    answer.set_result(taken_over._asdict())
                else:
                    answer.set_result(self._answers.answer(request))
            except TextVibError as error:
                answer.set_exception(error)
