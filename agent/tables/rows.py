"""Lines read with a settled table: each is a sample, a spoilt sample, a line of another kind, or nothing.

One line at a time for ports, many at once for files: both give the same. The fast way gives up where a line is unusual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.tables.lines import bare, described, fields_of, is_comment, without_units
from agent.tables.numbers import is_missing, number_of, seconds_of_stamp
from agent.tables.values import Table

Floats = NDArray[np.float64]

_PLAIN = frozenset("0123456789+-.eEdD \t,;|\n\rnaN")
_FORTRAN = str.maketrans("dD", "ee")
_FAST_LEAST = 64  # lines below which numpy's reader gains nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One sample: a value per chosen column in the table's unit, and its time and count as they were written."""

    values: tuple[float, ...]
    stamp: float | None = None
    count: float | None = None
    rpm: float | None = None  # of the shaft, where a column says it and its field can be read


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A line that stands where a sample should: it is missing, and `why` is the end of a sentence.

    `is_misfit` where it has another number of fields: many of these are another table.
    """

    why: str
    is_misfit: bool = False


@dataclass(frozen=True, slots=True)
class Other:
    """A line of another kind, which holds no sample; `names` are those that it gives its numbers."""

    names: tuple[str, ...] = ()


Heard: TypeAlias = Row | Spoilt | Other | None
"""None: an empty line or a remark."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Many lines: `values` (rows, axes), NaN where one is missing; `stamps`, `counts`, `rpm` if columns say them."""

    values: Floats
    stamps: Floats | None
    counts: Floats | None
    others: int = 0
    spoilt: int = 0
    first_spoilt: tuple[int, str] | None = None  # index into the lines, and why
    rpm: Floats | None = None  # NaN where it was not read


def read_line(table: Table, text: str) -> Heard:
    """What one line is to the table."""
    line = bare(text)
    if not line:
        return Spoilt("holds no value") if table.blank_is_missing else None
    if is_comment(line):
        return None
    if table.names:
        found = described(line, table.dialect.decimal)
        if found is None:
            return Other()
        return _row(table, found.fields) if found.names == table.names else Other(found.names)
    fields = fields_of(without_units(line), table.dialect)
    if len(fields) == table.width:
        return _row(table, fields)
    return _misfit(table, line, fields)


def read_lines(table: Table, lines: Sequence[str]) -> Rows:
    """What many lines are to the table; lines without a sample leave no row, a spoilt one leaves NaN."""
    fast = _fast(table, lines)
    return fast if fast is not None else _one_by_one(table, lines)


def _row(table: Table, fields: Sequence[str]) -> Row | Spoilt | Other:
    decimal = table.dialect.decimal
    values = []
    for k in table.chosen:
        number = number_of(fields[k], decimal)
        if number is None:
            return _unread(table, fields, k)
        values.append(number * table.columns[k].scale)
    if not all(map(math.isfinite, values)):
        return Spoilt("is not finite")
    stamp, count = (_tick(table, fields, k) for k in (table.time, table.counter))
    if (table.time is not None and stamp is None) or (table.counter is not None and count is None):
        return Spoilt("has no time that can be read")
    rpm = _tick(table, fields, table.speed)
    return Row(tuple(values), stamp, count, None if rpm is None else rpm * table.rpm_scale)


def _unread(table: Table, fields: Sequence[str], k: int) -> Spoilt | Other:
    """A field that is no number: words alone are another kind of line, as a header that is printed again."""
    if not any(number_of(field, table.dialect.decimal) is not None for field in fields) and not is_missing(fields[k]):
        return Other()
    return Spoilt("lacks a value" if is_missing(fields[k]) else f"holds {fields[k][:40]!r}")


def _tick(table: Table, fields: Sequence[str], k: int | None) -> float | None:
    if k is None:
        return None
    field = fields[k]
    value = seconds_of_stamp(field) if table.columns[k].stamped else number_of(field, table.dialect.decimal)
    return value if value is not None and math.isfinite(value) else None


