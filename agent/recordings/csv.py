"""Tables of numbers as text: a header or none; comma, semicolon, tab or space; a time column or none.

A table that leaves a choice is refused with a list of its columns; a line that is no row of numbers is named.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal, TextIO

import numpy as np

from agent.errors import RecordingError
from agent.recordings.channels import MAX_VALUES, names_of_axes
from agent.recordings.column_names import axis_of, unit_of
from agent.recordings.recording import Piece, Recording, as_float32, overruled
from agent.recordings.time_column import Floats, Gaps, rate_and_gaps, time_columns
from agent.types import AXES

PREAMBLE_LINES = 100  # before the first line of numbers
LINE_CHARACTERS = 1 << 16


@dataclass(frozen=True, slots=True)
class Table:
    """Chosen columns; `gaps` holds (row, sample index) where time jumped, `axes` is empty where no header has them."""

    values: Floats
    axes: tuple[str, ...]
    rate_hz: float | None
    unit: Literal["g", "m/s2"] | None
    gaps: Gaps
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the text is written, as its first lines show."""

    delimiter: str | None  # None: any white space
    decimal_comma: bool
    skip: int  # lines before the first numbers
    columns: int
    header: tuple[str, ...]  # empty: none


def read(path: Path, variable: str | None) -> Recording:
    """A table whole; `variable` is a column's name or number from 1, several joined by `+`."""
    table = read_csv(path, variable=variable, max_values=MAX_VALUES)
    starts = (Piece(0, 0), *(Piece(row, start) for row, start in table.gaps))
    recording = Recording(
        path=path,
        samples=as_float32(table.values),
        rate_hz=table.rate_hz,
        rpm=None,
        unit="raw",
        axes=table.axes or names_of_axes(path, table.values.shape[1]),
        pieces=starts,
        notes=table.notes,
    )
    return overruled(recording, rate_hz=None, axes=None, unit=table.unit)


def read_csv(path: Path, *, variable: str | None, max_values: int) -> Table:
    """Read a table whole; `variable` is a column's name or number from 1, several joined by `+`."""
    layout, cut = _look(path)
    values = _load(path, layout, cut=cut, max_values=max_values)
    notes = ["the last line is cut short and left out"] if cut else []
    times = time_columns(layout.header, values)
    if len(times) > 1:
        there = ", ".join(_label(layout, k) for k in times)
        raise RecordingError(f"{path}: more than one column is time ({there}); leave one under that name")
    chosen = _choose(path, layout, variable, times=times, count=values.shape[1])
    rate_hz: float | None = None
    gaps: Gaps = ()
    for time in times:
        where = f"{path}: time column {_label(layout, time)}"
        rate_hz, gaps = rate_and_gaps(values[:, time], layout.header[time] if layout.header else None, where=where)
        notes.append(f"{rate_hz:g} Hz from column {_label(layout, time)}" if rate_hz else "time column of unknown unit")
        notes += [f"{len(gaps)} gaps in time"] if gaps else []
    names = [layout.header[k] for k in chosen] if layout.header else []
    units = {unit_of(name) for name in names}
    unit = units.pop() if len(units) == 1 else None
    notes += [f"unit {unit} from the header"] if unit else []
    return Table(
        values=values[:, chosen],
        axes=_axes_of(names),
        rate_hz=rate_hz,
        unit=unit,
        gaps=gaps,
        notes=tuple(notes),
    )


# ------------------------------------------------------------------------------------------------------------- layout


