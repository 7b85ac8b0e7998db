"""What to ask about a speed that was given, in words."""

from __future__ import annotations

from agent.messages.words import Language, say
from agent.types import SpeedQuestion


def text_of_speed_question(question: SpeedQuestion, *, language: Language) -> str:
    """What to ask, in one line."""
    nominal, seen = f"{question.nominal:g}", f"{question.seen_rpm:.0f}"
    return say(f"speed_question.{question.reason}", language, nominal=nominal, seen=seen)
