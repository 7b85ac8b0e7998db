"""The tower's part of training: which sentences a step draws, and how sentences alone are told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agent.types import FAULTS
from export.progress import track
from export.text.encoders import NONE, EncodedSentences, Sentences
from export.text.tower import Tower
from export.training.descent import step_down
from export.training.device import device_of
from export.training.objectives import OBJECTIVES, Objective
from export.training.recipe import TrainConfig
from export.training.sentence_pairs import dropout_positives, nearest_others

SentenceDraws: TypeAlias = Callable[[np.random.Generator], tuple[NDArray[np.intp], Tensor]]
"""Sentences of one step, as rows, and what they describe, as numbers of FAULTS and one beyond."""


def text_term(objective: Objective, texts: Tensor, targets: Tensor) -> Tensor:
    """Of described sentences (texts, dim), every other one towards those between them."""
    return objective(texts[::2], targets[::2], texts[1::2], targets[1::2])


def sentence_draws(sentences: Sentences, config: TrainConfig) -> SentenceDraws:
    """Draws `sentences_per_fault` of every fault that has any, in the order of FAULTS, then those that describe none.

    These are one more target, beyond FAULTS: away from every fault, and no vibration's.
    """
    labels = np.array(sentences.faults)
    per_fault = dict.fromkeys(FAULTS, config.sentences_per_fault) | {NONE: config.no_fault_sentences}
    numbers = [number for number, label in enumerate(per_fault) if per_fault[label] and (labels == label).any()]
    counts = [list(per_fault.values())[number] for number in numbers]
    pools = [np.flatnonzero(labels == list(per_fault)[number]) for number in numbers]
    targets = torch.tensor(numbers).repeat_interleave(torch.tensor(counts))

    def draw(rng: np.random.Generator) -> tuple[NDArray[np.intp], Tensor]:
        return np.concatenate([rng.choice(pool, count) for pool, count in zip(pools, counts, strict=True)]), targets

    return draw


def separate_texts(
    tower: Tower, config: TrainConfig, texts: EncodedSentences, draw: SentenceDraws, rng: np.random.Generator
) -> None:
    """Train the tower on sentences alone, so that vibrations start from descriptions that already stand apart.

    By SupCon; beside it, where the recipe says so, `dropout_positives` and, in the contrast set, `nearest_others`.
    """
    labels = np.array(texts.sentences.faults)
    device = device_of(tower)
    numbers = torch.tensor([(*FAULTS, NONE).index(label) for label in texts.sentences.faults])
    vectors = torch.from_numpy(texts.vectors).to(device)
    nearest = nearest_others(texts.vectors, labels, config.hard_sentences) if config.hard_sentences else None
    optimizer = torch.optim.AdamW(tower.parameters(), lr=config.learning_rate / 2, weight_decay=config.weight_decay)
    tower.train()
    for _ in track(range(min(config.text_steps, config.steps)), "sentences told apart, step"):
        (one, targets), (other, _) = draw(rng), draw(rng)
        contrast, others = other, targets
        if nearest is not None:
            hard = nearest[one, rng.integers(config.hard_sentences, size=len(one))]
            contrast, others = np.concatenate([other, hard]), torch.cat([targets, numbers[hard]])
        targets, others = targets.to(device), others.to(device)
        read = tower(vectors[one])
        loss = OBJECTIVES["supcon"](read, targets, tower(vectors[contrast]), others)
        if config.dropout_positives:
            loss = loss + config.dropout_positives * dropout_positives(read, tower(vectors[one]), targets)
        step_down(optimizer, loss)
