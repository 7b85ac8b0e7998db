"""Sentences towards themselves under dropout, and their nearest ones of other labels, by slow loops; off by default."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import torch
from torch.nn import functional

from export.text.encoders import NONE, EncodedSentences, NgramEncoder, Sentences
from export.text.tower import Tower
from export.training.recipe import TrainConfig
from export.training.sentence_pairs import dropout_positives, nearest_others
from export.training.sentences import sentence_draws, separate_texts

TEXTS = Sentences(
    ("외륜 결함", "outer race fault", "내륜 결함", "inner race fault", "외륜 결함 없음", "no outer race fault"),
    ("outer_race", "outer_race", "inner_race", "inner_race", NONE, NONE),
    ("ko", "en", "ko", "en", "ko", "en"),
)
CONFIG = TrainConfig(dim=4, text_steps=3, sentences_per_fault=2, no_fault_sentences=2)


def test_dropout_positives_equal_their_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    once, again = (functional.normalize(torch.randn(5, 3, generator=generator).double(), dim=1) for _ in range(2))
    labels = [0, 0, 1, 2, 2]
    total = 0.0
    for i, anchor in enumerate(once):
        own = math.exp(float(anchor @ again[i]) / 0.05)
        others = sum(math.exp(float(anchor @ again[j]) / 0.05) for j in range(5) if labels[j] != labels[i])
        total -= math.log(own / (own + others)) / 5
    assert float(dropout_positives(once, again, torch.tensor(labels))) == pytest.approx(total)


def test_the_nearest_of_other_labels_are_denials_in_the_same_words() -> None:
    vectors, labels = NgramEncoder().encode(TEXTS.texts), np.array(TEXTS.faults)
    nearest = nearest_others(vectors, labels, 2)
    assert [TEXTS.texts[row] for row in nearest[:2, 0]] == ["외륜 결함 없음", "no outer race fault"]
    for row, found in enumerate(nearest):
        slow = sorted(np.flatnonzero(labels != labels[row]), key=lambda other: -float(vectors[row] @ vectors[other]))
        assert found.tolist() == slow[:2]
    with pytest.raises(ValueError, match="some label leaves 4"):
        nearest_others(vectors, labels, 5)


def told_apart(**changes: float) -> list[float]:
    vectors = NgramEncoder(dim=64).encode(TEXTS.texts)
    config = msgspec.structs.replace(CONFIG, **changes)
    torch.manual_seed(0)
    tower = Tower(64, 4)
    texts, rng = EncodedSentences(TEXTS, vectors), np.random.default_rng(0)
    separate_texts(tower, config, texts, sentence_draws(TEXTS, config), rng)
    weights: list[float] = tower.get_parameter("layers.3.bias").tolist()
    return [*weights, float(rng.random())]


def test_each_key_changes_the_training_and_nothing_does_by_default() -> None:
    usual = told_apart()
    assert told_apart() == usual
    assert told_apart(dropout_positives=0.5)[:-1] != usual[:-1]
    assert told_apart(hard_sentences=2) != usual
