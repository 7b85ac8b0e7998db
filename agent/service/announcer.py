"""What pipelines put out becomes messages: diagnoses and states are put into words here, alerts by the registrar."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from agent.alerting.shelf import moved
from agent.diagnosis.coverage import commissioned_anyway
from agent.messages.compose import Speaker
from agent.messages.payloads import StatePayload, encode
from agent.ports import Message
from agent.service.assembly import Parts
from agent.service.bulletin import STATE_VALID_S
from agent.service.inbox import Inbox
from agent.service.keeping.numbers import new_id
from agent.service.registrar import Registrar
from agent.service.sensor import SensorDesk
from agent.service.wall_clock import clock_now, origin_now
from agent.service.watching.events import OVERLOAD_NOTICE, log_state
from agent.service.watching.noted import Noted
from agent.types import Alert, AlertReason, Diagnosis, Output, StateChange


class Announcer:
    """Hands to the registrar what is to be said of the sensors; called by the worker alone."""

    def __init__(self, parts: Parts, *, registrar: Registrar, inbox: Inbox, noted: Noted | None = None) -> None:
        self._topics = parts.topics
        self._speaker = parts.speaker
        self._diagnoses = parts.config.publish.diagnoses
        self._registrar = registrar
        self._inbox = inbox
        self._noted = noted or Noted()

    def announce(self, desk: SensorDesk, outputs: Collection[Output]) -> None:
        """Everything that one sensor's pipeline put out."""
        self._noted.outputs(desk.change.sensor, outputs)
        said: list[Message] = []
        for output in outputs:
            match output:
                case Diagnosis():
                    if self._diagnoses:
                        payload = encode(self._speaker.diagnosis(output))
                        said.append(Message(self._topics.diagnosis(output.sensor), payload, kind="diagnosis"))
                case Alert():
                    self._put(said)
                    said = []
                    self.announce_alert(output)
                case StateChange():
                    log_state(output)
                    said.append(self._state(desk))
        self._put(said)

    def announce_state(self, desk: SensorDesk) -> None:
        """What a sensor says now, retained."""
        self._put([self._state(desk)])

    def announce_alert(self, alert: Alert) -> None:
        """An alert that was raised, updated or cleared."""
        self._registrar.say_alert(alert)

    def state_of(self, desk: SensorDesk, speaker: Speaker | None = None) -> StatePayload:
        """What a sensor says now, by the agent's speaker or another."""
        return (speaker or self._speaker).state(
            desk.change,
            last=desk.last,
            losses=self._inbox.balance(desk.change.sensor),
            commissioned_anyway=commissioned_anyway(desk.pipeline.healthy.baselines),
            valid_until_s=time.time() + STATE_VALID_S,
            notices=(
                *self._registrar.troubles,
                *([OVERLOAD_NOTICE] if self._inbox.is_overloaded(desk.change.sensor) else []),
                *desk.doubts.notices(time.monotonic()),
            ),
            open_alerts=(alert.id for alert in desk.pipeline.decision.open_alerts),
        )

    def adopt(self, parts: Parts) -> None:
        """Another config, or another bundle: other words."""
        self._speaker, self._diagnoses = parts.speaker, parts.config.publish.diagnoses

    def end(self, desk: SensorDesk, reason: AlertReason, alert: Alert) -> None:
        """End an open alert for a reason that is not the machine's."""
        closed = desk.close(reason, time_s=time.monotonic(), wall_s=time.time(), alert=alert.id)
        self.announce(desk, [output for output in closed if isinstance(output, Alert)])

    def stamp(self, alert: Alert) -> Alert:
        """An alert that is raised, with an id that no other has, what its clock is worth and where its windows are."""
        told = replace(alert, id=new_id(self._registrar.boot), clock=clock_now(), clock_origin=origin_now())
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

    def _put(self, messages: list[Message]) -> None:
        if messages:
            self._registrar.put(messages)

    def _state(self, desk: SensorDesk) -> Message:
        topic, payload = self._topics.state(desk.change.sensor), encode(self.state_of(desk))
        return Message(topic, payload, retain=True, qos=1, kind="state", expiry_s=STATE_VALID_S)
