"""Outputs of the data path put into words and places: diagnoses, alerts and states become payloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from agent.alerting.seen import seen_by
from agent.diagnosis.matching import Calibration, Descriptions
from agent.machine import SensorSetup
from agent.messages.asked_text import text_of_question
from agent.messages.background import background_of
from agent.messages.notices import in_language
from agent.messages.payloads import (
    AlertPayload,
    Asked,
    DiagnosisPayload,
    Likeness,
    MaintenancePayload,
    StatePayload,
)
from agent.messages.said import said_by_alert, said_by_window
from agent.messages.sentences import text_for
from agent.messages.wording import text_of
from agent.messages.words import Language, say, table, words_for
from agent.stream.ledger import Balance
from agent.types import UNKNOWN, Alert, AlertReason, Clock, Diagnosis, Doubt, Match, Question, StateChange

NOT_CONFIGURED = "not_configured"
"""Stands for the machine of a sensor that the config has no more."""

NEAREST = 3
"""How many descriptions a message lists."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Puts outputs into words: who speaks, in which language, about which machines."""

    agent: str
    site: str | None
    language: Language
    descriptions: Descriptions
    setups: Mapping[str, SensorSetup]
    calibration: Calibration | None = None
    """Of the bundle: how high the lines of healthy machines stand. Without it no line is called background."""

    def place(self, sensor: str) -> dict[str, Any]:
        setup = self.setups.get(sensor)
        if setup is None:  # no longer configured
            names = dict.fromkeys(("machine_name", "position"))
            return {"agent": self.agent, "site": self.site, "sensor": sensor, "machine": NOT_CONFIGURED, **names}
        return {
            "agent": self.agent,
            "site": self.site,
            "sensor": sensor,
            "machine": setup.machine.id,
            "machine_name": setup.machine.name,
            "position": setup.position,
        }

    def title(self, fault: str) -> str:
        return text_of(fault, descriptions=self.descriptions, language=self.language).title

    def reason(self, code: str | None) -> str | None:
        """Why a sensor is in its state, in words: of a fault its title."""
        if code is None:
            return None
        known = table()["reason"]
        return words_for("reason", code, self.language) if code in known else self.title(code)

    def background(self, diagnosis: Diagnosis) -> tuple[str, ...]:
        lines = diagnosis.evidence.lines if diagnosis.evidence else ()
        return background_of(lines, diagnosis.heights, self.calibration)

    def nearest(self, matches: Iterable[Match]) -> tuple[Likeness, ...]:
        return tuple(
            Likeness(
                fault=match.fault,
                title=self.title(match.fault),
                similarity=round(match.similarity, 4),
                probability=round(match.probability, 4),
            )
            for match in tuple(matches)[:NEAREST]
        )

    def asked(self, question: Question | None) -> Asked | None:
        return None if question is None else Asked(text=text_of_question(question, self.language), found=question)

    def state(
        self,
        change: StateChange,
        *,
        last: Diagnosis | None,
        losses: Balance | None,
        commissioned_anyway: tuple[Doubt, ...] = (),
        valid_until_s: float | None = None,
        notices: Iterable[str] = (),
        open_alerts: Iterable[str] = (),
    ) -> StatePayload:
        return StatePayload(
            **self.place(change.sensor),
            state=change.state,
            title=say(f"state.{change.state}", self.language),
            reason=change.reason,
            reason_text=self.reason(change.reason),
            since=_when(change.wall_s),
            bearing=last.bearing if last else None,
            nearest=self.nearest(last.matches) if last else (),
            deviation=_short(last.deviation) if last else None,
            rate=last.rate if last else None,
            speed=last.speed if last else None,
            losses=losses,
            asks=self.asked(last.asks) if last else None,
            missing=last.missing if last else (),
            valid_until=_when(valid_until_s),
            notices=tuple(in_language(notice, self.language) for notice in notices),
            commissioned_anyway=commissioned_anyway,
            open_alerts=tuple(open_alerts),
        )

    def diagnosis(self, diagnosis: Diagnosis) -> DiagnosisPayload:
        second = diagnosis.second
        return DiagnosisPayload(
            **self.place(diagnosis.sensor),
            bearing=diagnosis.bearing,
            time=_when(diagnosis.wall_s),
            session=diagnosis.session,
            window_start=diagnosis.window_start,
            fault=diagnosis.fault,
            text=text_for(said_by_window(diagnosis), descriptions=self.descriptions, language=self.language),
            probability=round(diagnosis.probability, 4),
            validated=diagnosis.validated,
            nearest=self.nearest(diagnosis.matches),
            second=second.fault if second else None,
            quality=diagnosis.quality,
            running=diagnosis.running,
            deviation=_short(diagnosis.deviation),
            speed=diagnosis.speed,
            rate=diagnosis.rate,
            evidence=diagnosis.evidence,
            background=self.background(diagnosis),
            heights=diagnosis.heights,
            objection=diagnosis.objection,
            signs=diagnosis.signs,
            missing=diagnosis.missing,
            looks_like=diagnosis.looks_like,
            asks=self.asked(diagnosis.asks),
            seconds=_short(diagnosis.seconds),
            needs_s=_short(diagnosis.needs_s),
            still=diagnosis.still,
        )

    def alert(self, alert: Alert, *, seq: int = 0) -> AlertPayload:
        """An alert as the event of number `seq`."""
        cause = alert.diagnosis
        objection = cause.objection if alert.fault in (UNKNOWN, cause.fault) else None
        missing = cause.missing if alert.fault in (UNKNOWN, cause.fault) else ()
        second = cause.second
        return AlertPayload(
            **self.place(alert.sensor),
            id=alert.id,
            event=alert.event,
            severity=alert.severity,
            bearing=alert.bearing,
            fault=alert.fault,
            text=text_for(said_by_alert(alert), descriptions=self.descriptions, language=self.language),
            probability=round(alert.probability, 4),
            validated=self.descriptions.is_validated(alert.fault),
            opened=_when(alert.opened_wall_s),
            time=_when(alert.wall_s),
            nearest=self.nearest(cause.matches),
            second=second.fault if second else None,
            deviation=_short(cause.deviation),
            speed=cause.speed,
            rate=cause.rate,
            evidence=cause.evidence,
            background=self.background(cause),
            heights=cause.heights,
            objection=objection,
            signs=cause.signs,
            missing=missing,
            looks_like=cause.looks_like,
            asks=self.asked(cause.asks if alert.fault in (UNKNOWN, cause.fault) else None),
            reason=alert.reason,
            needs_s=_short(cause.needs_s),
            seq=seq,
            acknowledged=alert.acknowledged,
            by=alert.by,
            acknowledged_by=seen_by(alert),
            shelved_until=None if alert.shelf is None else _when(alert.shelf.until_wall_s),
            clock=alert.clock,
            recording=alert.recording,
            was=alert.was,
        )

    def maintenance(self, machine: str, *, silent_s: float, over: bool, seq: int, wall_s: float) -> MaintenancePayload:
        """That a machine's speed has been silent for so long, or (`over`) is told again."""
        names = {setup.machine.id: setup.machine.name for setup in self.setups.values()}
        word = "maintenance.speed_told_again" if over else "maintenance.speed_silent"
        return MaintenancePayload(
            agent=self.agent,
            site=self.site,
            machine=machine,
            machine_name=names.get(machine),
            kind="speed_silent",
            event="cleared" if over else "raised",
            text=say(word, self.language, minutes=f"{silent_s / 60:.0f}"),
            since=_when(wall_s - silent_s),
            time=_when(wall_s),
            seq=seq,
        )


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of an alert's payload that came back."""

    schema: Literal["textvib/alert/1"]
    id: str
    seq: Annotated[int, msgspec.Meta(ge=0, le=1 << 52)] = 0
    event: str = ""
    sensor: str = ""
    bearing: str | None = None


