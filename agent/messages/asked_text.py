"""A question about the bearing in words: which lines stand, which bearings would draw them, and what to look at."""

from __future__ import annotations

from agent.messages.words import Language
from agent.types import Candidate, Question

NAMED = 4
"""How many candidates a sentence names; the payload lists all."""

FOUND: dict[Language, str] = {
    "en": "Lines stand at {order:.2f} × shaft speed ({hz:.1f} Hz, +{db:.0f} dB, {count} lines in all)",
    "ko": "회전수의 {order:.2f}배({hz:.1f} Hz, +{db:.0f} dB, 모두 {count}개)에 성분이 나타납니다",
}
UNEXPECTED: dict[Language, str] = {
    "en": "The lines do not fit the bearing told ({told}) at this speed. ",
    "ko": "나타난 성분이 입력된 베어링({told})과 이 회전수에 맞지 않습니다. ",
}
AT_ANOTHER_SPEED: dict[Language, str] = {
    "en": "The lines do not fit the bearing told ({told}) at this speed; "
    "they would if the shaft turned at {speed:.1%} of it. ",
    "ko": "나타난 성분이 입력된 베어링({told})과 이 회전수에 맞지 않으며, 실제 회전수가 그 {speed:.1%}라면 맞습니다. ",
}
OF_THE_CATALOGUE: dict[Language, str] = {
    "en": "{found}; they would fit {names}{rest}, {fitting} of the {searched} bearings known "
    "(about {by_chance:.0f} would fit by chance): is it one of them?",
    "ko": "{found}. 등록된 베어링 {searched}종 가운데 {fitting}종({names}{rest})과 맞으며, "
    "우연으로도 약 {by_chance:.0f}종은 맞습니다. 이 가운데 하나입니까?",
}
REST: dict[Language, str] = {"en": " or {} more", "ko": " 외 {}종"}
OF_NONE: dict[Language, str] = {
    "en": "{found}; they would fit a bearing with {balls} rolling elements, none of the {searched} known: "
    "which bearing is it?",
    "ko": "{found}. 전동체가 {balls}개인 베어링이면 맞지만 등록된 {searched}종에는 없습니다. 어떤 베어링입니까?",
}
OR: dict[Language, str] = {"en": " or ", "ko": ", "}


def text_of_question(question: Question, language: Language) -> str:
    """What is asked, with the lines that give cause to it."""
    highest = max((line.above_floor_db for line in question.lines), default=0.0)
    found = FOUND[language].format(order=question.order, hz=question.hz, db=highest, count=len(question.lines))
    told = ""
    if question.about == "geometry_told":
        template = UNEXPECTED if question.told_fits_at is None else AT_ANOTHER_SPEED
        told = template[language].format(told=question.told, speed=question.told_fits_at)
    if not question.candidates:
        return told + OF_NONE[language].format(found=found, balls=_spans(question.balls), searched=question.searched)
    more = len(question.candidates) - NAMED
    return told + OF_THE_CATALOGUE[language].format(
        found=found,
        names=_listed(question.candidates, language, closed=more <= 0),
        rest=REST[language].format(more) if more > 0 else "",
        fitting=len(question.candidates),
        searched=question.searched,
        by_chance=question.by_chance,
    )


def _listed(candidates: tuple[Candidate, ...], language: Language, *, closed: bool) -> str:
    names = [candidate.bearing for candidate in candidates[:NAMED]]
    if not closed:
        return ", ".join(names)
    return OR[language].join(filter(None, (", ".join(names[:-1]), names[-1])))


def _spans(counts: tuple[int, ...]) -> str:
    """Counts as spans, "7-9, 12"."""
    spans: list[list[int]] = []
    for count in counts:
        if spans and count == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], count]
        else:
            spans.append([count, count])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)
