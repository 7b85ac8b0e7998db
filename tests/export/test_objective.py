"""Every objective against a slow loop written from its definition."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from export.objective import OBJECTIVES, cosine_triplet, info_nce, sup_con

CLASSES = 3


def slow_triplet(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor) -> float:
    total = 0.0
    for anchor, label in zip(anchors, labels, strict=True):
        same = max(float(anchor @ t) for t, k in zip(texts, text_labels, strict=True) if k == label)
        other = max(float(anchor @ t) for t, k in zip(texts, text_labels, strict=True) if k != label)
        total += max(0.0, 0.4 - same + other)
    return total / len(anchors)


def slow_info_nce(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor) -> float:
    def one_way(rows: Tensor, row_labels: Tensor, columns: Tensor, column_labels: Tensor) -> float:
        terms = []
        for row, label in zip(rows, row_labels, strict=True):
            weights = [math.exp(float(row @ column) / 0.1) for column in columns]
            inside = sum(w for w, k in zip(weights, column_labels, strict=True) if k == label)
            if inside:
                terms.append(-math.log(inside / sum(weights)))
        return sum(terms) / len(terms)

    return (one_way(anchors, labels, texts, text_labels) + one_way(texts, text_labels, anchors, labels)) / 2


def slow_sup_con(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor) -> float:
    total = 0.0
    for anchor, label in zip(anchors, labels, strict=True):
        weights = [math.exp(float(anchor @ t) / 0.1) for t in texts]
        own = [math.log(w / sum(weights)) for w, k in zip(weights, text_labels, strict=True) if k == label]
        total -= sum(own) / len(own)
    return total / len(anchors)


ORACLES = {"triplet": slow_triplet, "infonce": slow_info_nce, "supcon": slow_sup_con}


def drawn(seed: int, anchors: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    vectors = functional.normalize(torch.randn(anchors, 5, generator=generator, dtype=torch.float64), dim=1)
    labels = torch.randint(0, CLASSES, (anchors,), generator=generator)
    texts = functional.normalize(torch.randn(2 * CLASSES, 5, generator=generator, dtype=torch.float64), dim=1)
    return vectors, labels, texts, torch.arange(CLASSES).repeat_interleave(2)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
@given(seed=st.integers(0, 1000), anchors=st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_equals_its_definition(name: str, seed: int, anchors: int) -> None:
    batch = drawn(seed, anchors)
    assert float(OBJECTIVES[name](*batch)) == pytest.approx(ORACLES[name](*batch), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_pulls_anchors_to_their_texts(name: str) -> None:
    anchors, labels, texts, text_labels = drawn(4, 6)
    anchors = anchors.clone().requires_grad_()
    before = OBJECTIVES[name](functional.normalize(anchors, dim=1), labels, texts, text_labels)
    torch.autograd.backward(before)
    assert anchors.grad is not None
    moved = functional.normalize((anchors - 0.05 * anchors.grad).detach(), dim=1)
    assert float(OBJECTIVES[name](moved, labels, texts, text_labels)) < float(before.detach())


def test_a_triplet_beyond_the_margin_costs_nothing() -> None:
    texts = torch.eye(3)
    labels = torch.arange(3)
    assert float(cosine_triplet(texts, labels, texts, labels)) == 0
    assert float(cosine_triplet(texts, labels, texts, labels, margin=1.5)) == pytest.approx(0.5)


def test_temperature_sharpens() -> None:
    texts, labels = torch.eye(3), torch.arange(3)
    for loss in (info_nce, sup_con):
        assert float(loss(texts, labels, texts, labels, temperature=0.05)) < float(loss(texts, labels, texts, labels))
