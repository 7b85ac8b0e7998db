"""What one window says by itself: whether it can be judged, whether it is too high, and what it is called.

Detection comes before any name. A figure that is not finite makes the window invalid: no comparison is made with it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from enum import Enum, Flag, auto
from typing import Annotated, Literal

import msgspec

from agent.faults import ABNORMAL, children_of, parent_of
from agent.types import HEALTHY, INVALID, UNKNOWN, Diagnosis, State

Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e6)]  # an infinite limit would never be reached
Sum = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class DecisionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a sensor's diagnoses become an alert, and when it ends."""

    # Windows overlap: at 2 s every 0.5 s a lone knock is in four of them, and must not raise an alert.
    raise_after: Count = 6  # successive windows over the limit
    # Without a name: a foreign line that drifts across one of this machine's is over the limit for ten seconds, and
    # barely; damage stays. What lies over the limit is added up (`agent.alerting.cusum`): at 15 times the limit
    # `raise_after` is enough, at five times it takes 20 windows, at twice the limit 80. 0: `raise_after` alone.
    raise_at_cusum: Sum = 80.0
    clear_after: Count = 10  # windows under `clear_below`, with none over the limit among them
    lost_after_s: Positive = 30.0
    detect_at: Positive = 1.0  # deviation; 1 is the baseline's own limit
    clear_below: Positive = 0.8
    alarm_at: Positive = 3.0  # deviation from which a warning is an alarm
    name_at: Share = 0.5  # mean probability of a name from which an alert bears it: likelier than all others together
    severity_zone: Literal["C", "D"] | None = "D"  # ISO 20816-3 zone that is a fault by itself; D is always an alarm
    alert_uncommissioned: bool = False  # let descriptions alone raise alerts where there is no baseline
    uncommissioned_probability: Share = 0.8

    def __post_init__(self) -> None:
        if self.clear_below > self.detect_at:
            raise ValueError("clear_below must not be above detect_at")


SNAPSHOT_COUNTS = {"raise_after": 3, "raise_at_cusum": 0.0, "clear_after": 5}
"""Of sensors that sleep between snapshots, as long as nobody counts otherwise: snapshots share no samples, as
overlapping windows do, so that a lone knock, or a line that drifts by, is in one of them."""


class Level(Enum):
    """What one countable window says about its bearing."""

    HIGH = "high"
    BETWEEN = "between"  # under the limit that raises, over the one that clears: counts for neither of them
    LOW = "low"


class Detector(Flag):
    """What an alert may rest on; naming by a description alone is neither."""

    NONE = 0
    DEVIATION = auto()  # there is a baseline: only windows that have one too may touch the alert
    SEVERITY = auto()  # the ISO zone alone: the zone just below does not end the alert


def hindrance(diagnosis: Diagnosis) -> tuple[State, str | None] | None:
    """The state of a window that cannot be judged, with its reason; None where it can."""
    if diagnosis.quality is not None or diagnosis.fault == INVALID:
        return State.INVALID, diagnosis.quality or INVALID
    if diagnosis.deviation is not None and not math.isfinite(diagnosis.deviation):
        return State.INVALID, "not_finite"
    if not diagnosis.running:
        return State.IDLE, None
    if not diagnosis.speed.steady:
        return State.UNSTEADY, "speed"
    return None


def level_of(diagnosis: Diagnosis, config: DecisionConfig) -> Level | None:
    """Detection: by deviation or severity, else (if configured) by the description alone; None: nothing can detect.

    A transmitter that sends RMS alone has no matches and nothing to learn; severity is then the only detector. Else
    severity waits for the baseline like the rest: a sensor nobody commissioned raises nothing unasked.
    """
    severe = is_severe(diagnosis, config)
    if diagnosis.deviation is not None:
        if severe or diagnosis.deviation >= config.detect_at:
            return Level.HIGH
        return Level.LOW if diagnosis.deviation < config.clear_below else Level.BETWEEN
    if not diagnosis.matches:
        if zone_of(diagnosis) is None or config.severity_zone is None:
            return None
        return Level.HIGH if severe else Level.LOW
    if not config.alert_uncommissioned:
        return None
    named = name_in(diagnosis) != UNKNOWN and diagnosis.probability >= config.uncommissioned_probability
    if severe or named:
        return Level.HIGH
    return Level.LOW if diagnosis.fault == HEALTHY else Level.BETWEEN


def zone_of(diagnosis: Diagnosis) -> str | None:
    return diagnosis.evidence.iso_zone if diagnosis.evidence else None


def is_severe(diagnosis: Diagnosis, config: DecisionConfig) -> bool:
    """Whether the ISO zone alone is a fault."""
    zone = zone_of(diagnosis)
    return zone is not None and config.severity_zone is not None and zone >= config.severity_zone


def detectors_of(diagnosis: Diagnosis, config: DecisionConfig) -> Detector:
    """What an alert rests on that this window witnesses."""
    deviation = Detector.NONE if diagnosis.deviation is None else Detector.DEVIATION
    return deviation | (Detector.SEVERITY if is_severe(diagnosis, config) else Detector.NONE)


def is_nearly_severe(diagnosis: Diagnosis, config: DecisionConfig) -> bool:
    """Whether the zone is just below the severe ones: too high to end an alert that severity raised."""
    zone = zone_of(diagnosis)
    return zone is not None and config.severity_zone is not None and ord(zone) == ord(config.severity_zone) - 1


def is_alarming(diagnosis: Diagnosis, config: DecisionConfig) -> bool:
    """Whether an alert on this window deserves an alarm rather than a warning."""
    deviates = diagnosis.deviation is not None and diagnosis.deviation >= config.alarm_at
    return deviates or (is_severe(diagnosis, config) and zone_of(diagnosis) == "D")


def name_in(diagnosis: Diagnosis) -> str:
    """What an abnormal window is called: one that looks healthy has no name."""
    return UNKNOWN if diagnosis.fault in (HEALTHY, ABNORMAL, INVALID) else diagnosis.fault


def consensus(diagnoses: Sequence[Diagnosis], *, name_at: float) -> tuple[str, float]:
    """The name that more than half of these abnormal windows give, and its probability averaged over them all.

    Where windows disagree on the child, their parent is what they agree on. ("unknown", 0.0) where there is no such
    name, or the windows that give it are not as sure as `name_at` on average: the first windows of a fault are half
    healthy still, and say nothing against the others.
    """
    names = [name_in(d) for d in diagnoses]
    name = _majority(names) or _majority([parent_of(given) or given for given in names])
    if name is None or name == UNKNOWN:
        return UNKNOWN, 0.0
    family = {name, *children_of(name)}
    sure = [d.probability for d, given in zip(diagnoses, names, strict=True) if given in family]
    return (name, sum(sure) / len(diagnoses)) if sum(sure) >= name_at * len(sure) else (UNKNOWN, 0.0)


def _majority(names: Sequence[str]) -> str | None:
    """What more than half of them are; None where there is no such name."""
    name, votes = Counter(names).most_common(1)[0]
    return name if 2 * votes > len(names) else None
