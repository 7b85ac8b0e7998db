"""What pipelines put out becomes messages: diagnoses, alerts, states and health, each on its topic.

An alert is stored before it is published, so that after a crash the same alert is still open under the same id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from agent.diagnosis.coverage import commissioned_anyway
from agent.messages.payloads import HealthPayload, StatePayload, encode
from agent.messages.topics import WHOLE_MACHINE
from agent.ports import Message
from agent.service.assembly import Parts
from agent.service.inbox import Inbox
from agent.service.publisher import Outboxes
from agent.service.sensor import OVERLOADED, SensorDesk
from agent.service.store import Store
from agent.types import Alert, Diagnosis, Output, State, StateChange

MENDS = {
    State.INVALID: "check the sensor, its cable, its mounting and its measuring range",
    State.LOST: "check the sensor's power and its line",
}
"""What to look at where a sensor cannot be judged."""

OVERLOAD_MEND = "use fewer sensors or lower rates, or a faster computer"
STATE_VALID_S = 60
"""A state is said again every ten seconds; one that is not is no state any more."""

log = logging.getLogger(__name__)


class Announcer:
    """Fills the outboxes; called by the worker alone."""

    def __init__(self, parts: Parts, *, store: Store, inbox: Inbox, outboxes: Outboxes) -> None:
        self._topics = parts.topics
        self._speaker = parts.speaker
        self._diagnoses = parts.config.publish.diagnoses
        self._store = store
        self._inbox = inbox
        self._outboxes = outboxes

    def announce(self, desk: SensorDesk, outputs: Iterable[Output]) -> None:
        """Everything that one sensor's pipeline put out."""
        for output in outputs:
            match output:
                case Diagnosis():
                    if self._diagnoses:
                        payload = encode(self._speaker.diagnosis(output))
                        self._outboxes.put(Message(self._topics.diagnosis(output.sensor), payload, kind="diagnosis"))
                case Alert():
                    self._announce_alert(output)
                case StateChange():
                    _log_state(output)
                    self.announce_state(desk)

    def announce_state(self, desk: SensorDesk) -> None:
        """What a sensor says now, retained."""
        topic, payload = self._topics.state(desk.change.sensor), encode(self.state_of(desk))
        self._outboxes.put(Message(topic, payload, retain=True, qos=1, kind="state", expiry_s=STATE_VALID_S))

    def state_of(self, desk: SensorDesk) -> StatePayload:
        return self._speaker.state(
            desk.change,
            last=desk.last,
            losses=self._inbox.balance(desk.change.sensor),
            commissioned_anyway=commissioned_anyway(desk.pipeline.healthy.baselines),
            valid_until_s=time.time() + STATE_VALID_S,
            notices=(*self._store.troubles, *self._overload(desk.change.sensor)),
        )

    def _overload(self, sensor: str) -> list[str]:
        notices = []
        if self._inbox.is_overloaded(sensor):
            notices.append(
                "overloaded: this computer cannot judge all that comes, and leaves out one sensor after the other; use "
                "fewer sensors or lower rates, or a faster computer"
            )
        return notices

    def announce_health(self, report: HealthPayload) -> None:
        self._outboxes.put(Message(self._topics.health, encode(report), retain=True, kind="health"))

    def take_up_alerts(self, desks: Mapping[str, SensorDesk]) -> None:
        """At the start: restore open alerts, clear at the broker those that are gone, and say every state."""
        for alert in self._store.open_alerts():
            desk = desks.get(alert.sensor)
            orphaned = desk is None or bool(desk.pipeline.restore([alert]))
            if orphaned:
                log.warning("alert %s: %s is no longer configured; forgotten", alert.id, _place(alert))
                self._store.save_alert(replace(alert, event="cleared"))
            self._show_open(alert, b"" if orphaned else encode(self._speaker.alert(alert)))
        for desk in desks.values():
            self.announce_state(desk)

    def take_up_found(self, desks: Mapping[str, SensorDesk]) -> None:
        """Restore open alerts that can be read only now; where one is open on that bearing, it stays the one."""
        for alert in self._store.open_alerts():
            desk = desks.get(alert.sensor)
            if desk is None or any(own.bearing == alert.bearing for own in desk.pipeline.decision.open_alerts):
                continue
            if not desk.pipeline.restore([alert]):
                self._show_open(alert, encode(self._speaker.alert(alert)))

    def save_again(self, desk: SensorDesk) -> None:
        """Store the open alerts of a sensor once more."""
        for alert in desk.pipeline.decision.open_alerts:
            self._store.save_alert(alert)

    def _announce_alert(self, alert: Alert) -> None:
        self._store.save_alert(alert)
        log.warning("alert %s %s: %s %s", alert.id, alert.event, _place(alert), alert.fault)
        payload = encode(self._speaker.alert(alert))
        self._outboxes.put(Message(self._topics.event, payload, qos=1, kind="event"))
        self._show_open(alert, b"" if alert.event == "cleared" else payload)

    def _show_open(self, alert: Alert, payload: bytes) -> None:
        """The retained message of an open alert; an empty payload deletes it at the broker."""
        topic = self._topics.alert(alert.sensor, alert.bearing)
        self._outboxes.put(Message(topic, payload, retain=True, qos=1, kind="alert"))


def _log_state(change: StateChange) -> None:
    mend = OVERLOAD_MEND if change.reason == OVERLOADED else MENDS.get(change.state)
    level = logging.INFO if mend is None else logging.WARNING
    reason = f" ({change.reason})" if change.reason else ""
    log.log(level, "%s: %s%s%s", change.sensor, change.state, reason, f"; {mend}" if mend else "")


def _place(alert: Alert) -> str:
    return f"{alert.sensor}/{alert.bearing or WHOLE_MACHINE}"