def _look(path: Path) -> tuple[_Layout, bool]:
    """The layout, and whether the last line was cut off."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = [line.rstrip("\n") for line in islice(_lines_of(path, file), PREAMBLE_LINES)]
        with path.open("rb") as raw:
            raw.seek(-min(LINE_CHARACTERS, path.stat().st_size), 2)
            tail = raw.read().decode("utf-8", "replace")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: is no UTF-8 text ({error.reason}); save it as UTF-8") from error
    for number, line in enumerate(lines):
        for delimiter in (";", "\t", ",", None):
            fields = _fields(line, delimiter)
            for decimal_comma in (False, True):
                if decimal_comma and (delimiter == "," or not any("," in field for field in fields)):
                    continue
                if fields and all(_is_number(field, decimal_comma=decimal_comma) for field in fields):
                    header = _header(lines[:number], delimiter, len(fields))
                    last = tail.rpartition("\n")[2]
                    cut = bool(last.strip()) and len(_fields(last, delimiter)) < len(fields)
                    return _Layout(delimiter, decimal_comma, number, len(fields), header), cut
    raise RecordingError(f"{path}: has no line of numbers among its first {PREAMBLE_LINES}")


def _fields(line: str, delimiter: str | None) -> list[str]:
    if line.lstrip()[:1] in ("#", "%"):
        return []
    fields = [field.strip() for field in line.split(delimiter)]
    return fields[:-1] if len(fields) > 1 and not fields[-1] else fields  # a delimiter at the line's end


def _header(before: list[str], delimiter: str | None, count: int) -> tuple[str, ...]:
    for line in reversed(before):
        names = [name.strip().strip('"') for name in line.lstrip("#% ").split(delimiter)]
        names = names[:-1] if len(names) == count + 1 and not names[-1] else names
        if len(names) == count and all(names):
            return tuple(names)
    return ()


def _is_number(field: str, *, decimal_comma: bool) -> bool:
    try:
        float(field.replace(",", ".", 1) if decimal_comma else field)
    except ValueError:
        return False
    return "_" not in field


def _load(path: Path, layout: _Layout, *, cut: bool, max_values: int) -> Floats:
    max_rows = max_values // layout.columns
    with path.open(encoding="utf-8-sig") as file:
        rows = islice(_lines_of(path, file), layout.skip, None)
        lines: Iterator[str] = (line for line in rows if line.strip() and line.lstrip()[0] not in "#%")
        if layout.decimal_comma:
            lines = (line.replace(",", ".") for line in lines)
        if cut:
            lines = _all_but_last(lines)
        try:
            first = next(lines, None)
            if first is None:
                return np.empty((0, layout.columns))
            values = np.loadtxt(
                chain((first,), lines),
                delimiter=layout.delimiter,
                usecols=range(layout.columns),
                comments=None,
                max_rows=max_rows + 1,
                ndmin=2,
            )
        except UnicodeDecodeError as error:
            raise RecordingError(f"{path}: is no UTF-8 text ({error.reason}); save it as UTF-8") from error
        except (ValueError, IndexError) as error:
            raise RecordingError(f"{path}: {_in_plain_words(str(error), layout)}") from error
    if len(values) > max_rows:
        raise RecordingError(f"{path}: has more than {max_rows} lines; cut it into shorter pieces")
    return values


def _in_plain_words(problem: str, layout: _Layout) -> str:
    """What numpy found, with the line of the file; blank lines and comments before it are not counted."""
    mend = f"each line must hold {layout.columns} numbers"
    if bad := re.match(r"could not convert string (.*) to float64 at row (\d+)", problem, re.DOTALL):
        return f"line {layout.skip + int(bad[2]) + 1} holds {bad[1]!r:.60}; {mend}"
    if short := re.search(r"at row (\d+) with (\d+) columns", problem):
        return f"line {layout.skip + int(short[1])} holds {short[2]} numbers; {mend}"
    return f"{problem.splitlines()[0]}; {mend}"


def _lines_of(path: Path, file: TextIO) -> Iterator[str]:
    """Lines of bounded length, so that a file without line ends is refused and not held in memory."""
    while line := file.readline(LINE_CHARACTERS):
        if len(line) == LINE_CHARACTERS and line[-1] != "\n":
            raise RecordingError(f"{path}: has a line of more than {LINE_CHARACTERS} characters; is it a table?")
        yield line


def _all_but_last(lines: Iterator[str]) -> Iterator[str]:
    held = next(lines, None)
    for line in lines:
        assert held is not None
        yield held
        held = line


# ------------------------------------------------------------------------------------------------------------ columns


def _choose(path: Path, layout: _Layout, variable: str | None, *, times: list[int], count: int) -> list[int]:
    if variable is not None and variable != "*":
        return [_column(path, layout, part.strip(), count) for part in variable.split("+")]
    columns = [k for k in range(count) if k not in times]
    if len(columns) > len(AXES) and layout.header:
        columns = [k for k in columns if axis_of(layout.header[k])]
    if not 1 <= len(columns) <= len(AXES):
        there = ", ".join(_label(layout, k) for k in range(count))
        raise RecordingError(f"{path}: name the columns that are acceleration, like 2+3+4; there are: {there}")
    return columns


def _column(path: Path, layout: _Layout, name: str, count: int) -> int:
    found = [k for k, header in enumerate(layout.header) if fnmatch.fnmatchcase(header.lower(), name.lower())]
    if len(found) == 1:
        return found[0]
    if not found and name.isdecimal() and 1 <= int(name) <= count:
        return int(name) - 1
    there = ", ".join(_label(layout, k) for k in range(count))
    problem = f"{len(found)} columns fit {name!r}" if found else f"has no column {name!r}"
    raise RecordingError(f"{path}: {problem}; there are: {there}")


def _label(layout: _Layout, column: int) -> str:
    return layout.header[column] if layout.header else str(column + 1)


def _axes_of(names: list[str]) -> tuple[str, ...]:
    found = [axis_of(name) for name in names]
    axes = tuple(axis for axis in found if axis is not None)
    return axes if len(axes) == len(names) == len(set(axes)) else ()
