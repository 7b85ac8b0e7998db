"""Losses of Euclidean distances between pairs: own sentences within a margin, other ones beyond another.

Vectors are of unit length.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from export.training.objectives.ranking import squared_distances

SMALLEST = 1e-12  # squared; the slope of a distance has no value at 0


def contrastive(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    positive_margin: float = 0.2,
    negative_margin: float = 1.2,
) -> Tensor:
    """Mean of max(0, d - positive margin)^2 over same-fault pairs + mean of max(0, negative margin - d)^2 over others.

    Hadsell, Chopra & LeCun 2006 (CVPR, equation 4), with a margin for positives too, so that the wordings of one fault
    need not all fall on one point.
    """
    distance = _distances(anchors, texts)
    same = labels[:, None] == text_labels[None, :]
    pulled = functional.relu(distance[same] - positive_margin).square().mean()
    pushed = functional.relu(negative_margin - distance[~same]).square().mean()
    return pulled + pushed


def lifted_structure(
    anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, margin: float = 1.0
) -> Tensor:
    """Every same-fault pair against all negatives of both of its ends.

    Oh Song et al. 2016 (arXiv 1511.06452), equation 4: half the mean of max(0, J)^2 with J = d(i, j) + log(sum of
    exp(margin - d(i, k)) over negatives k of i + sum of exp(margin - d(l, j)) over negatives l of j).
    """
    distance = _distances(anchors, texts)
    same = labels[:, None] == text_labels[None, :]
    pushes = (margin - distance).exp() * ~same
    both = pushes.sum(dim=1)[:, None] + pushes.sum(dim=0)[None, :]
    costs = distance + both.log()
    return functional.relu(costs[same]).square().mean() / 2


def _distances(one: Tensor, other: Tensor) -> Tensor:
    return squared_distances(one, other).clamp(min=SMALLEST).sqrt()
