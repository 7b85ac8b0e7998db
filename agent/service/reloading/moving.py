"""A sensor's state handed out, and taken in from another agent or another time: checked whole before any of it is used.

What is taken in replaces what is known here, in one transaction; an alert that comes with it stays the same alert.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import msgspec

from agent.diagnosis.healthy_state import Baselines
from agent.diagnosis.lesson_bytes import from_bytes
from agent.dsp.features import feature_names
from agent.errors import ConfigError
from agent.faults import parent_of
from agent.messages.payloads import encode as encode_payload
from agent.messages.topics import WHOLE_MACHINE
from agent.service.announcer import Announcer
from agent.service.control import Answer, ImportState
from agent.service.desks import boot_now, go_on_with, learnt_on, stored_forms, whole_state
from agent.service.health import Everything
from agent.service.keeping.learnt_rows import UnderWay
from agent.service.keeping.sensor_state import MAX_BYTES, SensorState, age_s, baselines_in, decode, encode
from agent.service.registrar import Learnt
from agent.service.sensor import SensorDesk
from agent.service.teaching import Begun, Teaching
from agent.types import UNKNOWN, Alert

ALERT_ID = re.compile(r"[0-9a-f]{16}")

log = logging.getLogger(__name__)


class Moving:
    """Called by the worker alone."""

    def __init__(self, everything: Everything, *, announcer: Announcer, teaching: Teaching) -> None:
        self._everything = everything
        self._announcer, self._teaching = announcer, teaching
        self._piece = ("", b"")  # of which sensor, and what came of its state so far

    def hand_out(self, desk: SensorDesk) -> Answer:
        """All that is known of a sensor, as text of base 64; a commissioning that makes it too large is left out."""
        everything, remarks = self._everything, []
        self._teaching.keep_lessons(desk, 0.0, at_once=True)
        state = whole_state(desk, everything.parts, everything.registrar, ledger=everything.inbox.total(desk.sensor))
        stored = encode(state)
        if len(stored) > MAX_BYTES:
            remarks = ["the commissioning under way is too large to be moved; it is left out"]
            stored = encode(msgspec.structs.replace(state, under_way=None))
        if len(stored) > MAX_BYTES:
            raise ConfigError(f"state: {len(stored)} bytes are more than {MAX_BYTES}; forget a speed first")
        return {"state": stored, "remarks": remarks}

    def take_piece(self, desk: SensorDesk, request: ImportState) -> Answer:
        """One piece of a state after the other; whoever begins anew forgets what came before."""
        sensor, before = (desk.sensor, b"") if request.start == 0 else self._piece
        if sensor != desk.sensor or request.start != len(before):
            raise ConfigError("state: another one was imported meanwhile; try again")
        self._piece = desk.sensor, before + request.state
        if len(self._piece[1]) > MAX_BYTES:
            self._piece = "", b""
            raise ConfigError(f"state: more than {MAX_BYTES} bytes; this is no state of a sensor")
        if not request.last:
            return {}
        stored, self._piece = self._piece[1], ("", b"")
        return self.take_in(desk, stored, instead=request.instead)

    def take_in(self, desk: SensorDesk, stored: bytes, *, instead: bool) -> Answer:
        """Go on with a state from elsewhere; ConfigError, and nothing changed, where it does not fit.

        `instead`: even where something is known of this sensor already.
        """
        state, parts = decode(stored), self._everything.parts
        self._refuse_busy(desk, instead=instead)
        row = learnt_on(desk, parts)
        if state.features != row.features and (state.baselines or state.under_way):
            raise ConfigError(
                "state: was learnt with other features than this bundle's; use the bundle of the agent that it is "
                "from, or commission the sensor here"
            )
        fits, size = state.marks.fitting(row.marks), len(feature_names(parts.bundle.spec))
        baselines, aside = baselines_in(state.baselines, size=size), baselines_in(state.aside, size=size)
        if baselines and not fits & set(baselines):
            raise ConfigError(
                f"state: is of sensor {state.sensor} on another machine, bearing or place than {desk.sensor} by this "
                "config; make the config the same, or commission the sensor here"
            )
        remarks = [
            f"{bearing or WHOLE_MACHINE}: is another one here; commission it"
            for bearing in sorted(set(baselines) - fits, key=str)
        ]
        baselines = {bearing: one for bearing, one in baselines.items() if bearing in fits}
        aside = {bearing: one for bearing, one in aside.items() if bearing in fits}
        begun = self._begun(state, size=size)
        alerts = self._alerts(desk, state, remarks)
        learnt = Learnt(
            row=row,
            baselines=stored_forms(baselines),
            aside=stored_forms(aside),
            alerts=tuple(map(self._sayable, alerts)),
            begun=begun,
            lessons=() if state.under_way is None else state.under_way.lessons,
            seq=state.seq,
        )
        is_kept = self._everything.registrar.learn(learnt)
        self._go_on(desk, state, baselines, aside, alerts)
        self._announcer.announce_state(desk)
        log.info("%s: goes on with the state of %s of agent %s", desk.sensor, state.sensor, state.agent)
        return {"remarks": remarks, "kept": is_kept}

    def _go_on(
        self, desk: SensorDesk, state: SensorState, baselines: Baselines, aside: Baselines, alerts: list[Alert]
    ) -> None:
        everything, healthy = self._everything, desk.pipeline.healthy
        healthy.baselines, healthy.aside, healthy.latest = baselines, aside, None
        self._teaching.take_up(desk)
        age = age_s(state, boot_now())
        if age is not None and age <= everything.parts.decisions[desk.sensor].lost_after_s:
            go_on_with(desk, state, alerts)
        desk.pipeline.restore(alerts)
        if state.agent != everything.parts.config.agent.id:
            everything.inbox.go_on(desk.sensor, state.ledger)

    def _refuse_busy(self, desk: SensorDesk, *, instead: bool) -> None:
        healthy = desk.pipeline.healthy
        if desk.pipeline.decision.open_alerts:
            raise ConfigError(f"{desk.sensor}: an alert is open here; close it first")
        if healthy.progress is not None:
            raise ConfigError(f"{desk.sensor}: is being commissioned; end that with: commission {desk.sensor} --cancel")
        if healthy.baselines and not instead:
            raise ConfigError(f"{desk.sensor}: its healthy state is known here; --replace takes the other instead")

    def _begun(self, state: SensorState, *, size: int) -> UnderWay:
        """A commissioning that comes with it, checked; one that ends where none does."""
        if state.under_way is None:
            return UnderWay()
        try:
            msgspec.json.decode(state.under_way.value, type=Begun)
            for lesson in state.under_way.lessons:
                from_bytes(lesson, size=size)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(f"state: its commissioning cannot be read: {error}") from None
        return UnderWay(state.under_way.value)

    def _alerts(self, desk: SensorDesk, state: SensorState, remarks: list[str]) -> list[Alert]:
        """Those that go on here under their ids."""
        found = [one.alert for one in state.counts.bearings if one.alert is not None and one.alert.event != "cleared"]
        if state.agent == self._everything.parts.config.agent.id and found:
            remarks.append("its alerts are left out: they were ended here since")
            return []
        mine = learnt_on(desk, self._everything.parts).marks.ids
        remarks += [
            f"alert {alert.id} is left out: there is no bearing {alert.bearing} here"
            for alert in found
            if alert.bearing not in mine
        ]
        diagnosed = [
            replace(alert, sensor=desk.sensor, diagnosis=replace(alert.diagnosis, sensor=desk.sensor))
            for alert in found
            if alert.bearing in mine
        ]
        return [replace(alert, event="updated", reason="moved") for alert in diagnosed]

    def _sayable(self, alert: Alert) -> Alert:
        """An alert that came; ConfigError where it is none that an agent made."""
        known = self._everything.parts.bundle.descriptions.faults
        named = {UNKNOWN, *known, *(parent_of(fault) for fault in known)}
        if not ALERT_ID.fullmatch(alert.id) or alert.fault not in named:
            raise ConfigError(f"state: its alert {alert.id!r:.40} of {alert.fault!r:.40} has no words in this bundle")
        try:
            encode_payload(self._everything.parts.speaker.alert(alert, seq=0))
        except (ValueError, OverflowError) as error:  # a time or a figure that cannot be
            raise ConfigError(f"state: its alert {alert.id} cannot be put into words ({error})") from None
        return alert
