"""Verdicts on recordings: the baseline first, then the name, then what bearing lines say against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from one_alert import DIAGNOSIS

from agent.alerting.verdict import verdict_of
from agent.diagnosis.matching import Calibration, Descriptions, LineLimits
from agent.messages.verdict_text import text_of_verdict
from agent.types import UNKNOWN, Diagnosis, LineHeights, Match

LIMITS = LineLimits(named=1.0, unnamed=2.0, absent={"inner_race": 0.5})
CALIBRATION = Calibration(0.1, 0.3, 0.3, lines=LIMITS)
DESCRIPTIONS = Descriptions(("healthy", "inner_race"), np.eye(2, dtype=np.float32), (True, True), {})


def heard(fault: str, *, inner: float, outer: float, deviation: float | None = None) -> Diagnosis:
    other = "healthy" if fault != "healthy" else "inner_race"
    return replace(
        DIAGNOSIS,
        quality=None,
        running=True,
        fault=fault,
        deviation=deviation,
        evidence=None,
        matches=(Match(fault, 0.9, 0.8), Match(other, 0.1, 0.2)),
        heights=LineHeights(inner, outer, 0.0, True),
    )


def test_lines_contradict_as_they_stand_on_average_and_not_window_by_window() -> None:
    against, agree = heard("inner_race", inner=1, outer=4), heard("inner_race", inner=3, outer=1)
    verdict = verdict_of([against, against, agree], CALIBRATION)
    assert verdict.heights is not None
    assert verdict.heights.outer_race == pytest.approx(3)
    assert (verdict.fault, verdict.reason, verdict.probability) == (UNKNOWN, "lines_contradict", 0.0)
    assert verdict.objection is not None
    assert (verdict.objection.named, verdict.objection.lines) == ("inner_race", "outer_race")
    rather = verdict_of([against, agree, agree], CALIBRATION)
    assert (rather.fault, rather.reason, rather.objection) == ("inner_race", "nearest_description", None)
    ungated = verdict_of([against], Calibration(0.1, 0.3, 0.3))
    assert (ungated.fault, ungated.reason) == ("inner_race", "nearest_description")


def test_a_race_without_its_lines_is_not_named() -> None:
    verdict = verdict_of([heard("inner_race", inner=0.1, outer=0.0)], CALIBRATION)
    assert (verdict.fault, verdict.reason) == (UNKNOWN, "lines_missing")


def test_a_recording_too_slow_for_bearings_names_no_fault_of_one() -> None:
    window = heard("inner_race", inner=3, outer=1)
    deaf = replace(window, hears_bearings=False)
    assert verdict_of([deaf], CALIBRATION).fault == UNKNOWN
    assert verdict_of([window, window, deaf], CALIBRATION).fault == "inner_race"


def test_within_the_baseline_is_healthy_whatever_lines_say() -> None:
    assert verdict_of([heard("healthy", inner=0, outer=5, deviation=0.5)], CALIBRATION).reason == "within_baseline"
    beyond = verdict_of([heard("healthy", inner=0, outer=5, deviation=1.5)], CALIBRATION)
    assert (beyond.fault, beyond.reason) == (UNKNOWN, "lines_contradict")
    quiet = verdict_of([heard("healthy", inner=0, outer=0, deviation=1.5)], CALIBRATION)
    assert (quiet.fault, quiet.reason) == (UNKNOWN, "deviates_but_looks_healthy")


def test_an_objection_is_put_into_words_in_both_languages() -> None:
    verdict = verdict_of([heard("inner_race", inner=1, outer=4)], CALIBRATION)
    for language in ("en", "ko"):
        text = text_of_verdict(verdict, descriptions=DESCRIPTIONS, language=language)  # type: ignore[arg-type]
        assert "inner_race" in text.sentence
        assert "outer_race" in text.sentence
        assert "{" not in text.title + text.sentence + text.advice
    assert text_of_verdict(verdict_of([], CALIBRATION), descriptions=DESCRIPTIONS, language="en").title
