"""Commissioning: which windows teach, and what becomes of what was known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline, DeviationScale
from agent.diagnosis.commissioning import ENOUGH_WINDOWS, Asked, Commissioning, remarks_on
from agent.diagnosis.doubts import Examiner
from agent.diagnosis.healthy_state import HealthyState
from agent.diagnosis.lessons import Lesson, Sight
from agent.diagnosis.settling import FEWEST, LEAST_S, MOST, Yardstick
from agent.dsp.features import Features
from agent.types import Doubt, SpeedQuestion


def features(value: float) -> Features:
    return Features(np.full(3, value, np.float32), np.ones(3, np.bool_))


def lesson(
    value: float, *, rpm: float | None = 1000.0, rms: float = 1.0, sight: Sight | None = None, at_s: float = 0.0
) -> Lesson:
    """Of bearing "de", whose features are all `value`."""
    return Lesson({"de": features(value)}, rpm, rms, {} if sight is None else {"de": sight}, at_s)


def taught(windows: dict[float, int], before: Baseline | None = None, *, add: bool = False) -> Baseline:
    """The baseline of bearing "de" after so many windows at each speed; the features are the speed."""
    commissioning = Commissioning(Asked(sum(windows.values()), add=add))
    for rpm, count in windows.items():
        for _ in range(count):
            commissioning.feed(lesson(rpm, rpm=rpm))
    assert commissioning.result == "learnt"
    return commissioning.teach({} if before is None else {"de": before})["de"]


def test_a_nominal_speed_that_many_windows_doubt_is_kept_with_what_was_learnt() -> None:
    question = SpeedQuestion("contradicted", 1000.0, 1214.0)
    commissioning = Commissioning(Asked(20))
    for k in range(20):
        commissioning.feed(replace(lesson(1.0, rpm=None), asks=question if k % 2 else None))
    assert (commissioning.result, commissioning.asks) == ("learnt", question)
    healthy = HealthyState({})
    healthy.begin(Asked(20))
    for k in range(20):
        healthy.feed(replace(lesson(1.0), asks=None if k else question))
    assert healthy.latest is not None
    assert healthy.latest.asks is None  # one alone asks nothing


def test_few_windows_are_remarked_upon() -> None:
    spec = {"window_s": 2.0, "hop_s": 0.5}
    assert remarks_on(ENOUGH_WINDOWS, **spec) == []
    (few,) = remarks_on(5, **spec)
    assert few.startswith("5 windows are 4 s of the machine")


def cells(baseline: Baseline) -> dict[int, int]:
    return {round(cell.rpm or 0): cell.count for cell in baseline.cells}


def test_speeds_are_kept_apart() -> None:
    baseline = taught({1000.0: 5, 1500.0: 8})
    assert cells(baseline) == {1000: 5, 1500: 8}
    assert [cell.mean[0] for cell in baseline.cells] == [1000.0, 1500.0]


def test_speed_that_is_visited_starts_afresh_and_others_stay() -> None:
    before = taught({1000.0: 20, 1500.0: 20})
    assert cells(taught({1000.0: 8}, before)) == {1500: 20, 1000: 8}


def test_speed_that_was_only_passed_keeps_what_was_known() -> None:
    before = taught({1000.0: 20})
    passed = {1000.0: MIN_WINDOWS - 1, 1500.0: MIN_WINDOWS}
    assert cells(taught(passed, before)) == {1000: 20, 1500: MIN_WINDOWS}


def test_adding_goes_on_with_what_was_known() -> None:
    assert cells(taught({1000.0: 8, 1500.0: 8}, taught({1000.0: 20}), add=True)) == {1000: 28, 1500: 8}


@pytest.mark.parametrize("add", [False, True])
def test_other_baselines_are_not_touched(add: bool) -> None:
    before = taught({1000.0: 20})
    counts = [cell.count for cell in before.cells]
    taught({1000.0: 8}, before, add=add)
    assert [cell.count for cell in before.cells] == counts


def test_windows_at_standstill_are_not_counted() -> None:
    commissioning = Commissioning(Asked(10))
    for rms in [0.1] * 4 + [1.0] * 6:
        commissioning.feed(lesson(rms, rpm=None, rms=rms))
    assert commissioning.windows_left == 4
    for _ in range(4):
        commissioning.feed(lesson(1.0, rpm=None))
    (cell,) = commissioning.teach({})["de"].cells
    assert cell.count == 10
    assert cell.rms_g == pytest.approx(1.0)


def test_a_reference_bound_to_a_speed_serves_there_alone() -> None:
    baseline = Baseline()
    for _ in range(MIN_WINDOWS):
        baseline = baseline.learn(Features(np.ones(2, np.float32), np.ones(2, np.bool_)), rpm=1000.0, rms=1.0)
    bound = np.array([True, False])
    known = {}
    for rpm in (1000.0, 1040.0, 1200.0):
        healthy = baseline.reference(rpm, bound)
        assert healthy is not None
        known[rpm] = healthy.known.tolist()
    assert known == {1000.0: [True, True], 1040.0: [True, True], 1200.0: [False, True]}


# ------------------------------------------------------------------------------------------------- how many are enough

YARDSTICK = Yardstick(DeviationScale((0.5,) * 3, {"all": 2.0}), {"all": np.ones(3, np.bool_)})


def settled_after(
    values: Iterator[float], *, rpm: Callable[[int], float] = lambda _: 1000.0, every_s: float = 60.0
) -> Commissioning:
    """A commissioning of untold length, fed until it ends; a sensor on a battery sends a snapshot a minute."""
    commissioning = Commissioning(Asked(yardstick=YARDSTICK))
    for number in range(2 * MOST):
        if commissioning.result is not None:
            return commissioning
        commissioning.feed(lesson(next(values), rpm=rpm(number), at_s=number * every_s))
    raise AssertionError("it never ends")


def loads(every: int, width: float) -> Iterator[float]:
    """Loads that go up and down once in so many windows."""
    return (width * math.sin(2 * math.pi * number / every) for number in itertools.count())


def test_steady_machine_takes_as_few_windows_as_may_be() -> None:
    rng = np.random.default_rng(1)
    progress = settled_after(float(rng.normal(scale=0.3)) for _ in itertools.count()).progress
    assert progress.windows < 1.3 * FEWEST
    assert progress.unsettled is not None
    assert progress.unsettled < 0.8


def test_windows_that_overlap_take_as_long_as_it_takes_to_see_something_of_the_machine() -> None:
    progress = settled_after((0.0 for _ in itertools.count()), every_s=0.5).progress
    assert 2 * LEAST_S <= progress.windows < 1.3 * 2 * LEAST_S
    assert progress.seconds >= LEAST_S == progress.at_least_s


def test_the_more_slowly_the_load_moves_the_more_windows_it_takes() -> None:
    taken = [settled_after(loads(every, 4.0)).progress.windows for every in (40, 600, 2400)]
    assert taken == sorted(taken)
    assert taken[0] < 2 * FEWEST
    assert taken[1] >= 600 / 2
    assert taken[2] >= 2400 / 2


def test_machine_that_never_settles_ends_at_the_upper_bound_and_says_so() -> None:
    progress = settled_after(float(number) for number in itertools.count()).progress
    assert progress.windows == MOST
    assert progress.unsettled is not None
    assert progress.unsettled > 1


def test_a_speed_that_came_late_has_not_settled() -> None:
    def late(number: int) -> float:
        return 1000.0 if number < FEWEST * 0.8 else 1500.0

    assert settled_after((0.0 for _ in itertools.count()), rpm=late).progress.windows > 1.5 * FEWEST


def test_without_a_yardstick_a_number_must_be_told() -> None:
    with pytest.raises(ValueError, match="number is needed"):
        Asked()


# ---------------------------------------------------------------------------------------------------- doubted, believed

FAR = Sight(deviation=5.0)
EXAMINER = Examiner(signs=None)


def doubted(*, anyway: bool, windows: int | None = 60, sight: Sight = FAR) -> Commissioning:
    commissioning = Commissioning(Asked(windows, anyway=anyway, examiner=EXAMINER, yardstick=YARDSTICK))
    while commissioning.result is None:
        commissioning.feed(lesson(1.0, sight=sight))
    return commissioning


@pytest.mark.parametrize("windows", [None, 60, 5])
def test_machine_that_is_doubted_is_refused_as_soon_as_enough_windows_show_it(windows: int | None) -> None:
    refused = doubted(anyway=False, windows=windows)
    assert refused.result == "refused"
    assert [doubt.kind for doubt in refused.doubts] == ["unlike_before"]
    assert refused.progress.windows == min(windows or ENOUGH_WINDOWS, ENOUGH_WINDOWS)


def test_what_is_believed_anyway_keeps_what_stood_against_it() -> None:
    believed = doubted(anyway=True)
    assert (believed.result, believed.progress.windows) == ("learnt", 60)
    (cell,) = believed.teach({})["de"].cells
    assert cell.doubts == believed.doubts != ()


def test_doubts_stay_with_their_speed_and_go_when_it_is_taught_again() -> None:
    before = doubted(anyway=True).teach({})
    commissioning = Commissioning(Asked(5))
    for _ in range(5):
        commissioning.feed(lesson(1.0, rpm=1500.0))
    assert [len(cell.doubts) for cell in commissioning.teach(before)["de"].cells] == [1, 0]
    again = Commissioning(Asked(5))
    for _ in range(5):
        again.feed(lesson(1.0))
    assert [len(cell.doubts) for cell in again.teach(before)["de"].cells] == [0]


def test_what_was_known_beforehand_is_kept_as_well() -> None:
    alert = Doubt("open_alert", "de", 1000.0, 0, 0, fault="outer_race")
    commissioning = Commissioning(Asked(5, anyway=True, examiner=EXAMINER, against=(alert,)))
    for _ in range(5):
        commissioning.feed(lesson(1.0, sight=Sight()))
    (cell,) = commissioning.teach({})["de"].cells
    assert cell.doubts == (alert,)


def test_what_could_not_be_looked_at_is_said() -> None:
    assert doubted(anyway=True).unchecked == ("bearing_lines", "impacts", "iso_zone")
