"""The figures that are shown one by one: a row each, with its name, its kind and where it is read. Names are for good:
what a plant has drawn on its screens hangs on them.

`/` in a name makes a folder of what stands before it. A figure that is not known is None.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar

from agent.sinks.board import AgentBoard, AlertTold, HealthTold, SensorBoard, StateTold

Value: TypeAlias = str | float | int | bool | datetime | None
Kind: TypeAlias = Literal["text", "words", "real", "whole", "flag", "moment"]
"""`words` is text in the agent's language, `text` a code or a name."""

Shown = TypeVar("Shown", SensorBoard, AgentBoard)


class Tag(NamedTuple, Generic[Shown]):
    """A figure."""

    name: str
    kind: Kind
    read: Callable[[Shown], Value]
    unit: str | None = None
    is_measured: bool = False  # of a machine, by a sensor that hears it


def _state(sensor: SensorBoard) -> StateTold:
    return sensor.state or StateTold()


def _health(agent: AgentBoard) -> HealthTold:
    return agent.health or HealthTold()


def _alert(sensor: SensorBoard) -> AlertTold:
    return sensor.gravest or AlertTold()


def _has_said(sensor: SensorBoard) -> bool:
    """Whether it is known which alerts are open: the first state of a sensor comes behind them."""
    return sensor.state is not None or bool(sensor.alerts)


def _event(shown: SensorBoard | AgentBoard) -> AlertTold:
    return shown.event or AlertTold()


def _velocity(sensor: SensorBoard) -> float | None:
    evidence = sensor.window.evidence
    return None if evidence is None or evidence.velocity_rms is None else evidence.velocity_rms.value


def _zone(sensor: SensorBoard) -> str | None:
    evidence = sensor.window.evidence
    return None if evidence is None else evidence.iso_zone


def _rpm(sensor: SensorBoard) -> float | None:
    speed = _state(sensor).speed
    return None if speed is None else speed.rpm


SENSOR: tuple[Tag[SensorBoard], ...] = (
    Tag("State", "text", lambda s: _state(s).state or None),
    Tag("Title", "words", lambda s: _state(s).title or None),
    Tag("Reason", "words", lambda s: _state(s).reason_text),
    Tag("Since", "moment", lambda s: _state(s).since),
    Tag("Machine", "text", lambda s: _state(s).machine_name or _state(s).machine or None),
    Tag("Position", "text", lambda s: _state(s).position),
    Tag("Bearing", "text", lambda s: _state(s).bearing),
    Tag("Fault", "text", lambda s: s.window.fault or None, is_measured=True),
    Tag("Probability", "real", lambda s: s.window.probability, is_measured=True),
    Tag("Sentence", "words", lambda s: s.window.text.sentence or None, is_measured=True),
    Tag("Deviation", "real", lambda s: _state(s).deviation, is_measured=True),
    Tag("Deviation Limit", "real", lambda s: 1.0),
    Tag("Speed", "real", _rpm, "rpm", is_measured=True),
    Tag("Velocity RMS", "real", _velocity, "mm/s", is_measured=True),
    Tag("ISO Zone", "text", _zone, is_measured=True),
    Tag("Notices", "words", lambda s: "\n".join(_state(s).notices)),
    Tag("Alert/Open", "flag", lambda s: bool(s.alerts) if _has_said(s) else None),
    Tag("Alert/Count", "whole", lambda s: len(s.alerts) if _has_said(s) else None),
    Tag("Alert/ID", "text", lambda s: _alert(s).id),
    Tag("Alert/Severity", "text", lambda s: _alert(s).severity),
    Tag("Alert/Bearing", "text", lambda s: _alert(s).bearing),
    Tag("Alert/Fault", "text", lambda s: _alert(s).fault),
    Tag("Alert/Probability", "real", lambda s: _alert(s).probability),
    Tag("Alert/Title", "words", lambda s: _alert(s).wording.title or None),
    Tag("Alert/Sentence", "words", lambda s: _alert(s).wording.sentence or None),
    Tag("Alert/Advice", "words", lambda s: _alert(s).wording.advice or None),
    Tag("Alert/Opened", "moment", lambda s: _alert(s).opened),
    Tag("Alert/Acknowledged", "flag", lambda s: _alert(s).acknowledged if _has_said(s) else None),
    Tag("Alert/Shelved Until", "moment", lambda s: _alert(s).shelved_until),
)
"""Of a sensor what is; `Alert/` is the gravest of its open alerts."""

EVENT: tuple[Tag[SensorBoard], ...] = (
    Tag("Event/Number", "whole", lambda s: _event(s).seq or None),
    Tag("Event/Kind", "text", lambda s: _event(s).event or None),
    Tag("Event/Alert", "text", lambda s: _event(s).id),
    Tag("Event/Severity", "text", lambda s: _event(s).severity),
    Tag("Event/Bearing", "text", lambda s: _event(s).bearing),
    Tag("Event/Fault", "text", lambda s: _event(s).fault),
    Tag("Event/Probability", "real", lambda s: _event(s).probability),
    Tag("Event/Title", "words", lambda s: _event(s).wording.title or None),
    Tag("Event/Sentence", "words", lambda s: _event(s).wording.sentence or None),
    Tag("Event/Reason", "text", lambda s: _event(s).reason),
    Tag("Event/By", "text", lambda s: _event(s).by),
    Tag("Event/Time", "moment", lambda s: _event(s).time),
)
"""Of a sensor the last event of an alert; said together, none left out."""

AGENT: tuple[Tag[AgentBoard], ...] = (
    Tag("Site", "text", lambda a: _health(a).site),
    Tag("Version", "text", lambda a: _health(a).version or None),
    Tag("Bundle", "text", lambda a: _health(a).bundle or None),
    Tag("Runtime", "text", lambda a: _health(a).runtime or None),
    Tag("State Kept", "flag", lambda a: None if a.health is None else a.health.state_kept),
    Tag("Open Alerts", "whole", lambda a: None if a.health is None else len(a.health.open_alerts)),
    Tag("Notices", "words", lambda a: None if a.health is None else "\n".join(a.health.notices)),
)

MAINTENANCE: tuple[Tag[AgentBoard], ...] = (
    Tag("Maintenance/Number", "whole", lambda a: _event(a).seq or None),
    Tag("Maintenance/Event", "text", lambda a: _event(a).event or None),
    Tag("Maintenance/Kind", "text", lambda a: _event(a).kind),
    Tag("Maintenance/Machine", "text", lambda a: _event(a).machine or None),
    Tag("Maintenance/Sentence", "words", lambda a: _event(a).wording.sentence or None),
    Tag("Maintenance/Since", "moment", lambda a: _event(a).since),
    Tag("Maintenance/Time", "moment", lambda a: _event(a).time),
)
"""Of the agent the last event of maintenance."""
