"""Losses of the InfoNCE family: a vibration's own sentences against all, as a choice by softmax of cosines.

They differ in what stands in the denominator, and in whether several positives are summed or averaged.
"""

from __future__ import annotations

import torch
from torch import Tensor


def info_nce(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    temperature: float = 0.1,
    text_temperature: float | None = None,
) -> Tensor:
    """Bidirectional InfoNCE (NT-Xent) with every same-fault pair as a positive, averaged over directions.

    van den Oord et al. 2018 (arXiv 1807.03748), in both directions as in CLIP (arXiv 2103.00020); the probability of a
    positive set is the sum over its members. `temperature` serves vibrations that choose sentences, `text_temperature`
    (default: the same) sentences that choose vibrations.
    """
    similarity = anchors @ texts.T
    same = labels[:, None] == text_labels[None, :]
    back = temperature if text_temperature is None else text_temperature

    def one_way(logits: Tensor, positives: Tensor) -> Tensor:
        rows = positives.any(dim=1)
        inside = logits.masked_fill(~positives, -torch.inf)[rows].logsumexp(dim=1)
        return (logits[rows].logsumexp(dim=1) - inside).mean()

    return (one_way(similarity / temperature, same) + one_way(similarity.T / back, same.T)) / 2


def sup_con(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Supervised contrastive loss, the mean over positives outside the logarithm.

    Khosla et al. 2020 (arXiv 2004.11362), equation 2, with texts as the contrast set.
    """
    logits = anchors @ texts.T / temperature
    same = labels[:, None] == text_labels[None, :]
    return _mean_over_own(logits.logsumexp(dim=1, keepdim=True) - logits, same)


def sincere(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Supervised InfoNCE without the repulsion between positives that SupCon has.

    Feeney & Hughes 2023 (arXiv 2309.14277), equation 6: each positive against itself and the negatives alone.
    """
    logits = anchors @ texts.T / temperature
    same = labels[:, None] == text_labels[None, :]
    return _mean_over_own(torch.logaddexp(logits, _negatives(logits, same)) - logits, same)


def decoupled(
    anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, temperature: float = 0.1
) -> Tensor:
    """Decoupled contrastive loss: no positive in the denominator, so that easy positives do not slow the learning.

    Yeh et al. 2022 (arXiv 2110.06848), equation 5, averaged over positives. It can be negative.
    """
    logits = anchors @ texts.T / temperature
    same = labels[:, None] == text_labels[None, :]
    return _mean_over_own(_negatives(logits, same) - logits, same)


def _negatives(logits: Tensor, same: Tensor) -> Tensor:
    """(n, 1) log of the summed weights of other faults."""
    return logits.masked_fill(same, -torch.inf).logsumexp(dim=1, keepdim=True)


def _mean_over_own(costs: Tensor, same: Tensor) -> Tensor:
    """Mean over each row's positives, then over rows."""
    return ((costs * same).sum(dim=1) / same.sum(dim=1)).mean()
