"""What is said of a name for what an alert really was: that it is none, or one of one's own, as a slip would be."""

from __future__ import annotations

import difflib

from agent.faults import FAULTS
from agent.messages.words import Language, say


def no_name_in_words(was: str, language: Language) -> str:
    """What may stand where `was` stands, which is no name."""
    return say("asked.was_no_name", language, fault=repr(was), known=", ".join(FAULTS))


def own_name_in_words(was: str, language: Language) -> str | None:
    """That a name is no fault that is known, and which one is near it; None of one that is."""
    if was in FAULTS:
        return None
    near = difflib.get_close_matches(was, FAULTS, 1)
    code = "asked.was_near" if near else "asked.was_own"
    return say(code, language, fault=was, near="".join(near), known=", ".join(FAULTS))
