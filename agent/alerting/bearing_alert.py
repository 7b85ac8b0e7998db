"""The counts and the one open alert of a bearing: raised, updated, cleared as its windows come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from agent.alerting.counted import MOST_RECENT, BearingCounts, HeldName, held_on
from agent.alerting.cusum import is_enough, with_window
from agent.alerting.recent import Recent
from agent.alerting.seen import seen_by
from agent.alerting.shelf import is_worse, shelf_for
from agent.alerting.standing import (
    CONTRADICTED,
    NEXT,
    SHOWN,
    Event,
    Shown,
    Standing,
    event_of,
    shown_by,
    shown_once_closed,
)
from agent.alerting.window_rules import (
    DecisionConfig,
    Detector,
    Level,
    detectors_of,
    hindrance,
    is_nearly_severe,
    level_of,
)
from agent.types import UNKNOWN, Alert, AlertReason, Diagnosis, State

Stamp: TypeAlias = Callable[[Alert], Alert]
"""Gives an alert that is raised what only the service knows: an id that no other has, and what its clock is worth."""


class BearingAlert:
    """One bearing of a sensor; `alert` is the open one, `state` what its latest window shows."""

    def __init__(self, config: DecisionConfig, stamp: Stamp | None = None) -> None:
        self._config = config
        self._stamp = stamp
        self._recent = Recent(config)
        self._run = 0  # windows that count towards raising in succession, with an alert open towards clearing it
        self._over = 0.0  # the sum of what lies over the limit, while no alert is open
        self._raised = 0
        self._standing = Standing.UNCONFIRMED
        self._name = HeldName()
        self._rests_on = Detector.NONE  # what ever detected while the alert was open: only that may end it
        self._heard: Event | None = None  # of the latest window that could be judged
        self.alert: Alert | None = None
        self.state: Shown | None = None

    def take_up(self, alert: Alert) -> None:
        """An alert from before a restart."""
        self._open(alert, (alert.diagnosis,))
        self.state = shown_by(alert)  # until it is heard: not silently healthy beside another bearing

    def counted(self, bearing: str | None) -> BearingCounts:
        """What it has counted, to go on from elsewhere."""
        return BearingCounts(
            bearing=bearing,
            run=self._run,
            cusum=self._over,
            raised=self._raised,
            standing=self._standing,
            rests_on=self._rests_on.value,
            name=self._name,
            recent=self._recent.windows[-MOST_RECENT:],
            state=self.state,
            alert=self.alert,
        )

    def go_on(self, counts: BearingCounts) -> None:
        """Take up what was counted elsewhere, with the open alert."""
        self._run, self._over, self._raised = counts.run, counts.cusum, counts.raised
        self._standing = counts.standing
        self._rests_on, self._name = Detector(counts.rests_on), counts.name
        self._recent = Recent(self._config, counts.recent)
        self.alert, self.state = counts.alert, counts.state

    def feed(self, diagnosis: Diagnosis) -> list[Alert]:
        cannot = hindrance(diagnosis)
        level = None if cannot else level_of(diagnosis, self._config)
        if not cannot and diagnosis.speed.doubt == "contradicted":
            return self._feed_contradicted(diagnosis, level)
        if level is None or (Detector.DEVIATION in self._rests_on and diagnosis.deviation is None):
            self.state = cannot or (State.LEARNING, "no_baseline" if diagnosis.matches else "no_severity_limit")
            self.not_judged()
            return []
        if Detector.SEVERITY in self._rests_on and level is Level.LOW and is_nearly_severe(diagnosis, self._config):
            level = Level.BETWEEN
        changes = self._count(diagnosis, level)
        self._heard = event = event_of(diagnosis, level)
        if self.alert:
            self.state = shown_by(self.alert)
        else:
            self._happens(event)
            self.state = SHOWN[self._standing, event]
        return changes

    def _feed_contradicted(self, diagnosis: Diagnosis, level: Level | None) -> list[Alert]:
        """A window of which what is told contradicts what is heard: it may raise an alert, but not say that all is
        well, of an alert that is open or of one about to be raised."""
        if level is Level.HIGH and not (Detector.DEVIATION in self._rests_on and diagnosis.deviation is None):
            changes = self._count(diagnosis, level)
        else:
            changes, self._run = [], 0 if self.alert else self._run
            self.not_judged()
        self.state = shown_by(self.alert) if self.alert else (State.INVALID, CONTRADICTED)
        return changes

    def not_judged(self) -> None:
        """A window that cannot be judged, or none for too long: whether it is healthy is open again."""
        self._happens(Event.NOT_JUDGED)

    def _happens(self, event: Event) -> None:
        self._standing = NEXT.get((self._standing, event), self._standing)

    def _count(self, diagnosis: Diagnosis, level: Level) -> list[Alert]:
        """Raise after so many HIGH windows in succession; clear after so many LOW ones with no HIGH among them."""
        if level is Level.HIGH:
            self._recent.add(diagnosis)
        if self.alert is None:
            self._over = with_window(self._over, diagnosis, level, self._config)
        match level, self.alert:
            case Level.HIGH, None:
                self._run += 1
                return self._raise(diagnosis) if self._run >= self._config.raise_after else []
            case _, None:
                self._run = 0
            case Level.HIGH, Alert() as alert:
                self._run = 0
                return self._update(alert, diagnosis)
            case Level.LOW, Alert() as alert:
                self._run += 1
                return self._clear(alert, diagnosis) if self._run >= self._config.clear_after else []
        return []

    def _raise(self, diagnosis: Diagnosis) -> list[Alert]:
        """Without a name, for which likeness and evidence would have to agree, only what is far or long over the limit
        is sure."""
        fault, probability = self._recent.name
        if fault == UNKNOWN and not is_enough(self._over, self._config):
            return []
        raised = Alert(
            id=_alert_id(diagnosis, self._raised),
            event="raised",
            sensor=diagnosis.sensor,
            bearing=diagnosis.bearing,
            fault=fault,
            probability=probability,
            opened_wall_s=diagnosis.wall_s,
            wall_s=diagnosis.wall_s,
            time_s=diagnosis.time_s,
            severity="alarm" if self._recent.is_alarm else "warning",
            diagnosis=self._recent.saying(fault),
        )
        if self._stamp is not None:
            raised = self._stamp(raised)
        self._raised += 1
        self._open(raised, self._recent.windows)
        return [raised]

    def _open(self, alert: Alert, witnesses: Iterable[Diagnosis]) -> None:
        self.alert = alert
        self._run, self._over = 0, 0.0
        self._name = HeldName(alert.fault)
        self._rests_on = Detector.NONE
        for diagnosis in witnesses:
            self._rests_on |= detectors_of(diagnosis, self._config)
        self._happens(Event.RAISED)

    def _update(self, alert: Alert, diagnosis: Diagnosis) -> list[Alert]:
        """A change of name that has held (none is no name), a warning that has become an alarm, or one on the shelf
        that is worse, which comes back as if nobody had seen it; it stays the same alert."""
        if not self._recent.is_full:
            return []
        self._rests_on |= detectors_of(diagnosis, self._config)
        fault, probability = self._recent.name
        if fault == UNKNOWN:
            fault, probability = alert.fault, alert.probability
        self._name, renamed = held_on(self._name, alert.fault, fault, self._config.raise_after)
        worse = alert.severity == "warning" and self._recent.is_alarm
        comes_back = alert.shelf is not None and (worse or is_worse(alert.shelf, self._recent.windows))
        if not (renamed or worse or comes_back):
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
            diagnosis=self._recent.saying(fault),
            reason="worse" if comes_back else None,
        )
        if comes_back:
            self.alert = replace(self.alert, shelf=None, acknowledged=False, acknowledged_by=None, by=None)
        return [self.alert]

    def amend(self, alert: Alert, **changes: Any) -> Alert:
        """The open alert with something changed that is not the machine's: who has seen it, when it truly began."""
        self.alert = replace(alert, event="updated", **changes)
        return self.alert

    def shelve(
        self, alert: Alert, *, seconds: float, wall_s: float, origin: tuple[str, float] | None, by: str | None
    ) -> Alert:
        """The open alert, put on the shelf from now on; see `agent.alerting.shelf`."""
        windows = self._recent.windows or (alert.diagnosis,)  # after a restart none was heard yet
        shelf = shelf_for(seconds, windows=windows, wall_s=wall_s, origin=origin)
        seen = seen_by(alert)
        return self.amend(alert, shelf=shelf, reason="shelved", by=by, acknowledged_by=seen, wall_s=wall_s)

    def _clear(self, alert: Alert, diagnosis: Diagnosis) -> list[Alert]:
        self._end()
        cleared = replace(alert, event="cleared", reason="recovered", diagnosis=diagnosis, shelf=None)
        return [replace(cleared, wall_s=diagnosis.wall_s, time_s=diagnosis.time_s)]

    def _end(self) -> None:
        self.alert = None
        self._run, self._over = 0, 0.0
        self._rests_on = Detector.NONE
        self._happens(Event.CLEARED)

    def close(self, reason: AlertReason, *, time_s: float, wall_s: float | None, by: str | None = None) -> list[Alert]:
        """Somebody's word, not the vibration, ends what is open and forgets what was counted towards the next."""
        closed = self.alert
        self._recent.clear()
        self._happens(Event.NOT_JUDGED)  # nobody's word makes it healthy
        self._end()
        if self.state is not None and self.state[0] in (State.HEALTHY, State.ABNORMAL, State.FAULT):
            self._standing, self.state = shown_once_closed(reason, self._standing, self._heard)
        if closed is None:
            return []
        return [replace(closed, event="cleared", reason=reason, time_s=time_s, wall_s=wall_s, by=by, shelf=None)]


def _alert_id(diagnosis: Diagnosis, raised: int) -> str:
    """The same stream gives the same ids, so that a replayed alert can be recognised; a service stamps its own."""
    origin = f"{diagnosis.sensor}|{diagnosis.bearing}|{diagnosis.session}|{diagnosis.window_start}|{raised}"
    return hashlib.sha256(origin.encode()).hexdigest()[:16]
