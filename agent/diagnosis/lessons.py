"""Windows of a machine that is held to be healthy, kept until there are enough of them to teach its baselines.

A lesson holds what is learnt and, beside it, what the window showed of damage: what is learnt is believed for good, so
it is looked at first (see `doubts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from agent.diagnosis.baseline import Baseline
from agent.diagnosis.running import RUNNING_SHARE
from agent.dsp.features import Features
from agent.types import BearingLine, LineHeights, SpeedQuestion


@dataclass(frozen=True, slots=True)
class Sight:
    """What one window showed of one bearing, by itself: a healthy state that is known softens nothing here."""

    heights: LineHeights | None = None  # of the bearing lines, above the floor; None without geometry or speed
    impulses: float | None = None  # log spread of the envelope above noise; None where no band hears a bearing
    lines: tuple[BearingLine, ...] = ()
    zone: str | None = None  # of ISO 20816-3
    velocity_mm_s: float | None = None
    deviation: float | None = (
        None  # from the healthy state so far but for the level, 1 = limit; None where none is near
    )
    level: float | None = None  # that of the level alone


@dataclass(frozen=True, slots=True)
class Lesson:
    """One running, steady, good window."""

    features: Mapping[str | None, Features]  # by bearing; None: the machine as a whole
    rpm: float | None
    rms: float  # of the worst axis
    sights: Mapping[str | None, Sight] = field(default_factory=dict)  # by bearing, likewise
    at_s: float = 0.0  # monotonic seconds of its arrival
    asks: SpeedQuestion | None = None  # why its nominal speed is doubted


def while_running(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Those in which the machine did not stand still, which shows once there are many."""
    if not lessons:
        return []
    standing = RUNNING_SHARE * median(lesson.rms for lesson in lessons)
    return [lesson for lesson in lessons if lesson.rms >= standing]


def learn(lessons: Iterable[Lesson], before: Mapping[str | None, Baseline]) -> dict[str | None, Baseline]:
    """The baselines `before` with every lesson added to them, by bearing."""
    learnt = dict(before)
    for lesson in lessons:
        for bearing, features in lesson.features.items():
            learnt[bearing] = learnt.get(bearing, Baseline()).learn(features, rpm=lesson.rpm, rms=lesson.rms)
    return learnt
