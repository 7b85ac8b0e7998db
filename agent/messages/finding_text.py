"""What is said of a name for what an alert really was: that it is one of one's own, as a slip of the pen would be."""

from __future__ import annotations

import difflib

from agent.faults import FAULTS
from agent.messages.words import Language, say, table


def title_of_finding(was: str, language: Language) -> str:
    """Of a fault the title by the agent's own table, of all else the name as it is."""
    title = table()["fault"].get(was)
    return was if title is None else str(title[language])


def found_in_words(title: str, before: str | None, language: Language) -> str:
    """What an alert was found to be, and what was said before; both as a person reads them."""
    return (
        say("found.is", language, title=title)
        if before is None
        else say("found.now", language, title=title, before=before)
    )


def own_name_in_words(was: str, language: Language) -> str | None:
    """That a name is no fault that is known, and which one is near it; None of one that is."""
    if was in FAULTS:
        return None
    near = difflib.get_close_matches(was, FAULTS, 1)
    code = "asked.was_near" if near else "asked.was_own"
    return say(code, language, fault=was, near="".join(near), known=", ".join(FAULTS))
