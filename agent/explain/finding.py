"""What was found out about one topic, port or file; and it as lines for a person, and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.messages.notices import in_language
from agent.messages.terminal import padded, width
from agent.messages.words import Language, say, words_for
from agent.tables.values import Column, LeftOut

MOST_COLUMNS = 40  # that are shown
LABEL = 10  # columns of a label


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


def lines_of(finding: Finding, language: Language = "en") -> Iterator[str]:
    """A finding for a person; names and figures, and the config, stay as they are."""
    dialect, arrived = in_language(finding.dialect, language), in_language(finding.arrived, language)
    yield finding.what
    yield from _labelled("is", (dialect + (f"; {arrived}" if arrived else ""),), language)
    shown = finding.fields[:MOST_COLUMNS]
    room = min(32, max((width(one.name) for one in shown), default=0))
    more = len(finding.fields) - len(shown)
    fields = [_of_field(one, room, language) for one in shown]
    yield from _labelled("fields", (*fields, *([say("explain.more", language, count=more)] if more else [])), language)
    if finding.axes:
        yield from _labelled("axes", (" ".join(finding.axes),), language)
    if finding.rate_hz is not None:
        how = in_language(finding.rate_from, language)
        yield from _labelled("rate", (f"{finding.rate_hz:g} Hz, {how}",), language)
    if finding.axes:
        yield from _labelled("unit", (finding.unit or say("explain.no_unit", language, key="unit = ..."),), language)
    for label, texts in (("left_out", finding.left_out), ("note", finding.notes), ("asked", finding.questions)):
        yield from _labelled(label, tuple(in_language(text, language) for text in texts), language)
    if finding.config:
        yield from _labelled("config", ("",), language)
        yield from (f"    {line}" for line in finding.config.splitlines())


def _of_field(one: Field, room: int, language: Language) -> str:
    role, reason = words_for("role", one.role, language), in_language(one.reason, language)
    unit = f" [{one.unit}]" if one.unit else ""
    becomes = f" -> {one.used_as}" if one.used_as else ""
    shown = f"  ({one.example})" if one.example else ""
    return f"{padded(one.name, room)}  {role}{unit}: {reason}{becomes}{shown}"


def _labelled(label: str, texts: Sequence[str], language: Language) -> Iterator[str]:
    """A label before the first of these lines."""
    for number, text in enumerate(texts):
        shown = say(f"explain.{label}", language) if number == 0 else ""
        yield f"  {padded(shown, LABEL)} {text}".rstrip()
