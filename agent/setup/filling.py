"""An interview without anybody to ask: answers that are given, else defaults; what lacks is told."""

from __future__ import annotations

from agent.errors import ConfigError
from agent.messages.words import say
from agent.setup.asking import Asked, answered, next_asked
from agent.setup.given import Given
from agent.setup.interview import OPEN, Interview


def filled(interview: Interview, given: Given) -> Interview:
    """With every question answered. ConfigError has a line for each that lacks its answer, or has a wrong one."""
    problems: list[str] = []
    asked = next_asked(interview)
    while asked is not None:
        interview = _filled(interview, asked, given, problems)
        asked = next_asked(interview)
    if problems:
        raise ConfigError(*problems)
    return interview


def _filled(interview: Interview, asked: Asked, given: Given, problems: list[str]) -> Interview:
    text = given.answers.get(asked.name, OPEN)
    if text == OPEN and asked.default is None:
        question = say(f"setup.{asked.question.key}", interview.language)
        choices = f" ({', '.join(asked.choices)})" if asked.choices else ""
        problems.append(say("setup.missing", interview.language, key=_key(asked), question=f"{question}{choices}"))
        return interview.answered(asked.name, OPEN)
    tried, problem = answered(interview, asked, text)
    if problem is None:
        return tried
    problems.append(f"{_key(asked)}: {problem}")
    return interview.answered(asked.name, OPEN)


def _key(asked: Asked) -> str:
    """As it stands in a file of answers."""
    return f"sensors[{asked.spot.sensor}].{asked.question.key}" if asked.question.of_sensor else asked.question.key
