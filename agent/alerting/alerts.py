"""Few alerts from many diagnoses: detect first, then name; one Decision per sensor, one open alert per bearing.

Only a running, steady, good window is counted; whatever else happens (idle, invalid, unsteady, no baseline, silence)
neither raises nor clears. Pure logic: time is what the diagnoses and `tick` say it is.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.alerting.window_rules import (
    DecisionConfig,
    Level,
    consensus,
    hindrance,
    is_alarming,
    is_nearly_severe,
    is_severe,
    level_of,
    name_in,
)
from agent.types import UNKNOWN, Alert, Diagnosis, State, StateChange

__all__ = ["Decision", "DecisionConfig"]

_WORST_FIRST = (
    State.FAULT,
    State.ABNORMAL,
    State.INVALID,
    State.UNSTEADY,
    State.IDLE,
    State.LEARNING,
    State.HEALTHY,
)
_SLOWEST_RENAME = 6  # doublings: a name that keeps changing is told ever more rarely, in the end 64 times as slowly


class Decision:
    """What one sensor says about its machine: a state at any time, and at most one open alert per bearing.

    The state shows the latest window of the worst bearing. A window over the limit that has not yet raised its alert
    leaves a machine `healthy` only if it was seen so since the last window that could not be judged.
    """

    def __init__(self, sensor: str, config: DecisionConfig) -> None:
        self._sensor = sensor
        self._config = config
        self._bearings: dict[str | None, _Bearing] = {}
        self._entered: tuple[State, str | None] | None = None
        self._heard_s: float | None = None

    @property
    def state(self) -> State:
        """The present state; `lost` before the first diagnosis."""
        return State.LOST if self._entered is None else self._entered[0]

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        return tuple(b.alert for b in self._bearings.values() if b.alert is not None)

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take up alerts that were open before a restart, under the ids that they had."""
        for alert in alerts:
            if alert.event != "cleared":
                self._bearing(alert.bearing).take_up(alert)

    def feed(self, diagnosis: Diagnosis) -> list[Alert | StateChange]:
        """One diagnosis per bearing and window; what changed by it, alerts first."""
        self._heard_s = diagnosis.time_s if self._heard_s is None else max(diagnosis.time_s, self._heard_s)
        alerts = self._bearing(diagnosis.bearing).feed(diagnosis)
        shown = [b.state for b in self._bearings.values() if b.state is not None]
        worst = min(shown, key=lambda state: _WORST_FIRST.index(state[0]))
        return [*alerts, *self._enter(worst, diagnosis.time_s, diagnosis.wall_s)]

    def tick(self, now_s: float, reason: str = "no_data") -> list[StateChange]:
        """Time passes: `lost` once nothing was heard for `lost_after_s` (since the first tick, if never)."""
        if self._heard_s is None:
            self._heard_s = now_s
        if now_s - self._heard_s <= self._config.lost_after_s or (self._entered and self._entered[0] is State.LOST):
            return []
        for bearing in self._bearings.values():
            bearing.seen_healthy = False
        return self._enter((State.LOST, reason), now_s, None)

    def _bearing(self, bearing: str | None) -> _Bearing:
        if bearing not in self._bearings:
            self._bearings[bearing] = _Bearing(self._config)
        return self._bearings[bearing]

    def _enter(self, state: tuple[State, str | None], time_s: float, wall_s: float | None) -> list[StateChange]:
        if state == self._entered:
            return []
        self._entered = state
        return [StateChange(self._sensor, state[0], state[1], time_s, wall_s)]


