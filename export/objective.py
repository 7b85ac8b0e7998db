"""Objectives that pull a vibration towards the sentences of its fault: small functions, one table.

Every objective has the type `Objective`: unit vectors in, one number out, nothing kept between calls. Anchors are
vibrations (n, dim) with labels (n,); texts are sentences (m, dim) with labels (m,); every label of an anchor must occur
among the texts, and at least one other label too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Objective: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(anchors, anchor labels, texts, text labels) -> scalar"""


def cosine_triplet(
    anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, margin: float = 0.4
) -> Tensor:
    """Mean of max(0, margin - best same-fault similarity + best other-fault similarity).

    The triplet ranking loss of FaceNet (Schroff et al. 2015, arXiv 1503.03832) on cosines, with the easiest positive
    (Xuan et al. 2020, arXiv 1904.04370) and the hardest negative: the decision that matching takes is the one trained.
    """
    similarity = anchors @ texts.T
    same = labels[:, None] == text_labels[None, :]
    positive = similarity.masked_fill(~same, -torch.inf).amax(dim=1)
    negative = similarity.masked_fill(same, -torch.inf).amax(dim=1)
    return functional.relu(margin - positive + negative).mean()


def info_nce(
    anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, temperature: float = 0.1
) -> Tensor:
    """Bidirectional InfoNCE with every same-fault pair as a positive, averaged over directions.

    van den Oord et al. 2018 (arXiv 1807.03748), in both directions as in CLIP (arXiv 2103.00020); the probability of a
    positive set is the sum over its members.
    """
    similarity = anchors @ texts.T / temperature
    same = labels[:, None] == text_labels[None, :]

    def one_way(logits: Tensor, positives: Tensor) -> Tensor:
        rows = positives.any(dim=1)
        inside = logits.masked_fill(~positives, -torch.inf)[rows].logsumexp(dim=1)
        return (logits[rows].logsumexp(dim=1) - inside).mean()

    return (one_way(similarity, same) + one_way(similarity.T, same.T)) / 2


def sup_con(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Supervised contrastive loss, the mean over positives outside the logarithm.

    Khosla et al. 2020 (arXiv 2004.11362), equation 2, with texts as the contrast set.
    """
    logits = anchors @ texts.T / temperature
    same = (labels[:, None] == text_labels[None, :]).to(logits.dtype)
    log_probability = logits - logits.logsumexp(dim=1, keepdim=True)
    return -((log_probability * same).sum(dim=1) / same.sum(dim=1)).mean()


OBJECTIVES: dict[str, Objective] = {
    "triplet": cosine_triplet,
    "infonce": info_nce,
    "supcon": sup_con,
}
