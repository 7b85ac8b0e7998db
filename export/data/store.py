"""Which windows of a table a bounded store carries on, so that later trainings hear them again.

Places are shared max-min fairly (Bertsekas and Gallager 1992, Data Networks, section 6.5.2): first by families of
machines, within a family by machines, within a machine by labels, health first, since all else is compared with it, and
last by recordings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.faults import HEALTHY
from export.data.table import Table

Rows = NDArray[np.intp]


def kept_rows(table: Table, most: int) -> Rows:
    """Rising numbers of at most `most` rows, spread evenly over a recording's; all where there are no more."""
    kept = _share(np.arange(len(table)), most, _levels(table))
    kept.sort()
    return kept


def fair_shares(sizes: Sequence[int], total: int) -> list[int]:
    """Of `total` places, as many for each as it can fill, and otherwise the same for all; the first get what is odd."""
    shares = [0] * len(sizes)
    left = min(total, sum(sizes))
    while left:
        hungry = [place for place, size in enumerate(sizes) if shares[place] < size]
        each = max(1, left // len(hungry))
        for place in hungry:
            given = min(each, sizes[place] - shares[place], left)
            shares[place] += given
            left -= given
    return shares


def _levels(table: Table) -> tuple[NDArray[np.str_], ...]:
    """(n,) names by which rows are told apart at each level; sorted, health comes first among labels."""
    healthy = table.baseline | (table.labels == HEALTHY)
    labels = np.where(healthy, "", table.labels)
    return table.families, table.machines, labels, table.recordings


def _share(rows: Rows, places: int, levels: Sequence[NDArray[np.str_]]) -> Rows:
    if len(rows) <= places:
        return rows
    if not levels:
        return rows[np.linspace(0, len(rows) - 1, places).round().astype(np.intp)]
    _, parts = np.unique(levels[0][rows], return_inverse=True)
    members = [rows[parts == part] for part in range(parts.max() + 1)]
    shares = fair_shares([len(part) for part in members], places)
    return np.concatenate([_share(part, share, levels[1:]) for part, share in zip(members, shares, strict=True)])
