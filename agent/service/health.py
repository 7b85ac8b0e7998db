"""How all is that one process hears, as its share of the health document."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from agent.diagnosis.coverage import commissioned_anyway, learnt_speeds
from agent.messages.commissioning_text import anyway_in_words, outcome_in_words
from agent.messages.notices import in_language
from agent.messages.payloads import HealthyStateHealth, SensorHealth, SourceHealth
from agent.messages.words import Language
from agent.ports import Noticing
from agent.service.assembly import Parts
from agent.service.inbox import Inbox
from agent.service.refusals import Refusals
from agent.service.registrar import Registrar
from agent.service.sensor import SensorDesk
from agent.service.share import Share
from agent.service.shelves import until_by_alert
from agent.service.source_thread import Reader
from agent.service.watching.looking import Looking
from agent.service.watching.ring import Ring
from agent.service.watching.tally import Tally
from agent.service.watching.trend import Trend


@dataclass(slots=True)
class Everything:
    """All that one process hears, for a report to look at; changed by `handover` alone."""

    parts: Parts
    registrar: Registrar
    inbox: Inbox
    desks: dict[str, SensorDesk]
    refusals: dict[str, Refusals]  # by source
    readers: Mapping[str, Reader]
    ring: Ring | None = None
    trend: Trend | None = None
    looking: Looking | None = None
    bundle_notices: tuple[str, ...] = ()


def share_of(seen: Everything, tally: Tally) -> Share:
    """How all that is heard here is now; `tally` has counted its windows."""
    parts, language = seen.parts, seen.parts.config.agent.language
    manifest = parts.bundle.manifest
    notices = (
        *seen.bundle_notices,
        *(() if seen.ring is None else seen.ring.notices),
        *(() if seen.trend is None else seen.trend.notices),
        *_notices_of_sources(seen.readers),
        *_notices_on_learning(seen.desks, language),
        *_notices_on_doubts(seen.desks, language),
    )
    return Share(
        sensors={sensor: _sensor(sensor, desk, seen) for sensor, desk in seen.desks.items()},
        sources={source.name: _source(source.name, seen) for source in parts.sources},
        open_alerts=tuple(alert.id for desk in seen.desks.values() for alert in desk.pipeline.decision.open_alerts),
        shelved=until_by_alert(seen.desks.values()),
        notices=notices,
        bundle=f"{manifest.name} {manifest.version}",
        runtime=parts.runtime,
        declared_hz={sensor: desk.latest.stream.rate_hz for sensor, desk in seen.desks.items() if desk.latest},
        samples={sensor: seen.inbox.total(sensor) for sensor in seen.desks},
        windows=tuple((*key, count) for key, count in tally.windows.items()),
        kept_failed=0 if seen.ring is None else seen.ring.failed,
    )


def _notices_of_sources(readers: Mapping[str, Reader]) -> list[str]:
    """What whoever looks after a source should mend although it brings something."""
    return [
        f"{name}: {notice}"
        for name, reader in readers.items()
        if isinstance(reader.source, Noticing)
        for notice in reader.source.notices
    ]


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
