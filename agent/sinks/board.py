"""What messages have said so far, by sensor, for sinks that show figures one by one instead of handing messages on.

Read as `telling` reads events: for what a message has, never refused for what it lacks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

import msgspec

from agent.ports import Message
from agent.sinks.telling import Event, Wording

AWAY = ("lost",)
"""States of a sensor that is not there."""


class _Speed(msgspec.Struct, frozen=True):
    rpm: float | None = None


class _Figure(msgspec.Struct, frozen=True):
    value: float | None = None


class _Evidence(msgspec.Struct, frozen=True):
    velocity_rms: _Figure | None = None
    iso_zone: str | None = None


class StateTold(msgspec.Struct, frozen=True, kw_only=True):
    """Of a state's payload what is shown."""

    machine: str = ""
    machine_name: str | None = None
    position: str | None = None
    state: str = ""
    title: str = ""
    reason_text: str | None = None
    since: datetime | None = None
    bearing: str | None = None
    deviation: float | None = None
    speed: _Speed | None = None
    notices: tuple[str, ...] = ()


class WindowTold(msgspec.Struct, frozen=True, kw_only=True):
    """Likewise of a diagnosis."""

    bearing: str | None = None
    fault: str = ""
    probability: float | None = None
    text: Wording = Wording()
    evidence: _Evidence | None = None


class AlertTold(Event, frozen=True, kw_only=True):
    """Likewise of an alert, its events, and those of maintenance."""

    fault: str | None = None
    probability: float | None = None
    acknowledged: bool = False
    shelved_until: datetime | None = None
    seq: int = 0
    kind: str | None = None  # of maintenance
    since: datetime | None = None

    @property
    def wording(self) -> Wording:
        """In words; of maintenance the one sentence."""
        return Wording(sentence=self.text) if isinstance(self.text, str) else self.text


class HealthTold(msgspec.Struct, frozen=True, kw_only=True):
    """Likewise of the health document."""

    site: str | None = None
    version: str = ""
    bundle: str = ""
    runtime: str = ""
    state_kept: bool = True
    open_alerts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class SensorBoard:
    """What is shown of one sensor."""

    state: StateTold | None = None
    windows: dict[str | None, WindowTold] = field(default_factory=dict)  # the last, by bearing
    alerts: dict[str, AlertTold] = field(default_factory=dict)  # open, by bearing
    event: AlertTold | None = None  # the last

    @property
    def is_there(self) -> bool:
        """Whether its state was said, and is not that nothing is heard of it."""
        return self.state is not None and self.state.state not in AWAY

    @property
    def window(self) -> WindowTold:
        """That of the bearing which the state's figures are of; empty where nothing was said of it."""
        bearing = None if self.state is None else self.state.bearing
        return self.windows.get(bearing, WindowTold())

    @property
    def gravest(self) -> AlertTold | None:
        """Of the open alerts an alarm before a warning, then the newest."""
        return max(self.alerts.values(), key=lambda one: (one.severity == "alarm", one.seq), default=None)


@dataclass(slots=True)
class AgentBoard:
    """What is shown of the agent itself."""

    health: HealthTold | None = None
    event: AlertTold | None = None  # of maintenance


class Change(NamedTuple):
    """What a message changed."""

    sensor: str | None  # None: the agent's own
    kind: Literal["shown", "event", "gone"]


Read = TypeVar("Read", bound=msgspec.Struct)


class Board:
    """Of one agent, whose topics begin with `root`; as large as its config has sensors and bearings."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.agent = AgentBoard()
        self.sensors: dict[str, SensorBoard] = {}

    def take(self, message: Message) -> Change | None:
        """Note what a message says; what it changed, or None where nothing of it is shown."""
        if not message.topic.startswith(f"{self._root}/"):
            return None
        match message.topic.removeprefix(f"{self._root}/").split("/"):
            case ["sensor", sensor, "state"]:
                return self._state(sensor, message.payload)
            case ["sensor", sensor, "diagnosis"]:
                window = _read(message.payload, WindowTold)
                self._of(sensor).windows[window.bearing] = window
                return Change(sensor, "shown")
            case ["alert", sensor, bearing]:
                return self._alert(sensor, bearing, message)
            case ["event"]:
                event = _read(message.payload, AlertTold)
                if event.sensor is None:
                    return None
                self._of(event.sensor).event = event
                return Change(event.sensor, "event")
            case ["maintenance"]:
                self.agent.event = _read(message.payload, AlertTold)
                return Change(None, "event")
            case ["health"] if message.payload:
                self.agent.health = _read(message.payload, HealthTold)
                return Change(None, "shown")
        return None

    def _of(self, sensor: str) -> SensorBoard:
        return self.sensors.setdefault(sensor, SensorBoard())

    def _state(self, sensor: str, payload: bytes) -> Change:
        if not payload:
            self.sensors.pop(sensor, None)
            return Change(sensor, "gone")
        shown = self._of(sensor)
        shown.state = _read(payload, StateTold)
        if not shown.is_there:
            shown.windows.clear()
        return Change(sensor, "shown")

    def _alert(self, sensor: str, bearing: str, message: Message) -> Change | None:
        """An alert is over by a message about it; a topic that is emptied alone is taken down, and ends nothing."""
        if message.payload:
            self._of(sensor).alerts[bearing] = _read(message.payload, AlertTold)
            return Change(sensor, "shown")
        shown = self.sensors.get(sensor) if message.kind == "alert" else None
        return None if shown is None or shown.alerts.pop(bearing, None) is None else Change(sensor, "shown")


def _read(payload: bytes, kind: type[Read]) -> Read:
    """What can be read of a payload; one that cannot be read says nothing."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return kind()
