"""Whether a sentence states anything: one that asks, one that plans and one under a condition do not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from export.text.encoders import FOLDER, read_file

MOODS = FOLDER / "moods.toml"

Mood = Literal["question", "plan", "condition"]


class _Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one language marks a mood."""

    begins: tuple[str, ...]
    holds: tuple[str, ...]
    ends: tuple[str, ...]
    end_of_words: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()


def cleaned(sentence: str) -> str:
    """As marks and words are looked for in it: small letters, one space between words, straight apostrophes."""
    return " ".join(unicodedata.normalize("NFC", sentence).lower().replace("’", "'").split())


def mood_of(sentence: str) -> Mood | None:
    """The first mood of the file that its grammar shows; None for a sentence that states something."""
    clean = cleaned(sentence)
    for mood, (pattern, spare) in _patterns().items():
        if pattern.search(clean if spare is None else spare.sub(" ", clean)):
            return mood
    return None


@cache
def _patterns(path: Path = MOODS) -> Mapping[Mood, tuple[re.Pattern[str], re.Pattern[str] | None]]:
    """What marks each mood, and what is taken out of a sentence before these marks are looked for."""
    moods = read_file(path, dict[Mood, dict[str, _Marks]], must="be made like moods.toml")
    found: dict[Mood, tuple[re.Pattern[str], re.Pattern[str] | None]] = {}
    for mood, languages in moods.items():
        spared = [re.escape(word) for marks in languages.values() for word in marks.spare]
        found[mood] = re.compile("|".join(_parts(languages))), re.compile("|".join(spared)) if spared else None
    return found


def _parts(languages: Mapping[str, _Marks]) -> list[str]:
    """English words are whole ones; other languages put endings to theirs."""
    parts: list[str] = []
    for language, marks in languages.items():
        whole = r"(?![\w'])" if language == "en" else ""
        parts += [rf"^\W*{re.escape(word)}{whole}" for word in marks.begins]
        parts += [(r"(?<![\w'])" if whole else "") + re.escape(word) + whole for word in marks.holds]
        parts += [rf"{re.escape(word)}[^\w?？]*$" for word in marks.ends]
        parts += [rf"{re.escape(word)}(?!\w)" for word in marks.end_of_words]
    return parts
