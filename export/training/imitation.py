"""How far what one network says is from what another said: of each window, and of windows among themselves."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

TINY = 1e-6  # distance; where all embeddings are one point


def embedding_distance(raw: Tensor, target: Tensor) -> Tensor:
    """Mean squared distance of raw embeddings (n, dim) to unit ones.

    Direction and length at once, (|r| - 1)^2 + 2 |r| (1 - cosine), so that one int8 range fits all embeddings.
    """
    return (raw - target).square().sum(dim=1).mean()


def relation_distance(student: Tensor, network: Tensor) -> Tensor:
    """Huber loss between the pairwise distances within two sets of embeddings (n, dim), each in units of their mean.

    Distance-wise relational knowledge distillation: Park et al. 2019 (arXiv 1904.05068), equations 4 to 6.
    """
    mine, theirs = functional.pdist(student), functional.pdist(network)
    return functional.huber_loss(mine / mine.mean().clamp_min(TINY), theirs / theirs.mean().clamp_min(TINY))
