"""What to ask about a speed that was given, once for a recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agent.messages.words import Language, say
from agent.types import Speed, SpeedQuestion

ASKED_FROM = 0.25
"""Share of a recording's windows that must ask, so that one odd window asks nothing."""


def text_of_speed_question(question: SpeedQuestion, *, language: Language) -> str:
    """What to ask, in one line."""
    nominal, seen = f"{question.nominal:g}", f"{question.seen_rpm:.0f}"
    return say(f"speed_question.{question.reason}", language, nominal=nominal, seen=seen)


def question_of(speeds: Sequence[Speed]) -> SpeedQuestion | None:
    """What the speeds of a recording's windows ask together; None where too few of them ask."""
    asked = [speed.asks for speed in speeds if speed.asks is not None]
    if not asked or len(asked) < ASKED_FROM * len(speeds):
        return None
    reason = Counter(question.reason for question in asked).most_common(1)[0][0]
    alike = sorted((question for question in asked if question.reason == reason), key=lambda one: one.seen_rpm)
    return alike[len(alike) // 2]
