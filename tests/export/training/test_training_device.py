"""A training elsewhere than on the processor: no tensor of a step stays behind, and its draws are the same."""

from __future__ import annotations

from contextlib import nullcontext

import msgspec
import numpy as np
import pytest
import torch
from elsewhere import DEVICE, Elsewhere, Named, send
from small_windows import SPEC, small_table

from agent.errors import ConfigError
from export.studies.columns.training_cache import descriptions
from export.text.tower import Tower
from export.training.device import chosen_device
from export.training.objectives import OBJECTIVES
from export.training.recipe import TrainConfig
from export.training.teacher_recipe import TeacherConfig
from export.training.train import (
    StepLoss,
    fit_scaling,
    lessons_of,
    sentence_draws,
    separate_texts,
    student_of,
    windows_of,
)

TABLE = small_table(4)
SCALING = fit_scaling(TABLE, SPEC, ())
CONFIG = TrainConfig(
    steps=2, text_steps=2, batch=8, sentences_per_fault=2, no_fault_sentences=2, text="ngrams", dim=8, dropout=0.2
)

QUICK = {"infonce", "quadruplet", "cosine_triplet/batch_hard/eliminated"}


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CUDA", "", "cpu:0"])
def test_what_is_no_device_is_refused_with_what_is(name: str) -> None:
    with pytest.raises(ConfigError, match="none of cpu, cuda, cuda:NUMBER"):
        chosen_device(name)


def test_a_gpu_that_is_not_there_is_refused_in_one_line() -> None:
    assert chosen_device("cpu") == torch.device("cpu")
    beyond = f"cuda:{torch.cuda.device_count()}"
    with pytest.raises(ConfigError, match="leave --device away, no training needs one") as refused:
        chosen_device(beyond)
    assert len(refused.value.problems) == 1
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="no GPU"):
            chosen_device("cuda")


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.long) for one in OBJECTIVES]
)
def test_a_step_elsewhere_is_the_step_here(name: str) -> None:
    config = msgspec.structs.replace(CONFIG, objective=name, teacher=None)
    assert _step(config, elsewhere=True) == _step(config, elsewhere=False)


@pytest.mark.long
def test_lessons_elsewhere_are_the_lessons_here() -> None:
    config = msgspec.structs.replace(CONFIG, teacher=TeacherConfig())
    assert _step(config, elsewhere=True) == _step(config, elsewhere=False)


def _step(config: TrainConfig, *, elsewhere: bool) -> tuple[float, float]:
    """Loss and sum of gradients of the first step, after sentences were told apart."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    texts = descriptions(config.text)
    windows = windows_of(TABLE, scaling=SCALING, spec=SPEC, recipe=config, rng=rng)
    lessons = lessons_of(windows)
    student, tower = student_of(config, SPEC, SCALING), Tower(texts.vectors.shape[1], config.dim)
    with Named() if elsewhere else nullcontext():
        for network in (student, tower, *([] if lessons is None else [lessons])) if elsewhere else ():
            send(network)
        draw = sentence_draws(texts.sentences, config)
        separate_texts(tower, config, texts, draw, rng)
        loss = StepLoss(student, tower, lessons, windows, texts, draw, rng)(0)
        assert isinstance(loss, Elsewhere) == elsewhere
        torch.autograd.backward(loss)
        learning = [*student.parameters(), *tower.parameters()]
        moved = sum(float(one.grad.abs().sum()) for one in learning if one.grad is not None)
        return float(loss.detach()), moved


def test_a_tensor_left_behind_is_noticed() -> None:
    with Named():
        there, here = torch.ones(3).to(DEVICE), torch.ones(3)
        assert there.device == DEVICE
        for meet in (torch.add, torch.dot):
            with pytest.raises(RuntimeError, match="two devices"):
                meet(there, here)
        assert isinstance(torch.zeros(3, device=there.device) + there * torch.tensor(2.0), Elsewhere)
