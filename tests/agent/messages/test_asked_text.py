"""A question is put whole in both languages: what stands, what would explain it, how much of that is chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.messages.asked_text import FOUND, text_of_question
from agent.types import Candidate, Question, StandingLine

LINES = (StandingLine(3.59, 107.6, 28.9), StandingLine(7.18, 215.2, 21.0))


def candidates(*names: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(name, "BPFO", 3.585, 0.002, 9) for name in names)


QUESTION = Question(
    "geometry_unknown", None, None, 3.59, 107.6, LINES, candidates("6205", "6206"), 44, 2.91, (7, 8, 9, 12)
)


def test_what_is_asked_says_lines_candidates_and_chance() -> None:
    assert text_of_question(QUESTION, "en") == (
        "Lines stand at 3.59 × shaft speed (107.6 Hz, +29 dB, 2 lines in all); they would fit 6205 or 6206, 2 of "
        "the 44 bearings known (about 3 would fit by chance): is it one of them?"
    )
    assert text_of_question(QUESTION, "ko") == (
        "회전수의 3.59배(107.6 Hz, +29 dB, 모두 2개)에 성분이 나타납니다. 등록된 베어링 44종 가운데 2종"
        "(6205, 6206)과 맞으며, 우연으로도 약 3종은 맞습니다. 이 가운데 하나입니까?"
    )


@pytest.mark.parametrize(
    ("names", "en", "ko"),
    [
        (("6205",), "would fit 6205, 1 of", "1종(6205)과"),
        (("6203", "6204", "6205"), "would fit 6203, 6204 or 6205, 3 of", "3종(6203, 6204, 6205)과"),
        (tuple("abcdef"), "would fit a, b, c, d or 2 more, 6 of", "6종(a, b, c, d 외 2종)과"),
    ],
)
def test_many_candidates_are_counted_and_few_are_listed(names: tuple[str, ...], en: str, ko: str) -> None:
    question = replace(QUESTION, candidates=candidates(*names))
    assert en in text_of_question(question, "en")
    assert ko in text_of_question(question, "ko")


def test_a_bearing_of_no_catalogue_is_asked_for_by_its_rolling_elements() -> None:
    question = replace(QUESTION, candidates=())
    assert "a bearing with 7-9, 12 rolling elements, none of the 44 known" in text_of_question(question, "en")
    assert "전동체가 7-9, 12개인" in text_of_question(question, "ko")


def test_a_bearing_that_was_told_is_named_and_so_is_the_speed_at_which_it_would_fit() -> None:
    told = replace(QUESTION, about="geometry_told", told="de")
    assert text_of_question(told, "en").startswith("The lines do not fit the bearing told (de) at this speed. Lines")
    assert "(de)" in text_of_question(told, "ko")
    slow = replace(told, told_fits_at=0.966)
    assert "they would if the shaft turned at 96.6% of it." in text_of_question(slow, "en")
    assert "96.6%" in text_of_question(slow, "ko")


def test_a_question_without_lines_is_still_a_sentence() -> None:
    assert "{" not in text_of_question(replace(QUESTION, lines=()), "ko")
    assert {*FOUND} == {"en", "ko"}
