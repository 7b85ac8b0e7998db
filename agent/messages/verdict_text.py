"""A recording's verdict in words."""

from __future__ import annotations

from agent.alerting import verdict as verdicts
from agent.alerting.verdict import Verdict
from agent.diagnosis.matching import Descriptions, Text
from agent.messages.wording import NO_WINDOW, NOT_NAMED, STANDING_STILL, Language, text_against, text_of
from agent.types import UNKNOWN


def text_of_verdict(verdict: Verdict, *, descriptions: Descriptions, language: Language) -> Text:
    """A verdict in words."""
    if verdict.objection is not None:
        return text_against(verdict.objection, descriptions=descriptions, language=language)
    return text_of(_text_name(verdict), descriptions=descriptions, language=language)


def _text_name(verdict: Verdict) -> str:
    """The name of its text."""
    if verdict.reason == verdicts.NO_WINDOW:
        return NO_WINDOW
    if verdict.reason == verdicts.STOPPED:
        return STANDING_STILL
    return NOT_NAMED if verdict.fault == UNKNOWN and verdict.deviation is None else verdict.fault
