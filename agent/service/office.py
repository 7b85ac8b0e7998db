"""The half that keeps and tells, as it runs: store, outboxes, publishers, endpoint; and whoever hears for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from agent.bundle.manifest import Manifest
from agent.messages.payloads import HealthPayload, encode
from agent.messages.words import Language
from agent.ports import Message
from agent.service.assembly import Elsewhere, Parts
from agent.service.beats import Beats, Deadlines
from agent.service.bulletin import STATE_VALID_S
from agent.service.commands import Commands
from agent.service.control import Answer
from agent.service.hearing import Hearing
from agent.service.house import House, health_of
from agent.service.keeping.store import open_store
from agent.service.looking_back.history import History
from agent.service.merging import merged
from agent.service.outbox import Outbox
from agent.service.outboxes import Outboxes
from agent.service.past_words import PastWords
from agent.service.publishers import Publishers
from agent.service.readers import Threads
from agent.service.registry import Registry
from agent.service.reloading.kept_bundles import KeptBundles
from agent.service.reloading.sinks import Sinks
from agent.service.requests import TakeFigures
from agent.service.share import Share, Stage
from agent.service.upkeep import Upkeep
from agent.service.watching.figures import Figures, figures_of
from agent.service.watching.metrics import Exposition
from agent.service.watching.stopwatch import Durations, Histogram
from agent.service.watching.tally import Tally
from agent.service.watching.watched import endpoint_of, page_of
from agent.service.workers.asking import said_lost
from agent.service.workers.forked import Forked
from agent.service.workers.hearers import Hearers
from agent.service.workers.shares import workers_of


class Office:
    """Built by the daemon, which starts and ends it."""

    def __init__(
        self,
        parts: Parts,
        *,
        kept: KeptBundles,
        stop: threading.Event,
        stop_watching: threading.Event,
        beats: Beats,
        deadlines: Deadlines,
        thread: Threads,
        read_again: Callable[[], object],
        forked: Sequence[Forked] = (),
    ) -> None:
        """`read_again` has the config read again, as who asks for that; the first workers were `forked`."""
        self._kept, self._read_again = kept, read_again
        self.store = open_store(Path(parts.config.agent.state_dir), retry_s=deadlines.disk_s)
        durations = Durations() if parts.config.metrics.enabled else None
        self.publishers = Publishers(
            rows=self.store.sinks,
            own=parts.topics.shown,
            found=lambda name, held: self._upkeep.found(name, held),
            moved=lambda name, held: self._upkeep.found(name, held, moved=True),
            command=(parts.topics.command, lambda payload, done: self.commands.command(payload, done)),
            beats=beats,
            deadlines=deadlines,
            thread=thread,
            took=None if durations is None else partial(durations.observe, "publish"),
        )
        publish, waiting = parts.config.publish, self.store.sinks.waiting
        self.outboxes = Outboxes({name: Outbox(limit=publish.queue, waiting=waiting(name)) for name in parts.sinks})
        for name, sink in parts.sinks.items():
            self.publishers.add(name, sink, self.outboxes[name], commands=publish.commands)
        self._house = House(parts, self.store, self.publishers)
        self._house.adopt(parts)
        self._tally = Tally()
        self._stages: dict[str, Stage] = {}  # that workers have timed
        self._house.history = History(parts)
        self._registry = Registry(
            parts,
            store=self.store,
            outboxes=self.outboxes,
            history=self._house.history,
            tally=self._tally,
            health=self._health,
        )
        bulletin = self._registry.bulletin
        self._sinks = Sinks(self._house, bulletin=bulletin, outboxes=self.outboxes, publishers=self.publishers)
        words = PastWords(
            self._house,
            outboxes=self.outboxes,
            ask=lambda request: self.hearing.ask(request),
            wake=lambda: self.hearing.wake(),
        )
        self._upkeep = Upkeep(
            self._house,
            bulletin=bulletin,
            words=words,
            wake=lambda: self.hearing.wake(),
            tell=lambda request: self.hearing.ask(request),
        )
        self.hearing: Hearing | Hearers
        if isinstance(parts.encoder, Elsewhere):
            self.hearing = Hearers(
                parts,
                workers=workers_of(parts.config),
                house=self._house,
                registry=self._registry,
                upkeep=self._upkeep,
                exchange=self._sinks.exchange,
                gone=self._gone,
                rolled_back=self._rolled_back_elsewhere,
                is_timed=durations is not None,
                copy_of=kept.copy_of,
                forked=forked,
                beats=beats,
                deadlines=deadlines,
                thread=thread,
            )
        else:
            self.hearing = Hearing(
                parts,
                registrar=self._registry,
                follow=self._sinks.exchange,
                rolled_back=self._rolled_back,
                upkeep=self._upkeep,
                durations=durations,
                stop_reading=stop,
                beats=beats,
                deadlines=deadlines,
                thread=thread,
            )
        self.commands = Commands(
            words.ask,
            outboxes=self.outboxes,
            topic=parts.topics.answer,
            language=lambda: self.parts.config.agent.language,
        )
        self._beside: list[threading.Thread] = []
        if durations is not None:
            endpoint = endpoint_of(
                parts.config.metrics,
                Exposition(self._figures, Timed(durations, lambda: self._stages)),
                stop=stop_watching,
                beats=beats,
                deadlines=deadlines,
            )
            self._house.endpoint = endpoint
            self._beside.append(thread("metrics", endpoint.run))
        if (web := parts.config.web) is not None:
            page = page_of(web, parts.config.agent, stop=stop_watching, beats=beats, deadlines=deadlines)
            self._house.page = page
            self._beside.append(thread("page", page.run))

    @property
    def parts(self) -> Parts:
        """What runs."""
        return self._house.parts

    @property
    def threads(self) -> list[threading.Thread]:
        """Those that are told to end by `publishers.end`, and the endpoint's."""
        return [*self.publishers.threads, *self._beside]

    def start(self) -> None:
        """Begin to publish."""
        for name in self.publishers.by_sink:
            self.publishers.start(name)
        for thread in self._beside:
            thread.start()

    def _health(self, share: Share, language: Language | None) -> HealthPayload:
        return health_of(self._house, [share], language=language)

    def _rolled_back(self, bad: Parts, good: Parts) -> None:
        self._kept.refuse(bad.bundle.manifest, good.bundle.manifest)
        self._registry.bulletin.adopt(good, new_sinks=())
        self._house.adopt(good)

    def _rolled_back_elsewhere(self, bad: Manifest, good: Manifest) -> None:
        """A worker took the bundle back: have all follow, by the config as it is meant from now on."""
        self._kept.refuse(bad, good)
        self._read_again()

    def _gone(self, sensor: str) -> None:
        """A worker is gone for long: its sensors are not heard."""
        speaker, topic = self._house.parts.speaker, self._house.parts.topics.state(sensor)
        until_s = time.time() + STATE_VALID_S
        payload = encode(speaker.state(said_lost(sensor), last=None, losses=None, valid_until_s=until_s))
        self.outboxes.put(Message(topic, payload, retain=True, qos=1, kind="state", expiry_s=STATE_VALID_S))

    def _figures(self) -> Future[Figures]:
        """All figures, in time."""
        figures: Future[Figures] = Future()

        def put_together(answered: Future[Answer]) -> None:
            answer = answered.result()
            shares = answer["shares"] if "shares" in answer else [answer["share"]]
            self._stages = merged(shares).stages
            open_alerts = self._registry.bulletin.open_alerts
            figures.set_result(figures_of(self._house, shares, self._tally, open_alerts))

        self.hearing.ask(TakeFigures()).add_done_callback(put_together)
        return figures


class Timed:
    """What this process timed, and what workers did."""

    def __init__(self, own: Durations, others: Callable[[], Mapping[str, Stage]]) -> None:
        self._own, self._others = own, others

    def read(self) -> Mapping[str, Histogram]:
        own = {name: Stage(tuple(one.counts), one.seconds) for name, one in self._own.read().items()}
        both = merged([Share(stages=own), Share(stages=dict(self._others()))]).stages
        return {name: Histogram(list(stage.counts), stage.seconds) for name, stage in both.items()}
