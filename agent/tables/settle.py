"""A table settled from its first lines: their dialect, its header and units, each column's role, what is left out.

The same lines give the same table, whether they come from a file or one by one from a port.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from agent.tables.choice import UNITS, Choice, choice_of, in_order, other_unit
from agent.tables.columns import Cells, columns_of
from agent.tables.dialect import writing_of
from agent.tables.facts import facts_of, facts_of_pairs
from agent.tables.header import header_of
from agent.tables.lines import Described, bare, described, fields_of, is_comment, units_in, without_units
from agent.tables.numbers import is_missing, number_of, seconds_of_stamp
from agent.tables.units import unit_sense
from agent.tables.values import Dialect, Facts, LeftOut, Question, Table, Told

SAMPLE_LINES = 256  # rows that settle a table
MOST_PREAMBLE = 200  # lines before them
KIND_SHARE = 0.03  # of the lines, from which lines of one kind are more than a stray
MOST_KINDS = 12  # of lines that take turns
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,16}", re.ASCII)
FEW_BLANK = 0.2  # of the lines of one column, below which an empty line is a missing value


def settle(lines: Sequence[str], told: Told | None = None) -> Table | Question:
    """The table that `lines` begin, preamble included; about SAMPLE_LINES rows are enough, and a few are too few."""
    told = told or Told()
    stripped = [bare(line) for line in lines]
    remarks = [is_comment(text) for text in stripped]
    texts = ["" if remark else text for text, remark in zip(stripped, remarks, strict=True)]
    dialect, named = _described(texts)
    ours, filled = sum(line is not None for line in named), sum(1 for text in texts if text)
    found: Table | Question | None = None
    if ours and 2 * ours >= filled:
        found = _settle_described(stripped, dialect, named, told)
        if isinstance(found, Table) or 4 * (filled - ours) < filled:
            return found
    rest = [text if line is None else "" for text, line in zip(texts, named, strict=True)]
    plain = _settle_plain(stripped, rest, told)
    if isinstance(plain, Question):
        return found if found is not None else plain
    others = dict.fromkeys(line.names for line in named[plain.skip :] if line is not None)
    return replace(plain, left_out=plain.left_out + _left_lines(others))


# ------------------------------------------------------------------------------------------------ lines with own names


def _described(texts: Sequence[str]) -> tuple[Dialect, list[Described | None]]:
    """Lines as names and numbers where they are such lines, of kinds that come more than once."""
    point, comma = (_kept([described(text, mark) if text else None for text in texts]) for mark in (".", ","))
    if _shares(point) and not _shares(comma) and any(comma):  # `x=0,12 y=0,05`: one number to a label
        return Dialect(" ", ","), comma
    return Dialect(" ", "."), point


def _kept(lines: list[Described | None]) -> list[Described | None]:
    kinds = Counter(line.names for line in lines if line is not None)
    many = {names for names, count in kinds.items() if count >= 2 and count >= KIND_SHARE * len(lines)}
    return [line if line is not None and line.names in many else None for line in lines]


def _shares(lines: Sequence[Described | None]) -> bool:
    return 2 * sum(line.shares for line in lines if line) > sum(line is not None for line in lines)


def _settle_described(
    stripped: Sequence[str], dialect: Dialect, lines: Sequence[Described | None], told: Told
) -> Table | Question:
    first = next(k for k, line in enumerate(lines) if line is not None)
    before = facts_of(stripped[:first])
    many = list(dict.fromkeys(line.names for line in lines if line is not None))
    tables: list[Table] = []
    questions: list[Question] = []
    for names in many:
        rows = [line.fields for line in lines if line is not None and line.names == names]
        cells = [cells_of(name, [row[k] for row in rows], dialect) for k, name in enumerate(names)]
        facts = merged(before, _constant_facts(names, rows))
        choice = choice_among(cells, facts, told)
        if isinstance(choice, Question):
            questions.append(choice)
        else:
            tables.append(table_of(choice, facts, dialect=dialect, names=names, skip=first, volts=told.volts))
    return _one_of(tables, questions, many)


def _one_of(tables: list[Table], questions: list[Question], kinds: list[tuple[str, ...]]) -> Table | Question:
    """The one kind of line that is acceleration; all others are left out."""
    sure = [table for table in tables if all(table.columns[k].sure for k in table.chosen)] or tables
    if len(sure) != 1:
        if not sure:
            return max(questions, key=lambda question: question.settles != "none")
        there = "; ".join(", ".join(table.columns[k].name for k in table.chosen) for table in sure)
        return Question(f"lines of several kinds hold acceleration ({there}); print all axes on one line", "columns")
    (table,) = sure
    others = [names for names in kinds if names != table.names]
    return replace(table, left_out=table.left_out + _left_lines(others))


def _left_lines(kinds: Iterable[tuple[str, ...]]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(", ".join(names), "stand on lines that hold no acceleration") for names in kinds)


def _constant_facts(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Facts:
    """Facts in fields that are the same on every line: `"fs": 1000`, `"unit": "g"`."""
    same = [(name, rows[0][k]) for k, name in enumerate(names) if all(row[k] == rows[0][k] for row in rows)]
    return facts_of_pairs((name.rpartition(".")[2], value) for name, value in same)


# ------------------------------------------------------------------------------------------------------- bare fields


def _settle_plain(stripped: Sequence[str], texts: Sequence[str], told: Told) -> Table | Question:
    plain_texts = [without_units(text) for text in texts]
    writing = writing_of(plain_texts)
    if isinstance(writing, Question):
        return writing
    if writing is None:
        return Question("has no line of numbers", "none")
    dialect = writing.dialect
    facts = facts_of(stripped[: writing.first])
    header = header_of(stripped[: writing.first], writing)
    after = plain_texts[writing.first :]
    rows = [fields for text in after if text and len(fields := fields_of(text, dialect)) == writing.width]
    names = header.names or ("",) * writing.width
    own = units_in(texts[writing.first])
    units = own if len(own) == writing.width else header.units or (None,) * writing.width
    cells = [cells_of(names[k], [row[k] for row in rows], dialect, unit=units[k] or None) for k in range(writing.width)]
    choice = choice_among(cells, facts, told)
    if isinstance(choice, Question):
        return replace(choice, text=f"{choice.text} ({header.note.reason})") if header.note else choice
    if header.note is not None and told.columns is None:
        text = f"cannot tell which columns are acceleration: of the header {header.note.reason}"
        return Question(text, "columns", tuple(column.name for column in choice.columns))
    blank = sum(1 for text in stripped[writing.first :] if not text)
    table = table_of(choice, facts, dialect=dialect, skip=writing.first, volts=told.volts)
    return replace(
        table,
        blank_is_missing=writing.width == 1 and blank <= FEW_BLANK * len(after),
        left_out=((header.note,) if header.note else ()) + table.left_out,
    )


# -------------------------------------------------------------------------------------------------------------- common


def cells_of(name: str, fields: Sequence[str], dialect: Dialect, *, unit: str | None = None) -> Cells:
    """One column's fields as what roles are told from."""
    values = [number_of(field, dialect.decimal) for field in fields]
    numbers = sum(value is not None for value in values)
    filled = sum(not is_missing(field) for field in fields)
    if numbers * 2 < max(1, filled):
        stamps = [seconds_of_stamp(field) for field in fields]
        if sum(stamp is not None for stamp in stamps) * 2 >= max(1, filled):
            return Cells(name, _array(stamps), stamped=True, unit=unit)
    words, turns = _words(fields)
    is_words = not filled or (numbers < filled and _are_hexadecimal(fields))
    text = 1.0 if is_words else 1 - numbers / filled
    return Cells(name, _array(values), text=text, unit=unit, words=words, turns=turns)


