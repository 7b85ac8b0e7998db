"""Leak-free splits of the published sets: what each of the eight columns trains on, scores, and may know as healthy.

No column shares a physical bearing, a speed or a machine between its two sides. The healthy state that a scored window
is compared with comes from the same machine at other speeds; the one healthy recording of CWRU teaches by its first
half and is scored, where it is, by its second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.baseline import MIN_WINDOWS, SAME_SPEED, Baseline
from agent.dsp.features import Features
from agent.types import HEALTHY
from export.data.table import Table
from export.network.graph import Floats

Mask = NDArray[np.bool_]

COLUMNS = ("007", "014", "021", "1400", "800", "C>H", "C+H>U", "U+H>C")
"""What is left of > is trained on, what is right of it is scored; sizes and speeds are those that are scored."""
SIZES = ("007", "014", "021")  # of CWRU's defects, in thousandths of an inch; each is another physical bearing
FAMILIES = ("cwru", "hit", "uestc")  # a machine's name starts with one of them
CHASED_BY_NOBODY = "014"
"""Its outer race shows none of the lines that an outer race shows: scored and reported, left out of the mean."""


@dataclass(frozen=True, slots=True)
class Column:
    """Rows of one table; `teaches` may serve as healthy reference of the scored machine, at other speeds alone unless
    its rows are halves of recordings that are scored in the other half at most."""

    trained: Mask
    scored: Mask
    teaches: Mask
    by_halves: bool = False


def columns_of(table: Table) -> dict[str, Column]:
    """Name -> column. CWRU is trained on by all its sensors and scored by the one at the drive end.

    Column 800 leaves the neighbouring 1000 rpm out of training; its healthy windows may still teach a baseline.
    """
    cwru, hit = (_starts(table.machines, name) for name in ("cwru", "hit"))
    slow = speed_column(table, 800)
    return {
        **{size: size_column(table, size) for size in SIZES},
        "1400": speed_column(table, 1400),
        "800": replace(slow, trained=slow.trained & ~_near(table.rpm, 1000)),
        "C>H": within(table, cwru | hit, lambda inside: machine_column(inside, "hit")),
        "C+H>U": machine_column(table, "uestc"),
        "U+H>C": machine_column(table, "cwru"),
    }


def size_column(table: Table, size: str) -> Column:
    """CWRU's bearings with a defect of `size` after training on its others; its healthy recording is never scored."""
    cwru, of_size = _starts(table.machines, "cwru"), _ends(table.groups, f"-{size}")
    return Column(cwru & ~of_size, _drive_end(table) & of_size, _cwru_taught(table), by_halves=True)


def speed_column(table: Table, rpm: float) -> Column:
    """UESTC at one nominal speed after training on its others."""
    uestc, chosen = _starts(table.machines, "uestc"), _near(table.rpm, rpm)
    return Column(uestc & ~chosen, uestc & chosen, uestc & (table.labels == HEALTHY))


def machine_column(table: Table, family: str) -> Column:
    """One of FAMILIES after training on the others.

    CWRU has one healthy recording: its first half teaches and its second is scored.
    """
    chosen, healthy = _starts(table.machines, family), table.labels == HEALTHY
    if family != "cwru":
        return Column(~chosen, chosen, chosen & healthy)
    scored = _drive_end(table) & (~healthy | (table.half == 1))
    return Column(~chosen, scored, _cwru_taught(table), by_halves=True)


def within(table: Table, rows: Mask, build: Callable[[Table], Column]) -> Column:
    """The column that `build` makes of `rows` alone, as rows of the whole table: no other row can enter it."""
    inside = build(table.take(rows))

    def widened(part: Mask) -> Mask:
        whole = np.zeros(len(table), np.bool_)
        whole[rows] = part
        return whole

    return Column(widened(inside.trained), widened(inside.scored), widened(inside.teaches), inside.by_halves)


def _drive_end(table: Table) -> Mask:
    rows: Mask = table.machines == "cwru-de"
    return rows


def _cwru_taught(table: Table) -> Mask:
    rows: Mask = _drive_end(table) & (table.labels == HEALTHY) & (table.half == 0)
    return rows


def healthy_references(table: Table, column: Column, speed_bound: Mask | None = None) -> Floats:
    """(scored rows, d) what the agent's baseline says of each scored window's machine; NaN where it says nothing.

    Of the features `speed_bound` (d,) it says something at the speeds alone that it covers.
    """
    scored = np.flatnonzero(column.scored)
    result = np.full((len(scored), table.values.shape[1]), np.nan, dtype=np.float32)
    known: dict[tuple[str, float], Floats | None] = {}
    for place, row in enumerate(scored):
        key = (str(table.machines[row]), float(table.rpm[row]))
        if key not in known:
            known[key] = _reference(table, column, *key, speed_bound)
        reference = known[key]
        if reference is not None:
            result[place] = reference
    return result


def _reference(table: Table, column: Column, machine: str, rpm: float, speed_bound: Mask | None) -> Floats | None:
    rows = np.flatnonzero(column.teaches & (table.machines == machine))
    if not column.by_halves:
        rows = rows[[not _same_speed(float(table.rpm[row]), rpm) for row in rows]]
    baseline = Baseline()
    # The healthy recording of CWRU is too short for the agent's least number of windows. Counting each more than once
    # leaves their mean, which is all that a reference is.
    times = math.ceil(MIN_WINDOWS / max(1, len(rows)))
    for row in np.repeat(rows, times):
        features = Features(table.values[row], table.known[row])
        baseline = baseline.learn(features, rpm=float(table.rpm[row]), rms=1.0)
    healthy = baseline.reference(rpm, speed_bound)
    return None if healthy is None else np.where(healthy.known, healthy.values, np.float32(np.nan))


def _same_speed(one: float, other: float) -> bool:
    return abs(math.log(one / other)) <= SAME_SPEED


def _starts(values: NDArray[np.str_], prefix: str) -> Mask:
    return _each(values, lambda value: value.startswith(prefix))


def _ends(values: NDArray[np.str_], suffix: str) -> Mask:
    return _each(values, lambda value: value.endswith(suffix))


def _each(values: NDArray[np.str_], holds: Callable[[str], bool]) -> Mask:
    return np.array([holds(value) for value in values.tolist()], dtype=np.bool_)


def _near(rpm: NDArray[np.float32], nominal: float) -> Mask:
    near: Mask = np.abs(rpm - nominal) < 1
    return near
