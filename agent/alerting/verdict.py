"""Many windows of one recording become one verdict: detect first, then name, as the running agent does.

A recording in which no window can be judged is invalid, never healthy. Its lines object as they stand on average.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from agent.diagnosis.asking import lasting, question_of
from agent.diagnosis.evidence import BAND_ABOVE_NYQUIST, WINDOW_TOO_SHORT
from agent.diagnosis.grounds import BANDWIDTH, GEOMETRY, SPEED, SURE_SPEED, Grounds
from agent.diagnosis.line_check import mean_heights
from agent.diagnosis.matching import Calibration
from agent.diagnosis.naming import NAME_AT, name_on
from agent.diagnosis.signs import mean_signs
from agent.dsp.speed_doubts import asked_together
from agent.types import INVALID, UNKNOWN, BearingLine, Diagnosis, LineHeights, Match, Objection, Question, Signs, Still

NO_WINDOW, STOPPED = "no_window", "machine_stopped"  # reasons why nothing was judged


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a whole recording says about one bearing."""

    fault: str  # as a diagnosis names it: a fault, its parent, "healthy", "abnormal", "unknown" or "invalid"
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
    signs: Signs | None = None  # averaged over the judged windows
    missing: tuple[str, ...] = ()  # what would have to be known to say more
    looks_like: str | None = None  # the nearest description, where evidence does not bear it out
    asks: Question | None = None  # about the bearing, where lines last that what is told of it does not explain
    heard_s: float | None = None  # of pieces shorter than a window, taken together; None: whole windows
    needs_s: float | None = None  # how long one such piece would have to be to be a whole window
    still: Still | None = None  # why the machine is held to stand still, where no window could be judged


def verdict_of(
    diagnoses: Sequence[Diagnosis], calibration: Calibration, *, detect_at: float = 1.0, name_at: float = NAME_AT
) -> Verdict:
    """The verdict on the diagnoses of one bearing, in any order."""
    judged = [d for d in diagnoses if d.quality is None and d.running and d.matches]
    if not judged:
        fault, reason = _nothing_judged(diagnoses)
        still = next((d.still for d in reversed(diagnoses) if d.still is not None), None)
        return Verdict(fault, 0.0, reason, len(diagnoses), 0, (), None, (), True, still=still)
    matches = mean_matches([d.matches for d in judged])
    deviations = [d.deviation for d in judged if d.deviation is not None]
    deviation = median(deviations) if 2 * len(deviations) >= len(judged) else None
    heights = mean_heights([d.heights for d in judged])
    within = deviation is not None and deviation < detect_at
    is_asked = asked_together([d.speed for d in judged]) is not None
    grounds = Grounds(
        matches=matches,
        knows_speed=_most(d.speed.rpm is not None and d.speed.steady for d in judged) and not is_asked,
        contradicts_speed=is_asked,
        knows_geometry=heights is not None or _most(_is_placed_but_unheard(d) or _is_unplaced(d) for d in judged),
        has_baseline=deviation is not None,
        within_baseline=within,
        deviates=deviation is not None and deviation >= detect_at,
        hears_bearings=_most(d.hears_bearings for d in judged),
        heights=heights,
        signs=mean_signs([d.signs for d in judged]),
        asks=None if within else question_of(lasting([d.standing for d in judged])),
        too_short=_most(d.needs_s is not None for d in judged),
    )
    name = name_on(grounds, calibration, name_at=name_at)
    return Verdict(
        fault=name.fault,
        probability=name.probability,
        reason=name.reason,
        windows=len(diagnoses),
        judged=len(judged),
        matches=matches,
        deviation=deviation,
        lines=max((d.evidence.lines for d in judged if d.evidence), key=_strength, default=()),
        validated=all(d.validated for d in judged if d.fault == name.fault),
        heights=heights,
        objection=name.objection,
        signs=grounds.signs,
        missing=name.missing,
        looks_like=name.looks_like,
        asks=name.asks,
        heard_s=_heard_s(judged),
        needs_s=max((d.needs_s for d in judged if d.needs_s is not None), default=None) if grounds.too_short else None,
    )


def _is_placed_but_unheard(diagnosis: Diagnosis) -> bool:
    """Whether the bearing's lines have their places, and only the piece is too short to look for them, or the sensor
    too slow to hear them."""
    reason = None if diagnosis.evidence is None else diagnosis.evidence.lines_reason
    is_slow = reason == BAND_ABOVE_NYQUIST and BANDWIDTH in diagnosis.missing
    return reason == WINDOW_TOO_SHORT or (is_slow and GEOMETRY not in diagnosis.missing)


def _is_unplaced(diagnosis: Diagnosis) -> bool:
    """Whether it is the speed alone that keeps the bearing's lines from having their places."""
    return bool({SPEED, SURE_SPEED} & set(diagnosis.missing)) and GEOMETRY not in diagnosis.missing


def _heard_s(judged: Sequence[Diagnosis]) -> float | None:
    """Of short pieces, taken together; None where one was a whole window."""
    lengths = [d.seconds for d in judged]
    return None if None in lengths else sum(length for length in lengths if length is not None)


def _most(holds: Iterable[bool]) -> bool:
    """Whether it holds in at least half of the windows."""
    values = list(holds)
    return 2 * sum(values) >= len(values)


def mean_matches(windows: Sequence[tuple[Match, ...]]) -> tuple[Match, ...]:
    """Similarity and probability per fault, averaged over windows, best probability first."""
    sums: dict[str, list[float]] = {}
    for matches in windows:
        for match in matches:
            total = sums.setdefault(match.fault, [0.0, 0.0])
            total[0] += match.similarity
            total[1] += match.probability
    count = len(windows)
    averaged = [Match(fault, total[0] / count, total[1] / count) for fault, total in sums.items()]
    return tuple(sorted(averaged, key=lambda match: -match.probability))


def _nothing_judged(diagnoses: Sequence[Diagnosis]) -> tuple[str, str]:
    bad = Counter(d.quality for d in diagnoses if d.quality is not None)
    if bad or not diagnoses:
        return INVALID, str(bad.most_common(1)[0][0]) if bad else NO_WINDOW
    return UNKNOWN, STOPPED


def _strength(lines: tuple[BearingLine, ...]) -> float:
    return sum(line.above_floor_db for line in lines)
