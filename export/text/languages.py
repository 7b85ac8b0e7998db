"""Whether a sentence is in a language that towers have learnt, by its words: those of a third one are hardly theirs.

A tower reads any letters, and puts a German sentence somewhere, too. Korean is told by its script alone, since its
words take endings without end; words in Latin letters are held against all that training sentences and lists hold.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from export.text.encoders import FOLDER
from export.text.glossary import GLOSSARY
from export.text.moods import MOODS
from export.text.no_fault import TRAINING, WORDINGS
from export.text.said import SAID
from export.text.typos import is_slip
from export.text.vague import VAGUE
from export.text.written import WRITTEN

LEARNT = (WORDINGS, TRAINING, SAID, WRITTEN, FOLDER / "texts.toml")
LISTS = (GLOSSARY, MOODS, VAGUE)
"""Files that hold beginnings of words, too."""
MOST_UNKNOWN = 0.5
"""Share of unknown words from which a sentence counts as one of another language."""
SHORTEST_SLIP, SHORTEST_BEGINNING = 5, 4
ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "y", "er", "ers", "ion", "ions")


def is_foreign(sentence: str) -> bool:
    """Whether MOST_UNKNOWN of its words or more, and not one beside others, are neither Korean nor known as English."""
    words = [word for word in _words(sentence) if len(word) > 1 or not word.isascii()]
    unknown = sum(not _is_known(word) for word in words)
    return unknown >= max(MOST_UNKNOWN * len(words), min(2, len(words)), 1)


def _is_known(word: str) -> bool:
    if not word.isascii():
        return any(unicodedata.name(letter, "").startswith("HANGUL") for letter in word)
    words, beginnings = _vocabulary()
    if word in words or any(word[:end] in beginnings for end in range(SHORTEST_BEGINNING, len(word) + 1)):
        return True
    stems = [word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending)]
    if any(stem in words or f"{stem}e" in words or _undoubled(stem) in words for stem in stems if len(stem) > 2):
        return True
    return len(word) >= SHORTEST_SLIP and any(is_slip(word, one) for one in words if len(one) >= SHORTEST_SLIP)


def _undoubled(stem: str) -> str:
    """ "slip" of "slipp"."""
    return stem[:-1] if stem[-1:] == stem[-2:-1] else stem


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """All English words that are learnt from, and beginnings of more."""
    learnt = [word for path in LEARNT for text in _english(tomllib.loads(path.read_text())) for word in _words(text)]
    listed = [word for path in LISTS for text in _english(tomllib.loads(path.read_text())) for word in _words(text)]
    return frozenset((*learnt, *listed)), frozenset(word for word in listed if len(word) >= SHORTEST_BEGINNING)


def _english(table: Any, inside: bool = False) -> Iterator[str]:
    """All texts that stand below a key "en"."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield from _english(value, inside or key == "en")
    elif isinstance(table, list):
        for value in table:
            yield from _english(value, inside)
    elif inside:
        yield str(table)


def _words(text: str) -> list[str]:
    """Those that hold letters alone: 6205-2RS and 3x are none."""
    return re.findall(r"(?<![^\W_])[^\W\d_]+(?![^\W_])", unicodedata.normalize("NFC", text).lower())
