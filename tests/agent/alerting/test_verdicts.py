"""Verdicts on recordings: the baseline first, then the name, then what bearing lines say against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from curves import logistic
from one_alert import DIAGNOSIS

from agent.alerting.verdict import verdict_of
from agent.diagnosis.matching import Calibration, Descriptions, LineLimits, SignLimits, Text
from agent.diagnosis.naming import ELEMENT_RIGHT
from agent.messages.said import said_by_verdict
from agent.messages.sentences import text_for
from agent.types import HEALTHY, UNKNOWN, Diagnosis, LineHeights, Match, ShaftGrowth, Signs, Speed, SpeedQuestion

LIMITS = LineLimits(named=1.0, unnamed=2.0, absent={"inner_race": 0.5})
SIGNS = SignLimits(impulses=0.3, damage=logistic(10.0, -3.0), own={"inner_race": 0.05, "outer_race": 0.05})
CALIBRATION = Calibration(0.1, 0.3, 0.3, lines=LIMITS, signs=SIGNS)
IMPACTS, NONE = Signs(0.8, above_healthy=True, growth=None), Signs(0.0, above_healthy=True, growth=None)
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
        signs=NONE if fault == HEALTHY else IMPACTS,
    )


def test_lines_contradict_as_they_stand_on_average_and_not_window_by_window() -> None:
    against, agree = heard("inner_race", inner=1, outer=4), heard("inner_race", inner=3, outer=1)
    verdict = verdict_of([against, against, agree], CALIBRATION)
    assert verdict.heights is not None
    assert verdict.heights.outer_race == pytest.approx(3)
    # Impacts are heard all the same: the parent is said, and it is as sure as they are.
    assert (verdict.fault, verdict.reason, verdict.looks_like) == ("bearing", "lines_contradict", "inner_race")
    assert verdict.probability == pytest.approx(SIGNS.damage.of(0.8))
    assert verdict.objection is not None
    assert (verdict.objection.named, verdict.objection.lines) == ("inner_race", "outer_race")
    rather = verdict_of([against, agree, agree], CALIBRATION)
    assert (rather.fault, rather.reason, rather.objection) == ("inner_race", "nearest_description", None)
    sure = SIGNS.damage.of(0.8) * ELEMENT_RIGHT.of(1.0)  # of all elements, it alone is described
    assert rather.probability == pytest.approx(sure)
    ungated = verdict_of([against], Calibration(0.1, 0.3, 0.3, signs=SIGNS))
    assert (ungated.fault, ungated.reason) == ("inner_race", "nearest_description")


@pytest.mark.parametrize("nearly", [False, True])
def test_a_speed_that_a_quarter_of_the_windows_contradict_names_no_element(nearly: bool) -> None:
    agree = heard("inner_race", inner=3, outer=1)
    question = SpeedQuestion("contradicted", 1600.0 if nearly else 2400.0, 1477.0)
    nominal = replace(agree.speed, asks=question) if nearly else Speed(None, "unknown", asks=question)
    doubtful = replace(agree, speed=nominal)
    verdict = verdict_of([agree, agree, agree, doubtful], CALIBRATION)
    assert (verdict.fault, "sure_speed" in verdict.missing) == ("bearing", True)
    assert verdict_of([agree] * 4 + [doubtful], CALIBRATION).fault == "inner_race"  # one odd window of five


def test_a_race_without_its_lines_is_not_named() -> None:
    verdict = verdict_of([heard("inner_race", inner=0.1, outer=0.0)], CALIBRATION)
    assert (verdict.fault, verdict.reason) == ("bearing", "lines_missing")


def test_a_recording_without_impacts_names_no_bearing() -> None:
    window = replace(heard("inner_race", inner=0.06, outer=0.0), signs=NONE)
    assert (verdict_of([window], CALIBRATION).fault, verdict_of([window], CALIBRATION).looks_like) == (
        UNKNOWN,
        "inner_race",
    )
    once = verdict_of([window, window, window, heard("inner_race", inner=0.06, outer=0.0)], CALIBRATION)
    assert once.fault == UNKNOWN  # a lone knock among them
    assert once.signs is not None
    assert once.signs.impulses == pytest.approx(0.2)


def test_a_recording_s_rotor_has_grown_on_average() -> None:
    grown = replace(heard("looseness", inner=0, outer=0, deviation=2.0))
    signs = [Signs(0.0, True, ShaftGrowth(0, first, 0, 0, 0)) for first in (20.0, 10.0, 3.0)]
    verdict = verdict_of([replace(grown, signs=one) for one in signs], CALIBRATION)
    assert (verdict.fault, verdict.probability) == ("imbalance", 0.9)
    calm = verdict_of([replace(grown, signs=signs[2])] * 3, CALIBRATION)
    assert (calm.fault, calm.looks_like) == ("abnormal", "looseness")


def test_a_verdict_says_what_is_missing() -> None:
    window = heard("inner_race", inner=3, outer=1)
    assert verdict_of([window], CALIBRATION).missing == ()
    somewhere = replace(window, heights=None)
    verdict = verdict_of([somewhere, somewhere, window], CALIBRATION)
    assert (verdict.fault, verdict.missing) == ("bearing", ("geometry",))
    adrift = replace(somewhere, speed=replace(window.speed, rpm=None))
    assert verdict_of([adrift], CALIBRATION).missing == ("speed", "geometry")
    of_a_told_bearing = replace(adrift, missing=("speed",))  # whose lines have no place for want of a speed alone
    assert verdict_of([of_a_told_bearing], CALIBRATION).missing == ("speed",)


def test_a_recording_too_slow_for_bearings_names_no_fault_of_one() -> None:
    window = heard("inner_race", inner=3, outer=1)
    deaf = replace(window, hears_bearings=False)
    assert verdict_of([deaf], CALIBRATION).fault == UNKNOWN
    assert verdict_of([window, window, deaf], CALIBRATION).fault == "inner_race"


def test_within_the_baseline_is_healthy_whatever_lines_say() -> None:
    assert verdict_of([heard("healthy", inner=0, outer=5, deviation=0.5)], CALIBRATION).reason == "within_baseline"
    unlearnt = verdict_of([heard("healthy", inner=0, outer=5)], CALIBRATION)
    assert (unlearnt.fault, unlearnt.reason) == (UNKNOWN, "lines_contradict")
    beyond = verdict_of([heard("healthy", inner=0, outer=5, deviation=1.5)], CALIBRATION)
    assert (beyond.fault, beyond.reason) == ("abnormal", "deviates_but_looks_healthy")
    quiet = verdict_of([heard("healthy", inner=0, outer=0, deviation=1.5)], CALIBRATION)
    assert (quiet.fault, quiet.reason) == ("abnormal", "deviates_but_looks_healthy")


def test_an_objection_is_put_into_words_in_both_languages() -> None:
    verdict = verdict_of([heard("healthy", inner=1, outer=4)], CALIBRATION)
    assert verdict.fault == UNKNOWN
    for language in ("en", "ko"):
        text = text_for(said_by_verdict(verdict), descriptions=DESCRIPTIONS, language=language)  # type: ignore[arg-type]
        assert {"en": "Healthy", "ko": "정상"}[language] in text.sentence
        assert {"en": "outer race", "ko": "외륜"}[language] in text.sentence
        assert "{" not in text.title + text.sentence + text.advice
    assert text_for(said_by_verdict(verdict_of([], CALIBRATION)), descriptions=DESCRIPTIONS, language="en").title


def test_what_is_missing_is_put_into_words_in_both_languages() -> None:
    somewhere = replace(heard("inner_race", inner=3, outer=1), heights=None)
    verdict = verdict_of([somewhere], CALIBRATION)
    assert (verdict.fault, verdict.missing) == ("bearing", ("geometry",))
    texts = {"bearing": {"en": Text("Bearing", "Impacts.", "Look."), "ko": Text("베어링", "충격.", "점검.")}}
    spoken = replace(DESCRIPTIONS, texts=texts)
    english = text_for(said_by_verdict(verdict), descriptions=spoken, language="en")
    sure = f"{verdict.probability:.0%}"
    more = "More can be said with the bearing's type."
    assert english == Text("Bearing", f"Impacts ({sure} sure). {more}", "Look.")
    korean = text_for(said_by_verdict(verdict), descriptions=spoken, language="ko")
    assert korean == Text("베어링", f"충격(확신도 {sure}). 더 알려면 다음이 필요합니다: 베어링 형번.", "점검.")
