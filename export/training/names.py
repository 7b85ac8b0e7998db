"""Names of objectives, for `--help` and for configurations: what they name needs torch, which takes seconds to load.

The tables beside the functions have these very names, in this order; a test keeps it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

SelfSupervised: TypeAlias = Literal["simclr", "moco", "byol", "swav", "vicreg", "barlow"]
SELF_SUPERVISED: tuple[SelfSupervised, ...] = get_args(SelfSupervised)

PLAIN = (
    *("triplet", "infonce", "supcon", "sincere", "decoupled", "quadruplet", "contrastive", "lifted"),
    *("infonce/debiased", "infonce/mixed", "infonce/queue", "triplet/queue", "infonce/tiled", "triplet/tiled"),
)
MINED, MINERS, ELIMINATED = (
    ("cosine_triplet", "squared_triplet"),
    ("all", "hard", "semi_hard", "batch_hard"),
    "eliminated",
)
OBJECTIVES = (
    *PLAIN,
    *(f"{name}/{miner}" for name in MINED for miner in MINERS),
    *(f"{name}/{miner}/{ELIMINATED}" for name in MINED for miner in MINERS),
)
IN_WORDS = (
    f"{', '.join(PLAIN)}; {' or '.join(MINED)} with a miner, /{', /'.join(MINERS)}, and after that, if sentences that "
    f"say the same are no negatives, /{ELIMINATED}; numbers of its own after an @, as infonce@temperature=0.05"
)
"""All of them, as a person reads a list that follows a pattern."""
