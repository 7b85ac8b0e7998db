"""Lessons: what is kept of a healthy window, on disk too, and which of them teach."""

from __future__ import annotations

import numpy as np
import pytest

from agent.diagnosis.lesson_bytes import from_bytes, to_bytes
from agent.diagnosis.lessons import Lesson, Sight, learn, while_running
from agent.dsp.features import Features
from agent.faults import OWN_LINES
from agent.types import BearingLine, LineHeights

FEATURES = Features(
    np.array([1.5, 0.0, 3.25], np.float32),
    np.array([True, False, True]),
    shaft_db=np.array([-20.0, -3.5, np.nan, -30.0, 1.0]),
    impulses=0.25,
)
SIGHT = Sight(
    heights=LineHeights(*(1.0 for _ in OWN_LINES), above_healthy=False),
    impulses=0.1,
    lines=(BearingLine("BPFO", 3.585, 89.6, 89.4, 24.0),),
    zone="B",
    velocity_mm_s=2.5,
    deviation=0.7,
    level=None,
)
LESSON = Lesson({"de": FEATURES, None: FEATURES}, 1500.0, 0.1, {"de": SIGHT, None: Sight()}, 12.5)


def test_a_lesson_comes_back_from_disk_as_it_was() -> None:
    again = from_bytes(to_bytes(LESSON), size=3)
    assert (again.rpm, again.rms, again.sights, again.at_s) == (1500.0, 0.1, LESSON.sights, 12.5)
    assert set(again.features) == {"de", None}
    for features in again.features.values():
        np.testing.assert_array_equal(features.values, FEATURES.values)
        np.testing.assert_array_equal(features.known, FEATURES.known)
        np.testing.assert_array_equal(features.shaft_db, FEATURES.shaft_db)
        assert (features.values.dtype, features.known.dtype) == (np.float32, np.bool_)
        assert features.impulses == 0.25
    assert cells(again) == cells(LESSON)


def cells(lesson: Lesson) -> list[list[float]]:
    return [cell.mean.tolist() for baseline in learn([lesson] * 6, {}).values() for cell in baseline.cells]


@pytest.mark.parametrize(
    "stored", [b"", b"\x80", b"rubbish", to_bytes(LESSON)[:-5], to_bytes(LESSON)[:-40] + b"\0" * 40]
)
def test_what_is_damaged_is_no_lesson(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r"lesson|buffer|type"):
        from_bytes(stored, size=3)


def test_a_lesson_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match="3 features, not 4"):
        from_bytes(to_bytes(LESSON), size=4)


def test_windows_in_which_the_machine_stood_still_teach_nothing() -> None:
    lessons = [Lesson({None: FEATURES}, None, rms) for rms in (1.0, 0.9, 0.2, 1.1, 0.26)]
    assert [lesson.rms for lesson in while_running(lessons)] == [1.0, 0.9, 1.1, 0.26]
    assert while_running([]) == []
