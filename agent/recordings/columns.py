"""Formats whose columns have names and types: their first rows settle the table, the rest comes in pieces."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.recording import Recording
from agent.recordings.rows import Content, refusal
from agent.tables.typed import Typed, Values, rows_of, settle_columns
from agent.tables.values import Facts, Question, Table, Told

MOST_COLUMNS = 1024
MOST_LISTED = 600  # characters of a list of names


def settled(
    path: Path, columns: Sequence[Typed], facts: Facts, asked: Asked, *, chosen: tuple[int | str, ...] | None
) -> Table:
    """The table of these first rows; `chosen` are those that were asked for, by name or by number from 1.

    RecordingError asks for what they do not show.
    """
    if len(columns) > MOST_COLUMNS:
        raise RecordingError(f"{path}: has {len(columns)} columns, at most {MOST_COLUMNS} are read; leave some out")
    table = settle_columns(columns, facts, Told(columns=chosen, volts=asked.volts))
    if isinstance(table, Question):
        raise refusal(path, table)
    return table


def filled(path: Path, table: Table, pieces: Iterable[Mapping[int, Values]], *, notes: Sequence[str] = ()) -> Recording:
    """Such a table's samples; each of `pieces` holds the next rows of the columns that it needs."""
    content = Content(path, table)
    content.notes.extend(notes)
    at = 0
    for piece in pieces:
        rows = rows_of(table, piece)
        content.feed(rows, first=at)
        at += len(rows.values)
    return content.end()


def fitting(names: Sequence[str], wanted: str) -> list[str]:
    """The names that are `wanted`, or fit it as a glob in any case."""
    if wanted in names:
        return [wanted]
    return [name for name in names if fnmatch.fnmatchcase(name.lower(), wanted.lower())]


def one_of(path: Path, what: str, names: Sequence[str], wanted: str, *, option: str) -> str:
    """The one name that fits; RecordingError lists them, and the option with which one is chosen."""
    found = fitting(names, wanted)
    if len(found) == 1:
        return found[0]
    listed = f"{', '.join(found or names) or 'none':.{MOST_LISTED}}"
    problem = f"{len(found)} {what}s fit {wanted!r}" if found else f"has no {what} {wanted!r}"
    return _raise(f"{path}: {problem}; choose one ({option}); there are: {listed}")


def _raise(text: str) -> str:
    raise RecordingError(text)
