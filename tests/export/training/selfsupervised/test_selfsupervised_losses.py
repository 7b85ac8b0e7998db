"""Every loss without labels against its paper's equation in plain loops, and against another library that has it."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from export.training.selfsupervised.contrastive import nt_xent, queued_info_nce
from export.training.selfsupervised.prediction import regression, sinkhorn, swapped_prediction
from export.training.selfsupervised.redundancy import barlow_twins, vicreg

ONE, OTHER = (torch.randn(6, 5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
UNIT, OTHER_UNIT = (functional.normalize(vectors, dim=1) for vectors in (ONE, OTHER))
QUEUE = functional.normalize(torch.randn(9, 5, generator=torch.Generator().manual_seed(3)), dim=1)
STATES = torch.tensor([0, 0, 1, 1, 2, 3])


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def deviations(rows: list[list[float]], *, biased: bool) -> list[float]:
    columns = list(zip(*rows, strict=True))
    means = [sum(column) / len(column) for column in columns]
    less = 0 if biased else 1
    return [sum((v - m) ** 2 for v in c) / (len(c) - less) for c, m in zip(columns, means, strict=True)]


@pytest.mark.parametrize("apart", [None, STATES[:, None] != STATES[None, :]])
def test_nt_xent_is_equation_1(apart: Tensor | None) -> None:
    both = [*UNIT.tolist(), *OTHER_UNIT.tolist()]
    n, costs = len(UNIT), []
    for i in range(2 * n):
        partner = (i + n) % (2 * n)
        below = 0.0
        for k in range(2 * n):
            is_negative = k % n != i % n if apart is None else bool(apart[i % n, k % n])
            if k == partner or is_negative:
                below += math.exp(dot(both[i], both[k]) / 0.1)
        costs.append(-math.log(math.exp(dot(both[i], both[partner]) / 0.1) / below))
    assert float(nt_xent(UNIT, OTHER_UNIT, apart=apart)) == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_a_window_of_the_same_state_is_no_negative() -> None:
    apart = STATES[:, None] != STATES[None, :]
    assert nt_xent(UNIT, OTHER_UNIT, apart=apart) < nt_xent(UNIT, OTHER_UNIT)


def test_the_queue_s_loss_is_equation_1() -> None:
    apart = torch.arange(9)[None, :] % 3 != torch.arange(6)[:, None] % 3
    for allowed in (None, apart):
        costs = []
        for i, (query, key) in enumerate(zip(UNIT.tolist(), OTHER_UNIT.tolist(), strict=True)):
            own = math.exp(dot(query, key) / 0.1)
            rest = [
                math.exp(dot(query, negative) / 0.1)
                for k, negative in enumerate(QUEUE.tolist())
                if allowed is None or allowed[i, k]
            ]
            costs.append(-math.log(own / (own + sum(rest))))
        found = queued_info_nce(UNIT, OTHER_UNIT, QUEUE, apart=allowed)
        assert float(found) == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_regression_is_equation_2() -> None:
    costs = []
    for one, other in zip(ONE.tolist(), OTHER.tolist(), strict=True):
        long, far = math.sqrt(dot(one, one)), math.sqrt(dot(other, other))
        costs.append(sum((a / long - b / far) ** 2 for a, b in zip(one, other, strict=True)))
    assert float(regression(ONE, OTHER)) == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_sinkhorn_fills_prototypes_alike() -> None:
    scores = UNIT @ QUEUE[:4].T
    weights = [[math.exp(value / 0.05) for value in row] for row in scores.tolist()]
    for _ in range(3):
        totals = [sum(row[k] for row in weights) for k in range(4)]
        weights = [[value / total / 4 for value, total in zip(row, totals, strict=True)] for row in weights]
        weights = [[value / sum(row) / 6 for value in row] for row in weights]
    expected = torch.tensor(weights) * 6
    torch.testing.assert_close(sinkhorn(scores), expected, rtol=1e-4, atol=1e-6)
    many = sinkhorn(scores, rounds=200)
    torch.testing.assert_close(many.sum(dim=1), torch.ones(6))
    torch.testing.assert_close(many.sum(dim=0), torch.full((4,), 6 / 4), rtol=1e-3, atol=1e-3)


def test_swapped_prediction_is_equation_2() -> None:
    one, other = UNIT @ QUEUE[:4].T, OTHER_UNIT @ QUEUE[:4].T
    total = 0.0
    for target, scores in ((one, other), (other, one)):
        codes = sinkhorn(target).tolist()
        for code, row in zip(codes, scores.tolist(), strict=True):
            below = sum(math.exp(value / 0.1) for value in row)
            total -= sum(c * math.log(math.exp(v / 0.1) / below) for c, v in zip(code, row, strict=True))
    assert float(swapped_prediction(one, other)) == pytest.approx(total / 12, rel=1e-5)


def test_vicreg_is_its_three_terms() -> None:
    one, other = ONE.tolist(), OTHER.tolist()
    near = np.mean([(a - b) ** 2 for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)])
    hinges, covariances = [], 0.0
    for rows in (one, other):
        spread = deviations(rows, biased=False)
        hinges.append(sum(max(0.0, 1 - math.sqrt(value + 1e-4)) for value in spread) / 5)
        means = [sum(column) / 6 for column in zip(*rows, strict=True)]
        for i in range(5):
            for j in range(5):
                shared = sum((row[i] - means[i]) * (row[j] - means[j]) for row in rows) / 5
                covariances += 0.0 if i == j else shared**2 / 5
    expected = 25 * near + 25 * sum(hinges) / 2 + covariances
    assert float(vicreg(ONE, OTHER)) == pytest.approx(expected, rel=1e-5)


def test_barlow_twins_is_equation_1() -> None:
    def standard(rows: list[list[float]]) -> list[list[float]]:
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        scales = [math.sqrt(value + 1e-5) for value in deviations(rows, biased=True)]
        return [[(v - m) / s for v, m, s in zip(row, means, scales, strict=True)] for row in rows]

    one, other = standard(ONE.tolist()), standard(OTHER.tolist())
    total = 0.0
    for i in range(5):
        for j in range(5):
            correlation = sum(a[i] * b[j] for a, b in zip(one, other, strict=True)) / 6
            total += (1 - correlation) ** 2 if i == j else 5e-3 * correlation**2
    assert float(barlow_twins(ONE, OTHER)) == pytest.approx(total, rel=1e-5)


# ---------------------------------------------------------------------------------- another library, where it is there


@pytest.fixture
def lightly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Its packages without their `__init__`, and without torchvision, which pictures want: losses need torch alone."""
    found = importlib.util.find_spec("lightly")
    if found is None or found.origin is None:
        pytest.skip("the package lightly is not installed; `make field` installs it")
    root = Path(found.origin).parent
    for name in ("lightly", "lightly.loss", "lightly.models", "lightly.models.modules", "lightly.utils"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.parent.joinpath(*name.split(".")))]
        monkeypatch.setitem(sys.modules, name, package)
    pictures = types.ModuleType("torchvision.ops")
    pictures.StochasticDepth = object
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.ops", pictures)
    yield
    for name in [name for name in sys.modules if name.startswith("lightly.")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_another_library_says_the_same(lightly: None, seed: int) -> None:
    def of(module: str, name: str) -> type:
        loss: type = getattr(importlib.import_module(f"lightly.loss.{module}"), name)
        return loss

    generator = torch.Generator().manual_seed(seed)
    one, other = (torch.randn(12, 7, generator=generator) for _ in range(2))
    unit, other_unit = functional.normalize(one, dim=1), functional.normalize(other, dim=1)
    torch.testing.assert_close(nt_xent(unit, other_unit), of("ntx_ent_loss", "NTXentLoss")(temperature=0.1)(one, other))
    torch.testing.assert_close(vicreg(one, other), of("vicreg_loss", "VICRegLoss")()(one, other))
    torch.testing.assert_close(
        barlow_twins(one, other), of("barlow_twins_loss", "BarlowTwinsLoss")()(one, other), rtol=1e-4, atol=1e-4
    )
    cosine = of("negative_cosine_similarity", "NegativeCosineSimilarity")()(one, other)
    torch.testing.assert_close(regression(one, other), 2 + 2 * cosine)
    prototypes = functional.normalize(torch.randn(4, 7, generator=generator), dim=1)
    scores = [unit @ prototypes.T, other_unit @ prototypes.T]
    swav = of("swav_loss", "SwaVLoss")(temperature=0.1)(scores, [])
    torch.testing.assert_close(swapped_prediction(*scores), swav.squeeze(), rtol=1e-4, atol=1e-4)
    bank = of("ntx_ent_loss", "NTXentLoss")(temperature=0.1, memory_bank_size=(16, 7))
    queue = functional.normalize(torch.randn(16, 7, generator=generator), dim=1)
    bank.memory_bank.bank, bank.memory_bank.bank_ptr = queue.clone(), torch.zeros(1, dtype=torch.long)
    torch.testing.assert_close(queued_info_nce(unit, other_unit, queue), bank(one, other))
