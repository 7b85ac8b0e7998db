"""The learnt text tower: fixed sentence vectors -> the space of the vibration embeddings.

What windows are held against is freed of two things that are no part of what a fault is like: what all faults have in
common, which makes a window that lies between two of them fall to the one that is more like the rest; and how much its
sentences sound as if they described no fault, which differs from one wording to the next. Sentences are held against
whole descriptions: whether one is near a fault at all is told by what all faults have in common, too.

It never leaves the workstation; a bundle names it by the SHA-256 of its file, so that new sentences are only ever read
by the tower that the bundle's encoder was trained with.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.types import FAULTS
from export.network.dropout import Dropout
from export.network.graph import Floats, unit_rows
from export.text.encoders import NONE, EncodedSentences, Sentences, TextEncoder, TextError

HEARD = "heard"  # array of a stored tower


class Tower(nn.Module):
    """(n, text dim) -> unit vectors (n, dim). Dropping inputs at random keeps single n-grams from deciding.

    Until it is settled, `common` and `nothing` are 0, and nothing is freed of anything.
    """

    def __init__(self, inputs: int, dim: int, *, hidden: int = 128, dropout: float = 0.3) -> None:
        super().__init__()
        self.scale = math.sqrt(inputs)  # unit vectors become inputs of variance 1, so that texts differ from the start
        self.layers = nn.Sequential(Dropout(dropout), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, dim))
        self.register_buffer("near", torch.tensor(torch.nan))  # cosine from which a sentence is near a fault
        self.near: Tensor
        self.register_buffer("common", torch.zeros(dim))  # mean of whole descriptions
        self.common: Tensor
        self.register_buffer("nothing", torch.zeros(dim))  # unit vector towards sentences that describe no fault
        self.nothing: Tensor

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x * self.scale)
        return functional.normalize(y, dim=1)

    def start_from(self, vectors: Floats) -> None:
        """Let inputs that none of the training `vectors` has weigh nothing: what was never read says nothing."""
        with torch.no_grad():
            self.get_parameter("layers.1.weight")[:, torch.from_numpy(~vectors.any(axis=0))] = 0

    def settle(self, vectors: Floats, sentences: Sentences) -> None:
        """Fix what descriptions are freed of, once trained: from its training sentences and their fixed `vectors`.

        All but the top: Mu and Viswanath 2018 (arXiv 1702.01417), for descriptions in the place of words.
        """
        labels = np.array(sentences.faults)
        if (labels == NONE).any():
            read = describe(self, vectors[labels == NONE])
            self.nothing.copy_(functional.normalize(torch.from_numpy(read.mean(axis=0)), dim=0))
        faults = sorted(set(sentences.faults) - {NONE})
        self.common.copy_(torch.from_numpy(describe_faults(self, vectors, sentences, faults).mean(axis=0)))


def tower_bytes(tower: Tower, encoder_name: str, *, heard: Floats | None = None) -> bytes:
    """The tower as an .npz of float16 arrays, the same bytes for the same weights.

    With it `heard` (n, dim), what the encoder beside it makes of training windows; see `export.calibration.head_start`.
    """
    buffer = io.BytesIO()
    arrays = {name: value.detach().numpy().astype(np.float16) for name, value in tower.state_dict().items()}
    if heard is not None:
        arrays[HEARD] = heard.astype(np.float16)
    np.savez_compressed(buffer, encoder=np.array(encoder_name), **arrays)
    return buffer.getvalue()


def load_tower(content: bytes, encoder: TextEncoder) -> Tower:
    """The tower of `tower_bytes`, ready to read; TextError where it belongs to another text encoder."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        name = str(stored["encoder"])
        names = [key for key in stored.files if key not in ("encoder", HEARD)]
        arrays = {key: torch.from_numpy(stored[key].astype(np.float32)) for key in names}
    if name != encoder.name:
        raise TextError(f"the tower reads {name}, not {encoder.name}; choose that text encoder")
    hidden, inputs = arrays["layers.1.weight"].shape
    tower = Tower(inputs, len(arrays["layers.3.bias"]), hidden=hidden)
    tower.load_state_dict(dict(tower.named_buffers()) | arrays)  # older towers are stored without some buffers
    return tower.eval()


def heard_of(content: bytes) -> Floats | None:
    """What `tower_bytes` was given to store beside the tower, (n, dim)."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return stored[HEARD].astype(np.float32) if HEARD in stored.files else None


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def describe(tower: Tower, vectors: Floats) -> Floats:
    """Unit vectors (n, dim) of sentences whose fixed vectors are (n, text dim)."""
    tower.eval()
    with torch.no_grad():
        result: Floats = tower(torch.from_numpy(vectors)).numpy()
    return result


def describe_faults(tower: Tower, vectors: Floats, sentences: Sentences, faults: Sequence[str]) -> Floats:
    """What windows are held against: unit vectors (faults, dim) of each fault's sentences, whose fixed vectors are
    `vectors` (sentences, text dim), freed of what the tower was settled with."""
    apart = unit_rows(describe(tower, vectors) - tower.common.numpy())
    averaged = average_wordings(apart, sentences, faults)
    nothing = tower.nothing.numpy()
    return unit_rows(averaged - np.outer(averaged @ nothing, nothing))


def fault_centres(tower: Tower, texts: EncodedSentences) -> Floats:
    """`describe_faults` of all faults: what an encoder beside this tower names windows by."""
    return describe_faults(tower, texts.vectors, texts.sentences, FAULTS)


def describe_whole(tower: Tower, vectors: Floats, sentences: Sentences, faults: Sequence[str]) -> Floats:
    """The same freed of nothing: for what no training has set apart, and for sentences to be held against."""
    return average_wordings(describe(tower, vectors), sentences, faults)


def whole(tower: Tower, freed: Floats) -> Floats:
    """The unit vectors (faults, dim) that `freed` ones are when they get back what all have in common."""
    common = tower.common.numpy()
    along = freed @ common
    reach = np.sqrt(along**2 + 1 - common @ common) - along  # from `common` to the unit sphere
    return unit_rows(common + reach[:, np.newaxis] * freed)


def average_wordings(vectors: Floats, sentences: Sentences, faults: Sequence[str]) -> Floats:
    """One unit vector per fault (faults, dim): the mean over its sentences, every language with the same weight."""
    labels, languages = np.array(sentences.faults), np.array(sentences.languages)
    rows = []
    for fault in faults:
        per_language = [
            vectors[(labels == fault) & (languages == language)].mean(axis=0)
            for language in sorted(set(sentences.languages))
            if ((labels == fault) & (languages == language)).any()
        ]
        mean = np.mean(per_language, axis=0)
        rows.append(mean / np.linalg.norm(mean))
    return np.array(rows, dtype=np.float32)


def nearest_fault_share(
    vectors: Floats, sentences: Sentences, centres: Floats, faults: Sequence[str]
) -> Mapping[str, float]:
    """Per language the share of sentences whose nearest fault centre is their own."""
    nearest = np.array(faults)[(vectors @ centres.T).argmax(axis=1)]
    right = nearest == np.array(sentences.faults)
    languages = np.array(sentences.languages)
    return {language: float(right[languages == language].mean()) for language in sorted(set(sentences.languages))}
