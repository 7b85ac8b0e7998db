"""Few alerts from many diagnoses: detect first, then name; one Decision per sensor, one open alert per bearing.

Only a running, steady, good window is counted; whatever else happens (idle, invalid, unsteady, no baseline, silence)
neither raises nor clears. Pure logic: time is what the diagnoses and `tick` say it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from agent.alerting.bearing_alert import BearingAlert, Stamp
from agent.alerting.counted import DecisionCounts
from agent.alerting.standing import Shown
from agent.alerting.window_rules import DecisionConfig
from agent.diagnosis.baseline import SAME_SPEED
from agent.types import Alert, AlertReason, Diagnosis, State, StateChange

_WORST_FIRST = (
    State.FAULT,
    State.ABNORMAL,
    State.INVALID,
    State.UNSTEADY,
    State.IDLE,
    State.LEARNING,
    State.HEALTHY,
)


class Decision:
    """What one sensor says about its machine: a state at any time, and at most one open alert per bearing.

    The state shows the latest window of the worst bearing. A window over the limit that has not yet raised its alert
    leaves a machine `healthy` only if it was seen so since the last window that could not be judged.
    """

    def __init__(self, sensor: str, config: DecisionConfig, *, stamp: Stamp | None = None) -> None:
        self._sensor = sensor
        self._config = config
        self._stamp = stamp
        self._bearings: dict[str | None, BearingAlert] = {}
        self._entered: Shown | None = None
        self._heard_s: float | None = None

    @property
    def state(self) -> State:
        """The present state; `lost` before the first diagnosis."""
        return State.LOST if self._entered is None else self._entered[0]

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        return tuple(b.alert for b in self._bearings.values() if b.alert is not None)

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take up alerts that were open before a restart, under the ids that they had; not what is gone on from."""
        for alert in alerts:
            present = self._bearing(alert.bearing).alert
            if alert.event != "cleared" and (present is None or present.id != alert.id):
                self._bearing(alert.bearing).take_up(alert)

    @property
    def counted(self) -> DecisionCounts:
        """All that it has counted, to go on from elsewhere."""
        bearings = tuple(one.counted(bearing) for bearing, one in self._bearings.items())
        return DecisionCounts(bearings, self._entered, self._heard_s)

    def go_on(self, counts: DecisionCounts) -> None:
        """Take up what was counted elsewhere, under the same start of the same machine."""
        self._entered, self._heard_s = counts.entered, counts.heard_s
        for one in counts.bearings:
            self._bearing(one.bearing).go_on(one)

    def amend(self, alert: Alert, **changes: Any) -> Alert:
        """An open alert with some of its fields changed, as its update."""
        return self._bearings[alert.bearing].amend(alert, **changes)

    def shelve(
        self, alert: Alert, *, seconds: float, wall_s: float, origin: tuple[str, float] | None, by: str | None = None
    ) -> Alert:
        """An open alert, put on the shelf for a time, as its update."""
        return self._bearings[alert.bearing].shelve(alert, seconds=seconds, wall_s=wall_s, origin=origin, by=by)

    def feed(self, diagnosis: Diagnosis) -> list[Alert | StateChange]:
        """One diagnosis per bearing and window; what changed by it, alerts first."""
        self._heard_s = diagnosis.time_s if self._heard_s is None else max(diagnosis.time_s, self._heard_s)
        alerts = self._bearing(diagnosis.bearing).feed(diagnosis)
        return [*alerts, *self._show_worst(diagnosis.time_s, diagnosis.wall_s)]

    def close(
        self,
        reason: AlertReason,
        *,
        time_s: float,
        wall_s: float | None,
        rpm: float | None = None,
        alert: str | None = None,
        by: str | None = None,
    ) -> list[Alert | StateChange]:
        """End every open alert by somebody's word: the machine was repaired, or what it was held against is forgotten.

        With `rpm` only those that were last seen within 5 % of it; with `alert` only the one of that id. `by`: who
        says so.
        """
        closed: list[Alert | StateChange] = []
        for bearing in self._bearings.values():
            is_other = alert is not None and (bearing.alert is None or bearing.alert.id != alert)
            if not is_other and (rpm is None or (bearing.alert is not None and _was_at(bearing.alert, rpm))):
                closed += bearing.close(reason, time_s=time_s, wall_s=wall_s, by=by)
        is_lost = self.state is State.LOST  # and stays so: nothing was heard that would change it
        return closed if is_lost else [*closed, *self._show_worst(time_s, wall_s)]

    def tick(self, now_s: float, reason: str = "no_data") -> list[StateChange]:
        """Time passes: `lost` once nothing was heard for `lost_after_s` (since the first tick, if never)."""
        if self._heard_s is None:
            self._heard_s = now_s
        if now_s - self._heard_s <= self._config.lost_after_s or (self._entered and self._entered[0] is State.LOST):
            return []
        for bearing in self._bearings.values():
            bearing.not_judged()
        return self._enter((State.LOST, reason), now_s, None)

    def refuse(self, reason: str, now_s: float) -> list[StateChange]:
        """What comes contradicts itself and was not judged: `invalid` until a window can be again."""
        self._heard_s = now_s if self._heard_s is None else max(now_s, self._heard_s)
        for bearing in self._bearings.values():
            bearing.not_judged()
        return self._enter((State.INVALID, reason), now_s, None)

    def _bearing(self, bearing: str | None) -> BearingAlert:
        if bearing not in self._bearings:
            self._bearings[bearing] = BearingAlert(self._config, self._stamp)
        return self._bearings[bearing]

    def _show_worst(self, time_s: float, wall_s: float | None) -> list[StateChange]:
        shown = [b.state for b in self._bearings.values() if b.state is not None]
        if not shown:
            return []
        worst = min(shown, key=lambda state: _WORST_FIRST.index(state[0]))
        return self._enter(worst, time_s, wall_s)

    def _enter(self, state: Shown, time_s: float, wall_s: float | None) -> list[StateChange]:
        if state == self._entered:
            return []
        self._entered = state
        return [StateChange(self._sensor, state[0], state[1], time_s, wall_s)]


def _was_at(alert: Alert, rpm: float) -> bool:
    """Whether its latest event was at that speed, as far as healthy states tell speeds apart."""
    seen = alert.diagnosis.speed.rpm
    return seen is not None and seen > 0 and abs(math.log(rpm / seen)) <= SAME_SPEED
