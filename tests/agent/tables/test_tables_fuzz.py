"""Any table, any text: only acceleration is an axis, ports and files hear the same, and nothing is raised."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tables_of_noise import ROWS, Drawn, drawn_tables

from agent.tables.encodings import encoding_of
from agent.tables.lines import _labelled, described
from agent.tables.rows import Row, Spoilt, read_line, read_lines
from agent.tables.series import series_of
from agent.tables.settle import SAMPLE_LINES, settle
from agent.tables.stream import TableReader
from agent.tables.values import Question, Table, Told

PIECES = [
    "x: ",
    "ax=",
    "ch 1: ",
    "2nd:",
    "a-",
    "0.5",
    "-3",
    "1e3",
    ",5",
    "nan",
    " ",
    ", ",
    "| g",
    "m/s^2",
    "Gyro ",
    ")",
    "OK",
    ".",
]
LINES = st.lists(st.text('0123456789.,;:|\t -+eEXYZaxg={}[]"#µ°가nul', max_size=40), max_size=40)


@given(drawn_tables())
def test_a_column_that_is_not_acceleration_is_never_an_axis(table: Drawn) -> None:
    found = settle(table.lines)
    there = "acceleration" in table.roles
    if isinstance(found, Question):
        assert not there or found.settles != "none"
        return
    assert there
    assert {table.roles[k] for k in found.chosen} == {"acceleration"}
    assert len(found.chosen) == table.roles.count("acceleration")
    assert found.time is None or table.roles[found.time] == "time"
    assert found.speed is None or table.roles[found.speed] == "speed"
    assert {left.what for left in found.left_out} >= {
        name
        for k, (name, role) in enumerate(zip(table.names, table.roles, strict=True))
        if name and k != found.speed and role not in ("acceleration", "time", "counter")
    }


@given(
    drawn_tables(),
    st.lists(
        st.tuples(
            st.integers(20, ROWS - 1), st.sampled_from(["", "Gyro X: 1 Y: 2 Z: 3", "rst:0x1", "1", "a,b", "nan"])
        ),
        max_size=5,
    ),
)
def test_lines_from_a_port_are_what_they_are_in_a_file(table: Drawn, noise: list[tuple[int, str]]) -> None:
    lines = list(table.lines)
    for at, text in noise:
        lines.insert(at, text)
    reader = TableReader()
    heard = [one for line in lines for one in reader.feed([line])]
    heard += reader.settle(is_end=True)
    found = settle(lines[:SAMPLE_LINES])
    if isinstance(found, Question):
        late = reader.table  # lines beyond a file's first may show what those did not
        assert late is None or {table.roles[k] for k in late.chosen} == {"acceleration"}
        return
    assert reader.table == found
    whole = read_lines(found, lines[found.skip :])
    live = [
        one.values if isinstance(one, Row) else (np.nan,) * len(found.chosen)
        for one in heard
        if isinstance(one, Row | Spoilt)
    ]
    np.testing.assert_array_equal(whole.values, np.array(live).reshape(whole.values.shape))


@given(drawn_tables(), st.integers(0, 200))
def test_many_lines_at_once_are_the_same_as_one_by_one(table: Drawn, start: int) -> None:
    found = settle(table.lines)
    if isinstance(found, Question):
        return
    lines = table.lines[found.skip + start :]
    rows = read_lines(found, lines)
    each = [one for line in lines if isinstance(one := read_line(found, line), Row)]
    np.testing.assert_allclose(
        rows.values, np.array([one.values for one in each]).reshape(-1, len(found.chosen)), rtol=1e-15
    )
    if rows.stamps is not None:
        np.testing.assert_array_equal(rows.stamps, [one.stamp for one in each])


@given(LINES, st.sampled_from([Told(), Told(columns=(1,)), Told(columns=("*",), time_column="t"), Told(rate_hz=100.0)]))
def test_any_lines_settle_or_ask(lines: list[str], told: Told) -> None:
    found = settle(lines, told)
    if isinstance(found, Table):
        rows = read_lines(found, lines[found.skip :])
        assert rows.values.shape[1] == len(found.chosen)
        series_of(found, rows, told)
    reader = TableReader(told)
    reader.feed(lines * 20)
    reader.settle(is_end=True)


@given(st.binary(max_size=200))
def test_any_bytes_have_an_encoding_or_none(data: bytes) -> None:
    encoding = encoding_of(data)
    assert encoding is None or isinstance(data.decode(encoding, "replace"), str)


@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=10,
    )
)
def test_a_labelled_line_is_read_the_same_by_its_form(pieces: list[str]) -> None:
    text = "".join(pieces).strip()
    if text[:1] == "{" or not (":" in text or "=" in text):
        return
    for decimal in (".", ","):
        assert described(text, decimal) == _labelled(text, decimal)  # type: ignore[arg-type]
