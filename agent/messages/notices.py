"""Notices and notes that rooms below word in English, in another language.

As in gettext the English sentence is the key: `words.toml` has under `[[notice]]` each with its `{fields}`, and what it
is in the other languages. A sentence without an entry stays as it is; a test finds those that rooms below make.
"""

from __future__ import annotations

import re
from functools import lru_cache

from agent.messages.words import Language, table

_FIELD = re.compile(r"\{(\w+)\}")


def in_language(text: str, language: Language) -> str:
    """The same notice in one language; as it is where the table does not know it."""
    if language == "en":
        return text
    for pattern, entry in _patterns():
        found = pattern.fullmatch(text)
        if found:
            filled = {name: in_language(value, language) for name, value in found.groupdict().items()}
            return entry[language].format(**filled)
    return text


def is_known(text: str) -> bool:
    """Whether the table has this English sentence."""
    return any(pattern.fullmatch(text) for pattern, _ in _patterns())


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], dict[str, str]]]:
    """A pattern for every entry; those with more letters of their own first, since they say more."""
    entries = sorted(table()["notice"].values(), key=lambda entry: -len(_FIELD.sub("", entry["en"])))
    return [(_pattern_of(entry["en"]), dict(entry)) for entry in entries]


def _pattern_of(english: str) -> re.Pattern[str]:
    parts = _FIELD.split(english)
    texts, names = parts[0::2], parts[1::2]
    fields = [f"(?P<{name}>.+?)" for name in names]
    return re.compile("".join(re.escape(text) + field for text, field in zip(texts, [*fields, ""], strict=True)), re.S)
