"""What a network lost of the machines that it knew before, on groups of theirs that it never heard."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from export.data.table import Table
from export.scoring.score import balanced_accuracy, recall_per_label


class Kept(msgspec.Struct, frozen=True):
    """Balanced accuracy of one family of machines, and recall of its labels, before and after."""

    before: float
    after: float
    labels: dict[str, tuple[float, float]]


class Forgets(msgspec.Struct, frozen=True):
    """Per family, and `mean`: how much balanced accuracy they lost on average; negative where they gained.

    `mean` is the negative of the backward transfer of Lopez-Paz and Ranzato 2017 (arXiv 1706.08840), section 2, after
    one more task.
    """

    families: dict[str, Kept]
    mean: float


def forgetting_of(before: NDArray[np.str_], after: NDArray[np.str_], table: Table) -> Forgets:
    """Of two predictions (n,) of the same windows."""
    families = {}
    for family in np.unique(table.families):
        rows = table.families == family
        labels = table.labels[rows]
        recalls = [recall_per_label(predicted[rows], labels) for predicted in (before, after)]
        families[str(family)] = Kept(
            before=balanced_accuracy(before[rows], labels),
            after=balanced_accuracy(after[rows], labels),
            labels={label: (recalls[0][label], recalls[1][label]) for label in recalls[0]},
        )
    return Forgets(families, float(np.mean([kept.before - kept.after for kept in families.values()])))
