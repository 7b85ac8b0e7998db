"""Columns that a person or a config names: found by name or by number, and held against what they say of themselves."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import replace

from agent.tables.columns import COUNT_UP, HOLDS_WORDS, WHAT
from agent.tables.units import unit_sense
from agent.tables.values import Column, Question, Told
from agent.types import AXES

CALLED = ("velocity", "displacement", "temperature", "humidity", "pressure", "gyro", "magnetic")
OTHERS = (*CALLED, "angle", "current", "power", "force", "sound", "speed")
"""Quantities that are no acceleration by their unit; those called so are none without a unit, either."""


def find(columns: Sequence[Column], wanted: int | str) -> list[int]:
    """Columns whose name fits (globs, any case), else the one of that number from 1."""
    if isinstance(wanted, str):
        name = wanted.strip().lower()
        found = [k for k, column in enumerate(columns) if column.name.lower() == name]
        found = found or [k for k, column in enumerate(columns) if fnmatch.fnmatchcase(column.name.lower(), name)]
        if found or not wanted.strip().isdecimal():
            return found
        wanted = int(wanted)
    return [wanted - 1] if 1 <= wanted <= len(columns) else []


def told_columns(columns: Sequence[Column], wanted: Sequence[int | str]) -> list[int] | Question:
    """The columns that were named as acceleration; a Question where they are not there, or plainly something else."""
    chosen: list[int] = []
    for one in wanted:
        found = find(columns, one)
        if len(found) != 1:
            problem = f"{len(found)} columns fit {one!r}" if found else f"has no column {one!r}"
            return Question(problem, "columns", labels_of(columns))
        chosen += found
    if len(set(chosen)) != len(chosen) or not 1 <= len(chosen) <= len(AXES):
        return Question(f"1 to {len(AXES)} different columns can be chosen", "columns", labels_of(columns))
    wrong = next((text for k in chosen if (text := _no_samples(columns[k])) is not None), None)
    return chosen if wrong is None else Question(wrong, "columns", labels_of(columns))


def as_told(column: Column, told: Told) -> Column:
    """A column that was named is acceleration, whatever its numbers do."""
    if column.role == "acceleration" or (told.volts and column.role == "voltage" and column.unit == "V"):
        return column
    return replace(column, role="acceleration", reason="was named", unit=None, scale=1.0, second=None)


def labels_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Their names, to choose from."""
    return tuple(column.name for column in columns)


def _no_samples(column: Column) -> str | None:
    """Why a column cannot be acceleration, whoever named it."""
    if column.reason == HOLDS_WORDS:
        return f"{column.name} holds words, no samples"
    if _is_other(column):
        return f"{column.name} is no acceleration but {WHAT[column.role]}, by its {'unit' if column.unit else 'name'}"
    return f"{column.name} is no acceleration: it {column.reason}" if column.reason in COUNT_UP else None


def _is_other(column: Column) -> bool:
    if not column.sure or column.role not in OTHERS:
        return False
    sense = unit_sense(column.unit) if column.unit is not None else None
    return column.role in CALLED if sense is None else sense.role in OTHERS
