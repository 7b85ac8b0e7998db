"""From which cosine on a sentence counts as near a fault: fixed by training sentences that a tower did not learn from.

Every fold's tower learns from sentences alone and reads those that it was not given. Nothing that `export texts`
measures with takes part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from agent.types import FAULTS, HEALTHY
from export.network.graph import Floats
from export.progress import track
from export.text.encoders import NONE, EncodedSentences, Sentences
from export.text.tower import Tower, describe, describe_whole
from export.training.recipe import TrainConfig
from export.training.sentences import sentence_draws, separate_texts

FOLDS = 3
ADMITTED = 0.05
"""Share of sentences that describe no fault which may lie above the limit: more than that, and a "no" is not heard."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Cosines of sentences to descriptions that they are no part of."""

    own: Floats  # of those that describe a fault, to it
    none: Floats  # of those that describe none, to the nearest fault but healthy


def fit_limit(sentences: Sentences, vectors: Floats, config: TrainConfig) -> float:
    """The cosine above which at most ADMITTED of the sentences about no fault lie; NaN where there are no such ones."""
    if NONE not in sentences.faults:
        return float("nan")
    return float(np.quantile(read_left_out(sentences, vectors, config).none, 1 - ADMITTED))


def read_left_out(sentences: Sentences, vectors: Floats, config: TrainConfig, *, folds: int = FOLDS) -> LeftOut:
    """Every sentence as a tower reads it that was trained on the other folds."""
    rng = np.random.default_rng([config.seed, 2])
    labels = np.array(sentences.faults)
    fold = _dealt(labels, folds, rng)
    own, none = [], []
    for number in track(range(folds), "sentences left out, part"):
        kept, out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        known = _taken(sentences, kept)
        torch.manual_seed(config.seed + number)
        tower = Tower(vectors.shape[1], config.dim)
        tower.start_from(vectors[kept])
        separate_texts(tower, config, EncodedSentences(known, vectors[kept]), sentence_draws(known, config), rng)
        cosines = describe(tower, vectors[out]) @ describe_whole(tower, vectors[kept], known, FAULTS).T
        for row, label in zip(cosines, labels[out], strict=True):
            if label == NONE:
                none.append(np.delete(row, FAULTS.index(HEALTHY)).max())
            else:
                own.append(row[FAULTS.index(label)])
    return LeftOut(np.array(own, np.float32), np.array(none, np.float32))


def _dealt(labels: NDArray[np.str_], folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """A fold for every sentence, the sentences of each label dealt out evenly."""
    fold = np.zeros(len(labels), dtype=np.intp)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def _taken(sentences: Sentences, rows: NDArray[np.intp]) -> Sentences:
    columns = (sentences.texts, sentences.faults, sentences.languages)
    return Sentences(*(tuple(column[row] for row in rows) for column in columns))
