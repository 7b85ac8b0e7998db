"""Losses that rank a vibration's own sentences before all others, by a margin.

Vectors are of unit length, so the squared distance of two is 2 - 2 cosine.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from export.training.objectives.miners import Miner, all_triplets, batch_hard, without_false_negatives


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


def mined_cosine_triplet(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    margin: float = 0.4,
    mine: Miner = all_triplets,
    false_negatives_above: float | None = None,
) -> Tensor:
    """Mean over the mined triplets of max(0, margin - cos(a, p) + cos(a, n)); 0 where none was mined."""
    same = labels[:, None] == text_labels[None, :]
    other = ~same if false_negatives_above is None else _kept(same, texts, false_negatives_above)
    return _triplets(anchors @ texts.T, same, other, margin, mine)


def squared_triplet(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    margin: float = 0.4,
    mine: Miner = all_triplets,
    false_negatives_above: float | None = None,
) -> Tensor:
    """Mean over the mined triplets of max(0, margin + |a - p|^2 - |a - n|^2), as in Schroff et al. 2015, equation 2."""
    same = labels[:, None] == text_labels[None, :]
    other = ~same if false_negatives_above is None else _kept(same, texts, false_negatives_above)
    return _triplets(-squared_distances(anchors, texts), same, other, margin, mine)


def quadruplet(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    margin: float = 0.4,
    second_margin: float = 0.2,
) -> Tensor:
    """Batch-hard triplet, and the same positive against the two nearest sentences of two other faults.

    Chen et al. 2017 (arXiv 1704.01719), equation 5, with the hardest of each: mean of max(0, margin + |a - p|^2 -
    |a - n|^2) + max(0, second margin + |a - p|^2 - |n' - n''|^2). Without a third fault the second term is 0.
    """
    same = labels[:, None] == text_labels[None, :]
    distance = squared_distances(anchors, texts)
    first = _triplets(-distance, same, ~same, margin, batch_hard)
    apart = text_labels[:, None] != text_labels[None, :]
    pairs = ~same[:, :, None] & ~same[:, None, :] & apart[None, :, :]
    between = squared_distances(texts, texts)[None, :, :].masked_fill(~pairs, torch.inf).amin(dim=(1, 2))
    farthest = distance.masked_fill(~same, -torch.inf).amax(dim=1)
    return first + functional.relu(second_margin + farthest - between).mean()


def squared_distances(one: Tensor, other: Tensor) -> Tensor:
    """(n, m) of unit vectors (n, dim) and (m, dim)."""
    return (2 - 2 * one @ other.T).clamp(min=0)


def _kept(same: Tensor, texts: Tensor, above: float) -> Tensor:
    return without_false_negatives(same, ~same, texts.detach(), above=above)


def _triplets(closeness: Tensor, same: Tensor, other: Tensor, margin: float, mine: Miner) -> Tensor:
    chosen = mine(closeness.detach(), same, other, margin)
    costs = functional.relu(margin - closeness[:, :, None] + closeness[:, None, :])
    return (costs * chosen).sum() / chosen.sum().clamp(min=1)
