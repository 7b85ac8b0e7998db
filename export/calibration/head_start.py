"""What a fault is granted that only a sentence tells of, so that windows may be named after it at all.

An encoder puts windows near the descriptions that it was trained with; one that was added later is hardly ever the
nearest of all. It gets a head start (calibrated stacking: Chao et al. 2016, arXiv 1605.04253) as large as the windows
of the training allow: no more than TAKEN of them would be named after it. No window of the fault takes part, for there
is none.
"""

from __future__ import annotations

import numpy as np

from export.data.healthy import healthy_states
from export.data.sampling import sampling_weights
from export.data.table import Table
from export.network.graph import Floats
from export.scoring.score import embeddings
from export.training.train import Trained

TAKEN = 0.05
"""Share of the windows trained on that a fault known by its description alone may take from their own."""
HEARD = 1024  # windows that a tower is stored with


def heard_windows(trained: Trained, table: Table, *, real_share: float, seed: int) -> Floats:
    """Embeddings (HEARD, dim) of windows of `table`, its training; every label and machine family weighs alike.

    Every other one is heard beside its machine's healthy state, the rest without.
    """
    rows = np.flatnonzero(~table.baseline)
    drawn = np.random.default_rng([seed, 3]).choice(rows, HEARD, p=sampling_weights(table, rows, real_share))
    healthy = healthy_states(table, trained.scaling.speed_bound)[drawn]
    healthy[1::2] = np.nan
    return embeddings(trained.student, trained.scaling.inputs(table.values[drawn], table.known[drawn], healthy))


def grant_of(heard: Floats, centres: Floats, description: Floats) -> float:
    """The cosine to add to that of `description` (dim,), so that at most TAKEN of `heard` (n, dim) come nearest to it.

    `centres` (faults, dim) are the descriptions trained with. Below 0 where more would without it.
    """
    ahead = (heard @ centres.T).max(axis=1) - heard @ description
    return float(np.quantile(ahead, TAKEN, method="lower"))
