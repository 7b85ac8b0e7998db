"""How the whole agent is, as the health document."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from agent.diagnosis.coverage import commissioned_anyway, learnt_speeds
from agent.messages.commissioning_text import anyway_in_words, outcome_in_words
from agent.messages.notices import in_language
from agent.messages.payloads import HealthPayload, HealthyStateHealth, PublishingHealth, SensorHealth, SourceHealth
from agent.messages.words import Language
from agent.ports import Noticing
from agent.service.assembly import Parts
from agent.service.child import Child
from agent.service.inbox import Inbox
from agent.service.keeping.store import Store
from agent.service.process import memory_mb
from agent.service.publisher import Publisher
from agent.service.refusals import Refusals
from agent.service.sensor import SensorDesk
from agent.service.shelves import until_by_alert
from agent.service.source_thread import Reader
from agent.service.watching.looking import Looking
from agent.service.watching.metrics_server import MetricsServer
from agent.service.watching.ring import Ring
from agent.service.watching.trend import Trend
from agent.sinks import BROKER
from agent.transport.mqtt import Broker
from firmware_bridge import VERSION


@dataclass(slots=True)
class Everything:
    """All that runs, for a report to look at; changed by `handover` alone."""

    parts: Parts
    store: Store
    inbox: Inbox
    desks: dict[str, SensorDesk]
    refusals: dict[str, Refusals]  # by source
    readers: Mapping[str, Reader]
    publishers: Mapping[str, Publisher]  # by the name of their sink
    started_s: float  # monotonic
    orphaned: Mapping[str, int]  # sinks that are no longer configured -> events that wait for them
    ring: Ring | None = None
    trend: Trend | None = None
    endpoint: MetricsServer | None = None
    page: Child | None = None
    looking: Looking | None = None
    bundle_notices: tuple[str, ...] = ()


def health_report(seen: Everything) -> HealthPayload:
    """How the whole agent is now."""
    parts = seen.parts
    others = {name: _publishing(publisher) for name, publisher in seen.publishers.items() if name != BROKER}
    manifest = parts.bundle.manifest
    notices = (
        *parts.config.notices,
        *parts.notices,
        *seen.bundle_notices,
        *seen.store.notices,
        *(() if seen.ring is None else seen.ring.notices),
        *(() if seen.trend is None else seen.trend.notices),
        *(() if seen.endpoint is None else seen.endpoint.notices),
        *(() if seen.page is None else seen.page.notices),
        *notices_of_sinks(seen),
        *_notices_on_learning(seen.desks, parts.config.agent.language),
        *_notices_on_doubts(seen.desks, parts.config.agent.language),
    )
    return HealthPayload(
        agent=parts.config.agent.id,
        site=parts.config.agent.site,
        version=VERSION,
        bundle=f"{manifest.name} {manifest.version}",
        runtime=parts.runtime,
        time=datetime.now(UTC),
        uptime_s=round(time.monotonic() - seen.started_s, 1),
        memory_mb=memory_mb(),
        state_kept=seen.store.is_kept,
        sensors={sensor: _sensor(sensor, desk, seen) for sensor, desk in seen.desks.items()},
        sources={source.name: _source(source.name, seen) for source in parts.sources},
        publishing=_publishing(seen.publishers[BROKER]),
        sinks=others or msgspec.UNSET,
        seq=seen.store.numbers.seq,
        open_alerts=tuple(alert.id for desk in seen.desks.values() for alert in desk.pipeline.decision.open_alerts),
        shelved=until_by_alert(seen.desks.values()),
        notices=tuple(in_language(notice, parts.config.agent.language) for notice in notices),
    )


def notices_of_sinks(seen: Everything) -> list[str]:
    """What keeps messages from where they belong, for a person to mend."""
    notices: list[str] = []
    own = f"{seen.parts.topics.root}/#"
    for name, publisher in seen.publishers.items():
        notices += [
            f"{name}: {refusal.topic} is refused ({refusal.reason}); it is kept and tried again"
            for refusal in publisher.refusals
        ]
        notices += [f"{name}: {notice}" for notice in publisher.notices]
        if publisher.unread:
            notices.append(
                f"{name}: does not show what it holds of this agent, so old alerts may stand there; let it read {own}"
            )
    for name, reader in seen.readers.items():
        told = reader.source.notices if isinstance(reader.source, Noticing) else ()
        notices += [f"{name}: {notice}" for notice in told]
    brokers = {BROKER: seen.parts.config.broker} | {sink.name: sink.settings for sink in seen.parts.config.sinks}
    for name, settings in brokers.items():
        if isinstance(settings, Broker) and settings.protocol == "3.1.1":
            notices.append(f'{name}: MQTT 3.1.1 cannot say that a message is refused; use protocol = "5" if you can')
    for name, count in sorted(seen.orphaned.items()):
        notices.append(f"{name}: {count} events wait for this sink, which the config names no more")
    return notices


def _publishing(publisher: Publisher) -> PublishingHealth:
    return PublishingHealth(
        connected=publisher.connected,
        outages=publisher.outage.count,
        published=publisher.published,
        waiting=publisher.waiting,
        dropped=publisher.dropped,
        refused=publisher.refused,
        waiting_bytes=publisher.waiting_bytes,
        error=publisher.outage.error,
    )


def _sensor(sensor: str, desk: SensorDesk, seen: Everything) -> SensorHealth:
    losses = seen.inbox.balance(sensor)
    last = desk.last
    return SensorHealth(
        state=desk.change.state,
        data_age_s=None if desk.heard_s is None else round(max(0.0, time.monotonic() - desk.heard_s), 1),
        lag_s=round(seen.inbox.lag_s(seen.parts.config.sensors[sensor].source), 1),
        overloaded=seen.inbox.is_overloaded(sensor),
        windows=desk.pipeline.windower.counters().get("windows", 0),
        rate=last.rate if last else None,
        drift=desk.pipeline.windower.drift,
        losses=losses,
        explained=losses.explained if losses else None,
        healthy_state=_healthy_state(desk),
    )


def _healthy_state(desk: SensorDesk) -> HealthyStateHealth:
    healthy = desk.pipeline.healthy
    return HealthyStateHealth(
        speeds=learnt_speeds(healthy.baselines),
        covers=desk.coverage,
        commissioned_anyway=commissioned_anyway(healthy.baselines),
        learning=healthy.progress,
        latest=healthy.latest,
        set_aside=bool(healthy.aside),
    )


def _notices_on_learning(desks: Mapping[str, SensorDesk], language: Language) -> list[str]:
    """What somebody should know of healthy states that were refused, believed anyway, or set aside."""
    notices = []
    for sensor, desk in desks.items():
        healthy = desk.pipeline.healthy
        if healthy.latest is not None and healthy.latest.result == "refused":
            words = (in_language(line, language) for line in outcome_in_words(healthy.latest))
            notices.append(f"{sensor}: commissioning was {'; '.join(words)}")
        notices += [
            f"{sensor}: {anyway_in_words(speed)}"
            for speed in learnt_speeds(healthy.baselines)
            if speed.commissioned_anyway
        ]
        if healthy.aside:
            notices.append(
                f"{sensor}: its healthy state from before the repair is set aside; commission it, "
                "or take that back with: commission SENSOR --cancel"
            )
    return notices


def _notices_on_doubts(desks: Mapping[str, SensorDesk], language: Language) -> list[str]:
    """What contradicts itself about a sensor."""
    now_s = time.monotonic()
    return [
        f"{sensor}: {in_language(notice, language)}"
        for sensor, desk in desks.items()
        for notice in desk.doubts.notices(now_s)
    ]


def _source(name: str, seen: Everything) -> SourceHealth:
    reader = seen.readers[name]
    return SourceHealth(
        connected=reader.connected,
        ended=reader.ended,
        outages=reader.outage.count,
        restarts=reader.lives,
        error=reader.outage.error,
        dropped_items=seen.inbox.dropped(name),
        faults=dict(seen.refusals[name].counts),
        refusals=seen.refusals[name].report(),
        counters=dict(reader.counters),
    )
