"""How a figure moves over days: that intervals hold what they say they hold, and that nothing is said of chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agent.trend.course import LEAST_DAYS, Course, course_of, reached
from agent.trend.sketch import Day

START = 20_000


def days(values: list[float], *, windows: int = 100) -> list[tuple[int, Day]]:
    return [(START + number, Day(windows, value, value, value)) for number, value in enumerate(values)]


def grown(slope: float, follows: float, rng: np.random.Generator, *, count: int = 120) -> list[tuple[int, Day]]:
    """From .3 by `slope` a day, with a tenth of noise that lasts from day to day, and every tenth day missing."""
    noise = np.empty(count)
    noise[0] = rng.normal(0, 0.1)
    for number in range(1, count):
        noise[number] = follows * noise[number - 1] + rng.normal(0, 0.1 * math.sqrt(1 - follows**2))
    made = days((0.3 * np.exp(slope * np.arange(count) + noise)).tolist())
    return [day for day in made if rng.random() > 0.1]


def courses(slope: float, follows: float, count: int = 60) -> list[Course]:
    rng = np.random.default_rng(1)
    found = (course_of(grown(slope, follows, rng), is_ratio=True) for _ in range(count))
    return [course for course in found if course is not None]


@pytest.mark.parametrize("follows", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("slope", [0.0, 0.007])
def test_the_interval_of_the_slope_holds_the_truth_about_nine_times_in_ten(slope: float, follows: float) -> None:
    found = courses(slope, follows)
    assert len(found) == 60
    assert np.mean([course.line.low <= slope <= course.line.high for course in found]) >= 0.8


@pytest.mark.parametrize("follows", [0.0, 0.5, 0.8])
def test_the_date_of_a_limit_is_in_the_interval_that_is_said(follows: float) -> None:
    truth = START + math.log(1 / 0.3) / 0.007
    spans = [span for course in courses(0.007, follows) if (span := reached(course, 1.0)) is not None]
    assert len(spans) > 40
    assert np.mean([first <= truth <= last for first, last in spans]) >= 0.9


@pytest.mark.parametrize("follows", [0.0, 0.8])
def test_of_what_stays_as_it_is_no_date_is_said(follows: float) -> None:
    assert all(reached(course, 1.0) is None for course in courses(0.0, follows))


def test_nothing_is_said_farther_ahead_than_was_looked_back() -> None:
    slow = course_of(days([0.3 * math.exp(0.002 * number) for number in range(60)]), is_ratio=True)
    assert slow is not None
    assert slow.moves == "rises"
    assert slow.rate == pytest.approx(math.exp(0.002 * 30.44))
    assert reached(slow, 1.0) is None
    assert reached(slow, 0.35) is not None


def test_a_limit_that_lies_behind_is_not_reached_again() -> None:
    high = course_of(days([2.0 * math.exp(0.01 * number) for number in range(60)]), is_ratio=True)
    assert high is not None
    assert reached(high, 1.0) is None


def test_a_line_without_noise_is_exact_and_a_height_moves_by_differences() -> None:
    course = course_of(days([0.1 * number for number in range(30)]), is_ratio=False)
    assert course is not None
    assert course.rate == pytest.approx(3.044)
    assert reached(course, 4.0) == (START + 40, START + 40)


def test_too_few_days_or_days_of_few_windows_tell_nothing() -> None:
    values = [0.3 + 0.01 * number for number in range(40)]
    assert course_of(days(values[: LEAST_DAYS - 1]), is_ratio=True) is None
    assert course_of(days(values, windows=3), is_ratio=True) is None
    assert course_of([], is_ratio=True) is None
    assert course_of(days(values[:LEAST_DAYS]), is_ratio=True) is not None


def test_one_odd_day_moves_nothing() -> None:
    values = [0.3] * 40
    values[20] = 30.0
    course = course_of(days(values), is_ratio=True)
    assert course is not None
    assert course.moves == "stays"
    assert course.level == pytest.approx(0.3)
