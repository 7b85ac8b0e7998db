"""Losses that tell a window's other view from windows of other machine states, as a choice by softmax of cosines.

Vectors are of unit length. A recording gives many windows of one state, so that the batch holds windows which are no
negatives of each other; `apart` says which pairs may be (elimination as in Huynh et al. 2022, arXiv 2011.11765).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def nt_xent(one: Tensor, other: Tensor, *, temperature: float = 0.1, apart: Tensor | None = None) -> Tensor:
    """Cross entropy of finding each view's partner among all other views of the batch.

    Chen et al. 2020 (arXiv 2002.05709), equation 1, averaged over both directions: (n, dim) twice -> scalar. `apart`
    (n, n) is true where two windows may be negatives; None: wherever they are not the same window.
    """
    count = len(one)
    both = torch.cat([one, other])
    partners = torch.arange(2 * count).roll(count)
    negatives = ~torch.eye(count, dtype=torch.bool) if apart is None else apart
    compared = negatives.repeat(2, 2)
    compared[torch.arange(2 * count), partners] = True
    logits = (both @ both.T / temperature).masked_fill(~compared, -torch.inf)
    return functional.cross_entropy(logits, partners)


def queued_info_nce(
    queries: Tensor, keys: Tensor, queue: Tensor, *, temperature: float = 0.1, apart: Tensor | None = None
) -> Tensor:
    """Cross entropy of choosing each query's own key before all of the queue.

    He et al. 2020 (arXiv 1911.05722), equation 1: (n, dim), (n, dim), (m, dim) -> scalar. `apart` (n, m) is true where
    a key of the queue may be a negative; None: all.
    """
    others = queries @ queue.T
    if apart is not None:
        others = others.masked_fill(~apart, -torch.inf)
    logits = torch.cat([(queries * keys).sum(dim=1, keepdim=True), others], dim=1) / temperature
    return functional.cross_entropy(logits, torch.zeros(len(queries), dtype=torch.long))
