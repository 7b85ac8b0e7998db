"""Recipes judged inside the training sides of the columns, so that none is chosen by what a column scores.

A fold leaves out one unit of a column's training side: a bearing's defect size, a speed or a machine, whichever the
column itself asks about. It is built from that side alone, so that nothing of the scored side can enter it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import msgspec
import numpy as np

from export.data.table import Table
from export.studies.columns.splits import (
    COLUMNS,
    FAMILIES,
    SIZES,
    Column,
    Mask,
    columns_of,
    machine_column,
    size_column,
    speed_column,
    within,
)

Scores: TypeAlias = Mapping[str, Mapping[str, float]]
"""Candidate -> fold -> balanced accuracy."""
Builds: TypeAlias = Mapping[str, Callable[[Table], Column]]
"""Name of a fold -> what makes it of a training side."""


class Candidate(msgspec.Struct, frozen=True):
    """What was tried, and its mean inner balanced accuracy per column; `score` is their mean."""

    name: str
    score: float
    columns: dict[str, float]


class Choice(msgspec.Struct, frozen=True):
    """One choice for all columns, with everything that was tried, best first.

    The scored side of one column is part of the training side of others, so their folds have seen it. `apart` says for
    each column what would be chosen by those folds alone that touch no window of its scored side.
    """

    chosen: str
    apart: dict[str, str]
    tried: tuple[Candidate, ...]
    folds: int


def choose(scores: Scores, table: Table) -> Choice:
    """The candidate with the highest mean over columns, the first of equals; `scores` hold every inner fold."""
    folds = {column: inner_folds(column, table) for column in COLUMNS}
    tried = [_candidate(name, found, folds) for name, found in scores.items()]
    scored = {name: column.scored for name, column in columns_of(table).items()}
    apart = {}
    for column, judged in scored.items():
        clean = {
            other: {name: fold for name, fold in found.items() if not (judged & touched(fold)).any()}
            for other, found in folds.items()
        }
        left = {other: found for other, found in clean.items() if found}
        apart[column] = max((_candidate(name, found, left) for name, found in scores.items()), key=_score).name
    return Choice(
        chosen=max(tried, key=_score).name,
        apart=apart,
        tried=tuple(sorted(tried, key=_score, reverse=True)),
        folds=len({name for found in folds.values() for name in found}),
    )


def _candidate(name: str, found: Mapping[str, float], folds: Mapping[str, Mapping[str, Column]]) -> Candidate:
    columns = {column: float(np.mean([found[fold] for fold in inner])) for column, inner in folds.items()}
    return Candidate(name, float(np.mean(list(columns.values()))), columns)


def _score(candidate: Candidate) -> float:
    return candidate.score


def touched(column: Column) -> Mask:
    """The rows that a column trains on, scores or takes for healthy."""
    return column.trained | column.scored | column.teaches


def same_folds(table: Table) -> dict[str, str]:
    """Column -> inner fold of another column that is the very same: what is made for one serves for both."""
    folds = {_rows(fold): name for name, fold in all_folds(table).items()}
    return {name: folds[_rows(column)] for name, column in columns_of(table).items() if _rows(column) in folds}


def _rows(column: Column) -> tuple[bytes, ...]:
    return column.trained.tobytes(), column.scored.tobytes(), column.teaches.tobytes()


def all_folds(table: Table) -> dict[str, Column]:
    """Name -> fold, of all columns; a fold that several columns share is there once."""
    return {name: fold for column in COLUMNS for name, fold in inner_folds(column, table).items()}


def inner_folds(name: str, table: Table) -> dict[str, Column]:
    """Name -> fold of the training side of column `name`, as rows of `table`; the same name is the same fold.

    Only windows whose label occurs among the recordings of both sides are scored.
    """
    side = columns_of(table)[name].trained
    return {
        fold: _scored_where_taught(within(table, side, build), table)
        for fold, build in _UNITS[name](table.take(side)).items()
    }


def _scored_where_taught(column: Column, table: Table) -> Column:
    taught = np.unique(table.labels[column.trained])
    return replace(column, scored=column.scored & np.isin(table.labels, taught))


def _sizes(side: Table) -> Builds:
    present = [size for size in SIZES if any(group.endswith(f"-{size}") for group in side.groups.tolist())]
    return {_fold_name(present, size): partial(size_column, size=size) for size in present}


def _speeds(side: Table) -> Builds:
    present = sorted({round(rpm) for rpm in side.rpm.tolist()})
    return {_fold_name([str(rpm) for rpm in present], str(rpm)): partial(speed_column, rpm=rpm) for rpm in present}


def _machines(side: Table) -> Builds:
    present = [family for family in FAMILIES if any(name.startswith(family) for name in side.machines.tolist())]
    return {_fold_name(present, family): partial(machine_column, family=family) for family in present}


def _fold_name(units: Sequence[str], left_out: str) -> str:
    return f"{'+'.join(unit for unit in units if unit != left_out)}>{left_out}"


_UNITS: Mapping[str, Callable[[Table], Builds]] = {
    "007": _sizes,
    "014": _sizes,
    "021": _sizes,
    "1400": _speeds,
    "800": _speeds,
    "C>H": _sizes,
    "C+H>U": _machines,
    "U+H>C": _machines,
}
