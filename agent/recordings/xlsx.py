"""Excel workbooks: the rows of a sheet as lines of text, one after the other, so that a long one needs little memory.

Which sheet holds the samples is told from the first rows of each; several that do are asked about.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.csv import recording_of_lines, table_of_lines
from agent.recordings.foreign import reading, weighed
from agent.recordings.recording import Recording
from agent.tables.settle import SAMPLE_LINES
from agent.tables.values import Table

MOST_ROWS = 1 << 20  # of a sheet, which Excel cannot exceed either
MOST_COLUMNS = 1024
MOST_SHEETS = 64
MOST_TEXT = 64 << 20  # bytes, of the words that all sheets share; they are held whole
PROLOG = 1024
OLD = b"\xd0\xcf\x11\xe0"  # of Microsoft's containers before the archive, and around an encrypted one
SHARED = "xl/sharedStrings.xml"


def read(path: Path, asked: Asked) -> Recording:
    """The one sheet with acceleration; `asked` names columns, or `SHEET!COLUMN`, `SHEET!*` where there are more."""
    import openpyxl

    with reading(path, "Excel workbook"), path.open("rb") as file:
        _check(path)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        try:
            sheets = {sheet.title: sheet for sheet in book.worksheets[:MOST_SHEETS]}
            name, asked = _named(path, list(sheets), asked)
            name, table = _settled(path, {name: sheets[name]} if name else sheets, asked)
            lines, size = _lines(path, sheets[name]), path.stat().st_size
            notes = (f"sheet {name}",) if len(sheets) > 1 else ()
            recording = recording_of_lines(
                path, table, lines, progress=lambda: asked.progress(min(1.0, file.tell() / size))
            )
            return replace(recording, notes=(*notes, *recording.notes))
        finally:
            book.close()


def _check(path: Path) -> None:
    """RecordingError for an older workbook, an archive that unpacks to too much, or XML that declares entities."""
    with path.open("rb") as file:
        if file.read(len(OLD)) == OLD:
            raise RecordingError(f"{path}: is an .xls under another name, or has a password; save it as .xlsx without")
    with zipfile.ZipFile(path) as archive:
        for member in weighed(path, archive):
            if member.filename == SHARED and member.file_size > MOST_TEXT:
                raise RecordingError(f"{path}: holds {member.file_size >> 20} MiB of words; is it a recording?")
            if member.filename.endswith((".xml", ".rels")):
                with archive.open(member) as file:
                    if b"<!DOCTYPE" in file.read(PROLOG).replace(b"\0", b""):
                        raise RecordingError(f"{path}: its XML declares a document type, which no workbook does")


def _named(path: Path, names: Sequence[str], asked: Asked) -> tuple[str | None, Asked]:
    """The sheet that is asked for before a `!`, and what of it."""
    sheet, mark, rest = (asked.variable or "").rpartition("!")
    if not mark:
        return None, asked
    if sheet not in names:
        raise RecordingError(f"{path}: has no sheet {sheet!r}; there are: {', '.join(names):.600}")
    return sheet, replace(asked, variable=rest or None)


def _settled(path: Path, sheets: dict[str, Any], asked: Asked) -> tuple[str, Table]:
    """The one sheet that holds a table with acceleration."""
    found: dict[str, Table] = {}
    problems: dict[str, RecordingError] = {}
    for name, sheet in sheets.items():
        head = list(islice(_lines(path, sheet), SAMPLE_LINES))
        try:
            found[name] = table_of_lines(path, head, asked)
        except RecordingError as error:
            problems[name] = error
    if len(sure := {name: table for name, table in found.items() if _shows_samples(table)}) == 1:
        found = sure
    if len(found) > 1:
        raise RecordingError(
            f"{path}: sheets {', '.join(found):.400} hold acceleration; choose one (--channel, like 'SHEET!*')"
        )
    if not found:
        raise max(problems.values(), key=lambda error: "no line of numbers" not in str(error), default=_empty(path))
    return next(iter(found.items()))


def _shows_samples(table: Table) -> bool:
    """Whether a sheet has its own time or names acceleration; a cover sheet of remarks may hold numbers, too."""
    return table.time is not None or all(table.columns[k].role == "acceleration" for k in table.chosen)


def _empty(path: Path) -> RecordingError:
    return RecordingError(f"{path}: holds no sheet of rows")


def _lines(path: Path, sheet: Any) -> Iterator[str]:
    """The rows as lines with tabs, all of one width: that of the columns in which the first rows hold anything."""
    sheet.reset_dimensions()  # what is declared may be far more than what is there
    rows = _bounded(path, sheet.iter_rows(values_only=True))
    head = list(islice(rows, SAMPLE_LINES))
    used = [k for row in head for k, value in enumerate(row) if value is not None]
    first, end = min(used, default=0), max(used, default=0) + 1
    for row in chain(head, rows):
        cells = [_text(value) for value in row[first:end]]
        yield "\t".join(cells + [""] * (end - first - len(cells))) + "\n"


def _bounded(path: Path, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows up to the last with a value, as many as a sheet may have; a cell far out is no reason to count there."""
    blank: list[tuple[Any, ...]] = []
    for at, row in enumerate(rows):
        if at >= MOST_ROWS or len(row) > MOST_COLUMNS:
            raise RecordingError(f"{path}: a sheet has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns")
        if any(value is not None for value in row):
            yield from blank
            blank.clear()
            yield row
        else:
            blank.append(())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return repr(value.total_seconds())
    return " ".join(str(value).split()) if isinstance(value, str) else repr(value)
