"""A training whose objective wants a queue keeps one, and goes down what it holds."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from agent.types import FAULTS
from export.training.objectives import OBJECTIVES, QUEUED, info_nce
from export.training.queue import Queue
from export.training.recipe import TrainConfig
from export.training.train import _objective, queue_of


def test_only_queued_objectives_have_a_queue() -> None:
    assert queue_of(TrainConfig()) is None
    for name, most in QUEUED.items():
        assert name in OBJECTIVES
        queue = queue_of(TrainConfig(objective=name, dim=8))
        assert queue is not None
        assert queue.vectors.shape == (most, 8)


def test_sentences_of_the_steps_before_stand_beside_those_of_this_one() -> None:
    generator = torch.Generator().manual_seed(0)
    raw, texts, before = (functional.normalize(torch.randn(8, 4, generator=generator), dim=1) for _ in range(3))
    targets, described = torch.arange(8) % 3, torch.arange(8) % 3
    config = TrainConfig(objective="infonce/queue", dim=4, text_weight=0.0, length_weight=0.0)
    queue = Queue(16, 4)
    empty = float(_objective(raw, targets, texts, described, config, queue))
    assert empty == pytest.approx(float(info_nce(raw, targets, texts, described)))
    queue.push(before, described)
    beside = info_nce(raw, targets, torch.cat([texts, before]), torch.cat([described, described]))
    told = float(_objective(raw, targets, texts, described, config, queue))
    assert told == pytest.approx(float(beside))
    assert abs(told - empty) > 0.01
    assert len(FAULTS) > int(described.max())
