"""What a column's training may hear with labels, what without, and the check that nothing scored is among either.

Without labels it hears the windows of the side that is trained on, and of the scored machine those alone that are its
healthy state: an agent records these when it is commissioned, and both ways of training compare with them. All other
windows of a scored recording, bearing, speed or machine stay unheard.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.types import HEALTHY
from export.data.healthy import NEITHER_HALF
from export.data.table import Table
from export.studies.columns.splits import Column

Mask = NDArray[np.bool_]


class LeakError(ValueError):
    """A window that is scored, or shows what is scored, would be heard before: nothing could be said by the score."""


def heard_without_labels(table: Table, column: Column) -> Mask:
    """(n,) windows of the side trained on, and healthy ones of the scored machine that share nothing scored."""
    scored = np.isin(table.recordings, table.recordings[column.scored])
    taught = column.teaches & ~scored
    if column.by_halves:
        taught |= column.teaches & (table.half == 0) & ~column.scored
    heard: Mask = column.trained | taught
    refuse_leak(table, column, heard)
    return heard


def refuse_leak(table: Table, column: Column, heard: Mask) -> None:
    """LeakError where one of the windows `heard` is scored, shares samples with a scored one, or stands on its side."""
    if (heard & column.scored).any():
        raise LeakError(f"{_named(table, heard & column.scored)}: is scored and would be heard before")
    of_scored = heard & np.isin(table.recordings, table.recordings[column.scored])
    if (shared := of_scored & (table.half == NEITHER_HALF)).any():
        raise LeakError(f"{_named(table, shared)}: shares samples with a window that is scored")
    if (same := of_scored & ~(column.by_halves & column.teaches)).any():
        raise LeakError(f"{_named(table, same)}: is of a recording that is scored")
    if (beside := heard & ~column.trained & ~(column.teaches & (table.labels == HEALTHY))).any():
        raise LeakError(f"{_named(table, beside)}: is neither of the side trained on nor a healthy state of the scored")


def with_few_labels(table: Table, column: Column, *, per_fault: int, seed: int) -> Table:
    """`per_fault` labelled windows of each fault and machine trained on; healthy others serve as healthy states alone.

    Which they are is drawn by the seed, a smaller number being part of a larger one.
    """
    rows = np.flatnonzero(column.trained)
    named = np.array([f"{m}\0{f}" for m, f in zip(table.machines[rows], table.labels[rows], strict=True)])
    rng = np.random.default_rng([seed, 3])
    labelled = np.concatenate([rng.permutation(rows[named == name])[:per_fault] for name in np.unique(named)])
    healthy = rows[(table.labels[rows] == HEALTHY) & ~np.isin(rows, labelled)]
    few = table.take(np.sort(np.concatenate([labelled, healthy])))
    return replace(few, baseline=few.baseline | np.isin(np.sort(np.concatenate([labelled, healthy])), healthy))


def _named(table: Table, rows: Mask) -> str:
    first = int(np.flatnonzero(rows)[0])
    return f"{int(rows.sum())} windows, the first of {table.recordings[first]}"
