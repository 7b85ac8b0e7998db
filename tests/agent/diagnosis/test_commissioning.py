"""Commissioning: which windows teach, and what becomes of what was known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from one_alert import ALERT

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.commissioning import ENOUGH_WINDOWS, Commissioning, remarks_on
from agent.dsp.features import Features


def features(value: float) -> Features:
    return Features(np.full(3, value, np.float32), np.ones(3, np.bool_))


def taught(windows: dict[float, int], before: Baseline | None = None, *, add: bool = False) -> Baseline:
    """The baseline of bearing "de" after so many windows at each speed; the features are the speed."""
    commissioning = Commissioning(sum(windows.values()), add=add)
    for rpm, count in windows.items():
        for _ in range(count):
            commissioning.feed({"de": features(rpm)}, rpm=rpm, rms=1.0)
    assert commissioning.windows_left == 0
    return commissioning.teach({} if before is None else {"de": before})["de"]


def test_few_windows_and_open_alerts_are_remarked_upon() -> None:
    spec = {"window_s": 2.0, "hop_s": 0.5}
    assert remarks_on(ENOUGH_WINDOWS, **spec, alerts=[]) == []
    (few,) = remarks_on(5, **spec, alerts=[])
    assert few.startswith("5 windows are 4 s of the machine")
    alerted, _ = remarks_on(5, **spec, alerts=[replace(ALERT, bearing=None)])
    assert alerted.startswith("alert 00112233aabbccdd is open (outer_race, whole machine): ")


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
    commissioning = Commissioning(10)
    for rms in [0.1] * 4 + [1.0] * 6:
        commissioning.feed({None: features(rms)}, rpm=None, rms=rms)
    assert commissioning.windows_left == 4
    for _ in range(4):
        commissioning.feed({None: features(1.0)}, rpm=None, rms=1.0)
    (cell,) = commissioning.teach({})[None].cells
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
