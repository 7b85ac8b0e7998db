"""Notices, problems and notes that rooms below word in English, in another language.

As in gettext the English sentence, with its `{fields}`, is the key: `words.toml` has in `[sentence.ko]` what it is in
Korean. Whatever stands before it, as a key of a config or a file (`key: sentence`), stays. So does a sentence without
an entry; a test finds those that rooms below make.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from agent.messages.words import LANGUAGES, Language, table

SENTENCES = {
    "what",
    "reason",
    "near",
    "hint",
    "mend",
    "advice",
    "first",
    "doubt",
    "how",
    "bearing",
    "element",
    "lacking",
}
"""Fields that are looked up themselves; what stands in others is a name or a figure."""

NUMBERS = {"count", "row"}
"""Fields of digits alone, which no place before them is part of."""

_FIELD = re.compile(r"\{(\w+)\}")


def in_language(text: str, language: Language) -> str:
    """The same notice in one language; as it is where the table does not know it."""
    if language == "en":
        return text
    parts = [_whole(part, language) for part in text.split("; ")]
    known = [part for part in parts if part is not None]
    if len(known) == len(parts):  # a question, what answers it and what there is to choose from
        return "; ".join(known)
    words = _translated(text, language)
    if words is not None:
        return words
    place, colon, sentence = text.partition(": ")
    return place + colon + in_language(sentence, language) if colon else text


def _whole(text: str, language: Language) -> str | None:
    """A sentence that the table has as it stands, behind its place, or as a reason behind the name of a column."""
    if (words := _translated(text, language)) is not None:
        return words
    place, colon, sentence = text.partition(": ")
    if colon:
        behind = _whole(sentence, language)
        return None if behind is None else place + colon + behind
    for space in re.finditer(" (?=is |holds |never |rises |counts |only |does )", text):
        if (reason := _translated(text[space.end() :], language)) is not None:
            return f"{text[: space.start()]}({reason})"
    return None


def is_known(text: str, language: Language) -> bool:
    """Whether the table has this English sentence, as it stands or behind its place, in a language."""
    return any(_translated(one, language) is not None for one in (text, text.partition(": ")[2]))


def _translated(text: str, language: Language) -> str | None:
    for pattern, words in _patterns(language):
        found = pattern.fullmatch(text)
        if found:
            return words.format(
                **{
                    name: in_language(value, language) if name in SENTENCES else value
                    for name, value in found.groupdict().items()
                }
            )
    return None


@lru_cache(maxsize=len(LANGUAGES))
def _patterns(language: Language) -> list[tuple[re.Pattern[str], str]]:
    """A pattern for every entry; those with more letters of their own first, since they say more."""
    entries: Mapping[str, str] = table()["sentence"].get(language, {})
    longest_first = sorted(entries, key=lambda english: -len(_FIELD.sub("", english)))
    return [(_pattern_of(english), entries[english]) for english in longest_first]


def _pattern_of(english: str) -> re.Pattern[str]:
    parts = _FIELD.split(english)
    texts, names = parts[0::2], parts[1::2]
    fields = [rf"(?P<{name}>\d+)" if name in NUMBERS else f"(?P<{name}>.*?)" for name in names]
    return re.compile("".join(re.escape(text) + field for text, field in zip(texts, [*fields, ""], strict=True)), re.S)
