"""Sentences that describe no fault: denied defects, parts in good order, other subjects; and the defects affirmed.

A denial and an affirmation are written around the same words, so that what a tower learns from them is the "no". Which
words and which ways to deny are trained on and which only measure stands in two files that share no form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent.types import FAULTS
from export.text.encoders import FOLDER, NONE, Sentences, TextError, read_file, read_wordings, sentences_of
from export.text.forms import fill, thinned
from export.text.said import SAID, read_said
from export.text.written import WRITTEN, read_written

Kind = Literal["denied", "sound", "topic", "other"]
KINDS: tuple[Kind, ...] = ("denied", "sound", "topic", "other")
WORDINGS = FOLDER / "training.toml"
TRAINING, UNSEEN = FOLDER / "negatives.toml", FOLDER / "negatives-unseen.toml"
EVERY = 3  # of the forms around each word: all forms and words occur, without ten thousand sentences


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
    languages = read_file(path, dict[str, _Forms], must="be made like negatives.toml")
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
            denied = thinned(forms.denials, number, every)
            negatives += [Negative(fill(form, word), "denied", language, fault) for form in denied]
        for number, part in enumerate(forms.parts):
            praised = thinned(forms.praises, number, every)
            negatives += [Negative(fill(form, part), "sound", language) for form in praised]
        whole: tuple[tuple[Kind, tuple[str, ...]], ...]
        whole = (("denied", forms.denied), ("sound", forms.sound), ("topic", forms.topic), ("other", forms.other))
        negatives += [Negative(text, kind, language) for kind, texts in whole for text in texts]
        table = {fault: list(texts) for fault, texts in forms.meant.items() if not faults or fault in faults}
        for number, (fault, word) in enumerate(defects):
            table.setdefault(fault, []).extend(fill(f, word) for f in thinned(forms.affirmations, number, every))
        affirmed[language] = {fault: tuple(texts) for fault, texts in table.items()}
    return Contrasts(tuple(negatives), affirmed)


def training_sentences(faults: Sequence[str] = FAULTS, *, said: bool = True) -> Sentences:
    """All that a tower learns from: the wordings, defects affirmed, and what describes no fault (labelled NONE).

    Without `said`, what towers learnt from before people's own words and sentences were written down.
    """
    described = sentences_of(read_wordings(WORDINGS), faults)
    contrasts = read_contrasts(faults=faults, every=EVERY)
    rows = list(zip(described.texts, described.faults, described.languages, strict=True))
    for language, table in contrasts.affirmed.items():
        rows += [(text, fault, language) for fault, texts in table.items() for text in texts]
    rows += [(one.text, NONE, one.language) for one in contrasts.negatives]
    if said:
        known = {text for text, _, _ in rows}
        more = (*read_said(faults=faults), *read_written(faults=faults))
        rows += [(one.text, one.fault, one.language) for one in more if one.text not in known]
    return Sentences(*(tuple(column) for column in zip(*rows, strict=True)))


def wordings_digest(*, said: bool = True) -> str:
    """SHA-256 over the files that `training_sentences` reads."""
    files = (WORDINGS, TRAINING, SAID, WRITTEN) if said else (WORDINGS, TRAINING)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def sentences_of_digest(digest: str) -> Sentences | None:
    """Those that a run of this `wordings_digest` was trained with; None where the files hold them no longer."""
    said = next((said for said in (True, False) if wordings_digest(said=said) == digest), None)
    return None if said is None else training_sentences(said=said)
