"""What a person told of a table against what it says itself: the two agree, or it is a question, never a choice."""

from __future__ import annotations

from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.tables.clock import AGREES
from agent.tables.values import Question, Table, Told


def contradiction(table: Table, told: Told, *, measured_hz: float | None = None) -> Question | None:
    """The first thing told that the table contradicts; `measured_hz` is what its time column shows, if it has one.

    Where nothing is told, the table must not contradict itself: what is written before it, and its time.
    """
    written_hz = table.facts.rate_hz
    for other, where in ((measured_hz, _time_of(table)), (written_hz, "the lines before the table")):
        if told.rate_hz is not None and other is not None and not _agree(told.rate_hz, other):
            return Question(f"{told.rate_hz:g} Hz was given, but {where} says {other:g} Hz", "rate")
    if told.rate_hz is None and measured_hz and written_hz and not _agree(written_hz, measured_hz):
        text = f"the lines before the table say {written_hz:g} Hz, but {_time_of(table)} says {measured_hz:g} Hz"
        return Question(text, "rate")
    if measured_hz is not None and not MIN_RATE_HZ <= measured_hz <= MAX_RATE_HZ:
        return Question(f"{_time_of(table)} says {measured_hz:g} Hz, which no accelerometer has", "time_column")
    if told.unit in ("g", "m/s2") and table.unit is not None and told.unit != table.unit:
        return Question(f"the unit {told.unit} was given, but the table says {table.unit}", "unit")
    if told.channels is not None and told.channels != len(table.chosen):
        text = f"{told.channels} channels were given, but {len(table.chosen)} columns are acceleration"
        return Question(text, "columns", tuple(column.name for column in table.columns))
    return None


def _agree(a: float, b: float) -> bool:
    return abs(a / b - 1) <= AGREES


def _time_of(table: Table) -> str:
    return "its time" if table.time is None else f"column {table.columns[table.time].name}"
