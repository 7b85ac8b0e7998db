"""What pipelines put out becomes messages: diagnoses, alerts, states and health, each on its topic.

An alert is stored with its event before either is published: after a crash the same alert is still open under the same
id, and what was not heard yet is said again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from agent.alerting.shelf import moved
from agent.diagnosis.coverage import commissioned_anyway
from agent.messages.compose import Speaker, cleared_from, said_of, seq_of
from agent.messages.home_assistant import discovery
from agent.messages.payloads import HealthPayload, StatePayload, encode
from agent.ports import Message
from agent.service.assembly import Parts
from agent.service.inbox import Inbox
from agent.service.keeping.alert_rows import OpenAlert, Said
from agent.service.keeping.sink_rows import Shown
from agent.service.keeping.store import Store
from agent.service.outbox import Outboxes
from agent.service.sensor import SensorDesk
from agent.service.wall_clock import clock_now, origin_now
from agent.service.watching.events import OVERLOAD_NOTICE, log_alert, log_state
from agent.service.watching.noted import Noted
from agent.types import Alert, AlertReason, Diagnosis, Output, StateChange
from firmware_bridge import VERSION

STATE_VALID_S = 60
"""A state is said again every ten seconds; one that is not is no state any more."""

log = logging.getLogger(__name__)


class Announcer:
    """Fills the outboxes; called by the worker alone."""

    def __init__(
        self, parts: Parts, *, store: Store, inbox: Inbox, outboxes: Outboxes, noted: Noted | None = None
    ) -> None:
        self._topics = parts.topics
        self._speaker = parts.speaker
        self._diagnoses = parts.config.publish.diagnoses
        self._discovery_prefix = parts.config.publish.home_assistant
        self._store = store
        self._inbox = inbox
        self._outboxes = outboxes
        self._noted = noted or Noted()
        self._open: dict[str, Message] = {}  # by alert: what is shown of it
        self._known: set[str] = set()  # alerts of the life before
        self._states: set[str] = set()  # topics
        self._introduced: dict[str, Message] = {}  # by topic: sensors, to Home Assistant

    def announce(self, desk: SensorDesk, outputs: Collection[Output]) -> None:
        """Everything that one sensor's pipeline put out."""
        self._noted.outputs(desk.change.sensor, outputs)
        for output in outputs:
            match output:
                case Diagnosis():
                    if self._diagnoses:
                        payload = encode(self._speaker.diagnosis(output))
                        self._outboxes.put(Message(self._topics.diagnosis(output.sensor), payload, kind="diagnosis"))
                case Alert():
                    self.announce_alert(output)
                case StateChange():
                    log_state(output)
                    self.announce_state(desk)

    def announce_state(self, desk: SensorDesk) -> None:
        """What a sensor says now, retained."""
        topic, payload = self._topics.state(desk.change.sensor), encode(self.state_of(desk))
        self._outboxes.put(Message(topic, payload, retain=True, qos=1, kind="state", expiry_s=STATE_VALID_S))

    def state_of(self, desk: SensorDesk, speaker: Speaker | None = None) -> StatePayload:
        """What a sensor says now, by the agent's speaker or another."""
        return (speaker or self._speaker).state(
            desk.change,
            last=desk.last,
            losses=self._inbox.balance(desk.change.sensor),
            commissioned_anyway=commissioned_anyway(desk.pipeline.healthy.baselines),
            valid_until_s=time.time() + STATE_VALID_S,
            notices=(
                *self._store.troubles,
                *([OVERLOAD_NOTICE] if self._inbox.is_overloaded(desk.change.sensor) else []),
                *desk.doubts.notices(time.monotonic()),
            ),
            open_alerts=(alert.id for alert in desk.pipeline.decision.open_alerts),
        )

    def announce_health(self, report: HealthPayload) -> None:
        self._outboxes.put(Message(self._topics.health, encode(report), retain=True, kind="health"))

    def take_up_alerts(self, desks: Mapping[str, SensorDesk]) -> None:
        """At the start: restore open alerts, clear those that nobody watches any more, empty every retained topic that
        is not wanted now, and say every state."""
        for stored in self._store.alerts.open():
            desk = desks.get(stored.alert.sensor)
            if desk is None or desk.pipeline.restore([stored.alert]):
                self._clear_orphan(stored)
            else:
                self._open[stored.alert.id] = self._shown(stored.alert, stored.seq, self._payload(stored))
        self._end_unheard()
        self._show_all(desks, self._outboxes.names)

    def adopt(self, parts: Parts, desks: Mapping[str, SensorDesk], *, new_sinks: Collection[str]) -> None:
        """Another config: other words, sensors more or less, and sinks that are to be shown all that is open."""
        self._speaker, self._diagnoses = parts.speaker, parts.config.publish.diagnoses
        self._discovery_prefix = parts.config.publish.home_assistant
        before = self._states | set(self._introduced)
        self._show_all(desks, self._outboxes.names, only=new_sinks)
        for gone in before - self._states - set(self._introduced):
            self._outboxes.put(Message(gone, b"", retain=True, qos=1))

    def empty_all(self, sink: str) -> None:
        """Leave nothing of ours on a sink that the config has no more."""
        self._empty(sink, self._store.sinks.retained(sink), besides=())

    def _show_all(
        self, desks: Mapping[str, SensorDesk], sinks: Collection[str], *, only: Collection[str] | None = None
    ) -> None:
        """What is retained: noted for all `sinks`, and on those that may hold anything (None: all) emptied where it is
        not wanted; then said."""
        self._states = {self._topics.state(sensor) for sensor in desks}
        self._introduced = self._introductions(desks)
        always = {self._topics.availability, self._topics.health, *self._states, *self._introduced}
        wanted = [*(Message(topic, b"", retain=True) for topic in always), *self._open.values()]
        self._store.sinks.note_retained(wanted, sinks=sinks)
        for sink in sinks if only is None else only:
            shown = self._store.sinks.retained(sink)
            self._known |= {alert for one in shown.values() for alert in one.alerts}
            self._empty(sink, shown, besides={message.topic for message in wanted})
            for message in self._open.values():
                self._outboxes.put(message, only=sink)
        for desk in desks.values():
            self.announce_state(desk)
        for message in self._introduced.values():
            self._outboxes.put(message)

    def _introductions(self, sensors: Iterable[str]) -> dict[str, Message]:
        if self._discovery_prefix is None:
            return {}
        told = (
            discovery(
                self._speaker.place(sensor),
                topics=self._topics,
                prefix=self._discovery_prefix,
                version=VERSION,
                language=self._speaker.language,
                expire_s=STATE_VALID_S,
            )
            for sensor in sensors
        )
        return {topic: Message(topic, payload, retain=True, qos=1, kind="discovery") for topic, payload in told}

    def _end_unheard(self) -> None:
        """End alerts that wait to be said and are not open any more, as where their rows were damaged."""
        last = {event.alert: event for sink in self._outboxes.names for event in self._store.sinks.waiting(sink)}
        for alert_id, event in last.items():
            said = said_of(event.payload)
            if said is not None and said.event != "cleared" and alert_id not in self._open:
                topic = self._topics.alert(said.sensor, said.bearing)
                self._clear_unheard(alert_id, topic, event.payload, reason="state_lost")

    def take_up_found(self, desks: Mapping[str, SensorDesk]) -> None:
        """Restore open alerts that can be read only now; where one is open on that bearing, it stays the one."""
        for stored in self._store.alerts.open():
            alert = stored.alert
            desk = desks.get(alert.sensor)
            if desk is None or any(own.bearing == alert.bearing for own in desk.pipeline.decision.open_alerts):
                continue
            if not desk.pipeline.restore([alert]):
                self._open[alert.id] = shown = self._shown(alert, stored.seq, self._payload(stored))
                self._outboxes.put(shown)

    def save_again(self, desk: SensorDesk) -> None:
        """Store the open alerts of a sensor once more."""
        for alert in desk.pipeline.decision.open_alerts:
            if (shown := self._open.get(alert.id)) is not None:
                self._store.alerts.save_again(alert, shown, sinks=self._outboxes.names)

    def reconcile(self, sink: str, held: Mapping[str, bytes]) -> None:
        """What a sink showed of ours at the start, of which the state file may know nothing (it was lost, or the life
        before ran in memory): alerts are cleared with the reason `state_lost`, every topic that is not wanted is
        emptied, and numbers go on above those that were said."""
        known = {message.alert for message in self._store.sinks.waiting(sink)} | set(self._open) | self._known
        self._store.numbers.rise_above(max((seq_of(payload) for payload in held.values()), default=0))
        wanted = self._wanted
        for topic, payload in held.items():
            said = said_of(payload)
            if said is None and topic not in wanted:
                self._outboxes.put(Message(topic, b"", retain=True, qos=1), only=sink)
            elif said is not None and said.id not in known:
                log.warning("alert %s is shown by %s and not known here: cleared, state_lost", said.id, sink)
                self._clear_unheard(said.id, topic, payload, reason="state_lost")

    def tidy(self, sink: str, held: Mapping[str, bytes]) -> None:
        """Empty what a sink shows of ours from when it was here last: that it ended was said elsewhere."""
        for topic in set(held) - self._wanted:
            self._outboxes.put(Message(topic, b"", retain=True, qos=1), only=sink)

    @property
    def _wanted(self) -> set[str]:
        """Topics that show something now."""
        return {self._topics.health, *self._states, *(message.topic for message in self._open.values())}

    def announce_alert(self, alert: Alert) -> None:
        """An alert that was raised, updated or cleared: kept, then said."""
        said = self.prepared(alert)
        self._store.alerts.commit(said)
        self.say(said)

    def prepared(self, alert: Alert) -> Said:
        """What is to be said of an alert, for who keeps it together with something else, and has it said then."""
        seq, now = self._store.numbers.next_seq(), clock_now()
        told = replace(alert, clock=alert.clock if now == "synchronised" else now)
        payload = encode(self._speaker.alert(told, seq=seq))
        event = Message(self._topics.event, payload, qos=1, kind="event", seq=seq, alert=alert.id)
        shown = self._shown(alert, seq, b"" if alert.event == "cleared" else payload)
        return Said(alert, event, shown, self._outboxes.names)

    def say(self, said: Said) -> None:
        """Hand on what is kept."""
        alert_id = said.event.alert
        self._open.pop(alert_id, None)
        if said.shown.payload:
            self._open[alert_id] = said.shown
        if (alert := said.alert) is not None:
            self._noted.said(alert)
            log_alert(alert)
        others = {message.topic for message in self._open.values()}
        is_another_shown = not said.shown.payload and said.shown.topic in others
        for message in (said.event,) if is_another_shown else (said.event, said.shown):
            self._outboxes.put(message)
        for sink, dropped in self._outboxes.gone().items():
            self._store.sinks.settle(sink, dropped)

    def end(self, desk: SensorDesk, reason: AlertReason, alert: Alert) -> None:
        """End an open alert for a reason that is not the machine's."""
        closed = desk.close(reason, time_s=time.monotonic(), wall_s=time.time(), alert=alert.id)
        self.announce(desk, [output for output in closed if isinstance(output, Alert)])

    def stamp(self, alert: Alert) -> Alert:
        """An alert that is raised, with an id that no other has, what its clock is worth and where its windows are."""
        told = replace(alert, id=self._store.numbers.new_id(), clock=clock_now(), clock_origin=origin_now())
        return replace(told, recording=self._noted.raised(told))

    def correct_clocks(self, desks: Mapping[str, SensorDesk]) -> None:
        """Say when open alerts truly began, once the clock that they were read from has been set right."""
        origin = origin_now()
        if origin is None or clock_now() != "synchronised":
            return
        for desk in desks.values():
            for alert in desk.pipeline.decision.open_alerts:
                began = alert.clock_origin
                if alert.clock == "unknown" and alert.opened_wall_s is not None and began and began[0] == origin[0]:
                    opened_s = alert.opened_wall_s + origin[1] - began[1]
                    changes: dict[str, Any] = {
                        "opened_wall_s": opened_s,
                        "clock": "synchronised",
                        "wall_s": time.time(),
                    }
                    if alert.shelf is not None:
                        changes["shelf"] = moved(alert.shelf, origin)
                    corrected = desk.pipeline.decision.amend(alert, reason="clock_corrected", **changes)
                    self.announce_alert(corrected)

    def _clear_orphan(self, stored: OpenAlert) -> None:
        alert = replace(stored.alert, event="cleared", reason="not_configured")
        topic = self._topics.alert(alert.sensor, alert.bearing)
        self._clear_unheard(alert.id, topic, self._payload(stored), reason="not_configured", alert=alert)

    def _clear_unheard(
        self, alert_id: str, topic: str, payload: bytes, *, reason: AlertReason, alert: Alert | None = None
    ) -> None:
        """The end of an alert of which no sensor's own window tells; its last payload says what it was."""
        seq = self._store.numbers.next_seq()
        told = cleared_from(payload, seq=seq, reason=reason, wall_s=time.time(), clock=clock_now())
        event = Message(self._topics.event, told, qos=1, kind="event", seq=seq, alert=alert_id)
        shown = Message(topic, b"", retain=True, qos=1, kind="alert", seq=seq, alert=alert_id)
        said = Said(alert, event, shown, self._outboxes.names)
        self._store.alerts.commit(said)
        self.say(said)

    def _empty(self, sink: str, held: Mapping[str, Shown], *, besides: Collection[str]) -> None:
        for topic, shown in held.items():
            if topic not in besides:
                self._outboxes.put(Message(topic, b"", retain=True, qos=1, seq=shown.seq), only=sink)

    def _shown(self, alert: Alert, seq: int, payload: bytes) -> Message:
        """The retained message of an open alert; an empty payload deletes it at the broker."""
        topic = self._topics.alert(alert.sensor, alert.bearing)
        return Message(topic, payload, retain=True, qos=1, kind="alert", seq=seq, alert=alert.id)

    def _payload(self, stored: OpenAlert) -> bytes:
        """What was last said of an alert; composed anew where an older agent stored none."""
        return stored.payload or encode(self._speaker.alert(stored.alert, seq=stored.seq))
