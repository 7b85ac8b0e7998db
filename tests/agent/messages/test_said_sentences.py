"""Two sentences at most: what is wrong and how sure, then what it rests on or what is missing."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from one_alert import ALERT, DIAGNOSIS

from agent.bundle.load import load_bundle
from agent.diagnosis.matching import Descriptions, Text
from agent.faults import FAULTS, PARENTS, TABLE
from agent.messages.said import NAMELESS, Said, said_by_alert, said_by_window
from agent.messages.sentences import text_for
from agent.messages.words import LANGUAGES, Language
from agent.types import BearingLine, Objection, ShaftGrowth, Signs

SHIPPED = load_bundle("default").descriptions
GROWTH = Signs(0.1, True, ShaftGrowth(0.2, 12.4, 3.6, None, 0.5))
LINES = (BearingLine("2xBPFO", 7.17, 214.7, 215.0, 20.0), BearingLine("BPFO", 3.585, 107.4, 107.5, 24.4))


def said(fault: str, probability: float = 0.9, language: Language = "en", **more: object) -> Text:
    return text_for(Said(fault, probability, **more), descriptions=SHIPPED, language=language)  # type: ignore[arg-type]


def sentences(text: str) -> list[str]:
    return [one for one in re.split(r"(?<=[.!?])\s+", text) if one]


EVERYTHING = [
    {},
    {"missing": ("speed", "geometry", "healthy_state", "bandwidth")},
    {"deviation": 2.5, "signs": GROWTH, "lines": LINES},
    {"deviation": 0.5, "looks_like": "ball"},
    {"objection": Objection("lines_contradict", "ball", "outer_race"), "missing": ("geometry",)},
    {"objection": Objection("lines_missing", "ball", "outer_race"), "looks_like": "ball", "raised": True},
    {"quality": "clipped"},
    {"running": False},
    {"judged": False},
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("more", EVERYTHING, ids=lambda more: "+".join(more) or "bare")
def test_no_more_than_two_sentences_and_no_code_names(more: dict[str, object], language: Language) -> None:
    for fault, probability in product([*FAULTS, *PARENTS, *NAMELESS], (0.0, 0.3, 0.97)):
        text = said(fault, probability, language, **more)
        assert 1 <= len(sentences(text.sentence)) <= 2, text
        assert text.title
        for part in (text.title, text.sentence, text.advice):
            assert not re.search(r"[a-z]_[a-z]|\{|\}|None", part), part


@pytest.mark.parametrize("fault", [*FAULTS, *PARENTS])
@pytest.mark.parametrize("deviation", [None, 0.5, 2.0])
def test_what_is_less_likely_than_not_is_not_named(fault: str, deviation: float | None) -> None:
    text = said(fault, 0.49, deviation=deviation)
    assert SHIPPED.texts[fault]["en"].title not in text.title + text.sentence
    assert "No action" not in text.advice
    assert "%" not in text.sentence
    assert said(fault, 0.5, deviation=deviation).title == SHIPPED.texts[fault]["en"].title


def test_within_the_limit_but_impulsive_is_said_as_that() -> None:
    assert said("healthy", 0.3, deviation=0.5).title == "Within the limit, not called healthy"
    assert said("healthy", 0.3).title == "No fault named"


@pytest.mark.parametrize(
    ("fault", "more", "second"),
    [
        (
            "outer_race",
            {"lines": LINES},
            "This rests on the lines of the outer race at 107.5 Hz and its multiples, up to 24",
        ),
        (
            "outer_race",
            {"lines": LINES[1:]},
            "This rests on the line of the outer race at 107.5 Hz, 24 dB above the floor.",
        ),
        ("inner_race", {"lines": LINES}, "This rests on likeness to the description alone."),
        (
            "bearing",
            {"missing": ("speed", "geometry")},
            "More can be said with the shaft's speed and the bearing's type.",
        ),
        ("bearing", {}, "The impacts are clear, but the lines of no single part stand out."),
        ("bearing", {"objection": Objection("lines_missing", "ball", "outer_race")}, "It is most like “Bearing ball"),
        ("imbalance", {"signs": GROWTH}, "over the healthy state at this speed: 1× by 12 dB, 2× by 4 dB."),
        ("healthy", {"deviation": 0.61}, "deviation from the machine's healthy state is 0.61, where 1 is the limit."),
        ("abnormal", {"deviation": 2.5}, "Its deviation is 2.50 times the limit."),
        ("abnormal", {"deviation": 2.5, "looks_like": "ball"}, "which nothing else bears out."),
        ("later", {}, "This rests on likeness to the description alone."),
    ],
)
def test_the_second_sentence_is_what_it_rests_on_or_what_is_missing(
    fault: str, more: dict[str, object], second: str
) -> None:
    assert second in sentences(said(fault, **more).sentence)[-1]  # type: ignore[arg-type]


def test_the_first_sentence_says_how_sure_it_is() -> None:
    assert sentences(said("outer_race", 0.934).sentence)[0].endswith("outer ring (93% sure).")
    assert sentences(said("outer_race", 0.934, "ko").sentence)[0].endswith("진동입니다(확신도 93%).")


def test_a_bad_signal_says_why() -> None:
    quality = replace(DIAGNOSIS, quality="clipped", fault="invalid", probability=0.0, matches=(), evidence=None)
    said_ = said_by_window(quality)
    text = text_for(said_, descriptions=SHIPPED, language="en")
    assert text.sentence == "The sensor's signal cannot be judged: samples stand at the sensor's full scale."


def test_an_alert_says_nothing_that_held_of_another_name_only() -> None:
    cause = replace(DIAGNOSIS, fault="bearing", missing=("geometry",), looks_like="ball")
    assert said_by_alert(replace(ALERT, fault="bearing", diagnosis=cause)).missing == ("geometry",)
    assert said_by_alert(replace(ALERT, fault="outer_race", diagnosis=cause)).missing == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bundle_without_words_for_a_fault_still_names_it(language: Language) -> None:
    bare = Descriptions(("healthy",), np.ones((1, 1), np.float32), (True,), {})
    for fault in TABLE:
        text = text_for(Said(fault.id, 0.9), descriptions=bare, language=language)
        assert "_" not in text.title
        assert len(sentences(text.sentence)) <= 2


@pytest.mark.parametrize("fault", ["unknown", "outer_race"])
def test_an_alert_that_recovered_says_so_and_not_that_the_machine_departs(fault: str) -> None:
    within = replace(ALERT.diagnosis, fault="healthy", deviation=0.37, objection=None)
    over = replace(ALERT, fault=fault, event="cleared", reason="recovered", diagnosis=within)
    text = text_for(said_by_alert(over), descriptions=SHIPPED, language="en")
    assert text.sentence == (
        "This is over: the machine is within its limits again. "
        "Its deviation from the machine's healthy state is 0.37, where 1 is the limit."
    )
    by_hand = text_for(said_by_alert(replace(over, reason="closed")), descriptions=SHIPPED, language="en")
    assert by_hand.title == text.title
    assert "This is over" not in by_hand.sentence


def test_what_deviates_is_not_said_to_be_most_like_healthy() -> None:
    assert "most like" in said("unknown", deviation=1.5, raised=True, looks_like="ball").sentence
    assert "most like" not in said("unknown", deviation=1.5, raised=True, looks_like="healthy").sentence
