"""Which of a table's columns become samples: those that were named, those that are acceleration, or all that is left.

Only acceleration becomes an axis. Where nothing tells, the answer is a question that names the columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agent.tables.columns import CALLED_TIME, WHAT, Cells, is_gravity
from agent.tables.contents import contents_of
from agent.tables.named_columns import as_told, find, labels_of, told_columns
from agent.tables.repeats import repeats_of
from agent.tables.shaft_speed import speed_of
from agent.tables.units import unit_sense
from agent.tables.values import Column, Facts, LeftOut, Question, Role, Told, Unit
from agent.types import AXES

UNITS: Final[tuple[Unit, ...]] = ("g", "m/s2", "V")
FREQUENCY = re.compile(r"freq|주파수|(?<![a-z])k?hz(?![a-z])", re.IGNORECASE)
MAY_BE_MEANT = ("voltage", "derived", "constant", "slow")
"""Roles that a person who knows better may choose all the same, where nothing is acceleration."""
TURNS = 0.3  # share of rows on which a column's word changes, from which lines of several kinds take turns


REPEATED = "every row stands {times} times in a row, so it was written faster than it was measured; keep each row once"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which columns are samples, and which time, counter and the shaft's speed, and why the others are not."""

    chosen: tuple[int, ...]
    axes: tuple[str, ...]
    unit: Unit | None
    time: int | None
    counter: int | None
    speed: int | None
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]


def choice_of(cells: Sequence[Cells], columns: Sequence[Column], told: Told) -> Choice | Question:
    """Which columns are samples: those told, or those that are acceleration by name, or by all that is left."""
    columns = tuple(columns)
    if (mixed := _kinds_in_turn(cells, columns)) is not None:
        return Question(mixed, "none", labels_of(columns))
    if (frequency := _frequencies(cells, columns)) is not None:
        text = f"column {frequency} is a frequency that rises evenly: these rows are a spectrum, no samples over time"
        return Question(text, "none", labels_of(columns))
    time = _clock(columns, told, "time")
    if isinstance(time, Question):
        return time
    counter = next((k for k, column in enumerate(columns) if column.role == "counter"), None)
    chosen = (
        told_columns(columns, told.columns) if told.columns is not None else _chosen(cells, columns, volts=told.volts)
    )
    if isinstance(chosen, Question):
        return chosen
    if (times := repeats_of([cells[k].values for k in chosen])) is not None:
        return Question(REPEATED.format(times=times), "none", labels_of(columns))
    time = None if time in chosen else time
    counter = None if counter in chosen else counter
    columns = tuple(
        as_told(column, told) if told.columns and k in chosen else column for k, column in enumerate(columns)
    )
    units = {columns[k].unit for k in chosen}
    unit: Unit | None = next((u for u in UNITS if units == {u}), None)
    if unit is None and len(units & set(UNITS)) > 1:
        return Question(
            f"{_list(columns, chosen)} are in different units; choose those of one", "columns", labels_of(columns)
        )
    if unit is None:
        columns = tuple(replace(column, scale=1.0) if k in chosen else column for k, column in enumerate(columns))
    speed = speed_of(cells, columns)
    if speed is not None and speed[0] not in chosen:
        columns = (*columns[: speed[0]], speed[1], *columns[speed[0] + 1 :])
    else:
        speed = None
    at = None if speed is None else speed[0]
    left = [
        LeftOut(column.name, _why_not(column, by_name=told.columns is None, named=bool(cells[k].name)))
        for k, column in enumerate(columns)
        if k not in chosen and k not in (time, counter, at)
    ]
    return Choice(tuple(chosen), _axes(columns, chosen), unit, time, counter, at, columns, tuple(left))


def in_order(choice: Choice, told: Told) -> Choice | Question:
    """The choice, or a Question where a column called time shows that the rows, one after the other, are in no order.

    Beside signals that are called time themselves, as in CWRU's files, it may be one of them; where a person named
    columns, they left it out.
    """
    columns = choice.columns
    if told.columns is not None or any(columns[k].reason == CALLED_TIME for k in choice.chosen):
        return choice
    unsorted = next((column.name for column in columns if column.reason == CALLED_TIME), None)
    if unsorted is None:
        return choice
    return Question(f"column {unsorted} {CALLED_TIME}", "time_column", labels_of(columns))


def other_unit(choice: Choice, facts: Facts, told: Told) -> Question | None:
    """Where the unit that is said beside columns without their own is that of another quantity, or of its sensor."""
    sense = None if facts.unit is None else unit_sense(facts.unit)
    if sense is None or sense.role == "acceleration" or any(choice.columns[k].unit for k in choice.chosen):
        return None
    is_voltage = sense.role == "voltage"
    if is_voltage and (told.volts or told.columns is not None):
        return None
    names = tuple(column.name for column in choice.columns)
    text = f"its unit is said to be {facts.unit}, and that is {WHAT[sense.role]}, no acceleration"
    return Question(text, "columns" if is_voltage else "none", names, volts=is_voltage)


