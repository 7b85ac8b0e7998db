"""Which windows may stand for a machine's healthy state, and the references that they give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from export.data.table import Table

SAME_SPEED = 0.02  # relative; closer speeds count as the same
NEITHER_HALF = 2  # shares samples with both halves


def healthy_pools(table: Table) -> list[NDArray[np.intp]]:
    """For every row the rows that may stand for its machine's healthy state; empty where there are none.

    Rows marked as baseline if the machine has any, else rows labelled healthy; never of the same recording, and only at
    other speeds where the machine was recorded healthy at others. A machine with a single healthy recording lends its
    other half.
    """
    pools: list[NDArray[np.intp]] = [np.empty(0, np.intp)] * len(table)
    for machine in np.unique(table.machines):
        rows = np.flatnonzero(table.machines == machine)
        teachers = rows[table.baseline[rows]]
        single = False
        if len(teachers) == 0:
            teachers = rows[table.labels[rows] == "healthy"]
            single = len(np.unique(table.recordings[teachers])) == 1
        cache: dict[tuple[str, float, int], NDArray[np.intp]] = {}
        for row in rows:
            half = int(table.half[row])
            key = (str(table.recordings[row]), float(table.rpm[row]), half)
            if key not in cache:
                cache[key] = _pool(table, teachers, row, single=single)
            pools[row] = cache[key]
    return pools


def covering_pools(table: Table) -> list[NDArray[np.intp]]:
    """As `healthy_pools`, of the same speed: another recording, or the other half of the row's own."""
    pools: list[NDArray[np.intp]] = [np.empty(0, np.intp)] * len(table)
    healthy = table.baseline | (table.labels == "healthy")
    for machine in np.unique(table.machines):
        rows = np.flatnonzero(table.machines == machine)
        teachers = rows[healthy[rows]]
        for row in rows:
            near = np.abs(table.rpm[teachers] / table.rpm[row] - 1) <= SAME_SPEED
            own = table.recordings[teachers] == table.recordings[row]
            apart = table.half[teachers] == 1 - table.half[row]
            pools[row] = teachers[near & (~own | apart)]
    return pools


def _pool(table: Table, teachers: NDArray[np.intp], row: np.intp, *, single: bool) -> NDArray[np.intp]:
    same_recording = table.recordings[teachers] == table.recordings[row]
    if single and same_recording.any():
        other = 1 - int(table.half[row]) if table.half[row] != NEITHER_HALF else None
        half: NDArray[np.intp] = teachers[table.half[teachers] == other]
        return half
    if single:
        return teachers
    elsewhere: NDArray[np.intp] = teachers[~same_recording]
    with np.errstate(invalid="ignore"):
        other_speed: NDArray[np.intp] = elsewhere[np.abs(table.rpm[elsewhere] / table.rpm[row] - 1) > SAME_SPEED]
    return other_speed if len(other_speed) else elsewhere


def references(
    table: Table,
    pools: Sequence[NDArray[np.intp]],
    *,
    hidden: NDArray[np.bool_] | None = None,
    rng: np.random.Generator | None = None,
    size: int = 8,
) -> NDArray[np.float32]:
    """(n, d) mean healthy features of each row's machine, NaN where unknown and for the features `hidden` (d,).

    With `rng`, of up to `size` windows drawn from each pool, as a commissioning of chance would give; without, of all.
    """
    result = np.full(table.values.shape, np.nan, dtype=np.float32)
    for row, pool in enumerate(pools):
        if len(pool) == 0:
            continue
        chosen = pool if rng is None else rng.choice(pool, min(size, len(pool)), replace=False)
        known = table.known[chosen]
        counts = known.sum(axis=0)
        sums = np.where(known, table.values[chosen], 0).sum(axis=0)
        result[row] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    if hidden is not None:
        result[:, hidden] = np.nan
    return result


def commissionings(
    table: Table, speed_bound: NDArray[np.bool_], *, draws: int, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """`draws` healthy references (n, d) as commissionings of chance would give, at other speeds and the same in turn.

    What is bound to a speed is known at the same speed alone. The last draw is one at the same speed.
    """
    elsewhere, here = healthy_pools(table), covering_pools(table)
    covered = np.array([len(pool) > 0 for pool in here])
    drawn = []
    for number in range(draws):
        reference = references(table, elsewhere, hidden=speed_bound, rng=rng)
        if (draws - number) % 2 == 1:
            reference[covered] = references(table, here, rng=rng)[covered]
        drawn.append(reference)
    return drawn


def healthy_states(table: Table, speed_bound: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, d) all that is known of each machine healthy: learnt at the same speed where it was, else at others.

    What is bound to a speed is known at the same speed alone.
    """
    states = references(table, healthy_pools(table), hidden=speed_bound)
    here = covering_pools(table)
    covered = np.array([len(pool) > 0 for pool in here])
    states[covered] = references(table, here)[covered]
    return states
