"""What is told: every alert with its event, and what each sink shows of what is open.

An alert is stored with its event before either is published: after a crash the same alert is still open under the same
id, and what was not heard yet is said again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import replace

from agent.machine import SensorSetup
from agent.messages.compose import cleared_from, said_of, seq_of
from agent.messages.payloads import AlertPayload, encode
from agent.ports import Message
from agent.service.assembly import Parts
from agent.service.introductions import introductions
from agent.service.keeping.alert_rows import OpenAlert, Said
from agent.service.keeping.sink_rows import Shown
from agent.service.keeping.store import Store
from agent.service.looking_back.history import Unkept
from agent.service.outboxes import Outboxes
from agent.service.wall_clock import clock_now
from agent.service.watching.events import log_alert
from agent.service.watching.tally import Tally
from agent.types import Alert, AlertReason

STATE_VALID_S = 60
"""A state is said again every ten seconds; one that is not is no state any more."""

log = logging.getLogger(__name__)


class Bulletin:
    """Fills the outboxes with what must arrive; called by one thread."""

    def __init__(
        self, parts: Parts, *, store: Store, outboxes: Outboxes, history: Unkept, tally: Tally | None = None
    ) -> None:
        self._topics = parts.topics
        self._speaker = self._former = parts.speaker
        self._store = store
        self._outboxes = outboxes
        self._history = history
        self._tally = tally or Tally()
        self._open: dict[str, tuple[Alert, Message]] = {}  # by alert: what is shown of it
        self._lasting: dict[str, Message] = {}  # likewise of what is no alert
        self._known: set[str] = set()  # alerts of the life before
        self._states: set[str] = set()  # topics
        self._discovery_prefix = parts.config.publish.home_assistant
        self._introduced: dict[str, Message] = {}  # by topic: sensors, to Home Assistant

    def say_alert(self, alert: Alert) -> None:
        said = self.prepared(alert)
        self._store.alerts.commit(said)
        self.say(said)

    def say_silence(self, machine: str, *, silent_s: float, over: bool) -> None:
        """Kept as an event, and shown as long as it lasts."""
        seq, key = self._store.numbers.next_seq(), f"maintenance/{machine}"
        told = self._speaker.maintenance(machine, silent_s=silent_s, over=over, seq=seq, wall_s=time.time())
        payload, topic = encode(told), self._topics.maintenance(machine)
        event = Message(self._topics.maintenance(), payload, qos=1, kind="event", seq=seq, alert=key)
        shown = Message(topic, b"" if over else payload, retain=True, qos=1, kind="maintenance", seq=seq, alert=key)
        said = Said(None, event, shown, self._outboxes.names)
        self._store.alerts.commit(said)
        log.warning("%s: %s: %s", machine, told.event, told.text)
        self.say(said)

    def prepared(self, alert: Alert) -> Said:
        """What is to be said of an alert, with the number of its event."""
        seq, now = self._store.numbers.next_seq(), clock_now()
        told = replace(alert, clock=alert.clock if now == "synchronised" else now)
        payload = encode(self._in_words(told, seq=seq))
        event = Message(self._topics.event, payload, qos=1, kind="event", seq=seq, alert=alert.id)
        shown = self._shown(alert, seq, b"" if alert.event == "cleared" else payload)
        return Said(alert, event, shown, self._outboxes.names)

    def say(self, said: Said) -> None:
        """Hand on what is kept."""
        alert_id, alert = said.event.alert, said.alert
        self._history.note(alert, said.event)
        self._open.pop(alert_id, None)
        self._lasting.pop(alert_id, None)
        if said.shown.payload and alert is not None:
            self._open[alert_id] = alert, said.shown
        elif said.shown.payload:
            self._lasting[alert_id] = said.shown
        if alert is not None:
            self._tally.alert(alert)
            log_alert(alert)
        others = {message.topic for message in self._shown_now}
        is_another_shown = not said.shown.payload and said.shown.topic in others
        for message in (said.event,) if is_another_shown else (said.event, said.shown):
            self._outboxes.put(message)
        for sink, dropped in self._outboxes.gone().items():
            self._store.sinks.settle(sink, dropped)

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """As they were last said."""
        return tuple(alert for alert, _ in self._open.values())

    def take_up_alerts(self, setups: Mapping[str, SensorSetup]) -> None:
        """At the start: clear alerts that nobody watches any more, and empty every retained topic that is not wanted
        now."""
        opened, waiting = self._store.alerts.open(), self._waiting
        self._history.take_up(opened, waiting, is_whole=self._store.is_kept)
        for stored in opened:
            if _is_watched(stored.alert, setups):
                self._open[stored.alert.id] = stored.alert, self._shown(stored.alert, stored.seq, self._payload(stored))
            else:
                self._clear_orphan(stored)
        self._end_unheard()
        self._show_all(setups, self._outboxes.names)

    def take_up_found(self, setups: Mapping[str, SensorSetup]) -> tuple[Alert, ...]:
        """Open alerts that can be read only now; where one is open on that bearing, it stays the one."""
        found, taken = [], {(alert.sensor, alert.bearing) for alert in self.open_alerts}
        for stored in self._store.alerts.open():
            alert = stored.alert
            if _is_watched(alert, setups) and (alert.sensor, alert.bearing) not in taken:
                self._open[alert.id] = alert, (shown := self._shown(alert, stored.seq, self._payload(stored)))
                self._outboxes.put(shown)
                found.append(alert)
        return tuple(found)

    def save_alerts_again(self) -> None:
        """Store all open alerts once more."""
        for alert, shown in self._open.values():
            self._store.alerts.save_again(alert, shown, sinks=self._outboxes.names)

    def adopt(self, parts: Parts, *, new_sinks: Collection[str]) -> None:
        """Another config: other words, sensors more or less, and sinks that are to be shown all that is open."""
        self._former, self._speaker, self._history.parts = self._speaker, parts.speaker, parts
        self._discovery_prefix = parts.config.publish.home_assistant
        before = self._states | set(self._introduced)
        self._show_all(parts.setups, self._outboxes.names, only=new_sinks)
        for gone in before - self._states - set(self._introduced):
            self._outboxes.put(Message(gone, b"", retain=True, qos=1))

    def empty_all(self, sink: str) -> None:
        """Leave nothing of ours on a sink that the config has no more."""
        self._empty(sink, self._store.sinks.retained(sink), besides=())

    def reconcile(self, sink: str, held: Mapping[str, bytes]) -> None:
        """What a sink showed of ours at the start, of which the state file may know nothing (it was lost, or the life
        before ran in memory): alerts are cleared with the reason `state_lost`, every topic that is not wanted is
        emptied, and numbers go on above those that were said."""
        known = {message.alert for message in self._store.sinks.waiting(sink)} | set(self._open) | self._known
        known |= set(self._lasting)
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

    def _show_all(
        self, sensors: Collection[str], sinks: Collection[str], *, only: Collection[str] | None = None
    ) -> None:
        """What is retained: noted for all `sinks`, and on those that may hold anything (None: all) emptied where it is
        not wanted; then said."""
        self._states = {self._topics.state(sensor) for sensor in sensors}
        self._introduced = introductions(
            sensors,
            speaker=self._speaker,
            topics=self._topics,
            prefix=self._discovery_prefix,
            expire_s=STATE_VALID_S,
        )
        always = {self._topics.availability, self._topics.health, *self._states, *self._introduced}
        wanted = [*(Message(topic, b"", retain=True) for topic in always), *self._shown_now]
        self._store.sinks.note_retained(wanted, sinks=sinks)
        for sink in sinks if only is None else only:
            shown = self._store.sinks.retained(sink)
            self._known |= {alert for one in shown.values() for alert in one.alerts}
            self._empty(sink, shown, besides={message.topic for message in wanted})
            for message in self._shown_now:
                self._outboxes.put(message, only=sink)
        for message in self._introduced.values():
            self._outboxes.put(message)

    def _end_unheard(self) -> None:
        """End alerts that wait to be said and are not open any more, as where their rows were damaged."""
        for alert_id, event in {event.alert: event for event in self._waiting}.items():
            said = said_of(event.payload)
            if said is not None and said.event != "cleared" and alert_id not in self._open:
                topic = self._topics.alert(said.sensor, said.bearing)
                self._clear_unheard(alert_id, topic, event.payload, reason="state_lost")

    @property
    def _waiting(self) -> list[Message]:
        """Events that a sink does not have yet."""
        return [event for sink in self._outboxes.names for event in self._store.sinks.waiting(sink)]

    @property
    def _shown_now(self) -> list[Message]:
        return [*(message for _, message in self._open.values()), *self._lasting.values()]

    @property
    def _wanted(self) -> set[str]:
        """Topics that show something now."""
        return {self._topics.health, *self._states, *(message.topic for message in self._shown_now)}

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
            if topic not in besides:  # of no kind: what shows figures is not told that an alert is over
                self._outboxes.put(Message(topic, b"", retain=True, qos=1, seq=shown.seq), only=sink)

    def _in_words(self, alert: Alert, *, seq: int) -> AlertPayload:
        """As the config has it; of a worker that has not gone over to it yet, as the one before had it."""
        try:
            return self._speaker.alert(alert, seq=seq)
        except LookupError:
            return self._former.alert(alert, seq=seq)

    def _shown(self, alert: Alert, seq: int, payload: bytes) -> Message:
        """The retained message of an open alert; an empty payload deletes it at the broker."""
        topic = self._topics.alert(alert.sensor, alert.bearing)
        return Message(topic, payload, retain=True, qos=1, kind="alert", seq=seq, alert=alert.id)

    def _payload(self, stored: OpenAlert) -> bytes:
        """What was last said of an alert; composed anew where an older agent stored none."""
        return stored.payload or encode(self._speaker.alert(stored.alert, seq=stored.seq))


def _is_watched(alert: Alert, setups: Mapping[str, SensorSetup]) -> bool:
    """Whether a sensor of the config has that bearing."""
    setup = setups.get(alert.sensor)
    if setup is None:
        return False
    return alert.bearing in {bearing.id for bearing in setup.bearings} if setup.bearings else alert.bearing is None
