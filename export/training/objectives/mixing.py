"""InfoNCE with harder negatives than there are: mixtures of the nearest other sentences, and of the anchor."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

HARDEST = 4
"""Nearest sentences of other labels that are mixed, where there are as many."""
OWN_SHARE = 0.25
"""Of the anchor in its mixture with a negative; less than half, or it would be none."""


def mixed_negatives(
    anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, temperature: float = 0.1
) -> Tensor:
    """Each positive against itself, the negatives and synthetic ones; mean over positives, then over anchors.

    MoCHi (Kalantidis et al. 2020, arXiv 2010.01028), equations 4 and 5, without its chance: of the HARDEST negatives
    every pair is mixed half and half, and each with OWN_SHARE of the anchor, which are the means of the shares drawn
    there. No gradient flows into what is mixed.
    """
    cosines = anchors @ texts.T
    same = labels[:, None] == text_labels[None, :]
    logits = cosines / temperature
    synthetic = _mixtures(anchors.detach(), texts.detach(), cosines.detach().masked_fill(same, -torch.inf))
    harder = torch.einsum("nd,nkd->nk", anchors, synthetic) / temperature
    against = torch.cat([logits.masked_fill(same, -torch.inf), harder], dim=1).logsumexp(dim=1, keepdim=True)
    costs = torch.logaddexp(logits, against) - logits
    return ((costs * same).sum(dim=1) / same.sum(dim=1)).mean()


def _mixtures(anchors: Tensor, texts: Tensor, closeness: Tensor) -> Tensor:
    """Unit vectors (n, mixtures, dim); every anchor has as many negatives as the one with the fewest."""
    fewest = int(torch.isfinite(closeness).sum(dim=1).min())
    nearest = texts[closeness.topk(min(HARDEST, fewest), dim=1).indices]
    one, other = torch.triu_indices(nearest.shape[1], nearest.shape[1], offset=1, device=texts.device)
    pairs = nearest[:, one] + nearest[:, other]
    with_anchor = OWN_SHARE * anchors[:, None, :] + (1 - OWN_SHARE) * nearest
    return functional.normalize(torch.cat([pairs, with_anchor], dim=1), dim=2)
