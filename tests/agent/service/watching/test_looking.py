"""What a page may look at is held while somebody looks, and figures over time are bounded."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import numpy as np

from agent.diagnosis.unnamed import unnamed
from agent.service.watching.course import MINUTE_S, MOST_MINUTES, MOST_WINDOWS, Course
from agent.service.watching.looking import WANTED_S, Looking
from agent.types import Diagnosis, Match, Rate, Speed, Stream, Window

WINDOW = Window(Stream("a", 100.0), 0, np.zeros((4, 1), np.float32), Rate(100.0, "declared"), 0.0, None)


def diagnosis(*likenesses: tuple[str, float], deviation: float | None = None) -> Diagnosis:
    made = unnamed(
        "a",
        "de",
        window_start=0,
        session=0,
        wall_s=None,
        time_s=0.0,
        rate=Rate(100.0, "declared"),
        speed=Speed(None, "unknown"),
        quality=None,
        running=True,
        evidence=None,
    )
    return replace(made, matches=tuple(Match(f, s, 0.1) for f, s in likenesses), deviation=deviation)


def rows(course: Course, after: int = 0) -> list[tuple[float, ...]]:
    return list(struct.iter_unpack(f"<Id{5 + len(course.faults)}f", course.since(after)))


def test_a_window_is_held_only_while_somebody_looks():
    now = [0.0]
    looking = Looking(clock=lambda: now[0], wall=lambda: 1000.0)
    looking.judged("a", WINDOW, [diagnosis()])
    assert looking.look("a").window is None
    looking.judged("a", WINDOW, [diagnosis()])
    assert looking.look("a").window is WINDOW
    assert looking.look("b").window is None
    now[0] = WANTED_S + 1
    looking.judged("a", WINDOW, [diagnosis()])
    assert looking.look("a").window is None
    assert looking.look("a").number == 3


def test_sensors_that_are_gone_are_forgotten():
    looking = Looking()
    looking.judged("a", WINDOW, [diagnosis()])
    looking.keep_only(["b"])
    assert looking.look("a").number == 0


def test_a_row_has_the_figures_and_the_likeness_to_each_description():
    course = Course()
    course.add(1, 1000.0, diagnosis(("outer_race", 0.5), ("healthy", 0.25), deviation=2.0))
    course.add(2, 1000.5, diagnosis())
    assert course.faults == ("healthy", "outer_race")
    first, second = rows(course)
    assert (first[:3], first[-2:]) == ((1, 1000.0, 2.0), (0.25, 0.5))
    assert all(math.isnan(value) for value in second[2:])
    assert [row[0] for row in rows(course, 1)] == [2]


def test_rows_are_bounded_and_older_ones_are_one_a_minute():
    course, every_s = Course(), 0.5
    for n in range(1, 4000):
        course.add(n, n * every_s, diagnosis())
    times = [row[1] for row in rows(course)]
    assert times == sorted(times)
    assert len(times) <= MOST_WINDOWS + MOST_MINUTES
    older = np.diff(times[: len(times) - MOST_WINDOWS])
    assert older.min() >= MINUTE_S
    assert np.allclose(np.diff(times[-MOST_WINDOWS:]), every_s)


def test_likenesses_of_another_bundle_begin_anew():
    course = Course()
    course.add(1, 1.0, diagnosis(("healthy", 0.5)))
    course.add(2, 2.0, diagnosis(("healthy", 0.5), ("cage", 0.1)))
    assert [row[0] for row in rows(course)] == [2]
