"""What a shop floor says: kinds of denials, faults insisted on, jargon, misspellings, talk of machines.

What trains (said.toml) and what measures (said-unseen.toml) have no sentence or form in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from export.text.encoders import FOLDER, NONE, TextError, read_file
from export.text.forms import fill, thinned
from export.text.typos import typos

SAID, SAID_UNSEEN = FOLDER / "said.toml", FOLDER / "said-unseen.toml"
DENIED_EVERY, INSISTED_EVERY, TYPOS = 14, 3, 2
"""Each defect stands in every so many forms, and is misspelt in so many ways."""


class _Spoken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language of a file."""

    denied: Mapping[str, tuple[str, ...]]
    jargon: Mapping[str, tuple[str, ...]]
    misspelt: Mapping[str, tuple[str, ...]]
    insisted: tuple[str, ...] | Mapping[str, tuple[str, ...]]
    defects: Mapping[str, tuple[str, ...]] = {}
    topic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SaidSentence:
    """`kind` is "insisted", "jargon", "misspelt", "topic" or that of a denial; `fault` is NONE for the last two."""

    text: str
    kind: str
    language: str
    fault: str


def read_said(path: Path = SAID, *, faults: Sequence[str] | None = None) -> tuple[SaidSentence, ...]:
    """The sentences of `path`, every one once; TextError names what is wrong.

    With `faults`, what describes others is left out, and so is what is said around the names of others' defects.
    """
    languages = read_file(path, dict[str, _Spoken], must="be made like said.toml")
    rows = [row for language, spoken in languages.items() for row in _sentences(path, language, spoken, faults)]
    first = {(row.language, plain(row.text)): row for row in reversed(rows)}
    return tuple(row for row in reversed(first.values()) if faults is None or row.fault in (*faults, NONE))


def plain(text: str) -> str:
    """`text` without what makes no other sentence of it: case, spaces, the full stop."""
    return "".join(text.lower().split()).rstrip(".")


def _sentences(path: Path, language: str, spoken: _Spoken, faults: Sequence[str] | None) -> list[SaidSentence]:
    insisted = spoken.insisted if isinstance(spoken.insisted, Mapping) else {}
    around = () if isinstance(spoken.insisted, Mapping) else spoken.insisted
    forms = [(kind, text) for kind, texts in spoken.denied.items() for text in texts]
    for form in (*around, *(text for _, text in forms)):
        if form.count("{}") > 1 or ("{}" in form and not spoken.defects):
            raise TextError(f"{path}: {language}: {form!r} may hold {{}} once, where one of `defects` goes")
    whole = [(kind, text) for kind, text in forms if "{}" not in text]
    open_ = [(kind, text) for kind, text in forms if "{}" in text]
    whole += [("topic", text) for text in spoken.topic]
    rows = [SaidSentence(text, kind, language, NONE) for kind, text in whole]
    described: tuple[tuple[str, Mapping[str, tuple[str, ...]]], ...]
    described = (("insisted", insisted), ("jargon", spoken.jargon), ("misspelt", spoken.misspelt))
    for kind, table in described:
        rows += [SaidSentence(text, kind, language, fault) for fault, texts in table.items() for text in texts]
    defects = [(f, word) for f, words in spoken.defects.items() if faults is None or f in faults for word in words]
    for number, (fault, word) in enumerate(defects):
        rows += [
            SaidSentence(fill(text, word), kind, language, NONE)
            for kind, text in open_[number % DENIED_EVERY :: DENIED_EVERY]
        ]
        rows += [
            SaidSentence(fill(form, word), "insisted", language, fault)
            for form in thinned(around, number, INSISTED_EVERY)
        ]
        rows += [SaidSentence(text, "misspelt", language, fault) for text in typos(word, TYPOS)]
    return rows
