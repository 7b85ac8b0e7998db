"""Many windows of one recording become one verdict: detect first, then name, as the running agent does.

A recording in which no window can be judged is invalid, never healthy. Its lines object as they stand on average.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from agent.diagnosis.line_check import mean_heights
from agent.diagnosis.matching import Calibration
from agent.diagnosis.naming import Grounds, name_on
from agent.types import HEALTHY, INVALID, UNKNOWN, BearingLine, Diagnosis, LineHeights, Match, Objection

NO_WINDOW, STOPPED = "no_window", "machine_stopped"  # reasons why nothing was judged


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a whole recording says about one bearing."""

    fault: str  # a fault id, "unknown" or "invalid"
    probability: float
    reason: str  # why this fault: "nearest_description", "within_baseline", ...
    windows: int
    judged: int  # windows that were good and running
    matches: tuple[Match, ...]  # averaged over the judged windows, best first
    deviation: float | None  # median over the windows that a baseline covers
    lines: tuple[BearingLine, ...]  # of the window that shows them best
    validated: bool
    heights: LineHeights | None = None  # of the bearing lines, averaged over the judged windows
    objection: Objection | None = None  # why the nearest description is not its name, where lines contradict it


def verdict_of(diagnoses: Sequence[Diagnosis], calibration: Calibration, *, detect_at: float = 1.0) -> Verdict:
    """The verdict on the diagnoses of one bearing, in any order."""
    judged = [d for d in diagnoses if d.quality is None and d.running and d.matches]
    if not judged:
        fault, reason = _nothing_judged(diagnoses)
        return Verdict(fault, 0.0, reason, len(diagnoses), 0, (), None, (), True)
    matches = mean_matches(judged)
    deviations = [d.deviation for d in judged if d.deviation is not None]
    deviation = median(deviations) if 2 * len(deviations) >= len(judged) else None
    heights = mean_heights([d.heights for d in judged])
    hearing = sum(d.hears_bearings for d in judged)
    grounds = Grounds(
        matches=matches,
        has_baseline=deviation is not None,
        within_baseline=deviation is not None and deviation < detect_at,
        hears_bearings=2 * hearing >= len(judged),
        heights=heights,
    )
    fault, reason, objection = _name(grounds, calibration)
    return Verdict(
        fault=fault,
        probability=next((m.probability for m in matches if m.fault == fault), 0.0),
        reason=reason,
        windows=len(diagnoses),
        judged=len(judged),
        matches=matches,
        deviation=deviation,
        lines=max((d.evidence.lines for d in judged if d.evidence), key=_strength, default=()),
        validated=all(d.validated for d in judged if d.fault == fault),
        heights=heights,
        objection=objection,
    )


def mean_matches(diagnoses: Sequence[Diagnosis]) -> tuple[Match, ...]:
    """Similarity and probability per fault, averaged over windows, best probability first."""
    sums: dict[str, list[float]] = {}
    for diagnosis in diagnoses:
        for match in diagnosis.matches:
            total = sums.setdefault(match.fault, [0.0, 0.0])
            total[0] += match.similarity
            total[1] += match.probability
    count = len(diagnoses)
    averaged = [Match(fault, total[0] / count, total[1] / count) for fault, total in sums.items()]
    return tuple(sorted(averaged, key=lambda match: -match.probability))


def _name(grounds: Grounds, calibration: Calibration) -> tuple[str, str, Objection | None]:
    """The name, its reason, and what lines say against the name that it would have had; detection comes first."""
    if grounds.within_baseline:
        return HEALTHY, "within_baseline", None
    name = name_on(grounds, calibration)
    if name.objection is not None:
        return name.fault, name.objection.reason, name.objection
    if grounds.has_baseline and name.fault == HEALTHY:
        return UNKNOWN, "deviates_but_looks_healthy", None
    return name.fault, "no_description_fits" if name.fault == UNKNOWN else "nearest_description", None


def _nothing_judged(diagnoses: Sequence[Diagnosis]) -> tuple[str, str]:
    bad = Counter(d.quality for d in diagnoses if d.quality is not None)
    if bad or not diagnoses:
        return INVALID, str(bad.most_common(1)[0][0]) if bad else NO_WINDOW
    return UNKNOWN, STOPPED


def _strength(lines: tuple[BearingLine, ...]) -> float:
    return sum(line.above_floor_db for line in lines)
