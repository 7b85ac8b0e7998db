"""What proves a bundle that is watched, and what is held against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from one_alert import ALERT

from agent.service.reloading.probation import STORM, Probation, WatchedEncoder

WINDOW = replace(ALERT.diagnosis, running=True, quality=None)


class Encoder:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def embed(self, codes: np.ndarray) -> np.ndarray:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def watched(answer: Any = None) -> WatchedEncoder:
    return WatchedEncoder(Encoder(np.ones(3, np.int8) if answer is None else answer), size=3)


def probation(bearings: int = 10, **told: Any) -> Probation:
    parts: Any = None
    return Probation(parts, encoder=told.pop("encoder", watched()), bearings=bearings, **told)


def raised(number: int) -> Any:
    return replace(ALERT, id=f"{number:016x}", sensor=f"s{number}", event="raised")


def test_so_many_judged_windows_prove_it_and_windows_that_could_not_be_judged_do_not():
    watch = probation(windows=3)
    assert watch.see([replace(WINDOW, quality="clipped"), replace(WINDOW, running=False)] * 5) is None
    assert watch.see([WINDOW, WINDOW]) is None
    assert not watch.is_over
    watch.see([WINDOW])
    assert watch.is_over


def test_time_proves_it_only_where_a_window_was_judged():
    now = [0.0]
    watch = probation(seconds=60.0, clock=lambda: now[0])
    now[0] = 100.0
    assert not watch.is_over
    watch.see([WINDOW])
    assert watch.is_over


@pytest.mark.parametrize(("bearings", "storm"), [(1, STORM), (5, STORM), (6, 3), (10, 5), (40, 20)])
def test_a_storm_is_a_share_of_the_bearings_and_never_one_damaged_machine(bearings, storm):
    watch = probation(bearings)
    alerts = [raised(number) for number in range(storm)]
    assert watch.see([*alerts[:-1], alerts[0], replace(alerts[0], event="updated")]) is None
    assert watch.see(alerts[-1:]) == f"it raised alerts of {storm} of {bearings} bearings"
    assert watch.has_raised(alerts[0])
    assert not watch.has_raised(raised(99))


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_figures_that_are_no_numbers_are_a_fault(figure):
    watch = probation()
    assert watch.fault([WINDOW, replace(WINDOW, deviation=None)]) is None
    assert watch.fault([replace(WINDOW, deviation=figure)]) == f"its figures of {WINDOW.sensor} are no numbers"
    match = replace(WINDOW.matches[0], probability=figure)
    assert watch.fault([replace(WINDOW, matches=(match,))]) == f"its figures of {WINDOW.sensor} are no numbers"


@pytest.mark.parametrize(
    "answer", [ValueError("no"), np.zeros(3, np.int8), np.ones(4, np.int8), np.ones(3, np.float32)]
)
def test_an_encoder_at_fault_raises_nothing_while_it_is_watched_and_what_it_does_afterwards(answer):
    encoder = watched(answer)
    assert not encoder.embed(np.zeros(1, np.int8)).any()
    assert probation(encoder=encoder).fault([]) == encoder.fault
    assert encoder.fault is not None
    probation(encoder=encoder).trust()
    if isinstance(answer, Exception):
        with pytest.raises(ValueError, match="no"):
            encoder.embed(np.zeros(1, np.int8))
    else:
        assert encoder.embed(np.zeros(1, np.int8)) is answer
