"""Objectives that pull a vibration towards the sentences of its fault: small functions, one table.

Every objective has the type `Objective`: unit vectors in, one number out, nothing kept between calls. Anchors are
vibrations (n, dim) with labels (n,); texts are sentences (m, dim) with labels (m,); every label of an anchor must occur
among the texts, and at least one other label too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from torch import Tensor

from export.training.objectives.debiased import debiased
from export.training.objectives.miners import MINERS
from export.training.objectives.mixing import mixed_negatives
from export.training.objectives.pairs import contrastive, lifted_structure
from export.training.objectives.ranking import cosine_triplet, mined_cosine_triplet, quadruplet, squared_triplet
from export.training.objectives.softmax import decoupled, info_nce, sincere, sup_con
from export.training.objectives.tiled import tiled_cosine_triplet, tiled_info_nce

__all__ = ["OBJECTIVES", "QUEUED", "Objective", "cosine_triplet", "info_nce", "sup_con"]

Objective: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(anchors, anchor labels, texts, text labels) -> scalar"""

FALSE_NEGATIVES_ABOVE = 0.9
"""Cosine of two sentences from which they say the same, for the objectives that eliminate false negatives."""

_MINED: dict[str, Callable[..., Tensor]] = {
    "cosine_triplet": mined_cosine_triplet,
    "squared_triplet": squared_triplet,
}

OBJECTIVES: dict[str, Objective] = {
    "triplet": cosine_triplet,
    "infonce": info_nce,
    "supcon": sup_con,
    "sincere": sincere,
    "decoupled": decoupled,
    "quadruplet": quadruplet,
    "contrastive": contrastive,
    "lifted": lifted_structure,
    "infonce/debiased": debiased,
    "infonce/mixed": mixed_negatives,
    "infonce/queue": info_nce,
    "triplet/queue": cosine_triplet,
    "infonce/tiled": tiled_info_nce,
    "triplet/tiled": tiled_cosine_triplet,
    **{f"{name}/{miner}": partial(loss, mine=mine) for name, loss in _MINED.items() for miner, mine in MINERS.items()},
    **{
        f"{name}/{miner}/eliminated": partial(loss, mine=mine, false_negatives_above=FALSE_NEGATIVES_ABOVE)
        for name, loss in _MINED.items()
        for miner, mine in MINERS.items()
    },
}
"""Name -> objective; "loss/miner", and with "/eliminated" sentences that say the same are no negatives."""

QUEUED: dict[str, int] = {"infonce/queue": 1024, "triplet/queue": 1024}
"""Objectives that are handed, beside a step's sentences, so many of the steps before: cross-batch memory (Wang et al.
2020, arXiv 1912.06798), kept by `export.training.queue`."""
