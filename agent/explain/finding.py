"""What was found out about one topic, port or file; and it as lines for a person, and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.tables.values import Column, LeftOut

MOST_COLUMNS = 40  # that are shown


@dataclass(frozen=True, slots=True)
class Field:
    """A column, a key or a metric. `used_as`: the axis or part that it would become; None where it is left out."""

    name: str
    role: str
    reason: str
    unit: str | None = None
    used_as: str | None = None
    example: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source of samples or figures is. `questions` are those that must be answered before it can be used."""

    what: str  # topic, port or file
    dialect: str  # in words
    arrived: str = ""  # how much, in words
    kind: str | None = None  # of `[[sources]]`
    fields: tuple[Field, ...] = ()
    axes: tuple[str, ...] = ()
    rate_hz: float | None = None
    rate_from: str = ""
    unit: str | None = None
    left_out: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    config: str = ""  # to paste
    names: tuple[str, ...] = field(default=())  # senders, where they say a name


def fields_of(
    columns: Iterable[Column], used: dict[int, str], examples: dict[int, str] | None = None
) -> tuple[Field, ...]:
    """Columns as they are shown; `used` maps an index to what it becomes."""
    return tuple(
        Field(column.name, column.role, column.reason, column.unit, used.get(k), (examples or {}).get(k, ""))
        for k, column in enumerate(columns)
    )


def left_out_of(left: Iterable[LeftOut]) -> tuple[str, ...]:
    """What is no sample, each with its reason."""
    return tuple(f"{one.what} {one.reason}" for one in left)


def document(finding: Finding) -> dict[str, Any]:
    """A finding for a program."""
    return {
        "what": finding.what,
        "dialect": finding.dialect,
        "kind": finding.kind,
        "arrived": finding.arrived,
        "columns": [
            {
                "name": f.name,
                "role": f.role,
                "reason": f.reason,
                "unit": f.unit,
                "used_as": f.used_as,
                "example": f.example,
            }
            for f in finding.fields
        ],
        "axes": list(finding.axes),
        "rate_hz": finding.rate_hz,
        "rate_from": finding.rate_from or None,
        "unit": finding.unit,
        "left_out": list(finding.left_out),
        "questions": list(finding.questions),
        "notes": list(finding.notes),
        "config": finding.config or None,
    }


def lines_of(finding: Finding) -> Iterator[str]:
    """A finding for a person."""
    yield finding.what
    yield f"  is         {finding.dialect}" + (f"; {finding.arrived}" if finding.arrived else "")
    if finding.fields:
        width = min(32, max(len(f.name) for f in finding.fields))
        for number, one in enumerate(finding.fields[:MOST_COLUMNS]):
            label = "fields" if number == 0 else ""
            becomes = f" -> {one.used_as}" if one.used_as else ""
            unit = f" [{one.unit}]" if one.unit else ""
            shown = f"  ({one.example})" if one.example else ""
            yield f"  {label:<10} {one.name:<{width}}  {one.role}{unit}: {one.reason}{becomes}{shown}"
        if len(finding.fields) > MOST_COLUMNS:
            yield f"  {'':<10} and {len(finding.fields) - MOST_COLUMNS} more"
    if finding.axes:
        yield f"  axes       {' '.join(finding.axes)}"
    if finding.rate_hz is not None:
        yield f"  rate       {finding.rate_hz:g} Hz, {finding.rate_from}"
    if finding.axes:
        yield f"  unit       {finding.unit or 'not said: figures that need one are left out (unit = ...)'}"
    for label, texts in (("left out", finding.left_out), ("note", finding.notes), ("asked", finding.questions)):
        for number, text in enumerate(texts):
            yield f"  {label if number == 0 else '':<10} {text}"
    if finding.config:
        yield "  config"
        yield from (f"    {line}" for line in finding.config.splitlines())