def said_of(payload: bytes) -> Said | None:
    """Which alert a payload is of; None where it is none of ours."""
    try:
        return msgspec.json.decode(payload, type=Said)
    except (msgspec.MsgspecError, RecursionError):
        return None


class Numbered(msgspec.Struct, frozen=True):
    """What has the number of an event."""

    seq: Annotated[int, msgspec.Meta(ge=0, le=1 << 52)] = 0


def seq_of(payload: bytes) -> int:
    """The number of the event that a payload is of, or was said after; 0 where it has none."""
    try:
        return msgspec.json.decode(payload, type=Numbered).seq
    except (msgspec.MsgspecError, RecursionError):
        return 0


def cleared_from(payload: bytes, *, seq: int, reason: AlertReason, wall_s: float, clock: Clock) -> bytes:
    """What an alert's last payload (one that `said_of` reads) becomes where only that is left of it."""
    said = msgspec.json.decode(payload, type=dict[str, Any])
    flagged = clock if said.get("clock") == "synchronised" else "unknown"
    end = {
        "event": "cleared",
        "seq": seq,
        "reason": reason,
        "by": None,
        "shelved_until": None,
        "time": _when(wall_s),
        "clock": flagged,
    }
    return msgspec.json.encode({"acknowledged": False, **said, **end})


def _when(wall_s: float | None) -> datetime | None:
    return None if wall_s is None else datetime.fromtimestamp(wall_s, UTC)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
