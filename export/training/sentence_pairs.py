"""What tells sentences apart beside their labels: themselves under another dropout mask, and their hardest negatives.

Both follow SimCSE (Gao et al. 2021, arXiv 2104.08821), whose encoder is in the place of the tower here.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from export.network.graph import Floats


def dropout_positives(once: Tensor, again: Tensor, labels: Tensor, *, temperature: float = 0.05) -> Tensor:
    """Mean over sentences of -log softmax of the cosine to themselves, read `again` (n, dim) by another dropout mask.

    Equation 4 of SimCSE. Other sentences of the same label (n,) stand in no denominator: they are known to be no
    negatives.
    """
    logits = once @ again.T / temperature
    itself = torch.eye(len(labels), dtype=torch.bool)
    same = labels[:, None] == labels[None, :]
    loss: Tensor = functional.cross_entropy(logits.masked_fill(same & ~itself, -torch.inf), torch.arange(len(labels)))
    return loss


def nearest_others(vectors: Floats, labels: NDArray[np.str_], count: int) -> NDArray[np.intp]:
    """Per sentence the rows (n, count) of other labels that are most like it by its fixed unit `vectors` (n, text dim).

    They are in the place of SimCSE's contradictions (equation 5): a denial is most like the sentence that affirms in
    the same words. ValueError where some label leaves fewer than `count` others.
    """
    fewest = len(labels) - int(np.unique(labels, return_counts=True)[1].max())
    if count > fewest:
        raise ValueError(f"{count} nearest sentences of other labels were asked for; some label leaves {fewest}")
    rows = []
    for start in range(0, len(labels), 256):
        likeness = vectors[start : start + 256] @ vectors.T
        likeness[labels[start : start + 256, np.newaxis] == labels[np.newaxis, :]] = -np.inf
        rows.append(np.argsort(-likeness, axis=1, kind="stable")[:, :count])
    return np.concatenate(rows)