def _why_not(column: Column, *, by_name: bool, named: bool) -> str:
    if column.role not in ("acceleration", "unknown"):
        return column.reason
    if not by_name:
        return "was not named"
    return "is not called acceleration, and others are" if named else "shows no gravity, and three others do"


def _frequencies(cells: Sequence[Cells], columns: Sequence[Column]) -> str | None:
    """The column over whose even frequencies the others are spectra; a table with a column of time holds none."""
    if any(column.role == "time" for column in columns):
        return None
    for cell, column in zip(cells, columns, strict=True):
        is_frequency = column.role == "speed" and FREQUENCY.search(f"{column.name} {column.unit or ''}")
        if is_frequency and contents_of(cell.values).rises:
            return column.name
    return None


def _kinds_in_turn(cells: Sequence[Cells], columns: Sequence[Column]) -> str | None:
    """Where the names in a column take turns: its lines are of several kinds, and no column of them is one signal."""
    for number, cell in enumerate(cells):
        is_name = columns[number].role in ("text", "label")
        if is_name and len(cell.words) > 1 and cell.turns > TURNS:
            name = cell.name or str(number + 1)
            return f"lines of several kinds take turns (column {name}: {', '.join(cell.words)}); give one kind alone"
    return None


def _clock(columns: tuple[Column, ...], told: Told, role: Role) -> int | Question | None:
    """The column of time: the one told, else that of known unit and finest step."""
    if told.time_column is not None:
        found = find(columns, told.time_column)
        if len(found) != 1:
            return Question(
                f"{len(found)} columns fit the time column {told.time_column!r}", "time_column", labels_of(columns)
            )
        return found[0]
    clocks = [k for k, column in enumerate(columns) if column.role == role]
    even = [k for k in clocks if "evenly" not in columns[k].reason or columns[k].reason == "rises evenly"] or clocks
    known = [k for k in even if columns[k].second is not None] or even
    return next((k for k in known if not columns[k].stamped), known[0]) if known else None


def _chosen(cells: Sequence[Cells], columns: tuple[Column, ...], *, volts: bool) -> list[int] | Question:
    acceleration = [k for k, column in enumerate(columns) if column.role == "acceleration"]
    if volts and not acceleration:
        acceleration = [k for k, column in enumerate(columns) if column.role == "voltage" and column.unit == "V"]
    sure = [k for k in acceleration if columns[k].sure]
    chosen = sure or acceleration
    if not chosen:
        rest = [k for k, column in enumerate(columns) if column.role == "unknown"]
        chosen = [k for k in rest if columns[k].reason == "is a measurement" or not cells[k].name]
        if not chosen and rest:
            return _ask(columns, rest)
        if len(chosen) in (6, 9) and not any(cells[k].name for k in chosen):
            chosen = _triple_with_gravity(cells, chosen)
    if not chosen:
        return _nothing(columns)
    return chosen if len(chosen) <= len(AXES) else _ask(columns, chosen)


def _triple_with_gravity(cells: Sequence[Cells], chosen: list[int]) -> list[int]:
    """Of six or nine nameless columns the three whose mean is as long as gravity in a usual scale; all, if none is."""
    triples = [chosen[k : k + 3] for k in range(0, len(chosen), 3)]
    means = [[float(np.nanmean(cells[k].values)) for k in triple] for triple in triples]
    lengths = [float(np.linalg.norm(one)) for one in means]
    return triples[0] if is_gravity(means[0]) and lengths[0] > 3 * max(lengths[1:]) else chosen


def _ask(columns: tuple[Column, ...], among: Sequence[int]) -> Question:
    return Question(f"cannot tell which of {_list(columns, among)} are acceleration", "columns", labels_of(columns))


def _nothing(columns: tuple[Column, ...]) -> Question:
    why = "; ".join(f"{column.name} {column.reason}" for column in columns)
    other = any(column.role in MAY_BE_MEANT for column in columns)
    volts = any(column.role == "voltage" and column.unit == "V" for column in columns)
    return Question(f"holds no acceleration: {why}", "columns" if other else "none", labels_of(columns), volts)


def _axes(columns: tuple[Column, ...], chosen: Sequence[int]) -> tuple[str, ...]:
    named = [columns[k].axis for k in chosen]
    axes = tuple(axis for axis in named if axis is not None)
    return axes if len(axes) == len(named) == len(set(axes)) else AXES[: len(chosen)]


def _list(columns: Sequence[Column], among: Sequence[int]) -> str:
    return ", ".join(columns[k].name for k in among)
