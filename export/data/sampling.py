"""Which windows are drawn how often, and which are held out together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.faults import FAULTS_OF_DEGREE
from export.data.table import Table

SIMULATED = "sim-"  # what names of simulated machines begin with
FOREIGN = ("dressed-", "foreign-")  # and those of healthy machines of other kinds
DEGREE_WORTH = 3.0  # of a simulated fault of degree: no recording shows one, while bearing faults have some


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


def foreign_rows(table: Table) -> NDArray[np.bool_]:
    """(n,) healthy windows of machines of other kinds (`export.data.foreign`)."""
    machines = table.machines.astype(np.str_)
    of: NDArray[np.bool_] = np.logical_or.reduce([np.char.startswith(machines, name) for name in FOREIGN])
    return of


def recorded_rows(table: Table) -> NDArray[np.bool_]:
    """(n,) windows as a machine made them."""
    return ~simulated_rows(table) & ~foreign_rows(table)


def sampling_weights(
    table: Table, rows: NDArray[np.intp], real_share: float, *, foreign_share: float = 0.0
) -> NDArray[np.float64]:
    """Chances of `rows` such that every label of every machine family weighs the same within real and simulated.

    Simulated faults of degree weigh more: what no recording shows has only the simulator to be learnt from. Healthy
    machines of other kinds have `foreign_share` of all, and the other two the rest.
    """
    family = table.families[rows]
    labels = table.labels[rows]
    simulated, foreign = simulated_rows(table)[rows], foreign_rows(table)[rows]
    worth = np.where(simulated & np.isin(labels, FAULTS_OF_DEGREE), DEGREE_WORTH, 1.0)
    weights = np.zeros(len(rows))
    left = 1 - foreign_share
    recorded = ~(simulated | foreign)
    for side, share in (
        (simulated, left * (1 - real_share)),
        (recorded, left * real_share),
        (foreign, foreign_share),
    ):
        if side.any():
            _, inverse, counts = np.unique(
                np.char.add(np.char.add(family[side], "/"), labels[side]), return_inverse=True, return_counts=True
            )
            even = worth[side] / counts[inverse]
            weights[side] = share * even / even.sum()
    chances: NDArray[np.float64] = weights / weights.sum()
    return chances
