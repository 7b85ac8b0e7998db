"""Title, sentence and advice for whatever may be said: of a fault from its bundle, of all else from the agent's table.

Fault texts come from the bundle; the rest belongs to the agent, because every bundle needs the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.diagnosis.matching import Descriptions, Text
from agent.faults import ABNORMAL, UNKNOWN
from agent.messages.words import Language as Language
from agent.messages.words import say, table
from agent.types import Objection

RMS_ONLY, RMS_TOO_HIGH = "rms_only", "rms_too_high"
"""Names of texts, not of faults: what a transmitter's diagnosis, and an alert on it, can say."""

NOT_NAMED, STANDING_STILL, NO_WINDOW, WITHIN_LIMIT = "not_named", "standing_still", "no_window", "within_limit"
NOTHING_SEEN = "nothing_seen"
"""Likewise: what is said without a name where no baseline says that the machine deviates, or one that it does not."""

SAME = {ABNORMAL: UNKNOWN}
"""Names that are said in the words of another."""


def text_of(name: str, *, descriptions: Descriptions, language: Language) -> Text:
    """The text for a fault id, or another name of a text; a title alone where neither bundle nor table has more."""
    known = descriptions.texts.get(name, {}).get(language)
    if known is not None:
        return known
    own = own_text(SAME.get(name, name), language)
    if own is not None:
        return own
    title = table()["fault"].get(name)
    return Text(title=name if title is None else title[language], sentence="", advice="")


def own_text(name: str, language: Language) -> Text | None:
    """What the table says of a name; None where it has no text of it."""
    words = table()["text"].get(name)
    return None if words is None else msgspec.convert(words[language], Text)


def text_against(objection: Objection, *, descriptions: Descriptions, language: Language) -> Text:
    """Which name the lines of a window or a recording speak against, and how."""
    template = own_text(objection.reason, language)
    assert template is not None
    named, lines = (
        text_of(fault, descriptions=descriptions, language=language).title
        for fault in (objection.named, objection.lines)
    )
    return Text(template.title, template.sentence.format(named=named, lines=lines), template.advice)


def missing_in_words(missing: Sequence[str], *, language: Language, needs_s: float | None = None) -> str | None:
    """One sentence that says what would have to be known to say more; None where nothing is missing.

    `needs_s`: how long samples would have to go on without a gap, where they are too short.
    """
    known = table()["missing"]
    seconds = f"{needs_s or 0.0:g}"
    lacking = [str(known[what][language]).format(seconds=seconds) for what in missing if what in known]
    if not lacking:
        return None
    listed = say("basis.and", language).join(filter(None, (", ".join(lacking[:-1]), lacking[-1])))
    return say("basis.missing", language, things=listed)
