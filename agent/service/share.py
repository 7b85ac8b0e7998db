"""How all is that one process hears: its part of the health document and of the figures, as one value."""

from __future__ import annotations

from datetime import datetime

import msgspec

from agent.messages.payloads import SensorHealth, SourceHealth
from agent.stream.ledger import Balance
from agent.types import State


class Stage(msgspec.Struct, frozen=True):
    """How long a stage took, as `Histogram`."""

    counts: tuple[int, ...]
    seconds: float


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Of the sensors and sources of one process; counters since its start."""

    sensors: dict[str, SensorHealth] = {}
    sources: dict[str, SourceHealth] = {}
    open_alerts: tuple[str, ...] = ()
    shelved: dict[str, datetime] = {}
    notices: tuple[str, ...] = ()
    bundle: str = ""
    runtime: str = ""
    declared_hz: dict[str, float] = {}  # of sensors that were heard
    samples: dict[str, Balance] = {}  # over all sessions
    windows: tuple[tuple[str, State, int], ...] = ()
    stages: dict[str, Stage] = {}  # that are timed in a process without an endpoint
    kept_failed: int = 0  # excerpts of the ring
    memory_mb: float | None = None  # of a process of its own
    shed: int = 0  # messages that did not get out of it
