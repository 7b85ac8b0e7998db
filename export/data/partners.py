"""Which windows show the same state of the same machine at another time, as far as anybody knows without a label.

A machine keeps its state for as long as a recording lasts. Where each recording is one window, a snapshot, its state is
that of the one just before or after.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from export.data.healthy import SAME_SPEED
from export.data.table import Table

Rows = NDArray[np.intp]

OVERLAP = 3  # windows before and after one that share samples with it, of two seconds every half second


def states_of(table: Table) -> Rows:
    """(n,) the number of each window's machine state: one recording at one speed, as far as SAME_SPEED goes."""
    speeds = _speeds(table)
    names = [f"{recording}\0{speed}" for recording, speed in zip(table.recordings.tolist(), speeds, strict=True)]
    _, numbers = np.unique(np.array(names), return_inverse=True)
    return numbers.astype(np.intp)


def partners_of(table: Table) -> list[Rows]:
    """For each row those of its state at another time; the row itself where there are none.

    Windows of its recording that share no sample with it, or at least other ones; for a snapshot that of the same
    machine, group and speed before it and after it, in the order of their names.
    """
    states = states_of(table)
    members = [np.flatnonzero(states == state) for state in range(states.max() + 1)] if len(table) else []
    beside = _snapshots_beside(table, [int(own[0]) for own in members if len(own) == 1])
    found = []
    for row in range(len(table)):
        own = members[states[row]]
        if len(own) == 1:
            found.append(np.array(beside[row] or [row], dtype=np.intp))
            continue
        apart = own[np.abs(np.arange(len(own)) - np.searchsorted(own, row)) > OVERLAP]
        found.append(apart if len(apart) else own[own != row])
    return found


def _snapshots_beside(table: Table, rows: list[int]) -> dict[int, list[int]]:
    """Of each of `rows` those just before and after it in its series."""
    speeds = _speeds(table)
    series: dict[tuple[str, str, int, bool], list[int]] = {}
    for row in sorted(rows, key=lambda row: str(table.recordings[row])):
        key = (str(table.machines[row]), str(table.groups[row]), speeds[row], bool(table.baseline[row]))
        series.setdefault(key, []).append(row)
    return {
        row: members[max(0, place - 1) : place] + members[place + 1 : place + 2]
        for members in series.values()
        for place, row in enumerate(members)
    }


def _speeds(table: Table) -> list[int]:
    """(n,) whole numbers that are the same for the same speed; -1 where it is unknown."""
    steps = np.rint(np.log(np.maximum(np.nan_to_num(table.rpm, nan=1.0), 1.0)) / SAME_SPEED).astype(np.int64)
    numbers: list[int] = np.where(np.isfinite(table.rpm), steps, -1).tolist()
    return numbers
