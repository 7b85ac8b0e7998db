"""InfoNCE that allows for sentences of another label which say the same: their expected weight is taken off again."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def debiased(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    temperature: float = 0.1,
    prior: float = 0.1,
) -> Tensor:
    """Debiased contrastive loss, averaged over positives, then over anchors.

    Chuang et al. 2020 (arXiv 2007.00224), equations 7 and 8: -log(p / (p + N g)) with p the positive's weight, N the
    number of negatives and g = max((mean of negatives - prior * mean of positives) / (1 - prior), the least weight).
    `prior` is the probability that a negative describes the anchor's state after all; at 0 it is SINCERE.
    """
    cosines = anchors @ texts.T
    weights = ((cosines - 1) / temperature).exp()  # relative to the greatest there can be, so that none overflows
    same = labels[:, None] == text_labels[None, :]
    own, others = same.sum(dim=1), (~same).sum(dim=1)
    positive = (weights * same).sum(dim=1) / own
    negative = (weights * ~same).sum(dim=1) / others
    least = max(math.exp(-2 / temperature), torch.finfo(weights.dtype).tiny)
    expected = ((negative - prior * positive) / (1 - prior)).clamp(min=least)
    logits = (cosines - 1) / temperature
    costs = torch.logaddexp(logits, (others * expected).log()[:, None]) - logits
    return ((costs * same).sum(dim=1) / own).mean()
