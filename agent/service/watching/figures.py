"""All figures of the agent at one moment, as plain values: what each worker counts, and what is there once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.bundle.manifest import identity_of
from agent.messages.payloads import HealthPayload
from agent.service.house import House, health_of
from agent.service.merging import merged
from agent.service.outbox import MAX_BYTES
from agent.service.share import Share
from agent.service.watching.ring_folder import FOLDER, size_of
from agent.service.watching.tally import Tally
from agent.stream.ledger import Balance
from agent.types import Alert, State

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


def figures_of(house: House, shares: Sequence[Share], tally: Tally, alerts: Iterable[Alert]) -> Figures:
    """All figures now; `tally` has counted the alerts, of which `alerts` are open."""
    config, told = house.parts.config, merged(shares)
    none = dict.fromkeys(((sensor, severity) for sensor in config.sensors for severity in SEVERITIES), 0)
    return Figures(
        taken_s=time.monotonic(),
        health=health_of(house, shares),
        bundle_sha256=identity_of(house.parts.bundle.manifest),
        declared_hz=told.declared_hz,
        samples=told.samples,
        windows={(sensor, state): count for sensor, state, count in told.windows},
        raised=none | tally.raised,
        cleared=dict(tally.cleared),
        open=none | Counter((alert.sensor, alert.severity) for alert in alerts),
        full_in_s={sink: filling.seconds_left(MAX_BYTES) for sink, filling in house.fillings.items()},
        most_bytes=MAX_BYTES,
        kept=size_of(Path(config.agent.state_dir) / FOLDER) if config.ring.max_mb else None,
        kept_failed=told.kept_failed,
    )
