"""Columns that come as numbers, not as text: settled and read as lines of text are, by name, unit and contents.

Dates are seconds, and words stay words. Only what is a date or a word needs to be told apart by who has the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.tables.columns import Cells
from agent.tables.numbers import number_of, seconds_of_stamp
from agent.tables.rows import Rows
from agent.tables.settle import SAMPLE_LINES, cells_of, choice_among, table_of
from agent.tables.values import Dialect, Facts, Question, Table, Told

Floats = NDArray[np.float64]
SAMPLE_ROWS = SAMPLE_LINES  # of each column, that settle a table

Values: TypeAlias = Floats | Sequence[str]
"""Of one column: numbers, NaN where one is missing, or words."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The first rows of a column. `name` is empty where it has none; `is_stamped`: seconds that were dates."""

    name: str
    values: Values
    unit: str | None = None
    is_stamped: bool = False


def settle_columns(columns: Sequence[Typed], facts: Facts, told: Told | None = None) -> Table | Question:
    """The table that these columns are; SAMPLE_ROWS rows of each are enough."""
    told = told or Told()
    choice = choice_among([_cells(column) for column in columns], facts, told)
    if isinstance(choice, Question):
        return choice
    return table_of(choice, facts, dialect=Dialect(""), volts=told.volts)


def needed_of(table: Table) -> tuple[int, ...]:
    """Indexes of the columns that make samples: those chosen, time, counter and the shaft's speed."""
    return (*table.chosen, *(k for k in (table.time, table.counter, table.speed) if k is not None))


def rows_of(table: Table, columns: Mapping[int, Values]) -> Rows:
    """Rows of such a table from its needed columns, all (rows,); a row without a value or a time holds NaN."""
    there = {k: _numbers(columns[k], is_stamped=table.columns[k].stamped) for k in needed_of(table)}
    values = np.stack([there[k] for k in table.chosen], axis=1) * np.array(table.scales)
    is_there = np.isfinite(values).all(axis=1)
    for k in (table.time, table.counter):
        if k is not None:
            is_there &= np.isfinite(there[k])
    values[~is_there] = np.nan
    missing = np.flatnonzero(~is_there)
    return Rows(
        values=values,
        stamps=None if table.time is None else there[table.time],
        counts=None if table.counter is None else there[table.counter],
        rpm=None if table.speed is None else there[table.speed] * table.rpm_scale,
        spoilt=len(missing),
        first_spoilt=(int(missing[0]), "is not finite") if len(missing) else None,
    )


def _cells(column: Typed) -> Cells:
    if isinstance(column.values, np.ndarray):
        return Cells(column.name, column.values, stamped=column.is_stamped, unit=column.unit)
    return cells_of(column.name, column.values, Dialect(""), unit=column.unit)


def _numbers(values: Values, *, is_stamped: bool) -> Floats:
    if isinstance(values, np.ndarray):
        return values.astype(np.float64)
    read = seconds_of_stamp if is_stamped else number_of
    found = (read(word) for word in values)
    return np.array([np.nan if value is None else value for value in found], np.float64)
