"""A table of text, from a port or a file: how it is written, its columns, its rate, and what would be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.explain.finding import Field, Finding, fields_of, left_out_of
from agent.sources.questions import question_text
from agent.tables.long_series import LongSeries
from agent.tables.rows import read_lines
from agent.tables.settle import settle
from agent.tables.values import Dialect, Question, Table

_SEPARATORS = {"": "one column", "\t": "tabs", " ": "spaces"}


def table_of(lines: Sequence[str]) -> Table | Question:
    """The table that these lines are."""
    return settle(lines)


def explain_table(what: str, found: Table | Question, lines: Sequence[str], *, arrived: str) -> Finding:
    """What a table is; its rate as its own time shows it."""
    if isinstance(found, Question):
        return Finding(what, "text", arrived, questions=(question_text(found),))
    series = LongSeries(found)
    questions: tuple[str, ...] = ()
    for values in (series.feed(read_lines(found, lines[found.skip :])), series.end()):
        if isinstance(values, Question):
            questions = (question_text(values),)
    rate_hz, rate_from = series.rate_hz, "by its own time"
    if rate_hz is None and found.facts.rate_hz is not None:
        rate_hz, rate_from = found.facts.rate_hz, "as the lines before it say"
    used: dict[int, str] = dict(zip(found.chosen, found.axes, strict=True))
    used |= {
        k: part for k, part in ((found.time, "time"), (found.counter, "count"), (found.speed, "speed")) if k is not None
    }
    return Finding(
        what,
        f"a table of text: {_written(found.dialect)}" + (", names on every line" if found.names else ""),
        arrived,
        fields=fields_of(found.columns, used),
        axes=found.axes,
        rate_hz=rate_hz,
        rate_from=rate_from if rate_hz is not None else "",
        unit=found.unit,
        left_out=left_out_of(found.left_out),
        questions=questions,
    )


def told_of(finding: Finding) -> dict[str, Any]:
    """Keys of a sensor that the finding does not leave open."""
    return {} if finding.rate_hz is None else {"rate_hz": finding.rate_hz}


def channels(names: Sequence[str], unit: str | None) -> tuple[Field, ...]:
    """Channels of a recording that is no table."""
    return tuple(Field(name, "acceleration", "is a channel", unit, name) for name in names)


def _written(dialect: Dialect) -> str:
    between = _SEPARATORS.get(dialect.separator, f"{dialect.separator!r}")
    return f"{between} between columns, decimal {'comma' if dialect.decimal == ',' else 'point'}"