def _are_hexadecimal(fields: Sequence[str]) -> bool:
    """Whether all fields are of digits to F: some of them look like decimal numbers, or like amperes, and are none."""
    return all(map(_HEXADECIMAL.fullmatch, fields))


def _words(fields: Sequence[str]) -> tuple[tuple[str, ...], float]:
    """The words of a column of few, and how often they change from row to row."""
    often = tuple(word for word, count in Counter(fields).items() if count >= KIND_SHARE * len(fields))
    turns = sum(a != b for a, b in pairwise(fields)) / len(fields)
    return (often if len(often) <= MOST_KINDS else ()), turns


def _array(values: Sequence[float | None]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def choice_among(cells: Sequence[Cells], facts: Facts, told: Told) -> Choice | Question:
    """Which of the columns are samples; their rows follow each other in time."""
    columns = columns_of(cells, rate_hz=told.rate_hz if told.rate_hz is not None else facts.rate_hz)
    choice = choice_of(cells, columns, told)
    if isinstance(choice, Question):
        return choice
    if (other := other_unit(choice, facts, told)) is not None:
        return other
    return in_order(choice, told)


def table_of(
    choice: Choice,
    facts: Facts,
    *,
    dialect: Dialect,
    names: tuple[str, ...] = (),
    skip: int = 0,
    volts: bool = False,
) -> Table:
    """The table of what was chosen; a unit that `facts` say is that of columns without their own."""
    columns, unit = choice.columns, choice.unit
    sense = unit_sense(facts.unit) if facts.unit is not None else None
    base = next((u for u in UNITS if sense is not None and sense.base == u and (volts or u != "V")), None)
    if unit is None and sense is not None and base and all(columns[k].unit is None for k in choice.chosen):
        unit = base
        columns = tuple(
            replace(column, unit=unit, scale=sense.scale) if k in choice.chosen else column
            for k, column in enumerate(columns)
        )
    return Table(
        dialect=dialect,
        names=names,
        columns=columns,
        chosen=choice.chosen,
        axes=choice.axes,
        unit=unit,
        time=choice.time,
        counter=choice.counter,
        speed=choice.speed,
        facts=facts,
        skip=skip,
        blank_is_missing=False,
        left_out=choice.left_out,
    )


def merged(a: Facts, b: Facts) -> Facts:
    """What `a` says, and what only `b` does."""
    return Facts(
        a.rate_hz if a.rate_hz is not None else b.rate_hz,
        a.unit if a.unit is not None else b.unit,
        a.rpm if a.rpm is not None else b.rpm,
        a.channels if a.channels is not None else b.channels,
    )
