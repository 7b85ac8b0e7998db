"""The one table of what the agent says (`words.toml`), and how an entry of it becomes text.

`section.code` names an entry. A code without an entry, as of a newer agent's answer, is said with its underscores as
spaces; tests hold that every code of this version has words in every language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from agent.messages.particles import with_particles

Language: TypeAlias = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

TABLE = Path(__file__).with_name("words.toml")


@lru_cache(maxsize=1)
def table() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Section -> code -> language -> what is said: text, or in the section `text` title, sentence and advice."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


class Counted(int):
    """A number of things: `{files:file|files}` is filled in with it and with the word that goes with that number."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        return f"{int(self)} {one if self == 1 else many}" if bar else super().__format__(spec)


def say(code: str, language: Language, **filled: object) -> str:
    """The entry `section.code` with its `{fields}` filled in, numbers as `Counted`; KeyError where there is none."""
    section, _, name = code.partition(".")
    words: str = table()[section][name][language]
    said = words.format(**{name: Counted(one) if type(one) is int else one for name, one in filled.items()})
    return with_particles(said) if language == "ko" else said


def words_for(section: str, code: str, language: Language) -> str:
    """The words for a code that comes from elsewhere; its own letters where the table has none."""
    entry = table()[section].get(code)
    return code.replace("_", " ") if entry is None else str(entry[language])


def as_language(text: object) -> Language:
    """A language that somebody else named; English where it is none of ours."""
    return next((language for language in LANGUAGES if language == text), "en")
