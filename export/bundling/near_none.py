"""What a sentence that is near no fault reads like: a denied defect or praised part, or something else altogether.

The tower puts all of these near nothing and tells them apart no further; the encoder below it still does. Held against
a few training sentences of each kind, since every one has to be read once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from export.bundling.sentence_reader import Reader
from export.network.graph import unit_rows
from export.text.encoders import LANGUAGES
from export.text.no_fault import EVERY, KINDS, Negative, read_contrasts

EACH = 10  # sentences of each kind and language
VOTES = 3  # nearest ones that decide
DENIES = ("denied", "sound")

Like = Literal["denial", "other"]


@dataclass(frozen=True, slots=True)
class ReadsLike:
    """Of which kind most of the nearest sentences are, and the nearest one of these."""

    kind: Like
    example: str


def reads_like(sentence: str, reader: Reader) -> ReadsLike:
    """What `sentence` is most like among sentences that describe no fault.

    A fault that nobody has described is none of these: half of such sentences look like either kind.
    """
    known = _few()
    vectors = unit_rows(reader.encoder.encode([sentence, *(one.text for one in known)]))
    cosines = vectors[1:] @ vectors[0]
    nearest = np.argsort(-cosines, kind="stable")[:VOTES].tolist()
    votes: dict[Like, float] = {"denial": 0.0, "other": 0.0}
    for row in nearest:
        votes[_kind(known[row])] += float(cosines[row])
    kind = max(votes, key=lambda one: votes[one])
    return ReadsLike(kind, next(known[row].text for row in nearest if _kind(known[row]) == kind))


def _kind(one: Negative) -> Like:
    return "denial" if one.kind in DENIES else "other"


def _few() -> list[Negative]:
    """Evenly spread over those of each kind and language."""
    found: list[Negative] = []
    negatives = read_contrasts(every=EVERY).negatives
    for kind in KINDS:
        for language in LANGUAGES:
            of = [one for one in negatives if (one.kind, one.language) == (kind, language)]
            found += [of[row] for row in np.unique(np.linspace(0, len(of) - 1, EACH).astype(np.intp))]
    return found
