"""Losses without negatives that predict one view from the other: its vector, or the cluster that it falls into."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def regression(predicted: Tensor, targets: Tensor) -> Tensor:
    """Mean squared distance of unit vectors, 2 - 2 cosine: (n, dim) twice -> scalar.

    Grill et al. 2020, BYOL (arXiv 2006.07733), equation 2; one direction.
    """
    return (2 - 2 * functional.cosine_similarity(predicted, targets, dim=1)).mean()


def sinkhorn(scores: Tensor, *, epsilon: float = 0.05, rounds: int = 3) -> Tensor:
    """Soft assignments (n, k) of n windows to k prototypes, each prototype with as much of the batch as any other.

    Caron et al. 2020, SwAV (arXiv 2006.09882), equation 3 by Sinkhorn and Knopp's iteration, as in its appendix A:
    prototypes to 1/k of the whole, then windows to 1/n of it, in turn; rows sum to 1 in the end.
    """
    with torch.no_grad():
        weights = ((scores - scores.max()) / epsilon).exp()
        for _ in range(rounds):
            weights = weights / weights.sum(dim=0, keepdim=True) / weights.shape[1]
            weights = weights / weights.sum(dim=1, keepdim=True) / len(weights)
        return weights * len(weights)


def swapped_prediction(one: Tensor, other: Tensor, *, temperature: float = 0.1, epsilon: float = 0.05) -> Tensor:
    """Cross entropy of each view's cluster as told from the other view, averaged over both directions.

    SwAV, equations 1 and 2, of scores (n, k): cosines of each view with the prototypes.
    """
    costs = [
        -(sinkhorn(target, epsilon=epsilon) * functional.log_softmax(scores / temperature, dim=1)).sum(dim=1).mean()
        for target, scores in ((one, other), (other, one))
    ]
    return (costs[0] + costs[1]) / 2
