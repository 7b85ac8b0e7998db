"""The window that shows best what a verdict rests on: that of its lines, impacts or deviation."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from line_bundle import BLIND_SIGNS, BUNDLE, SIGNS

from agent.alerting.verdict import Verdict
from agent.messages.clearest import clearest_of, impulses_limit_of
from agent.types import BearingLine, Diagnosis, Evidence, Figure, Match, Rate, Signs, Speed

LINE = BearingLine("BPFO", 3.585, 89.6, 89.0, 20.0)
NONE = Figure(None, "1", "no_scale")
VERDICT = Verdict("bearing", 0.9, "impacts", 3, 3, (), None, (), True)


def window(
    number: int, *, quality: str | None = None, impulses: float = 0.1, deviation: float = 0.1, lines: int = 0
) -> Diagnosis:
    evidence = Evidence((LINE,) * lines, None, NONE, None, None, NONE, NONE, NONE)
    return Diagnosis(
        sensor="s",
        bearing=None,
        window_start=number,
        session=0,
        wall_s=None,
        time_s=float(number),
        quality=quality,
        running=True,
        fault="unknown",
        probability=0.0,
        matches=(Match("healthy", 0.5, 0.5),) if quality is None else (),
        deviation=deviation,
        speed=Speed(None, "unknown"),
        rate=Rate(1000.0, "declared"),
        evidence=evidence,
        signs=Signs(impulses, False, None),
    )


WINDOWS = [window(0), window(1, impulses=0.9), window(2, deviation=5.0), window(3, lines=2), window(4)]


@pytest.mark.parametrize(
    ("verdict", "number"),
    [
        (VERDICT, 1),
        (replace(VERDICT, lines=(LINE, LINE)), 3),
        (replace(VERDICT, fault="abnormal", deviation=2.0), 2),
        (replace(VERDICT, fault="healthy", deviation=0.5), 4),
        (replace(VERDICT, fault="unknown"), 4),
    ],
)
def test_the_window_that_shows_what_the_verdict_rests_on(verdict: Verdict, number: int) -> None:
    found = clearest_of(verdict, WINDOWS, WINDOWS[4])
    assert found is not None
    assert found.window_start == number


def test_where_nothing_was_judged_the_bad_signal_is_shown() -> None:
    bad = [window(0, quality="clipped"), window(1, quality="frozen")]
    verdict = replace(VERDICT, fault="invalid", reason="frozen", judged=0)
    assert clearest_of(verdict, bad, None) is bad[1]
    assert clearest_of(replace(verdict, reason="no_window"), [], None) is None


def test_impacts_are_held_against_the_limit_of_what_they_are_measured_over() -> None:
    blind = msgspec.structs.replace(BLIND_SIGNS, impulses=0.7)
    calibration = msgspec.structs.replace(BUNDLE.calibration, blind_signs=blind)
    assert impulses_limit_of(replace(VERDICT, signs=Signs(1.0, True, None)), calibration) == SIGNS.impulses
    assert impulses_limit_of(replace(VERDICT, signs=Signs(1.0, False, None)), calibration) == 0.7
    assert impulses_limit_of(VERDICT, calibration) is None
