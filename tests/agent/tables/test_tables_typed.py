"""Columns that come as numbers are what the same columns are as text."""

from __future__ import annotations

import numpy as np

from agent.tables.rows import read_lines
from agent.tables.settle import settle
from agent.tables.typed import Typed, needed_of, rows_of, settle_columns
from agent.tables.values import Facts, Question, Table, Told

ROWS = 300
COLUMNS = {
    "time_ms": np.arange(ROWS) * 0.5,
    "Acc X [mg]": np.random.default_rng(1).normal(0, 300, ROWS).round(3),
    "temp_c": np.full(ROWS, 41.5),
    "ch1 [mV]": np.random.default_rng(2).normal(0, 30, ROWS).round(3),
}


def typed(*names: str) -> list[Typed]:
    return [Typed(name, COLUMNS[name]) for name in names]


def test_typed_columns_settle_and_read_as_text_does() -> None:
    lines = [",".join(COLUMNS), *(",".join(repr(float(v)) for v in row) for row in zip(*COLUMNS.values(), strict=True))]
    text, table = settle(lines), settle_columns(typed(*COLUMNS), Facts())
    assert isinstance(text, Table)
    assert isinstance(table, Table)
    for part in ("columns", "chosen", "axes", "unit", "time", "counter", "left_out"):
        assert getattr(table, part) == getattr(text, part)
    rows = rows_of(table, dict(enumerate(COLUMNS.values())))
    expected = read_lines(text, lines[1:])
    np.testing.assert_allclose(rows.values, expected.values)
    np.testing.assert_allclose(rows.stamps, expected.stamps)  # type: ignore[arg-type]
    assert needed_of(table) == (1, 0)


def test_rows_without_a_value_or_a_time_are_missing_and_counted() -> None:
    table = settle_columns(typed("time_ms", "Acc X [mg]"), Facts())
    assert isinstance(table, Table)
    clock, values = COLUMNS["time_ms"].copy(), COLUMNS["Acc X [mg]"].copy()
    clock[7], values[9] = np.nan, np.inf
    rows = rows_of(table, {0: clock, 1: values})
    assert np.flatnonzero(np.isnan(rows.values[:, 0])).tolist() == [7, 9]
    assert (rows.spoilt, rows.first_spoilt) == (2, (7, "is not finite"))


def test_words_and_dates_are_read_as_they_are_in_text() -> None:
    stamps = [f"2026-03-01T10:00:00.{k:03d}" for k in range(ROWS)]
    table = settle_columns([Typed("when", stamps), Typed("acc", [f"{k % 7 - 3.5}" for k in range(ROWS)])], Facts())
    assert isinstance(table, Table)
    assert table.columns[0].stamped
    rows = rows_of(table, {0: ["", *stamps[1:]], 1: ["1.5"] * ROWS})
    assert rows.spoilt == 1


def test_volts_are_acceleration_only_where_a_sensitivity_is_known() -> None:
    question = settle_columns(typed("time_ms", "ch1 [mV]"), Facts())
    assert isinstance(question, Question)
    assert question.volts
    table = settle_columns(typed("time_ms", "ch1 [mV]"), Facts(), Told(volts=True))
    assert isinstance(table, Table)
    assert (table.chosen, table.unit, table.scales) == ((1,), "V", (1e-3,))
    beside = settle_columns(typed("Acc X [mg]", "ch1 [mV]"), Facts(), Told(volts=True))
    assert isinstance(beside, Table)
    assert (beside.chosen, beside.unit) == ((0,), "g")
    plain = settle_columns([Typed("ch1", COLUMNS["ch1 [mV]"])], Facts(unit="V"), Told(volts=True))
    assert isinstance(plain, Table)
    assert plain.unit == "V"
