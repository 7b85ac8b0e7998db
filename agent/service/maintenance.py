"""Who has to mend something that is no fault of a machine hears of it: a speed that was to be told and is not.

Only a machine that runs is waited for: with the machine its tacho may be switched off.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from agent.messages.payloads import encode
from agent.ports import Message
from agent.service.announcer import Announcer
from agent.service.assembly import Parts
from agent.service.keeping.alert_rows import Said
from agent.service.keeping.store import Store
from agent.service.sensor import SensorDesk

log = logging.getLogger(__name__)


class Silences:
    """Machines whose speed comes from a topic; `look` is for the worker, every now and then."""

    def __init__(self, parts: Parts, desks: Mapping[str, SensorDesk], *, store: Store, announcer: Announcer) -> None:
        self._after_s = {
            machine: one.speed.maintenance_after_min * 60
            for machine, one in parts.config.machines.items()
            if one.speed is not None and one.speed.topic is not None
        }
        self._desks = {
            machine: [desk for desk in desks.values() if desk.pipeline.setup.machine.id == machine]
            for machine in self._after_s
        }
        self._told: dict[str, float] = {}  # machine -> since when, monotonic
        self._speaker, self._topics = parts.speaker, parts.topics
        self._sinks = tuple(parts.sinks)
        self._store = store
        self._announcer = announcer

    def look(self, now_s: float) -> None:
        """Say what is silent for long, once, and when it is told again."""
        for machine, after_s in self._after_s.items():
            desks = self._desks[machine]
            known = [since_s for desk in desks if (since_s := desk.doubts.silent_since_s) is not None]
            if machine in self._told and not known:
                self._announce(machine, silent_s=now_s - self._told.pop(machine), over=True)
            elif machine not in self._told and known and now_s - min(known) >= after_s and _runs(desks):
                self._told[machine] = min(known)
                self._announce(machine, silent_s=now_s - min(known), over=False)

    def _announce(self, machine: str, *, silent_s: float, over: bool) -> None:
        """Kept as an event, and shown as long as it lasts."""
        seq, key = self._store.numbers.next_seq(), f"maintenance/{machine}"
        told = self._speaker.maintenance(machine, silent_s=silent_s, over=over, seq=seq, wall_s=time.time())
        payload, topic = encode(told), self._topics.maintenance(machine)
        event = Message(self._topics.maintenance(), payload, qos=1, kind="event", seq=seq, alert=key)
        shown = Message(topic, b"" if over else payload, retain=True, qos=1, kind="maintenance", seq=seq, alert=key)
        said = Said(None, event, shown, self._sinks)
        self._store.alerts.commit(said)
        log.warning("%s: %s: %s", machine, told.event, told.text)
        self._announcer.say(said)


def _runs(desks: list[SensorDesk]) -> bool:
    return any(desk.last is not None and desk.last.running for desk in desks)
