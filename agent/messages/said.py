"""What is said of a window, an alert or a whole recording, in one shape: by the same rule it is then put into words."""

from __future__ import annotations

from dataclasses import dataclass

from agent.alerting.verdict import NO_WINDOW as NO_WINDOW_TO_JUDGE
from agent.alerting.verdict import Verdict
from agent.diagnosis.rms_only import is_rms_only
from agent.faults import ABNORMAL, HEALTHY, INVALID, UNKNOWN
from agent.types import Alert, BearingLine, Diagnosis, Evidence, Objection, Signs, Still

SURE_ENOUGH = 0.5
"""A name less likely than this is not said, whatever `name_at` allows: it would be wrong more often than right."""
NAMELESS = (UNKNOWN, ABNORMAL, INVALID)


@dataclass(frozen=True, slots=True)
class Said:
    """What is said, and all that the second sentence may draw on."""

    fault: str
    probability: float
    running: bool = True
    judged: bool = True  # False: there was no window at all
    rms_only: bool = False
    raised: bool = False  # an alert is open on it
    quality: str | None = None
    deviation: float | None = None
    lines: tuple[BearingLine, ...] = ()
    signs: Signs | None = None
    objection: Objection | None = None
    missing: tuple[str, ...] = ()
    looks_like: str | None = None
    evidence: Evidence | None = None
    needs_s: float | None = None  # how long a piece would have to be that is too short
    still: Still | None = None
    recovered: bool = False  # an alert that ended by itself: all but its name is of a window that is well

    @property
    def is_named(self) -> bool:
        return self.fault not in NAMELESS and self.probability >= SURE_ENOUGH


def said_by_window(diagnosis: Diagnosis) -> Said:
    """What one window says."""
    return Said(
        fault=diagnosis.fault,
        probability=diagnosis.probability,
        running=diagnosis.running,
        rms_only=is_rms_only(diagnosis),
        quality=diagnosis.quality,
        deviation=diagnosis.deviation,
        lines=diagnosis.evidence.lines if diagnosis.evidence else (),
        signs=diagnosis.signs,
        objection=diagnosis.objection,
        missing=diagnosis.missing,
        looks_like=diagnosis.looks_like,
        evidence=diagnosis.evidence,
        needs_s=diagnosis.needs_s,
        still=diagnosis.still,
    )


def said_by_alert(alert: Alert) -> Said:
    """What an alert says: of its cause, all that holds of the alert's own name."""
    cause = alert.diagnosis
    shared = alert.fault in (UNKNOWN, cause.fault)
    return Said(
        fault=alert.fault,
        probability=alert.probability,
        rms_only=is_rms_only(cause),
        raised=True,
        deviation=cause.deviation,
        lines=cause.evidence.lines if cause.evidence else (),
        signs=cause.signs,
        objection=cause.objection if shared else None,
        missing=cause.missing if shared else (),
        looks_like=cause.looks_like if shared else None,
        evidence=cause.evidence,
        needs_s=cause.needs_s,
        recovered=alert.event == "cleared" and alert.reason == "recovered",
    )


def said_by_verdict(verdict: Verdict) -> Said:
    """What a whole recording says."""
    unusable = verdict.fault == INVALID and verdict.reason != NO_WINDOW_TO_JUDGE
    return Said(
        fault=verdict.fault,
        probability=verdict.probability,
        running=verdict.judged > 0 or unusable,
        judged=verdict.reason != NO_WINDOW_TO_JUDGE,
        quality=verdict.reason if unusable else None,
        deviation=verdict.deviation,
        lines=verdict.lines,
        signs=verdict.signs,
        objection=verdict.objection,
        missing=verdict.missing,
        looks_like=verdict.looks_like,
        needs_s=verdict.needs_s,
        still=verdict.still,
    )


def fault_said(verdict: Verdict) -> str | None:
    """What a recording's answer tells of its machine: "fault", "abnormal", or None: neither."""
    if verdict.fault not in (HEALTHY, *NAMELESS) and said_by_verdict(verdict).is_named:
        return "fault"
    return "abnormal" if verdict.fault == ABNORMAL else None
