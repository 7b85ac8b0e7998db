"""Which window of a recording shows best what its verdict rests on, and the limit that its impacts are held against."""

from __future__ import annotations

from collections.abc import Sequence

from agent.alerting.verdict import Verdict
from agent.diagnosis.matching import Calibration
from agent.faults import BEARING, HEALTHY
from agent.types import Diagnosis


def clearest_of(verdict: Verdict, diagnoses: Sequence[Diagnosis], shown: Diagnosis | None) -> Diagnosis | None:
    """That of the verdict's lines, else of the highest impacts or deviation that it is named by, else the middle one.

    Where nothing was judged, the first window of the signal that cannot be.
    """
    judged = [d for d in diagnoses if d.quality is None and d.running and d.matches]
    if not judged:
        return next((d for d in diagnoses if d.quality == verdict.reason), shown)
    if verdict.lines:
        return next(d for d in judged if d.evidence is not None and d.evidence.lines == verdict.lines)
    if verdict.fault == BEARING:
        return max(judged, key=lambda d: (d.signs and d.signs.impulses) or 0.0)
    if verdict.fault != HEALTHY and verdict.deviation is not None:
        return max(judged, key=lambda d: d.deviation or 0.0)
    return shown


def impulses_limit_of(verdict: Verdict, calibration: Calibration) -> float | None:
    """How high the impacts of healthy machines are at most, in the units of the verdict's signs; None: not known."""
    if verdict.signs is None:
        return None
    limits = calibration.signs if verdict.signs.above_healthy else calibration.blind_signs
    return None if limits is None else limits.impulses
