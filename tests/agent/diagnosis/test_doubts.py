"""What speaks against learning a machine as healthy: shown by most windows, and not by healthy ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.diagnosis.baseline import MIN_WINDOWS
from agent.diagnosis.doubts import FAR, FAR_IN_LEVEL, Examiner
from agent.diagnosis.lessons import Lesson, Sight
from agent.diagnosis.matching import Curve, SignLimits
from agent.diagnosis.naming import TOWERING
from agent.dsp.features import Features
from agent.faults import OWN_LINES
from agent.types import BearingLine, Doubt, LineHeights

OWN = {"inner_race": 1.8, "outer_race": 2.0, "ball": 2.4}
SIGNS = SignLimits(impulses=0.3, damage=Curve((0.0, 0.6), (0.0, 1.0)), own=OWN)
EXAMINER = Examiner(SIGNS)
FEATURES = Features(np.zeros(3, np.float32), np.ones(3, np.bool_))
BPFO = BearingLine("BPFO", 3.585, 89.6, 89.4, 24.0)
TWICE_BPFO = BearingLine("2xBPFO", 7.17, 179.2, 178.8, 20.0)
BPFI = BearingLine("BPFI", 5.415, 135.4, 135.0, 12.0)


def heights(**over: float) -> LineHeights:
    """Of lines as high as healthy machines' are at most, times `over`."""
    return LineHeights(*(OWN[fault] * over.get(fault, 0.5) for fault in OWN_LINES), above_healthy=False)


QUIET = Sight(heights(), 0.0, (BPFI,), "A", 0.8, 0.7)


def found(*sights: Sight, rpm: float | None = 1500.0, examiner: Examiner = EXAMINER) -> tuple[Doubt, ...]:
    lessons = [Lesson({"de": FEATURES}, rpm, 1.0, {"de": sight}) for sight in sights]
    return examiner.doubts(lessons)


def test_a_healthy_machine_is_not_doubted() -> None:
    assert found(*[QUIET] * 20) == ()
    assert EXAMINER.doubts([]) == ()


def test_standing_lines_are_told_with_their_frequencies_and_heights() -> None:
    damaged = replace(QUIET, heights=heights(outer_race=2.0), lines=(BPFO, TWICE_BPFO, BPFI))
    (doubt,) = found(*[damaged] * 12, *[QUIET] * 8)
    assert (doubt.kind, doubt.bearing, doubt.rpm, doubt.fault) == ("bearing_lines", "de", 1500.0, "outer_race")
    assert (doubt.windows, doubt.of) == (12, 20)
    assert doubt.lines == (BPFO, TWICE_BPFO)


@pytest.mark.parametrize(
    "sight",
    [
        replace(QUIET, heights=heights(outer_race=0.99 * TOWERING), lines=(BPFO,)),
        replace(QUIET, heights=heights(outer_race=2.0), lines=(BPFI,)),  # no line to be shown
        replace(QUIET, heights=None, lines=(BPFO,)),
        replace(QUIET, impulses=0.29),
        replace(QUIET, impulses=None),
        replace(QUIET, zone="C", velocity_mm_s=4.0),
        replace(QUIET, zone=None, velocity_mm_s=None),
        replace(QUIET, deviation=0.99 * FAR),
        replace(QUIET, level=0.99 * FAR_IN_LEVEL),
        replace(QUIET, deviation=None),
        replace(QUIET, deviation=float("nan")),
    ],
)
def test_what_healthy_machines_show_as_well_or_cannot_be_seen_is_no_doubt(sight: Sight) -> None:
    assert found(*[sight] * 20) == ()


LOUD = {
    "bearing_lines": replace(QUIET, heights=heights(inner_race=2.0), lines=(BPFI,)),
    "impacts": replace(QUIET, impulses=1.0),
    "iso_zone": replace(QUIET, zone="D", velocity_mm_s=12.0),
    "unlike_before": replace(QUIET, deviation=7.0),
}
LOUDER = replace(QUIET, level=12.0)


@pytest.mark.parametrize("kind", LOUD)
def test_what_most_windows_show_is_a_doubt_and_what_few_show_is_none(kind: str) -> None:
    (doubt,) = found(*[LOUD[kind]] * 11, *[QUIET] * 9)
    assert (doubt.kind, doubt.windows, doubt.of) == (kind, 11, 20)
    assert found(*[LOUD[kind]] * 9, *[QUIET] * 11) == ()


def test_a_machine_that_is_much_louder_than_it_was_is_unlike_itself() -> None:
    (doubt,) = found(*[LOUDER] * 20)
    assert (doubt.kind, doubt.deviation, doubt.level) == ("unlike_before", 0.7, 12.0)


def test_each_speed_is_looked_at_by_itself_and_a_passing_one_not_at_all() -> None:
    sights = {900.0: LOUD["impacts"], 1500.0: QUIET}
    lessons = [Lesson({"de": FEATURES}, rpm, 1.0, {"de": sight}) for rpm, sight in sights.items() for _ in range(20)]
    assert [(doubt.kind, doubt.rpm) for doubt in EXAMINER.doubts(lessons)] == [("impacts", 900.0)]
    assert EXAMINER.doubts(lessons[: MIN_WINDOWS - 1]) == ()


def test_what_concerns_the_machine_is_told_once_however_many_bearings_it_has() -> None:
    sight = LOUD["iso_zone"]
    bearings = ("de", "nde")
    lesson = Lesson(dict.fromkeys(bearings, FEATURES), None, 1.0, dict.fromkeys(bearings, sight))
    (doubt,) = EXAMINER.doubts([lesson] * 20)
    assert (doubt.bearing, doubt.rpm, doubt.zone, doubt.velocity_mm_s) == (None, None, "D", 12.0)


def test_a_bundle_without_limits_doubts_no_bearing() -> None:
    loud = [LOUD["bearing_lines"], LOUD["impacts"]] * 10
    assert found(*loud, examiner=Examiner(None)) == ()


def test_kinds_for_which_there_was_nothing_to_look_at_are_named() -> None:
    def unchecked(sight: Sight, examiner: Examiner = EXAMINER) -> tuple[str, ...]:
        return examiner.unchecked([Lesson({"de": FEATURES}, 1500.0, 1.0, {"de": sight})] * 10)

    assert unchecked(QUIET) == ()
    assert unchecked(replace(QUIET, heights=None, zone=None)) == ("bearing_lines", "iso_zone")
    assert unchecked(replace(QUIET, deviation=None, impulses=None)) == ("impacts", "unlike_before")
    assert unchecked(QUIET, Examiner(None)) == ("bearing_lines", "impacts")
