"""What is there once, however many processes hear: store, ways out and endpoint; and the health document of all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec import UNSET, UnsetType

from agent.messages.notices import in_language
from agent.messages.payloads import HealthPayload, PublishingHealth, WorkerHealth
from agent.messages.words import Language
from agent.service.assembly import Parts
from agent.service.child import Child
from agent.service.keeping.store import Store
from agent.service.looking_back.history import History
from agent.service.merging import merged
from agent.service.process import memory_mb, shared_out_mb
from agent.service.publisher import Publisher
from agent.service.publishers import Publishers
from agent.service.share import Share
from agent.service.watching.filling import Filling
from agent.service.watching.metrics_server import MetricsServer
from agent.sinks import BROKER
from agent.transport.mqtt import Broker
from firmware_bridge import VERSION

LOOK_S = 10.0
"""Between two looks at how much waits for each sink."""


@dataclass(slots=True)
class House:
    """Changed where the config is read again."""

    parts: Parts
    store: Store
    publishers: Publishers
    endpoint: MetricsServer | None = None
    page: Child | None = None
    history: History | None = None
    started_s: float = field(default_factory=time.monotonic)
    orphaned: dict[str, int] = field(default_factory=dict)  # sinks no longer configured -> events that wait for them
    fillings: dict[str, Filling] = field(default_factory=dict)  # by sink
    _looked_s: float = -LOOK_S

    def adopt(self, parts: Parts) -> None:
        """Another config runs, or another bundle."""
        self.parts = parts
        self.orphaned = self.store.sinks.orphaned(self.publishers.by_sink)

    def tick(self, now_s: float) -> None:
        """Time passes, by the monotonic clock."""
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            for name, publisher in self.publishers.by_sink.items():
                self.fillings.setdefault(name, Filling()).note(now_s, publisher.waiting_bytes)


def health_of(
    house: House,
    shares: Sequence[Share],
    *,
    workers: tuple[WorkerHealth, ...] | UnsetType = UNSET,
    language: Language | None = None,
) -> HealthPayload:
    """How the whole agent is now, with what each process tells of what it hears."""
    parts, publishers = house.parts, house.publishers.by_sink
    others = {name: _publishing(publisher) for name, publisher in publishers.items() if name != BROKER}
    told = merged(shares)
    manifest = parts.bundle.manifest
    notices = (
        *parts.config.notices,
        *parts.notices,
        *house.store.notices,
        *(() if house.endpoint is None else house.endpoint.notices),
        *(() if house.page is None else house.page.notices),
        *(() if house.history is None else house.history.notices),
        *notices_of_sinks(house),
        *told.notices,
    )
    return HealthPayload(
        agent=parts.config.agent.id,
        site=parts.config.agent.site,
        version=VERSION,
        bundle=told.bundle or f"{manifest.name} {manifest.version}",
        runtime=told.runtime or parts.runtime,
        time=datetime.now(UTC),
        uptime_s=round(time.monotonic() - house.started_s, 1),
        memory_mb=memory_mb() if told.memory_mb is None else _sum_of(shared_out_mb(), told.memory_mb),
        state_kept=house.store.is_kept,
        sensors=told.sensors,
        sources=told.sources,
        publishing=_publishing(publishers[BROKER]),
        sinks=others or UNSET,
        workers=workers,
        seq=house.store.numbers.seq,
        open_alerts=told.open_alerts,
        shelved=told.shelved,
        notices=tuple(in_language(notice, language or parts.config.agent.language) for notice in notices),
    )


def _sum_of(*figures: float | None) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return round(sum(known), 1) if known else None


def notices_of_sinks(house: House) -> list[str]:
    """What keeps messages from where they belong, for a person to mend."""
    notices: list[str] = []
    own = f"{house.parts.topics.root}/#"
    for name, publisher in house.publishers.by_sink.items():
        notices += [
            f"{name}: {refusal.topic} is refused ({refusal.reason}); it is kept and tried again"
            for refusal in publisher.refusals
        ]
        notices += [f"{name}: {notice}" for notice in publisher.notices]
        if publisher.unread:
            notices.append(
                f"{name}: does not show what it holds of this agent, so old alerts may stand there; let it read {own}"
            )
    brokers = {BROKER: house.parts.config.broker} | {sink.name: sink.settings for sink in house.parts.config.sinks}
    for name, settings in brokers.items():
        if isinstance(settings, Broker) and settings.protocol == "3.1.1":
            notices.append(f'{name}: MQTT 3.1.1 cannot say that a message is refused; use protocol = "5" if you can')
    for name, count in sorted(house.orphaned.items()):
        notices.append(f"{name}: {count} events wait for this sink, which the config names no more")
    return notices


def _publishing(publisher: Publisher) -> PublishingHealth:
    return PublishingHealth(
        connected=publisher.connected,
        outages=publisher.outage.count,
        published=publisher.published,
        waiting=publisher.waiting,
        waiting_events=publisher.waiting_events,
        dropped=publisher.dropped,
        refused=publisher.refused,
        waiting_bytes=publisher.waiting_bytes,
        error=publisher.outage.error,
    )
