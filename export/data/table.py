"""Windows of many recordings as arrays: all that training, calibration and scoring need to know of the data.

A row is one window heard for one bearing. Strings stay out of the learning: only `labels` are targets, the others say
which windows may share a side of a split and whose healthy state may serve as reference.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.matching import FAULTS_OF_DEGREE

SAME_SPEED = 0.02  # relative; closer speeds count as the same
SIMULATED = "sim-"  # what names of simulated machines begin with
DEGREE_WORTH = 3.0  # of a simulated fault of degree: no recording shows one, while bearing faults have some
NEITHER_HALF = 2  # shares samples with both halves


@dataclass(frozen=True, slots=True)
class Table:
    """n windows with d features."""

    values: NDArray[np.float32]  # (n, d), 0 where unknown
    known: NDArray[np.bool_]  # (n, d)
    labels: NDArray[np.str_]  # fault ids
    groups: NDArray[np.str_]  # the unit that never sits on both sides of a split
    machines: NDArray[np.str_]
    recordings: NDArray[np.str_]
    rpm: NDArray[np.float32]  # NaN where unknown
    baseline: NDArray[np.bool_]  # teaches the healthy baseline and is never scored
    half: NDArray[np.int8]  # 0 or 1: first or second half of its recording; or NEITHER_HALF

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Table:
        return Table(*(getattr(self, field.name)[rows] for field in fields(self)))


def join(tables: Sequence[Table]) -> Table:
    """One table of all rows."""
    return Table(*(np.concatenate([getattr(t, field.name) for t in tables]) for field in fields(Table)))


def save(table: Table, path: Path) -> None:
    """A kill leaves the whole file or none, and so does another run that writes the same."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, **{field.name: getattr(table, field.name) for field in fields(Table)})
    part.replace(path)


def load(path: Path) -> Table:
    with np.load(path, allow_pickle=False) as arrays:
        return Table(*(arrays[field.name] for field in fields(Table)))


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


def folds(table: Table, count: int, *, seed: int) -> list[NDArray[np.bool_]]:
    """Leak-free held-out masks: no group on both sides, every fold with as many labels as the groups allow.

    Groups go, largest first within a label, to the fold that has least of that label.
    """
    rng = np.random.default_rng(seed)
    assigned = np.zeros(len(table), dtype=np.int64)
    for label in np.unique(table.labels):
        names, sizes = np.unique(table.groups[table.labels == label], return_counts=True)
        load = np.zeros(count) + rng.random(count) * 1e-3
        for name in names[np.argsort(-sizes + rng.random(len(sizes)))]:
            fold = int(np.argmin(load))
            rows = table.groups == name
            assigned[rows] = fold
            load[fold] += rows.sum()
    return [assigned == fold for fold in range(count)]


def simulated_rows(table: Table) -> NDArray[np.bool_]:
    """(n,) windows that no machine made."""
    return np.char.startswith(table.machines.astype(np.str_), SIMULATED)


def sampling_weights(table: Table, rows: NDArray[np.intp], real_share: float) -> NDArray[np.float64]:
    """Chances of `rows` such that every label of every machine family weighs the same within real and simulated.

    Simulated faults of degree weigh more: what no recording shows has only the simulator to be learnt from.
    """
    family = np.array([machine.split("-")[0] for machine in table.machines[rows]])
    labels = table.labels[rows]
    simulated = simulated_rows(table)[rows]
    worth = np.where(simulated & np.isin(labels, FAULTS_OF_DEGREE), DEGREE_WORTH, 1.0)
    weights = np.zeros(len(rows))
    for side, share in ((simulated, 1 - real_share), (~simulated, real_share)):
        if side.any():
            _, inverse, counts = np.unique(
                np.char.add(np.char.add(family[side], "/"), labels[side]), return_inverse=True, return_counts=True
            )
            even = worth[side] / counts[inverse]
            weights[side] = share * even / even.sum()
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances
