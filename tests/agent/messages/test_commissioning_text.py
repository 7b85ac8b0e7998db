"""A commissioning in words: each kind of doubt with its evidence, how it ended, and what a healthy state covers."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args, get_type_hints

import pytest
from one_alert import ALERT

from agent.diagnosis.coverage import Coverage, LearntSpeed
from agent.messages.commissioning_text import (
    anyway_in_words,
    coverage_in_words,
    doubt_in_words,
    doubt_of_alert,
    outcome_in_words,
    progress_in_words,
    speed_in_words,
)
from agent.messages.notices import in_language, is_known
from agent.types import BearingLine, Commissioned, Doubt, Learning, SpeedQuestion

LINES = (BearingLine("BPFO", 3.585, 89.6, 89.4, 24.0), BearingLine("2xBPFO", 7.17, 179.2, 178.8, 20.2))
DOUBTS = {
    Doubt("bearing_lines", "de", 1500.0, 58, 60, fault="outer_race", lines=LINES): (
        "bearing de at 1500 rpm: lines of the outer race in 58 of 60 windows: "
        "BPFO 89.4 Hz +24 dB, 2xBPFO 178.8 Hz +20 dB"
    ),
    Doubt("impacts", None, None, 58, 60, impulses=1.234, limit=0.33): (
        "the machine: impacts that healthy machines do not show, in 58 of 60 windows "
        "(spread 1.23, of healthy machines below 0.33)"
    ),
    Doubt("iso_zone", None, 1500.0, 60, 60, zone="D", velocity_mm_s=12.34): (
        "the machine at 1500 rpm: ISO 20816-3 zone D in 60 of 60 windows, 12.3 mm/s RMS"
    ),
    Doubt("unlike_before", "de", 1500.0, 60, 60, deviation=7.31, level=20.0): (
        "bearing de at 1500 rpm: away from its own healthy state of before by 7.3 limits (its level by 20 limits), "
        "in 60 of 60 windows"
    ),
    doubt_of_alert(ALERT): "bearing de at 1797 rpm: an alert is open (outer race)",
}
IMPACTS = next(doubt for doubt in DOUBTS if doubt.kind == "impacts")
UNLIKE = next(doubt for doubt in DOUBTS if doubt.kind == "unlike_before")


@pytest.mark.parametrize("doubt", DOUBTS, ids=lambda doubt: doubt.kind)
def test_a_doubt_is_told_with_its_evidence(doubt: Doubt) -> None:
    assert doubt_in_words(doubt) == DOUBTS[doubt]


@pytest.mark.parametrize("doubt", DOUBTS, ids=lambda doubt: doubt.kind)
def test_a_doubt_is_told_in_korean_as_well(doubt: Doubt) -> None:
    _, _, evidence = DOUBTS[doubt].partition(": ")
    said = in_language(DOUBTS[doubt], "ko")
    assert said.startswith("기계" if doubt.bearing is None else f"베어링 {doubt.bearing}")
    assert is_known(evidence, "ko")


def test_every_kind_of_doubt_has_words() -> None:
    assert {doubt.kind for doubt in DOUBTS} == set(get_args(get_type_hints(Doubt)["kind"]))


def test_progress_is_told_against_its_bounds() -> None:
    assert progress_in_words(Learning(5, 60, 60)) == "heard 5 of 60 windows"
    assert progress_in_words(Learning(90, 120, 7200, None, 45.0, 300.0)) == (
        "90 windows in 0.8 min (at least 120 and 5 min, at most 7200)"
    )
    settling = progress_in_words(Learning(90, 120, 7200, 1.234, 45.0, 300.0))
    assert settling.endswith("; the newer half lies 1.2 limits from the older, settled below 0.8")
    assert "more than 100 limits" in progress_in_words(Learning(90, 120, 7200, float("inf")))


def test_a_refusal_says_what_stands_against_it_and_what_can_be_done() -> None:
    first, evidence, mend = outcome_in_words(Commissioned("refused", 20, (IMPACTS,)))
    assert (first, evidence) == ("refused after 20 windows", DOUBTS[IMPACTS])
    assert "--anyway" in mend
    assert "--after-repair" in outcome_in_words(Commissioned("refused", 20, (UNLIKE,)))[-1]


def test_what_was_learnt_says_what_it_is_not_good_for() -> None:
    assert outcome_in_words(Commissioned("learnt", 600, unsettled=0.7)) == ["learnt from 600 windows"]
    words = outcome_in_words(Commissioned("learnt", 7200, (IMPACTS,), unsettled=1.4, unchecked=("iso_zone",)))
    assert words[1] == f"believed anyway, against: {DOUBTS[IMPACTS]}"
    assert "1.4 limits" in words[2]
    assert "expect false alerts" in words[2]
    assert words[3].startswith("not looked at: the ISO 20816-3 zone (needs")


ASKED = SpeedQuestion("contradicted", 1480.0, 1796.6)


def test_a_doubted_speed_is_told_instead_of_a_load_that_moved() -> None:
    told = "mind: 1480 rpm is given, but the lines of a shaft stand at 1797 rpm"
    correct = "give the speed that is right, and commission it again"
    _, speed, unsettled = outcome_in_words(Commissioned("learnt", 7200, unsettled=1.4, asks=ASKED))
    assert speed == f"{told}, so it was learnt without a sure speed; {correct}"
    assert "the doubted speed may be the cause" in unsettled
    refused = outcome_in_words(Commissioned("refused", 20, (IMPACTS,), asks=ASKED))
    assert refused[2] == f"{told}; {correct}"
    assert all("load" not in line for line in (speed, unsettled, *refused))
    lines = (speed, unsettled, refused[2], speed_in_words(ASKED))
    assert not [line for line in lines if "rpm is" in in_language(line, "ko") or "mind" in in_language(line, "ko")]


def test_what_was_given_up_says_why() -> None:
    assert outcome_in_words(Commissioned("abandoned", 7, reason="silence")) == [
        "given up after 7 windows: nothing was heard for a day"
    ]


def test_what_is_not_covered_at_the_present_speed_is_said() -> None:
    speeds = (LearntSpeed(1000.0, 60), LearntSpeed(1500.0, 60))
    assert coverage_in_words((), None) == "no healthy state is known: commission it"
    assert coverage_in_words(speeds, Coverage(1500.0, True, True, True)) == "healthy at 1000 rpm, 1500 rpm"
    assert coverage_in_words(speeds, Coverage(1250.0, False, False, True)) == (
        "healthy at 1000 rpm, 1500 rpm; at 1250 rpm now: no limit, so no alert, "
        "imbalance, misalignment and looseness cannot be told"
    )
    assert coverage_in_words((LearntSpeed(None, 9),), None) == "healthy at no known speed"


@pytest.mark.parametrize("rpm", [None, 1250.0])
@pytest.mark.parametrize("known", [(None,), (1000.0,), (None, 1000.0, 1500.0)])
@pytest.mark.parametrize("covers", list(product((False, True), repeat=3)))
def test_what_is_covered_is_told_in_korean_without_a_word_of_english(
    rpm: float | None, known: tuple[float | None, ...], covers: tuple[bool, bool, bool]
) -> None:
    text = coverage_in_words([LearntSpeed(one, 9) for one in known], Coverage(rpm, *covers))
    assert re.findall("[A-Za-z]{2,}", in_language(text, "ko").replace("rpm", "")) == []


def test_what_was_believed_anyway_is_told_with_its_speed() -> None:
    speed = LearntSpeed(1500.0, 60, (IMPACTS,))
    assert anyway_in_words(speed) == f"commissioned anyway at 1500 rpm, against: {DOUBTS[IMPACTS]}"