class _Bearing:
    """The counts and the open alert of one bearing."""

    def __init__(self, config: DecisionConfig) -> None:
        self._config = config
        self._recent: deque[Diagnosis] = deque(maxlen=config.raise_after)  # the latest HIGH windows
        self._highs = self._lows = self._opened = 0
        self._name = _HeldName()
        self._has_deviated = False  # the open alert rests on a baseline: only windows that have one may touch it
        self._was_severe = False  # the open alert rests on severity: the zone just below does not end it
        self.alert: Alert | None = None
        self.state: tuple[State, str | None] | None = None
        self.seen_healthy = False  # since the last window that could not be judged

    def take_up(self, alert: Alert) -> None:
        self._open(alert, (alert.diagnosis,))
        self.state = _state_of(alert)  # until it is heard: not silently healthy beside another bearing

    def feed(self, diagnosis: Diagnosis) -> list[Alert]:
        cannot = hindrance(diagnosis)
        level = None if cannot else level_of(diagnosis, self._config)
        if level is None or (self.alert and self._has_deviated and diagnosis.deviation is None):
            self.state = cannot or (State.LEARNING, "no_baseline" if diagnosis.matches else "no_severity_limit")
            self.seen_healthy = False
            return []
        if self.alert and self._was_severe and level is Level.LOW and is_nearly_severe(diagnosis, self._config):
            level = Level.BETWEEN
        events = self._count(diagnosis, level)
        self.state = self._judged(diagnosis, level)
        return events

    def _count(self, diagnosis: Diagnosis, level: Level) -> list[Alert]:
        if level is Level.HIGH:
            self._highs, self._lows = self._highs + 1, 0
            self._recent.append(diagnosis)
            if self.alert:
                return self._update(self.alert, diagnosis)
            return self._raise(diagnosis) if self._highs >= self._config.raise_after else []
        self._highs, self._lows = 0, self._lows + (level is Level.LOW)
        if self.alert and self._lows >= self._config.clear_after:
            return self._clear(self.alert, diagnosis)
        return []

    def _raise(self, diagnosis: Diagnosis) -> list[Alert]:
        fault, probability = consensus(self._recent, name_at=self._config.name_at)
        raised = Alert(
            id=_alert_id(diagnosis, self._opened),
            event="raised",
            sensor=diagnosis.sensor,
            bearing=diagnosis.bearing,
            fault=fault,
            probability=probability,
            opened_wall_s=diagnosis.wall_s,
            wall_s=diagnosis.wall_s,
            time_s=diagnosis.time_s,
            severity="alarm" if self._is_alarm else "warning",
            diagnosis=self._witness(fault),
        )
        self._opened += 1
        self._open(raised, self._recent)
        return [raised]

    def _open(self, alert: Alert, witnesses: Iterable[Diagnosis]) -> None:
        seen = tuple(witnesses)
        self.alert = alert
        self._name = _HeldName(alert.fault)
        self._has_deviated = any(d.deviation is not None for d in seen)
        self._was_severe = any(is_severe(d, self._config) for d in seen)

    def _update(self, alert: Alert, diagnosis: Diagnosis) -> list[Alert]:
        """A change of name that has held, or a warning that has become an alarm; the alert stays the same one."""
        if len(self._recent) < self._config.raise_after:  # after a restart
            return []
        self._has_deviated |= diagnosis.deviation is not None
        self._was_severe |= is_severe(diagnosis, self._config)
        fault, probability = consensus(self._recent, name_at=self._config.name_at)
        renamed = self._name.has_changed(alert.fault, fault, self._config.raise_after)
        worse = alert.severity == "warning" and self._is_alarm
        if not renamed and not worse:
            return []
        if not renamed and fault != alert.fault:
            fault, probability = alert.fault, alert.probability
        self.alert = replace(
            alert,
            event="updated",
            fault=fault,
            probability=probability,
            wall_s=diagnosis.wall_s,
            time_s=diagnosis.time_s,
            severity="alarm" if worse else alert.severity,
            diagnosis=self._witness(fault),
        )
        return [self.alert]

    def _clear(self, alert: Alert, diagnosis: Diagnosis) -> list[Alert]:
        self.alert = None
        ended = replace(alert, event="cleared", wall_s=diagnosis.wall_s, time_s=diagnosis.time_s, diagnosis=diagnosis)
        return [ended]

    @property
    def _is_alarm(self) -> bool:
        """More than half of the latest abnormal windows."""
        return 2 * sum(is_alarming(d, self._config) for d in self._recent) > len(self._recent)

    def _witness(self, fault: str) -> Diagnosis:
        """The latest abnormal window that says what the alert says: its evidence is the alert's."""
        return next((d for d in reversed(self._recent) if name_in(d) == fault), self._recent[-1])

    def _judged(self, diagnosis: Diagnosis, level: Level) -> tuple[State, str | None]:
        if self.alert:
            return _state_of(self.alert)
        if diagnosis.deviation is None and diagnosis.matches:
            return State.LEARNING, "no_baseline"
        if level is Level.HIGH and not self.seen_healthy:
            return State.ABNORMAL, "unconfirmed"  # no alert yet, but not healthy either
        self.seen_healthy = True
        return State.HEALTHY, None


@dataclass(slots=True)
class _HeldName:
    """How long the windows of an alert have agreed on one name."""

    fault: str = UNKNOWN
    windows: int = 0
    changes: int = 0

    def has_changed(self, present: str, fault: str, raise_after: int) -> bool:
        """Count one window's consensus; True where it has held long enough to replace the `present` name."""
        self.windows = self.windows + 1 if fault == self.fault else 1
        self.fault = fault
        changed = fault != present and self.windows >= raise_after << min(self.changes, _SLOWEST_RENAME)
        self.changes += changed
        return changed


def _state_of(alert: Alert) -> tuple[State, str | None]:
    return (State.ABNORMAL if alert.fault == UNKNOWN else State.FAULT), alert.fault


def _alert_id(diagnosis: Diagnosis, opened: int) -> str:
    """The same stream gives the same ids, so that a replayed alert can be recognised."""
    origin = f"{diagnosis.sensor}|{diagnosis.bearing}|{diagnosis.session}|{diagnosis.window_start}|{opened}"
    return hashlib.sha256(origin.encode()).hexdigest()[:16]
