"""Files of named arrays (.mat .npy .npz .h5): which of them are the samples, and what else they say of these.

An array's columns, or vectors of one length, are a table, and `agent.tables` says which columns are acceleration.
A name that leaves a choice is refused with a list of what there is. Long arrays are read in pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.recordings.array_names import (
    MAY_BE_SIGNAL,
    Leaf,
    Part,
    chosen_parts,
    last_of,
    other_quantity,
    parts_of_all,
    time_beside,
)
from agent.recordings.array_scalars import facts_of_scalars
from agent.recordings.asked import Asked
from agent.recordings.channels import MAX_VALUES
from agent.recordings.recording import Recording
from agent.recordings.rows import Content, refusal
from agent.tables.columns import is_gravity
from agent.tables.contents import contents_of
from agent.tables.names import sense_of
from agent.tables.typed import SAMPLE_ROWS, Typed, needed_of, rows_of, settle_columns
from agent.tables.values import Facts, Question, Table, Told

Floats = NDArray[np.float64]

CHUNK_VALUES = 1 << 16  # of a table, read at a time
UNSURE = "cannot tell which of "
"""How a question begins that names nothing but the variables, which a list of them does, too."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """`leaves` by dotted name; `units` and `columns` (names of a table's columns) of those that say them.

    `pairs`: what is written beside them, as names and values, by the dotted name of the leaf or group that it is of.
    """

    leaves: Mapping[str, Leaf]
    units: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pairs: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of a part."""

    part: Part
    at: int
    name: str
    unit: str | None


def recording_of(path: Path, arrays: Arrays, asked: Asked) -> Recording:
    """The samples among the arrays, by what is asked or by what their names and contents leave no doubt of."""
    there = {name: leaf for name, leaf in arrays.leaves.items() if leaf.size > 1}
    if not there:
        raise RecordingError(f"{path}: holds no vector or table of real numbers")
    parts = chosen_parts(path, there, asked.variable) if asked.parts else parts_of_all(path, there)
    facts = facts_of_scalars(path, arrays.leaves, arrays.pairs, parts[0].name)
    table, columns = _settled(path, arrays, there, parts, asked, facts)
    names = list(dict.fromkeys(columns[k].part.name for k in table.chosen))
    content = Content(path, table)
    if asked.variable != names[0] and names != [""]:
        content.notes.append(f"variable {' + '.join(names)}")
    if not asked.parts:
        others = {name: other_quantity(name) for name in there if name not in {part.name for part in parts}}
        content.notes.extend(f"left out: {name} {reason}" for name, reason in others.items() if reason)
    _read(content, table, columns, asked)
    return content.end()


def _settled(
    path: Path,
    arrays: Arrays,
    there: Mapping[str, Leaf],
    parts: Sequence[Part],
    asked: Asked,
    facts: Facts,
) -> tuple[Table, list[_Column]]:
    rows = parts[0].rows
    columns = [column for part in parts for column in _columns(arrays, part)]
    told: tuple[int, ...] | None = tuple(range(1, len(columns) + 1)) if asked.parts else None
    if asked.parts:
        columns += [column for part in time_beside(path, there, parts) for column in _columns(arrays, part)]
    if rows * len(columns) > MAX_VALUES:
        raise RecordingError(
            f"{path}: {parts[0].name or 'the array'} holds {rows * len(columns)} values, at most {MAX_VALUES} are "
            "read; cut it into shorter pieces"
        )
    heads = _values(columns, range(len(columns)), 0, min(rows, SAMPLE_ROWS))
    if len(columns) == 1 and told is None and _may_be_signal(columns[0].name, heads[0]):
        told = (1,)
    typed = [Typed(column.name, heads[k], column.unit) for k, column in enumerate(columns)]
    table = settle_columns(typed, facts, Told(columns=told, volts=asked.volts))
    if isinstance(table, Question):
        raise _refused(path, table, there, parts)
    if told is None and len({columns[k].part.name for k in table.chosen}) > 1 and not _are_sure(table):
        raise _several(path, there)
    return table, columns


def _columns(arrays: Arrays, part: Part) -> list[_Column]:
    """The columns of a part, with what is known of each."""
    unit = arrays.units.get(part.name)
    names = arrays.columns.get(part.name, ())
    if len(names) != part.width:
        names = [last_of(part.name)] if part.width == 1 else [""] * part.width
    return [_Column(part, at, names[at], unit) for at in part.chosen]


def _are_sure(table: Table) -> bool:
    return all(table.columns[k].sure and table.columns[k].role == "acceleration" for k in table.chosen)


def _may_be_signal(name: str, head: Floats) -> bool:
    """Whether the only vector of a file is a signal: neither counts up, nor drifts, nor is called another quantity."""
    sense, found = sense_of(name), contents_of(head)
    is_slow = found.drifts or (found.far and not is_gravity([found.mean]))
    return not (found.rises or is_slow) and (sense.strength != "sure" or sense.role in MAY_BE_SIGNAL)


def _refused(path: Path, question: Question, there: Mapping[str, Leaf], parts: Sequence[Part]) -> RecordingError:
    if len(parts) > 1:
        return _several(path, there, "" if question.text.startswith(UNSURE) else f"; {question.text}")
    (part,) = parts
    if question.settles != "columns" or part.width == 1:
        return refusal(path, question)
    return refusal(path, replace(question, text=f"{part.name or 'it'} has {part.width} channels; {question.text}"))


def _several(path: Path, there: Mapping[str, Leaf], why: str = "") -> RecordingError:
    listed = ", ".join(f"{name} {'x'.join(map(str, leaf.shape))}" for name, leaf in there.items())
    ask = f"holds {len(there)} variables that may be the signal; name one (--channel, like NAME or NAME+NAME)"
    return RecordingError(f"{path}: {ask}: {listed:.600}{why:.400}")


def _read(content: Content, table: Table, columns: Sequence[_Column], asked: Asked) -> None:
    needed = needed_of(table)
    rows = columns[0].part.rows
    step = max(SAMPLE_ROWS, CHUNK_VALUES // len(columns))
    for at in range(0, rows, step):
        end = min(rows, at + step)
        content.feed(rows_of(table, _values(columns, needed, at, end)), first=at)
        asked.progress(end / rows)


def _values(columns: Sequence[_Column], needed: Sequence[int], at: int, end: int) -> dict[int, Floats]:
    """Rows `at` to `end` of the needed columns; an array of several is read once."""
    read: dict[int, Any] = {}
    found: dict[int, Floats] = {}
    for k in needed:
        part = columns[k].part
        if id(part) not in read:
            read[id(part)] = part.read(at, end)
        found[k] = read[id(part)][:, columns[k].at].astype(np.float64)
    return found
