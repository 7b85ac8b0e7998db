"""Sentences as a bundle's own text tower reads them, and which of its faults they are near.

Vectors mean something beside one encoder alone: a tower whose SHA-256 is not the one in the bundle's manifest reads
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from agent.bundle.load import Bundle
from export.bundling.stored_towers import SHIPPED, stored_tower
from export.network.graph import Floats
from export.progress import busy
from export.text.encoders import Sentences, TextEncoder, encoder_name, text_encoder
from export.text.tower import Tower, describe, describe_faults, describe_whole, heard_of, load_tower, whole

NEAR = 0.85
"""Cosine from which a sentence counts as near a fault, where a tower was stored without a limit of its own."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A bundle's text tower with the encoder below it."""

    encoder: TextEncoder
    tower: Tower
    heard: Floats | None = None  # (n, dim) embeddings of windows trained on; None where a tower was stored without
    stored: bytes = b""  # the tower's file

    @property
    def near(self) -> float:
        """Cosine from which a sentence counts as near a fault, as fixed in training (`near_limit`)."""
        limit = float(self.tower.near)
        return NEAR if math.isnan(limit) else limit

    def read(self, sentences: Sequence[str]) -> Floats:
        """Unit vectors (n, dim) in the space of the bundle's embeddings."""
        return describe(self.tower, self.encoder.encode(sentences))

    def cosines(self, sentences: Sequence[str], bundle: Bundle) -> Floats:
        """How near each sentence is to the whole description of each fault of `bundle`, (n, faults)."""
        cosines: Floats = self.read(sentences) @ self.whole_descriptions(bundle).T
        return cosines

    def whole_descriptions(self, bundle: Bundle) -> Floats:
        """Those of each fault of `bundle` (faults, dim), as sentences are held against them."""
        vectors, faults = bundle.descriptions.vectors, bundle.descriptions.faults
        trained = np.isin(faults, bundle.manifest.trained)  # the others are whole
        return np.where(trained[:, np.newaxis], whole(self.tower, vectors), vectors)

    def describe(self, sentences: Sentences, faults: Sequence[str], *, trained: Sequence[str]) -> Floats:
        """What windows are held against for each fault, (faults, dim).

        A fault that is none of those `trained` is described whole: it is told by what it shares with others, since no
        training has put what sets it apart anywhere.
        """
        vectors = self.encoder.encode(sentences.texts)
        freed, untaught = (make(self.tower, vectors, sentences, faults) for make in (describe_faults, describe_whole))
        return np.where(np.isin(faults, trained)[:, np.newaxis], freed, untaught)


class Near(msgspec.Struct, frozen=True):
    """A fault's likeness to a sentence."""

    fault: str
    similarity: float


def reader_of(bundle: Bundle, tower: Path | None = None, *, folder: Path | str = SHIPPED) -> Reader:
    """The tower of `bundle`, which lies in `folder`; TextError where `stored_tower` does not find it."""
    manifest = bundle.manifest
    content = stored_tower(folder, manifest.tower_sha256, tower, called=f"{manifest.name} {manifest.version}")
    with busy("loading the text tower"):
        encoder = text_encoder(encoder_name(content))
    return Reader(encoder, load_tower(content, encoder), heard_of(content), content)


def rank(bundle: Bundle, reader: Reader, sentence: str) -> tuple[Near, ...]:
    """Every fault of the bundle by the cosine of its description and `sentence`, nearest first."""
    similarity = reader.cosines([sentence], bundle)[0]
    order = np.argsort(-similarity, kind="stable")
    return tuple(Near(bundle.descriptions.faults[i], float(similarity[i])) for i in order)
