"""Tiled losses are the plain ones: the same number and the same gradients, whatever the tile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from drawn_inputs import costly
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from export.training.objectives.debiased import debiased
from export.training.objectives.mixing import mixed_negatives
from export.training.objectives.ranking import cosine_triplet
from export.training.objectives.softmax import info_nce, sincere
from export.training.objectives.tiled import tiled_cosine_triplet, tiled_info_nce

PAIRS: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    "infonce": (info_nce, tiled_info_nce),
    "triplet": (cosine_triplet, tiled_cosine_triplet),
}


def drawn(seed: int, anchors: int, texts: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every label of an anchor among the texts, and one that no anchor has."""
    generator = torch.Generator().manual_seed(seed)
    vectors = [
        functional.normalize(torch.randn(n, 6, generator=generator, dtype=torch.float64), dim=1)
        for n in (anchors, texts)
    ]
    labels = torch.randint(0, 3, (anchors,), generator=generator)
    return vectors[0], labels, vectors[1], torch.arange(texts) % 4


def loss_and_gradients(
    loss: Callable[..., Tensor], batch: tuple[Tensor, Tensor, Tensor, Tensor], **options: float
) -> tuple[Tensor, Tensor, Tensor]:
    anchors, texts = (batch[part].clone().requires_grad_() for part in (0, 2))
    value = loss(anchors, batch[1], texts, batch[3], **options)
    torch.autograd.backward(value)
    assert anchors.grad is not None
    assert texts.grad is not None
    return value.detach(), anchors.grad, texts.grad


@pytest.mark.parametrize("name", sorted(PAIRS))
@given(seed=st.integers(0, 500), anchors=st.integers(1, 9), texts=st.integers(4, 11), tile=st.integers(1, 12))
@costly
def test_the_numbers_and_gradients_are_those_of_the_plain_form(
    name: str, seed: int, anchors: int, texts: int, tile: int
) -> None:
    plain, tiled = PAIRS[name]
    batch = drawn(seed, anchors, texts)
    expected = loss_and_gradients(plain, batch)
    for one, other in zip(loss_and_gradients(tiled, batch, tile=tile), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_both_temperatures_and_the_margin_are_heeded() -> None:
    batch = drawn(1, 7, 9)
    hot = {"temperature": 0.3, "text_temperature": 0.05}
    torch.testing.assert_close(tiled_info_nce(*batch, **hot, tile=4), info_nce(*batch, **hot))
    torch.testing.assert_close(tiled_cosine_triplet(*batch, margin=1.5, tile=4), cosine_triplet(*batch, margin=1.5))


def test_gradients_of_row_sums_stand_against_differences() -> None:
    anchors, labels, texts, text_labels = drawn(2, 3, 4)
    torch.autograd.gradcheck(
        lambda a, t: tiled_info_nce(a, labels, t, text_labels, tile=2),
        (anchors.requires_grad_(), texts.requires_grad_()),
    )


def test_debiased_with_no_prior_is_sincere_in_the_mean_of_its_negatives() -> None:
    batch = drawn(3, 6, 8)
    expected = loss_and_gradients(sincere, batch)
    for one, other in zip(loss_and_gradients(debiased, batch, prior=0.0), expected, strict=True):
        torch.testing.assert_close(one, other)


def test_what_is_expected_of_negatives_has_a_floor() -> None:
    """Negatives far away and a great prior leave less than nothing; the least weight there can be stands for them."""
    texts = torch.eye(2)
    loss = debiased(texts, torch.arange(2), texts, torch.arange(2), prior=0.9)
    assert float(loss) == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(debiased(texts, torch.arange(2), -texts, torch.arange(2), temperature=0.005))


def test_mixed_negatives_are_harder_and_get_no_gradient_of_their_own() -> None:
    batch = drawn(4, 6, 8)
    value, _, of_texts = loss_and_gradients(mixed_negatives, batch)
    assert value > sincere(*batch)
    anchors, labels, texts, text_labels = batch
    lone = texts[:4].clone().requires_grad_()  # the fourth label has no anchor: it is a negative alone
    torch.autograd.backward(mixed_negatives(anchors, labels, lone, text_labels[:4]))
    assert lone.grad is not None
    assert torch.isfinite(of_texts).all()
