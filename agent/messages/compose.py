"""Outputs of the data path put into words and places: diagnoses, alerts and states become payloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.diagnosis.matching import Descriptions, Text
from agent.diagnosis.rms_only import is_rms_only
from agent.machine import SensorSetup
from agent.messages.payloads import AlertPayload, DiagnosisPayload, Likeness, StatePayload
from agent.messages.wording import (
    NOT_NAMED,
    RMS_ONLY,
    RMS_TOO_HIGH,
    STANDING_STILL,
    STATE_TITLES,
    Language,
    text_against,
    text_of,
)
from agent.stream.ledger import Balance
from agent.types import UNKNOWN, Alert, Diagnosis, Match, Objection, StateChange

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

    def place(self, sensor: str) -> dict[str, Any]:
        setup = self.setups[sensor]
        return {
            "agent": self.agent,
            "site": self.site,
            "sensor": sensor,
            "machine": setup.machine.id,
            "machine_name": setup.machine.name,
            "position": setup.position,
        }

    def text(self, fault: str, objection: Objection | None = None) -> Text:
        """Of a fault, or of what lines say against naming one."""
        if objection is not None:
            return text_against(objection, descriptions=self.descriptions, language=self.language)
        return text_of(fault, descriptions=self.descriptions, language=self.language)

    def nearest(self, matches: Iterable[Match]) -> tuple[Likeness, ...]:
        return tuple(
            Likeness(
                fault=match.fault,
                title=self.text(match.fault).title,
                similarity=round(match.similarity, 4),
                probability=round(match.probability, 4),
            )
            for match in tuple(matches)[:NEAREST]
        )

    def state(self, change: StateChange, *, last: Diagnosis | None, losses: Balance | None) -> StatePayload:
        return StatePayload(
            **self.place(change.sensor),
            state=change.state,
            title=STATE_TITLES[change.state][self.language],
            reason=change.reason,
            since=_when(change.wall_s),
            bearing=last.bearing if last else None,
            nearest=self.nearest(last.matches) if last else (),
            deviation=_short(last.deviation) if last else None,
            rate=last.rate if last else None,
            speed=last.speed if last else None,
            losses=losses,
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
            text=self.text(_text_name(diagnosis), diagnosis.objection),
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
            heights=diagnosis.heights,
            objection=diagnosis.objection,
        )

    def alert(self, alert: Alert) -> AlertPayload:
        cause = alert.diagnosis
        objection = cause.objection if alert.fault == UNKNOWN else None
        second = cause.second
        return AlertPayload(
            **self.place(alert.sensor),
            id=alert.id,
            event=alert.event,
            severity=alert.severity,
            bearing=alert.bearing,
            fault=alert.fault,
            text=self.text(RMS_TOO_HIGH if is_rms_only(cause) else alert.fault, objection),
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
            heights=cause.heights,
            objection=objection,
        )


def _text_name(diagnosis: Diagnosis) -> str:
    """The name of the text for one window: only a baseline can say that a machine departs from its healthy state."""
    if is_rms_only(diagnosis):
        return RMS_ONLY
    if diagnosis.fault != UNKNOWN:
        return diagnosis.fault
    if not diagnosis.running:
        return STANDING_STILL
    return NOT_NAMED if diagnosis.deviation is None or diagnosis.deviation < 1 else UNKNOWN


def _when(wall_s: float | None) -> datetime | None:
    return None if wall_s is None else datetime.fromtimestamp(wall_s, UTC)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
