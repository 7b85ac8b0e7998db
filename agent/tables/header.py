"""The header above a table's rows: names and units, believed only where their count is that of the columns beneath.

A line with a number in it is no header, and a wider or narrower one is said to be so instead of being fitted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.tables.dialect import Writing
from agent.tables.lines import fields_of
from agent.tables.numbers import number_of
from agent.tables.units import unit_sense
from agent.tables.values import Dialect, LeftOut

LEAST_WORDS = 3  # of a sentence, for each figure in it
_LISTED = re.compile(r"[\t;|]|[\[(][^\])]*[\])].*[,\s].*[\[(]")  # separated, or with units in brackets


@dataclass(frozen=True, slots=True)
class Header:
    """Names and units of all columns; both empty where there are none, `note` where they do not fit."""

    names: tuple[str, ...]  # empty: none
    units: tuple[str | None, ...]
    note: LeftOut | None = None


def header_of(before: Sequence[str], writing: Writing) -> Header:
    """Names and units above the first row: the nearest line that can be a header, checked against the width."""
    units: tuple[str | None, ...] = ()
    nearest = True
    for line in reversed(before):
        text = line.lstrip("#%!/ ").rstrip(" \r\n")
        if not text.strip():
            continue
        if _is_sentence(text):
            nearest = False
            continue
        fields = _header_fields(text, writing)
        if not units and len(fields) == writing.width and _are_units(fields):
            units = tuple(field.strip("[]() ") or None for field in fields)
            continue
        if any(number_of(field, writing.dialect.decimal) is not None for field in fields) or not any(fields):
            nearest = False
            continue
        if len(fields) == writing.width and (nearest or writing.width > 1):  # any line of words is one column
            return Header(tuple(fields), units)
        if nearest and _trails(fields, writing.width):
            return Header(tuple(fields[: writing.width]), units)
        if nearest and len(fields) > 1 and not line.lstrip().startswith(("#", "%")) and ":" not in text:
            note = LeftOut("the header", f"its {len(fields)} names do not fit the {writing.width} columns beneath it")
            return Header((), units, note)
        nearest = False
    return Header((), units)


def _is_sentence(text: str) -> bool:
    """Whether a line says a figure in words, as `Length processed: 11264 samples.` does, and names no columns."""
    figures = sum(number_of(word.strip(".,;:")) is not None for word in text.split())
    return figures > 0 and len(text.split()) >= LEAST_WORDS * figures and not _LISTED.search(text)


def _header_fields(text: str, writing: Writing) -> list[str]:
    """A header's names: separated as the rows are, or by commas or tabs where the rows hold one column or spaces."""
    dialect = writing.dialect
    if dialect.separator == "":
        split = next((s for s in ("\t", ";", "|", ",") if s in text), "")
        return fields_of(text, Dialect(split))
    fields = fields_of(text, replace(dialect, paired=False))
    if text.endswith(dialect.separator) and len(fields) == writing.width - 1:
        return [*fields, ""]
    if dialect.separator == " " and len(fields) != writing.width:
        for separator in ("\t", ";", ","):
            if len(other := fields_of(text, Dialect(separator))) == writing.width:
                return other
    return fields


def _are_units(fields: Sequence[str]) -> bool:
    known = [field for field in fields if field.strip("[]() -")]
    return bool(known) and all(unit_sense(field) is not None for field in known)


def _trails(fields: Sequence[str], width: int) -> bool:
    """Whether a header is wider by remarks alone, as LabVIEW's `Comment` is."""
    beyond = [field.strip().lower() for field in fields[width:]]
    return bool(beyond) and all(
        field in ("", "comment", "comments", "remark", "remarks", "bemerkung", "비고") for field in beyond
    )
