"""Whether a sentence says what is wrong at all: one that names a part and no state does not, nor does a complaint.

A tower puts "bearing" and "the motor sounds strange" wherever their letters lie, mostly at health: no training sentence
is like them. What they lack is told by words (vague.toml), misspelt ones among them, and no cosine is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from export.text.concepts import PARTS
from export.text.encoders import FOLDER, read_file
from export.text.glossary import GlossaryEncoder
from export.text.moods import cleaned
from export.text.typos import is_slip

VAGUE = FOLDER / "vague.toml"
SHORTEST = {"en": 5, "ko": 6}
"""Letters of a word, jamo in Korean, from which a slip of it is taken for it: of a shorter one it may be another."""
SAYS_NOTHING = (*PARTS, "in_order", "persists", "other_cause")
"""Concepts that say of no part what is wrong with it ("sounds" counts as a word of good order)."""
FAULTY_ITSELF = ("alignment", "balance")
"""Those that name a property: when it is not right, that is the fault."""
PARTICLES = (
    *(
        "이",
        "가",
        "은",
        "는",
        "을",
        "를",
        "의",
        "에",
        "에서",
        "에도",
        "에는",
        "도",
        "과",
        "와",
        "로",
        "으로",
        "만",
        "들",
        "이나",
    ),
    *("나", "랑", "이랑", "하고", "에서의", "에서는", "까지", "부터"),
)

Vague = Literal["part alone", "complaint"]
Kind = Literal["whole", "part", "beside", "wrong", "complaint"]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those of one language."""

    whole: tuple[str, ...]
    part: tuple[str, ...]
    beside: tuple[str, ...]
    wrong: tuple[str, ...]
    complaint: tuple[str, ...]
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """The file, as sentences are held against it."""

    kinds: Mapping[str, Kind]  # of words
    slips: Mapping[str, tuple[str, Kind]]  # long words, or beginnings of Korean ones -> language and kind
    complaint: re.Pattern[str]
    told: re.Pattern[str]
    korean: tuple[str, ...]  # those of `kinds`, the longest first


def vague_in(sentence: str) -> Vague | None:
    """ "part alone", "complaint", or None for a sentence that says something else, or that denies.

    A word that no list knows may say what is wrong: with one, nothing counts as a part alone, and as a complaint only
    what holds a phrase of complaint.
    """
    known = _known()
    clean = cleaned(sentence)
    rest = known.complaint.sub(" ", clean)
    kinds = [_kinds_of(word, known) for word in re.findall(r"[^\W\d_]+", rest)]
    said = {kind for found in kinds for kind in found}
    named = _glossary().concepts_in(rest)
    concepts = named.difference(SAYS_NOTHING)
    if known.told.search(rest):
        return None
    if (rest != clean or "complaint" in said) and not concepts:
        return None if named.intersection(FAULTY_ITSELF) else "complaint"
    if not all(kinds):
        return None
    if "wrong" in said and "part" not in said and concepts <= {"damage"}:
        return "complaint"
    return "part alone" if "wrong" not in said and said & {"part", "whole"} and not concepts else None


def _kinds_of(word: str, known: _Known) -> Collection[Kind]:
    """What a word is, or each of the Korean words that it is made of; none for an unknown one."""
    for one in (word, word.removesuffix("s"), word.removesuffix("es")):
        if one in known.kinds:
            return (known.kinds[one],)
    if (parts := _parts_of(word, known)) is not None:
        return parts
    return {kind for of, (language, kind) in known.slips.items() if _is_misspelt(word, of, language, kind)}


def _parts_of(word: str, known: _Known) -> Sequence[Kind] | None:
    """The kinds of the Korean words that `word` is made of from beginning to end, with particles behind them."""
    for one in known.korean:
        if not word.startswith(one):
            continue
        rest = word.removeprefix(one)
        for particle in ("", *PARTICLES):
            if rest == particle:
                return (known.kinds[one],)
            if rest.startswith(particle) and (more := _parts_of(rest.removeprefix(particle), known)) is not None:
                return (known.kinds[one], *more)
    return None


def _is_misspelt(word: str, of: str, language: str, kind: Kind) -> bool:
    if language == "en":
        return is_slip(word, of) or is_slip(word.removesuffix("s"), of)
    stems = [word.removesuffix(particle) for particle in ("", *PARTICLES)]
    if kind == "complaint":  # the beginning of a verb
        stems.append(word[: len(of)])
    return any(is_slip(stem, of) for stem in stems)


def _slips(language: str, words: _Words) -> Iterator[tuple[str, tuple[str, Kind]]]:
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...]
    kinds = (("whole", words.whole), ("part", words.part), ("complaint", words.complaint))
    for kind, texts in kinds:
        for text in texts:
            if " " not in text and len(unicodedata.normalize("NFD", text)) >= SHORTEST[language]:
                yield text, (language, kind)


@cache
def _glossary() -> GlossaryEncoder:
    return GlossaryEncoder()


@cache
def _known(path: Path = VAGUE) -> _Known:
    languages = read_file(path, dict[str, _Words], must="be made like vague.toml")
    kinds: dict[str, Kind] = {}
    for words in languages.values():
        kinds.update((word, "beside") for word in words.beside)
        kinds.update((word, "wrong") for word in words.wrong)
        kinds.update((word, "part") for word in words.part)
        kinds.update((word, "whole") for word in words.whole)
    korean = sorted((*languages["ko"].beside, *languages["ko"].wrong, *languages["ko"].part, *languages["ko"].whole))
    return _Known(
        kinds,
        dict(one for language, words in languages.items() for one in _slips(language, words)),
        _pattern({language: words.complaint for language, words in languages.items()}, r"[a-z]*"),
        _pattern({language: words.told for language, words in languages.items()}, ""),
        tuple(sorted(korean, key=len, reverse=True)),
    )


def _pattern(phrases: Mapping[str, Sequence[str]], then: str) -> re.Pattern[str]:
    """English ones from where a word begins, with what the pattern `then` adds; Korean ones anywhere."""
    english = [
        rf"(?<![a-z]){re.escape(one)}{then}" if not one.startswith("n't") else re.escape(one) for one in phrases["en"]
    ]
    return re.compile("|".join([*english, *map(re.escape, phrases["ko"])]))
