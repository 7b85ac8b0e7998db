"""Sentences that describe no fault: denied defects, parts in good order, other subjects; and the defects affirmed.

A denial and an affirmation are written around the same words, so that what a tower learns from them is the "no". Which
words and which ways to deny are trained on and which only measure stands in two files that share no form.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent.types import FAULTS
from export.text.encoders import FOLDER, NONE, Sentences, TextError, read_wordings, sentences_of

Kind = Literal["denied", "sound", "topic", "other"]
KINDS: tuple[Kind, ...] = ("denied", "sound", "topic", "other")
WORDINGS = FOLDER / "training.toml"
TRAINING, UNSEEN = FOLDER / "negatives.toml", FOLDER / "negatives-unseen.toml"
EVERY = 3  # of the forms around each word: all forms and words occur, without ten thousand sentences

_PARTICLES = {"이(가)": ("이", "가"), "은(는)": ("은", "는"), "을(를)": ("을", "를"), "과(와)": ("과", "와")}
_PARTICLES |= {"(이)라": ("이라", "라"), "(으)로": ("으로", "로")}
_HANGUL, _FINALS, _RIEUL = 0xAC00, 28, 8


class _Forms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language of a file."""

    denials: tuple[str, ...]
    praises: tuple[str, ...]
    affirmations: tuple[str, ...]
    defects: Mapping[str, tuple[str, ...]]
    parts: tuple[str, ...]
    sound: tuple[str, ...]
    topic: tuple[str, ...]
    other: tuple[str, ...]
    meant: Mapping[str, tuple[str, ...]] = {}
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Negative:
    """A sentence that describes no fault. `fault` is the one that a denial denies, else None."""

    text: str
    kind: Kind
    language: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Contrasts:
    """What one file holds, written out."""

    negatives: tuple[Negative, ...]
    affirmed: Mapping[str, Mapping[str, tuple[str, ...]]]  # language -> fault -> sentences


def read_contrasts(path: Path = TRAINING, *, faults: Sequence[str] | None = None, every: int = 1) -> Contrasts:
    """The sentences of `path`; TextError names what is wrong.

    With `faults`, defects of other faults are left out. Each defect or part takes every `every`-th form, the next
    one another, so that all forms and all words occur.
    """
    try:
        languages = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, _Forms])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TextError(f"{path}: {error}; it must be made like negatives.toml") from error
    negatives: list[Negative] = []
    affirmed: dict[str, dict[str, tuple[str, ...]]] = {}
    for language, forms in languages.items():
        for form in (*forms.denials, *forms.praises, *forms.affirmations):
            if form.count("{}") != 1:
                raise TextError(f"{path}: {language}: {form!r} must hold {{}} once, where the word goes")
        defects = [
            (fault, word) for fault, words in forms.defects.items() if not faults or fault in faults for word in words
        ]
        for number, (fault, word) in enumerate(defects):
            denied = _thinned(forms.denials, number, every)
            negatives += [Negative(fill(form, word), "denied", language, fault) for form in denied]
        for number, part in enumerate(forms.parts):
            praised = _thinned(forms.praises, number, every)
            negatives += [Negative(fill(form, part), "sound", language) for form in praised]
        whole: tuple[tuple[Kind, tuple[str, ...]], ...]
        whole = (("denied", forms.denied), ("sound", forms.sound), ("topic", forms.topic), ("other", forms.other))
        negatives += [Negative(text, kind, language) for kind, texts in whole for text in texts]
        table = {fault: list(texts) for fault, texts in forms.meant.items() if not faults or fault in faults}
        for number, (fault, word) in enumerate(defects):
            table.setdefault(fault, []).extend(fill(f, word) for f in _thinned(forms.affirmations, number, every))
        affirmed[language] = {fault: tuple(texts) for fault, texts in table.items()}
    return Contrasts(tuple(negatives), affirmed)


def training_sentences(faults: Sequence[str] = FAULTS) -> Sentences:
    """All that a tower learns from: the wordings, defects affirmed, and what describes no fault (labelled NONE)."""
    described = sentences_of(read_wordings(WORDINGS), faults)
    contrasts = read_contrasts(faults=faults, every=EVERY)
    rows = list(zip(described.texts, described.faults, described.languages, strict=True))
    for language, table in contrasts.affirmed.items():
        rows += [(text, fault, language) for fault, texts in table.items() for text in texts]
    rows += [(one.text, NONE, one.language) for one in contrasts.negatives]
    return Sentences(*(tuple(column) for column in zip(*rows, strict=True)))


def wordings_digest() -> str:
    """SHA-256 over the files that `training_sentences` reads."""
    return hashlib.sha256(WORDINGS.read_bytes() + TRAINING.read_bytes()).hexdigest()


def fill(form: str, word: str) -> str:
    """`word` in the place of {} in `form`, with the Korean particle behind it that its last syllable asks for."""
    before, after = form.split("{}")
    for marked, (closed, open_) in _PARTICLES.items():
        if after.startswith(marked):
            after = (closed if _is_closed(word, marked) else open_) + after.removeprefix(marked)
    text = re.sub(r"\s+", " ", before + word + after).strip()
    return text[:1].upper() + text[1:] if form[:1].isupper() else text


def _is_closed(word: str, marked: str) -> bool:
    """Whether the last syllable ends in a consonant; ㄹ counts as none before 로. Other scripts count as open."""
    code = ord(word[-1]) - _HANGUL
    if not 0 <= code < 11_172:
        return False
    final = code % _FINALS
    return final != 0 and not (marked == "(으)로" and final == _RIEUL)


def _thinned(forms: Sequence[str], number: int, every: int) -> Sequence[str]:
    return forms[number % every :: every]
