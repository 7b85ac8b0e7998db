"""Every message the agent publishes, as a struct; the JSON Schemas in docs/schemas are made from these alone.

A schema name ends in its version: fields may be added under one version, never renamed, retyped or removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from agent.diagnosis.coverage import Coverage, LearntSpeed
from agent.diagnosis.matching import Text
from agent.stream.ledger import Balance
from agent.types import (
    AlertReason,
    Clock,
    Commissioned,
    Doubt,
    Drift,
    Evidence,
    Learning,
    LineHeights,
    Objection,
    Question,
    Rate,
    Signs,
    Speed,
    State,
    Still,
)

WAS = (
    "What somebody has found the alert to be: a fault id, healthy where nothing was wrong, or a name of one's own (at "
    "most 40 small letters of any script, digits and _). The last word counts; of an alert that is over it comes as "
    "one more event, cleared with reason judged."
)


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """How near a window is to one description."""

    fault: str
    title: str
    similarity: float  # cosine, and what a fault known by its description alone is granted
    probability: float


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question about the bearing, put by lines that what is told of it does not explain; never a name."""

    text: str
    found: Question


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message comes from; inherited, so that every payload carries these keys at its top level."""

    agent: str
    site: str | None
    sensor: str
    machine: str
    machine_name: str | None
    position: str | None


class StatePayload(Place, frozen=True, kw_only=True):
    """`sensor/{sensor}/state`, retained: what the sensor says now."""

    schema: Literal["textvib/state/1"] = "textvib/state/1"
    state: State
    title: str
    reason: str | None
    reason_text: str | None  # the same in words
    since: datetime | None
    bearing: str | None  # the one that the figures below are of
    nearest: tuple[Likeness, ...]  # of the last window, best first
    deviation: float | None  # from the healthy baseline, 1 = limit
    rate: Rate | None
    speed: Speed | None
    losses: Balance | None
    asks: Asked | None  # about the bearing, by the last window
    missing: tuple[
        str, ...
    ] = ()  # of speed or sure_speed, geometry, healthy_state, bandwidth: what would let more be said
    valid_until: datetime | None = None  # it is said again well before; later nobody says so any more
    notices: tuple[str, ...] = ()  # what else to know before relying on it
    commissioned_anyway: tuple[Doubt, ...] = ()  # what stood against the healthy states that it is held against
    open_alerts: tuple[str, ...] = ()  # ids, also of those that somebody has seen or put aside


class DiagnosisPayload(Place, frozen=True, kw_only=True):
    """`sensor/{sensor}/diagnosis`: what one window says about one bearing."""

    schema: Literal["textvib/diagnosis/1"] = "textvib/diagnosis/1"
    bearing: str | None
    time: datetime | None
    session: int
    window_start: int
    fault: str
    text: Text
    probability: float
    validated: bool  # False: learnt from simulation alone
    nearest: tuple[Likeness, ...]
    second: str | None  # the second most likely fault
    quality: str | None  # None: good; else why the signal cannot be judged
    running: bool
    deviation: float | None
    speed: Speed
    rate: Rate
    evidence: Evidence | None
    background: tuple[str, ...]  # names of those lines in the evidence that healthy machines show as well
    heights: LineHeights | None  # of the bearing lines; null without geometry or speed
    objection: Objection | None  # why the nearest description is not its name, where bearing lines contradict it
    signs: Signs | None  # impacts, and growth at the shaft's orders; null where they cannot be measured
    missing: tuple[
        str, ...
    ]  # of speed (or sure_speed), geometry, healthy_state, bandwidth, length: what would let more be said
    looks_like: str | None  # the nearest description, where evidence does not bear it out
    asks: Asked | None  # about the bearing, where lines stand that what is told of it does not explain
    seconds: float | None = None  # length of a piece shorter than a window; null: a whole window
    needs_s: float | None = None  # how long such a piece would have to be to be a whole window
    still: Still | None = None  # why the machine is held to stand still


class AlertPayload(Place, frozen=True, kw_only=True):
    """`alert/{sensor}/{bearing}` (retained while open) and `event` (every change): one alert."""

    schema: Literal["textvib/alert/1"] = "textvib/alert/1"
    id: str  # the same from raise to clear
    event: Literal["raised", "updated", "cleared"]
    severity: Literal["warning", "alarm"]
    bearing: str | None
    fault: str
    text: Text
    probability: float
    validated: bool
    opened: datetime | None
    time: datetime | None
    nearest: tuple[Likeness, ...]
    second: str | None
    deviation: float | None
    speed: Speed
    rate: Rate
    evidence: Evidence | None
    background: tuple[str, ...]  # names of those lines in the evidence that healthy machines show as well
    heights: LineHeights | None  # of the bearing lines; null without geometry or speed
    objection: Objection | None  # why the nearest description is not its name, where bearing lines contradict it
    signs: Signs | None  # impacts, and growth at the shaft's orders; null where they cannot be measured
    missing: tuple[
        str, ...
    ]  # of speed (or sure_speed), geometry, healthy_state, bandwidth, length: what would let more be said
    looks_like: str | None  # the nearest description, where evidence does not bear it out
    asks: Asked | None  # about the bearing, where lines stand that what is told of it does not explain
    needs_s: float | None = None  # where `missing` says length: how long one piece would have to be
    reason: AlertReason | None = None  # of an update or a clearing; only `recovered` says that the machine is well
    seq: int = 0  # of the event; grows with each event of this agent, and repeats of one keep it
    acknowledged: bool = False
    by: str | None = None  # who acknowledged, shelved or closed it last
    acknowledged_by: str | None = None  # whoever else did something with it since
    shelved_until: datetime | None = None  # somebody knows of it and put it aside until then; null: it is not
    clock: Clock = "unknown"  # what `opened` was read from; a correction is an update
    recording: str | None = None  # file in the agent's state folder with the raw windows that raised it; null: none
    was: Annotated[str, msgspec.Meta(description=WAS)] | None = None


class MaintenancePayload(msgspec.Struct, frozen=True, kw_only=True):
    """`maintenance` (every change) and `maintenance/{machine}` (retained while it lasts): something that is no fault of
    the machine is to be mended."""

    schema: Literal["textvib/maintenance/1"] = "textvib/maintenance/1"
    agent: str
    site: str | None
    machine: str
    machine_name: str | None
    kind: Literal["speed_silent"]  # its speed is told no more, while it runs
    event: Literal["raised", "cleared"]
    text: str
    since: datetime | None
    time: datetime | None
    seq: int = 0  # as of alerts' events, counted together with them


class HealthyStateHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one healthy machine, in the health document."""

    speeds: tuple[LearntSpeed, ...]  # at which it was learnt
    covers: Coverage | None  # what that lets be told at the present speed; null while the machine does not run steadily
    commissioned_anyway: tuple[Doubt, ...]  # what stood against any of it
    learning: Learning | None  # null: no commissioning is under way
    latest: Commissioned | None  # how the latest commissioning ended; null where there was none since the start
    set_aside: bool  # whether a state from before a repair is kept, because that after it is not complete


class SensorHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor in the health document."""

    state: State
    data_age_s: float | None  # since its last samples or reading
    lag_s: float = 0.0  # for which the oldest of what its source gave waits to be judged
    overloaded: bool = False  # whether some of it was left out in the last minute, for want of time
    windows: int
    rate: Rate | None
    drift: Drift | None  # of the sensor's clock against the agent's; null until enough time has passed
    losses: Balance | None
    explained: bool | None  # whether the losses add up to what the sensor produced
    healthy_state: HealthyStateHealth | None = None  # of what its machine looks like healthy


class RefusalHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Input of one kind that one source refused, from one place."""

    kind: str
    sensor: str | None  # null where it cannot be told
    where: str | None  # the topic
    key: str | None  # of the message or the config
    count: int
    samples: int  # known to be lost with them
    first: datetime
    last: datetime
    detail: str  # of the last, with the mend where there is one


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One source in the health document."""

    connected: bool
    ended: bool
    outages: int
    restarts: int = 0  # after it hung
    error: str | None  # of the outage that lasts
    dropped_items: int  # by the agent's own full queue
    faults: dict[str, int]  # refused input, by kind
    refusals: tuple[RefusalHealth, ...]  # the same by sensor, topic and key, the commonest first
    counters: dict[str, int]


class PublishingHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The way out in the health document."""

    connected: bool
    outages: int
    published: int
    waiting: int  # messages that the sink does not have yet: states, events, diagnoses
    waiting_events: int = 0  # of them, those of alerts and maintenance, of which none may be lost
    dropped: int  # for want of room, or too old
    refused: int = 0  # refusals so far; what is refused is kept and tried again
    waiting_bytes: int = 0  # of events and diagnoses
    error: str | None = None  # of the outage that lasts


class WorkerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One of several processes that hear sensors, in the health document."""

    sensors: tuple[str, ...]
    running: bool
    pid: int | None  # null while it is being made
    restarts: int  # since the agent started
    away_s: float  # for which its sensors were not heard, in all
    memory_mb: float | None
    shed: int  # messages that could not be handed over in time


class HealthPayload(msgspec.Struct, frozen=True, kw_only=True):
    """`health`, retained: how the agent itself is."""

    schema: Literal["textvib/health/1"] = "textvib/health/1"
    agent: str
    site: str | None
    version: str
    bundle: str
    runtime: str
    time: datetime
    uptime_s: float
    memory_mb: float | None  # resident; of several processes what they share is counted once
    state_kept: bool = True  # False: baselines and open alerts are in memory alone
    sensors: dict[str, SensorHealth]
    sources: dict[str, SourceHealth]
    publishing: PublishingHealth  # to the broker
    sinks: dict[str, PublishingHealth] | msgspec.UnsetType = msgspec.UNSET  # to each further sink, where there is one
    workers: tuple[WorkerHealth, ...] | msgspec.UnsetType = msgspec.UNSET  # where sensors are shared over processes
    seq: int = 0  # of the last event
    open_alerts: tuple[str, ...]
    shelved: dict[str, datetime] = {}  # of these, those that somebody put aside, and until when
    notices: tuple[str, ...]


PAYLOADS: dict[str, type[msgspec.Struct]] = {
    "state": StatePayload,
    "diagnosis": DiagnosisPayload,
    "alert": AlertPayload,
    "health": HealthPayload,
    "maintenance": MaintenancePayload,
}


SIGNIFICANT_DIGITS = 6
"""Of every figure in a message; what lies beyond is noise that costs bytes."""


def encode(payload: msgspec.Struct) -> bytes:
    """The payload as compact UTF-8 JSON; not-a-number becomes null."""
    return msgspec.json.encode(_rounded(msgspec.to_builtins(payload)))


def _rounded(value: Any) -> Any:
    """The same lists and dicts with every float to `SIGNIFICANT_DIGITS`."""
    kind = type(value)  # of plain values, whose types are these alone
    if kind is float:
        return float(_FIGURE % value)
    if kind is dict:
        return {key: _rounded(item) if type(item) in _INSIDE else item for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_rounded(item) if type(item) in _INSIDE else item for item in value]
    return value


_FIGURE = f"%.{SIGNIFICANT_DIGITS}g"
_INSIDE = frozenset((float, dict, list, tuple))


def schemas() -> dict[str, bytes]:
    """File name -> JSON Schema (2020-12) of every payload, indented, as kept in docs/schemas."""
    files = {}
    for name, payload in PAYLOADS.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(payload)}
        files[f"{name}.json"] = msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"
    return files
