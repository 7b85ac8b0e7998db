"""All figures of the agent at one moment, taken by the worker and handed to another thread as plain values."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from agent.bundle.manifest import identity_of
from agent.messages.payloads import HealthPayload
from agent.service.health import Everything, health_report
from agent.service.outbox import MAX_BYTES
from agent.service.watching.filling import Filling
from agent.service.watching.tally import Tally
from agent.stream.ledger import Balance
from agent.types import State

SEVERITIES = ("warning", "alarm")


@dataclass(frozen=True, slots=True)
class Figures:
    """As of monotonic second `taken_s`; counters since the start of the agent."""

    taken_s: float
    health: HealthPayload
    bundle_sha256: str
    declared_hz: Mapping[str, float]  # by sensor, of those that were heard
    samples: Mapping[str, Balance]  # by sensor, over all its sessions
    windows: Mapping[tuple[str, State], int]
    raised: Mapping[tuple[str, str], int]  # by sensor and severity
    cleared: Mapping[tuple[str, str], int]  # by sensor and reason
    open: Mapping[tuple[str, str], int]  # by sensor and severity
    full_in_s: Mapping[str, float]  # by sink
    most_bytes: int  # of what may wait for a sink
    kept: tuple[int, int] | None  # files and bytes in the ring; None: there is none
    kept_failed: int = 0


def figures_of(seen: Everything, tally: Tally, fillings: Mapping[str, Filling]) -> Figures:
    desks, ring = seen.desks.items(), seen.ring
    none = dict.fromkeys(((sensor, severity) for sensor, _ in desks for severity in SEVERITIES), 0)
    opened = Counter(
        (alert.sensor, alert.severity) for _, desk in desks for alert in desk.pipeline.decision.open_alerts
    )
    return Figures(
        taken_s=time.monotonic(),
        health=health_report(seen),
        bundle_sha256=identity_of(seen.parts.bundle.manifest),
        declared_hz={sensor: desk.latest.stream.rate_hz for sensor, desk in desks if desk.latest is not None},
        samples={sensor: seen.inbox.total(sensor) for sensor, _ in desks},
        windows=dict(tally.windows),
        raised=none | tally.raised,
        cleared=dict(tally.cleared),
        open=none | opened,
        full_in_s={sink: filling.seconds_left(MAX_BYTES) for sink, filling in fillings.items()},
        most_bytes=MAX_BYTES,
        kept=None if ring is None else ring.size,
        kept_failed=0 if ring is None else ring.failed,
    )
