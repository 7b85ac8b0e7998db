"""Whether a sentence states anything: one that asks, and one that speaks of what is to be done, do not."""

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

Mood = Literal["question", "plan"]


class _Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one language marks a mood."""

    begins: tuple[str, ...]
    holds: tuple[str, ...]
    ends: tuple[str, ...]


def mood_of(sentence: str) -> Mood | None:
    """ "question", "plan", or None for a sentence that states something, as far as its grammar shows."""
    clean = " ".join(unicodedata.normalize("NFC", sentence).lower().replace("’", "'").split())
    return next((mood for mood, pattern in _patterns().items() if pattern.search(clean)), None)


@cache
def _patterns(path: Path = MOODS) -> Mapping[Mood, re.Pattern[str]]:
    moods = read_file(path, dict[Mood, dict[str, _Marks]], must="be made like moods.toml")
    return {mood: re.compile("|".join(_parts(languages))) for mood, languages in moods.items()}


def _parts(languages: Mapping[str, _Marks]) -> list[str]:
    """English words are whole ones; other languages put endings to theirs."""
    parts: list[str] = []
    for language, marks in languages.items():
        whole = r"(?![\w'])" if language == "en" else ""
        parts += [rf"^\W*{re.escape(word)}{whole}" for word in marks.begins]
        parts += [(r"(?<![\w'])" if whole else "") + re.escape(word) + whole for word in marks.holds]
        parts += [rf"{re.escape(word)}[^\w?？]*$" for word in marks.ends]
    return parts
