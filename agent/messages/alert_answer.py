"""An alert as an answer: what it said, beside the windows around it as far as they are kept.

All that is told of its cause is the alert's own; windows only add where it lies among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agent.alerting.verdict import Verdict
from agent.diagnosis.matching import Calibration, Descriptions
from agent.faults import ABNORMAL, UNKNOWN
from agent.messages.answer import Answer
from agent.messages.background import background_of
from agent.messages.clearest import impulses_limit_of
from agent.messages.said import said_by_alert
from agent.messages.sentences import text_for
from agent.messages.words import Language
from agent.recordings.recording import Piece, Recording
from agent.types import Alert, Diagnosis

STATES = {UNKNOWN: "abnormal"}
"""Fault of an alert -> what its machine is, where that is no fault with a name."""


def answer_of_alert(
    alert: Alert,
    *,
    recording: Recording | None,
    diagnoses: Sequence[Diagnosis] = (),
    calibration: Calibration,
    descriptions: Descriptions,
    language: Language,
) -> Answer:
    """The answer on an alert, with the diagnoses of its bearing in the windows of `recording`; None: none are kept."""
    cause = alert.diagnosis
    windows = tuple(diagnoses) or (cause,)
    own = next((d for d in windows if (d.session, d.window_start) == (cause.session, cause.window_start)), None)
    verdict = _verdict_of(alert, windows, descriptions)
    return Answer(
        recording=recording or _nothing_kept(cause),
        verdict=verdict,
        text=text_for(said_by_alert(alert), descriptions=descriptions, language=language),
        background=background_of(verdict.lines, verdict.heights, calibration),
        shown=cause if cause.evidence is not None else None,
        speed_from="unknown" if cause.speed.rpm is None else cause.speed.origin,
        speed_question=None,
        descriptions=descriptions,
        language=language,
        diagnoses=windows,
        clearest=own or windows[-1],
        impulses_limit=impulses_limit_of(verdict, calibration),
    )


def state_of_alert(alert: Alert) -> str:
    """What its machine is: "fault" or "abnormal"."""
    return STATES.get(alert.fault, "fault")


def _verdict_of(alert: Alert, windows: Sequence[Diagnosis], descriptions: Descriptions) -> Verdict:
    """What the alert says, as a recording's verdict says it."""
    cause, fault = alert.diagnosis, ABNORMAL if alert.fault == UNKNOWN else alert.fault
    is_its_own = alert.fault in (UNKNOWN, cause.fault)
    return Verdict(
        fault=fault,
        probability=alert.probability,
        reason="",
        windows=len(windows),
        judged=sum(d.quality is None and d.running for d in windows),
        matches=cause.matches,
        deviation=cause.deviation,
        lines=cause.evidence.lines if cause.evidence else (),
        validated=alert.fault == UNKNOWN or descriptions.is_validated(alert.fault),
        heights=cause.heights,
        objection=cause.objection if is_its_own else None,
        signs=cause.signs,
        missing=cause.missing if is_its_own else (),
        looks_like=cause.looks_like if is_its_own else None,
        asks=cause.asks if is_its_own else None,
        needs_s=cause.needs_s,
    )


def _nothing_kept(cause: Diagnosis) -> Recording:
    """A recording without samples: where the window of the cause began."""
    piece = Piece(0, cause.window_start, cause.session)
    return Recording(Path(), np.empty((0, 1), np.float32), cause.rate.hz, cause.speed.rpm, "g", (), (piece,))