def _misfit(table: Table, line: str, fields: Sequence[str]) -> Spoilt | Other:
    """A line of another width: a sample that is cut or run together where it begins as one, else another kind."""
    if (found := described(line, table.dialect.decimal)) is not None:
        return Other(found.names)
    numbers = sum(number_of(field, table.dialect.decimal) is not None for field in fields)
    if 2 * numbers < len(fields) or not numbers:
        return Other()
    return Spoilt(f"holds {len(fields)} numbers, not {table.width}", is_misfit=True)


def _one_by_one(table: Table, lines: Sequence[str]) -> Rows:
    values, stamps, counts, rpm = list[tuple[float, ...]](), list[float](), list[float](), list[float]()
    others = spoilt = 0
    first: tuple[int, str] | None = None
    missing = (float("nan"),) * len(table.chosen)
    for at, text in enumerate(lines):
        heard = read_line(table, text)
        if isinstance(heard, Other):
            others += 1
        elif heard is not None:
            is_row = isinstance(heard, Row)
            values.append(heard.values if isinstance(heard, Row) else missing)
            stamps.append(heard.stamp if isinstance(heard, Row) and heard.stamp is not None else float("nan"))
            counts.append(heard.count if isinstance(heard, Row) and heard.count is not None else float("nan"))
            rpm.append(heard.rpm if isinstance(heard, Row) and heard.rpm is not None else float("nan"))
            if not is_row:
                spoilt += 1
                first = first or (at, heard.why if isinstance(heard, Spoilt) else "")
    return Rows(
        values=np.array(values, np.float64).reshape(len(values), len(table.chosen)),
        stamps=None if table.time is None else np.array(stamps, np.float64),
        counts=None if table.counter is None else np.array(counts, np.float64),
        rpm=None if table.speed is None else np.array(rpm, np.float64),
        others=others,
        spoilt=spoilt,
        first_spoilt=first,
    )


def _fast(table: Table, lines: Sequence[str]) -> Rows | None:
    """The lines through numpy's reader, where all of them are bare numbers of the table's width; else None."""
    dialect = table.dialect
    stamped = table.time is not None and table.columns[table.time].stamped
    if table.names or dialect.paired or stamped or len(lines) < _FAST_LEAST:
        return None
    text = "\n".join(lines)
    if '"' in text and (dialect.separator, dialect.decimal) != (",", ","):
        text = text.replace('"', "")
    if not _PLAIN.issuperset(text) or (dialect.decimal == "," and "." in text):  # a point there groups thousands
        return None
    plain = (text.translate(_FORTRAN) if "D" in text or "d" in text else text).split("\n")
    if not all(line.strip() for line in plain) or not _has_width(plain, dialect.separator, table.width):
        return None
    used = [*table.chosen, *(k for k in (table.time, table.counter, table.speed) if k is not None)]
    try:
        cells = np.loadtxt(
            [line.replace(",", ".") for line in plain] if dialect.decimal == "," else plain,
            delimiter=dialect.separator.strip(" ") or None,
            usecols=used,
            comments=None,
            ndmin=2,
        )
    except ValueError:
        return None
    return _rows_of(table, cells) if len(cells) == len(lines) else None


def _has_width(lines: Sequence[str], separator: str, width: int) -> bool:
    if separator == " ":
        return all(len(line.split()) == width for line in lines)
    return not separator or all(line.count(separator) == width - 1 for line in lines)


def _rows_of(table: Table, cells: Floats) -> Rows | None:
    """Parsed columns (chosen, time, counter, speed) as rows; None where a time is none, for that wants its words."""
    width = len(table.chosen)
    clocks = sum(k is not None for k in (table.time, table.counter))
    values = cells[:, :width] * np.array(table.scales)
    is_there = np.isfinite(values).all(axis=1)
    if not np.isfinite(cells[is_there, width : width + clocks]).all():
        return None
    cells[~is_there], values[~is_there] = np.nan, np.nan
    missing = np.flatnonzero(~is_there)
    return Rows(
        values=values,
        stamps=None if table.time is None else cells[:, width],
        counts=None if table.counter is None else cells[:, width + clocks - 1],
        rpm=None if table.speed is None else cells[:, -1] * table.rpm_scale,
        spoilt=len(missing),
        first_spoilt=(int(missing[0]), "is not finite") if len(missing) else None,
    )
