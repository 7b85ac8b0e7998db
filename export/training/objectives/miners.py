"""Miners: which triplets of vibration, sentence of its fault and sentence of another fault a loss is averaged over.

A miner sees how close each vibration is to each sentence and answers with a mask; it selects, and changes no number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

Miner: TypeAlias = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""(closeness (n, m), same fault (n, m), other fault (n, m), margin) -> mask (n, m, m) of [vibration, same, other]"""


def all_triplets(closeness: Tensor, same: Tensor, other: Tensor, margin: float) -> Tensor:
    """Every triplet there is."""
    del closeness, margin
    return same[:, :, None] & other[:, None, :]


def hard(closeness: Tensor, same: Tensor, other: Tensor, margin: float) -> Tensor:
    """Triplets whose other fault is at least as close as the own one."""
    del margin
    return all_triplets(closeness, same, other, 0.0) & (closeness[:, None, :] >= closeness[:, :, None])


def semi_hard(closeness: Tensor, same: Tensor, other: Tensor, margin: float) -> Tensor:
    """Triplets in the right order by less than the margin (Schroff et al. 2015, arXiv 1503.03832, section 3.2)."""
    lead = closeness[:, :, None] - closeness[:, None, :]
    return all_triplets(closeness, same, other, margin) & (lead > 0) & (lead < margin)


def batch_hard(closeness: Tensor, same: Tensor, other: Tensor, margin: float) -> Tensor:
    """Per vibration its farthest own sentence and its nearest other one (Hermans et al. 2017, arXiv 1703.07737)."""
    farthest = closeness.masked_fill(~same, torch.inf).argmin(dim=1)
    nearest = closeness.masked_fill(~other, -torch.inf).argmax(dim=1)
    chosen = torch.zeros((*closeness.shape, closeness.shape[1]), dtype=torch.bool, device=closeness.device)
    chosen[torch.arange(len(closeness), device=closeness.device), farthest, nearest] = True
    return chosen & all_triplets(closeness, same, other, margin)


MINERS: dict[str, Miner] = {
    "all": all_triplets,
    "hard": hard,
    "semi_hard": semi_hard,
    "batch_hard": batch_hard,
}


def without_false_negatives(same: Tensor, other: Tensor, texts: Tensor, *, above: float) -> Tensor:
    """`other` (n, m) less the sentences that say nearly what a vibration's own sentences say.

    A sentence whose cosine with any sentence of the own fault reaches `above` is no negative: elimination as in Huynh
    et al. 2022 (arXiv 2011.11765), with the own sentences as the support set.
    """
    likeness = texts @ texts.T
    nearest = likeness[None, :, :].masked_fill(~same[:, :, None], -torch.inf).amax(dim=1)
    return other & (nearest < above)
