"""Which concepts a sentence names, whichever language it is in, and what it says of them: the part that hears a "no".

A concept that no training sentence names moves nothing, because the tower above starts without weights for it. The
glossary's hash is part of the encoder's name, so a tower never reads by another glossary than it was trained with;
glossaries that stored towers were trained with are kept beside the newest one.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from export.network.graph import Floats, unit_rows
from export.progress import track

GLOSSARY = Path(__file__).parent / "wordings" / "glossary.toml"
SAID_OF = ("no", "in_order", "damage", "dismissed", "persists")
"""Concepts that say something of the others; a file begins with them, or with the first three."""
FEWEST_SAID_OF = 3


class GlossaryEncoder:
    """Concepts named, one that says "none", and every concept once more beside each of SAID_OF and beside no denial.

    Conjunctions are given because "not balanced" and "not damaged" differ in nothing else. ValueError where `path` does
    not begin with SAID_OF.
    """

    def __init__(self, path: Path = GLOSSARY) -> None:
        content = path.read_bytes()
        concepts = msgspec.convert(tomllib.loads(content.decode()), dict[str, dict[str, tuple[str, ...]]])
        self._said_of = _leading(tuple(concepts))
        if self._said_of < FEWEST_SAID_OF:
            raise ValueError(f"{path}: must begin with {', '.join(SAID_OF)}")
        self.name = _name(content)
        self.concepts = tuple(concepts)
        self.dim = (2 + self._said_of) * len(concepts) + 1
        self._heard = [(name, _words(words), _pattern(words)) for name, words in concepts.items()]

    def encode(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dim), rows of unit length."""
        rows = np.array([self._row(text) for text in track(texts, "sentences read by the glossary")], dtype=np.float32)
        return unit_rows(rows)

    def concepts_in(self, text: str) -> frozenset[str]:
        """The names of the concepts that `text` names."""
        clean = f" {' '.join(unicodedata.normalize('NFC', text).lower().split())} "
        return frozenset(
            name
            for name, words, pattern in self._heard
            if any(word in clean for word in words) and pattern.search(clean)  # a pattern takes ten times as long
        )

    def _row(self, text: str) -> list[float]:
        found = self.concepts_in(text)
        named = [float(concept in found) for concept in self.concepts]
        row = [*named, float(not any(named))]
        for word in named[: self._said_of]:
            row += [one * word for one in named]
        plain = not any(named[:2])
        return row + [one * plain for one in named]


def glossary_file(name: str) -> Path | None:
    """That of the glossary which `GlossaryEncoder` calls `name`, or the newest one for "glossary"; None if not kept."""
    if name in ("glossary", _name(GLOSSARY.read_bytes())):
        return GLOSSARY
    return next((path for path in GLOSSARY.parent.glob("glossary-*.toml") if path.stem == name), None)


def _name(content: bytes) -> str:
    return f"glossary-{hashlib.sha256(content).hexdigest()[:8]}"


def _leading(concepts: tuple[str, ...]) -> int:
    """With how many of SAID_OF `concepts` begin."""
    return next((at for at, name in enumerate(SAID_OF) if concepts[at : at + 1] != (name,)), len(SAID_OF))


def _words(words: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """All of them, of which a sentence that names the concept has at least one in it."""
    return tuple(word for table in words.values() for word in table)


def _pattern(words: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """English words from where they begin, n't at the end of any; other languages anywhere."""
    english = [re.escape(word) if word.startswith("n't") else rf"(?<![a-z]){re.escape(word)}" for word in words["en"]]
    others = [re.escape(word) for language, table in words.items() if language != "en" for word in table]
    return re.compile("|".join([*english, *others]))
