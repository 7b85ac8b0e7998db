"""The next question of an interview, and what becomes of an answer: taken, or refused for what `check` says of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from agent.config.load import check_table
from agent.messages.notices import in_language
from agent.messages.words import LANGUAGES, say
from agent.setup.choosing import chosen
from agent.setup.draft import tables_of
from agent.setup.interview import OPEN, UNKNOWN, Interview, Spot
from agent.setup.question import Question
from agent.setup.questions import QUESTIONS
from agent.setup.tables import number
from agent.setup.told_secrets import PASSWORD_FILES, write_secret

LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A question at its place; `name` is the key of its answer."""

    question: Question
    spot: Spot

    @property
    def name(self) -> str:
        return self.question.name(self.spot.sensor)

    @property
    def choices(self) -> tuple[str, ...]:
        return self.question.choices(self.spot)

    @property
    def default(self) -> str | None:
        return self.question.default(self.spot)


def all_asked(interview: Interview) -> Iterator[Asked]:
    """Every question that is asked as far as answers go, answered or not, in order."""
    of_sensors = [question for question in QUESTIONS if question.of_sensor]
    for sensor in range(interview.sensors):
        yield from (Asked(one, interview.at(sensor)) for one in of_sensors if one.is_asked(interview.at(sensor)))
    others = (question for question in QUESTIONS if not question.of_sensor)
    yield from (Asked(one, interview.at(0)) for one in others if one.is_asked(interview.at(0)))


def next_asked(interview: Interview) -> Asked | None:
    """The first question without an answer; None: all is answered."""
    return next((one for one in all_asked(interview) if one.name not in interview.answers), None)


def answered(interview: Interview, asked: Asked, text: str) -> tuple[Interview, str | None]:
    """The interview with this answer, or as it was and what is wrong with it."""
    text = text if asked.question.kind == "secret" else text.strip()
    if text == OPEN:
        if asked.default is None:
            return interview, say("setup.must_be_answered", interview.language)
        text = asked.default
    if asked.default == UNKNOWN and text in {say("setup.speed_unknown", language) for language in LANGUAGES}:
        text = UNKNOWN
    if asked.question.kind == "choice":
        text = chosen(asked.question.key, asked.choices, text)
    if problem := _unfit(asked, text):
        return interview, problem
    tried = interview.answered(asked.name, text)
    if asked.question.kind == "secret" and text != OPEN:
        _keep_secret(interview, asked.question.key, text)
        tried = interview.answered(asked.name, KEPT)
    spot = tried.at(asked.spot.sensor)
    for problem in _problems(tried) if asked.question.places(spot) else ():
        if problem.startswith(asked.question.places(spot)):
            return interview, in_language(_reason(problem, tried), interview.language)
    return tried, None


def _reason(problem: str, interview: Interview) -> str:
    """A problem without its key, and without the folder in which a secret lies for the moment."""
    reason = problem.partition(": ")[2]
    return reason if interview.secrets is None else reason.replace(f"{interview.secrets}/", "")


KEPT = "********"
"""Stands for a secret among answers: what it is lies in a file of its own."""


def _unfit(asked: Asked, text: str) -> str | None:
    language = asked.spot.interview.language
    if len(text) > LONGEST_TEXT or not text.isprintable():
        return say("setup.not_printable", language, count=LONGEST_TEXT)
    if asked.question.kind == "choice" and text not in asked.choices:
        return say("setup.not_a_choice", language, choices=", ".join(asked.choices))
    if asked.question.kind == "number" and isinstance(number(text), str):
        return say("setup.not_a_number", language, text=text)
    if asked.question.is_taken(asked.spot, text):
        return say("setup.taken", language, name=text)
    return None


def remarks_on(interview: Interview, asked: Asked) -> tuple[str, ...]:
    """What `check` remarks on the answer to a question, as that a bearing is taken as one maker builds it."""
    spot = interview.at(asked.spot.sensor)
    places = asked.question.places(spot)
    if not places:
        return ()
    config, _ = check_table(copy.deepcopy(tables_of(interview)), interview.folder)
    notices = () if config is None else config.notices
    return tuple(in_language(_reason(one, interview), interview.language) for one in notices if one.startswith(places))


def _problems(interview: Interview) -> list[str]:
    _, problems = check_table(copy.deepcopy(tables_of(interview)), interview.folder)
    return problems


def _keep_secret(interview: Interview, key: str, text: str) -> None:
    """Readable by nobody else, from its first moment."""
    assert interview.secrets is not None
    write_secret(interview.secrets / PASSWORD_FILES[key], text)
