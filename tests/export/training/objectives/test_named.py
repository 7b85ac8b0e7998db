"""Objectives by name: with a parameter they are the same function with that number, and nothing else is taken."""

from __future__ import annotations

import pytest
import torch

from agent.errors import ConfigError
from export.training.objectives import OBJECTIVES
from export.training.objectives.named import objective_of, parameters_of, problem_with
from export.training.objectives.ranking import cosine_triplet
from export.training.objectives.softmax import info_nce

DRAWN = torch.nn.functional.normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(0)), dim=1)
LABELS = torch.arange(12) % 3
BATCH = (DRAWN[:6], LABELS[:6], DRAWN[6:], LABELS[6:])


def test_a_parameter_is_that_of_the_function() -> None:
    assert objective_of("infonce@temperature=0.05")(*BATCH) == info_nce(*BATCH, temperature=0.05)
    assert objective_of("triplet@margin=.8")(*BATCH) == cosine_triplet(*BATCH, margin=0.8)
    both = objective_of("quadruplet@margin=0.1@second_margin=3e-1")(*BATCH)
    assert both == OBJECTIVES["quadruplet"](*BATCH, margin=0.1, second_margin=0.3)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_parameter_of_every_objective_can_be_said(name: str) -> None:
    assert objective_of(name) is OBJECTIVES[name]
    assert parameters_of(name)
    plain = objective_of(name)(*BATCH)
    for key, default in parameters_of(name).items():
        assert objective_of(f"{name}@{key}={default:g}")(*BATCH) == pytest.approx(plain)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tripel", "'tripel' is none of triplet, infonce"),
        ("", "'' is none of triplet"),
        ("tripel@margin=0.1", "'tripel' is none of triplet"),
        ("triplet@", "'' is none of margin"),
        ("triplet@temperature=0.1", "'temperature' is none of margin"),
        ("infonce@Temperature=0.1", "'Temperature' is none of temperature"),
        ("triplet@margin", "'' is not a number above 0, as in triplet@margin=0.4"),
        ("triplet@margin=wide", "'wide' is not a number above 0"),
        *((f"triplet@margin={value}", "is not a number above 0") for value in ("0", "-1", "nan", "1e999", "1_0", " 1")),
        ("triplet@margin=0.1@margin=0.2", "stands there twice"),
    ],
)
def test_what_is_no_objective_is_refused_with_what_may_stand_there(name: str, said: str) -> None:
    problem = problem_with(name)
    assert problem is not None
    assert said in problem
    with pytest.raises(ConfigError):
        objective_of(name)
