"""What the worker knows of itself and its sensors, as the state and health documents."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from agent.health import memory_mb
from agent.ledger import Balance
from agent.payloads import HealthPayload, PublishingHealth, SensorHealth, SourceHealth, StatePayload
from agent.publisher import Publisher
from agent.sensors import SensorDesk
from agent.speaker import Speaker

if TYPE_CHECKING:
    from agent.worker import Worker


def state_report(desk: SensorDesk, *, speaker: Speaker, losses: Balance | None) -> StatePayload:
    """What one sensor says now."""
    return speaker.state(desk.change, last=desk.last, losses=losses)


def health_report(worker: Worker, publisher: Publisher) -> HealthPayload:
    """How the whole agent is now."""
    parts = worker.parts
    manifest = parts.bundle.manifest
    return HealthPayload(
        agent=parts.config.agent.id,
        site=parts.config.agent.site,
        version=version(),
        bundle=f"{manifest.name} {manifest.version}",
        runtime=parts.runtime,
        time=datetime.now(UTC),
        uptime_s=round(time.monotonic() - worker.started_s, 1),
        memory_mb=memory_mb(),
        sensors={sensor: _sensor(sensor, desk, worker) for sensor, desk in worker.desks.items()},
        sources={source.name: _source(source.name, worker) for source in parts.sources},
        publishing=PublishingHealth(
            connected=publisher.connected,
            outages=publisher.outage.count,
            published=publisher.published,
            waiting=publisher.waiting,
            dropped=publisher.dropped,
        ),
        open_alerts=tuple(alert.id for desk in worker.desks.values() for alert in desk.pipeline.open_alerts),
        notices=(*parts.config.notices, *worker.store.notices),
    )


def version() -> str:
    """The installed version of this package; "unknown" where it runs from a bare folder."""
    try:
        return metadata.version("textvib-edge")
    except metadata.PackageNotFoundError:
        return "unknown"


def _sensor(sensor: str, desk: SensorDesk, worker: Worker) -> SensorHealth:
    losses = worker.inbox.balance(sensor)
    last = desk.last
    return SensorHealth(
        state=desk.change.state,
        data_age_s=None if desk.heard_s is None else round(max(0.0, time.monotonic() - desk.heard_s), 1),
        windows=desk.pipeline.counters().get("windows", 0),
        rate=last.rate if last else None,
        losses=losses,
        explained=losses.explained if losses else None,
    )


def _source(name: str, worker: Worker) -> SourceHealth:
    reader = worker.readers[name]
    return SourceHealth(
        connected=reader.connected,
        ended=reader.ended,
        outages=reader.outage.count,
        error=reader.outage.error,
        dropped_items=worker.inbox.dropped(name),
        faults=dict(worker.faults[name]),
        counters=dict(reader.counters),
    )
