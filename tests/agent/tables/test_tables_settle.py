"""Tables that people have, one habit each: what is chosen, what is left out, and what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from tables_of_noise import asked, settled

from agent.tables.clock import clock_of, second_of, unwrapped
from agent.tables.contents import contents_of
from agent.tables.dialect import Writing, writing_of
from agent.tables.long_series import LongSeries
from agent.tables.rows import Other, Row, Spoilt, read_line, read_lines
from agent.tables.series import Series, series_of
from agent.tables.settle import SAMPLE_LINES
from agent.tables.stream import LEAST_LINES, UNFIT, TableReader
from agent.tables.told import contradiction
from agent.tables.values import Dialect, Question, Table, Told

N = 250
K = np.arange(N)
A = np.random.default_rng(3).normal(0, 1, (N, 9))
T = K / 5000


def rows(*columns: Iterable[object], header: str = "", by: str = ",", comma: bool = False) -> list[str]:
    lines = []
    for row in zip(*columns, strict=True):
        fields = [f"{v:.5f}" if isinstance(v, float) else str(v) for v in row]
        lines.append(by.join(field.replace(".", ",") if comma else field for field in fields))
    return [header, *lines] if header else lines


def names(table: Table) -> list[str]:
    return [table.columns[k].name for k in table.chosen]


# ------------------------------------------------------------------------------------------------------------- dialect


@pytest.mark.parametrize(
    ("lines", "dialect", "width"),
    [
        (rows(A[:, 0], A[:, 1]), Dialect(","), 2),
        (rows(A[:, 0], A[:, 1], by=", "), Dialect(","), 2),
        (rows(A[:, 0], A[:, 1], by=";", comma=True), Dialect(";", ","), 2),
        (["1;2", *rows(A[:, 0], A[:, 1], by=";", comma=True)], Dialect(";", ","), 2),
        (rows(A[:, 0], A[:, 1], by="\t"), Dialect("\t"), 2),
        (rows(A[:, 0], A[:, 1], by="   "), Dialect(" "), 2),
        (rows(A[:, 0], A[:, 1], by=" | "), Dialect("|"), 2),
        (rows(A[:, 0], comma=True), Dialect("", ","), 1),
        (rows(A[:, 0], A[:, 1], comma=True), Dialect(",", ",", paired=True), 2),
        (rows(A[:, 0]), Dialect(""), 1),
        ([f'"{a:.3f}","{b:.3f}"'.replace(".", ",") for a, b in A[:, :2]], Dialect(",", ","), 2),
        (rows(K + 400, (K * 7) % 311 + 200), Dialect(","), 2),
        (rows(K % 9, (K * 7) % 9 - 4), Dialect(","), 2),
        (rows(T, [f"{v:,.2f}" for v in 3000 * A[:, 0]], by=";"), Dialect(";"), 2),
    ],
)
def test_a_dialect_is_settled_by_many_lines(lines: list[str], dialect: Dialect, width: int) -> None:
    assert writing_of(lines) == Writing(dialect, width, 0)


@pytest.mark.parametrize(
    "lines",
    [
        ["512,498"] * 3,
        rows(K[:20] * 7 + 400, K[:20] * 9 + 200),
        rows(K % 3, K % 10),
        [f"9,{70 + k % 30}" for k in range(N)],
    ],
)
def test_a_comma_that_nothing_explains_is_asked_about(lines: list[str]) -> None:
    assert asked(lines).settles == "decimal"


def test_a_line_of_words_between_decimal_commas_makes_no_columns_of_them() -> None:
    lines = rows(35 + A[:, 0], header="acc_x", comma=True)
    lines.insert(100, "a,b")
    table = settled(lines)
    assert (table.dialect.decimal, table.width) == (",", 1)


def test_the_width_of_the_header_explains_a_comma() -> None:
    assert settled(["us,adc", *rows(K * 200, 500 + K % 7)]).dialect == Dialect(",")
    assert settled(["acc [g]", *[f"9,{70 + (k * 7) % 30}" for k in range(N)]]).dialect == Dialect("", ",")


# ------------------------------------------------------------------------------------------------------------- headers


def test_lines_of_name_and_number_are_no_header() -> None:
    table = settled(["Samplerate 5000", "Gain 5", *rows(T, A[:, 0], by=" ")])
    assert (names(table), table.time, table.facts.rate_hz) == (["2"], 0, 5000.0)


def test_a_header_above_a_line_of_units() -> None:
    table = settled(["time,acc,temp", "ms,mg,°C", *rows(T * 1e3, A[:, 0], A[:, 1])])
    assert (names(table), table.unit, table.scales, table.columns[0].second) == (["acc"], "g", (1e-3,), 1e-3)


@pytest.mark.parametrize("header", ["Time,X,Y,Z", "Time,temp"])
def test_a_header_that_does_not_fit_is_no_header_and_asked_about(header: str) -> None:
    lines = [header, *rows(T, A[:, 0], A[:, 1])]
    assert asked(lines).settles == "columns"
    assert names(settled(lines, columns=(2,))) == ["2"]


def test_an_empty_name_is_one() -> None:
    assert names(settled([",acc_g", *rows(K, A[:, 0])])) == ["acc_g"]
    assert names(settled(["acc_g,", *rows(A[:, 0], ["ok"] * N)])) == ["acc_g"]


# --------------------------------------------------------------------------------------------------------------- roles

LEFT_OUT = {
    "class": K // 200,
    "": np.full(N, 2),
    "comment": ["ok"] * N,
    "v [mm/s]": A[:, 1],
    "pressure": 1000 + A[:, 1],
    "current_a": A[:, 1],
    "ch2": A[:, 1],
    "foo": A[:, 1],
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_beside_acceleration_all_else_is_left_out_and_said_once(name: str) -> None:
    table = settled(rows(T, A[:, 0], LEFT_OUT[name], header=f"time_s,acc_g,{name}"))
    assert names(table) == ["acc_g"]
    assert [left.what for left in table.left_out] == [name or "3"]


def test_contents_win_over_a_name_that_resembles() -> None:
    table = settled(rows(T, A[:, 0], header="X-Axis,Y-Axis"))
    assert (names(table), table.time, table.axes) == (["Y-Axis"], 0, ("y",))


def test_a_constant_axis_is_dead_only_by_its_name() -> None:
    assert names(settled(rows(A[:, 0], A[:, 1], [0] * N, header="x,y,z"))) == ["x", "y", "z"]
    assert names(settled(rows(A[:, 0], A[:, 1], [0] * N, header="ch1,ch2,ch3"))) == ["ch1", "ch2"]
    assert "never changes" in asked(["0.0"] * N).text


def test_a_direction_is_no_axis_where_others_are_called_acceleration() -> None:
    table = settled(rows(A[:, 0], A[:, 1], header="ax,y"))
    assert (names(table), [left.reason for left in table.left_out]) == (
        ["ax"],
        ["is not called acceleration, and others are"],
    )


def test_a_spoilt_line_makes_no_axis_of_a_clock() -> None:
    spoilt = ["X-Axis,acc_g", *rows(T, A[:, 0])]
    spoilt[120] = "7.5,0.1"
    assert settled(spoilt).time == 0
    assert asked([line.partition(",")[0] for line in spoilt]).settles == "none"


def test_a_nameless_clock_may_jitter_a_little() -> None:
    seconds = T + np.random.default_rng(0).normal(0, 1e-6, N)
    assert settled([f"{t:.9f},{v:.3f}" for t, v in zip(seconds, A[:, 0], strict=True)]).time == 0


@pytest.mark.parametrize(
    ("lines", "settles"),
    [
        (rows(*A.T[:4]), "columns"),
        (rows(*A.T[:6]), "columns"),
        (rows(T, A[:, 0], header="time,foo"), "columns"),
        (rows(*A.T[:4], header="acc1,acc2,acc3,acc4"), "columns"),
        (rows(T, A[:, 0], header="time,Voltage (V)"), "columns"),
        (rows(T, A[:, 0], header="t,v [mm/s]"), "none"),
        (rows(*A.T[:3], header="gx,gy,gz"), "none"),
        (rows(A[:, 0], A[:, 1], header="ax [g],ay [m/s2]"), "columns"),
        (rows("AG" * (N // 2), *A.T[:3]), "none"),
        (rows(K % 2, *A.T[:3], header="sensor_id,x,y,z"), "none"),
        ([], "none"),
        (["hello", "world"], "none"),
    ],
)
def test_what_cannot_be_told_is_asked(lines: list[str], settles: str) -> None:
    assert asked(lines).settles == settles


def test_gravity_shows_which_of_nine_nameless_columns_are_acceleration() -> None:
    still = A * 0.05
    assert settled(rows(still[:, 0], still[:, 1], 1 + still[:, 2], *A.T[3:9])).chosen == (0, 1, 2)


def test_named_columns_are_taken_whatever_they_are() -> None:
    lines = rows(T, A[:, 0], A[:, 1], header="time,foo (1),load")
    assert names(settled(lines, columns=("foo*", 3))) == ["foo (1)", "load"]
    assert names(settled(lines, columns=("foo (1)",))) == ["foo (1)"]
    assert "no column 'fo'" in asked(lines, columns=("fo",)).text
    assert "2 columns fit" in asked(lines, columns=("*o*",)).text
    assert settled(lines, columns=(2,), time_column=1).time == 0
    assert asked(lines, time_column="when").settles == "time_column"


# ---------------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("name", "column", "rate_hz"),
    [
        ("t", [f"2026-03-01T10:00:00.{k:03d}" for k in K], 1000.0),
        ("t", [f"2026-03-01 10:00:00.{k:03d}Z" for k in K], 1000.0),
        ("t", [f"01.03.2026 10:00:00.{k:03d}" for k in K], 1000.0),
        ("t", [f"10:00:{k // 100:02d}.{k % 100:02d}" for k in K], 100.0),
        ("t", [1_700_000_000_000 + 10 * k for k in K], 100.0),
        ("t", [f"{1_700_000_000 + k / 1000:.4f}" for k in K], 1000.0),
        ("time_ms", (K * 10) // 16, 1600.0),
        ("micros", [(2**32 - 20_000 + 200 * k) % 2**32 for k in K], 5000.0),
        ("ms", [f"{(2**32 - 20_000 + 200 * k) % 2**32 / 1000:.3f}" for k in K], 5000.0),
        ("t", K * 200, None),
    ],
)
def test_the_rate_of_a_time_column(name: str, column: Sequence[object], rate_hz: float | None) -> None:
    lines = rows(column, A[:, 0], header=f"{name},acc")
    table = settled(lines)
    series = series_of(table, read_lines(table, lines[1:]))
    assert isinstance(series, Series)
    assert series.rate_hz == (None if rate_hz is None else pytest.approx(rate_hz, rel=0.01))
    assert series.gaps == ()


def test_a_jump_in_a_counter_is_a_gap_and_a_wrap_is_none() -> None:
    count = [(65_400 + k + 50 * (k > 200)) % 65_536 for k in K]
    lines = rows(count, *A.T[:3], header="cnt,x,y,z")
    table = settled(lines)
    series = series_of(table, read_lines(table, lines[1:]))
    assert isinstance(series, Series)
    assert series.gaps == ((201, 251),)


def test_time_shows_what_a_row_number_hides() -> None:
    seconds = T + np.where(K > 100, 0.01, 0.0)
    for first, second in ((K, seconds), (K + np.where(K > 100, 50, 0), T)):
        lines = rows(first, second, A[:, 0], header="index,time_s,acc")
        table = settled(lines)
        series = series_of(table, read_lines(table, lines[1:]))
        assert isinstance(series, Series)
        assert series.gaps == ((101, 151),)


def test_time_that_falls_back_is_asked_about() -> None:
    seconds = T.copy()
    seconds[120] = 0.0
    lines = rows(seconds, A[:, 0], header="time_s,acc")
    table = settled(lines)
    found = series_of(table, read_lines(table, lines[1:]))
    assert isinstance(found, Question)
    assert "does not count up at row 121" in found.text


def test_the_unit_of_nameless_ticks_comes_of_a_told_rate_alone() -> None:
    assert second_of(200.0, 0.0, rate_hz=None) is None
    assert second_of(200.0, 0.0, rate_hz=5000.0) == 1e-6
    assert second_of(200.0, 0.0, rate_hz=4000.0) is None
    assert second_of(0.0002, 0.0, rate_hz=None) == 1.0
    assert second_of(0.02, 0.0, rate_hz=None) is None, "50 Hz in seconds, or 50 kHz in milliseconds"


def test_clocks_and_contents() -> None:
    ticks, wraps = unwrapped(np.array([250.0, 253.0, 0.0, 3.0, 6.0, 9.0]))
    assert (ticks.tolist(), wraps) == ([250, 253, 256, 259, 262, 265], 1)
    assert isinstance(clock_of(np.array([1.0, 2.0, 0.0, 1.0])), str)
    sine = np.sin(K / 20)
    assert not contents_of(sine).rises
    assert contents_of(np.repeat([1.0, 2.0], N // 2)).steps
    assert contents_of(T + np.random.default_rng(0).normal(0, 6e-5, N)).climbs


# --------------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    "line",
    [
        "ax:0.1 ay:0.2 az:0.3",
        "ax = 0.1, ay = 0.2, az = 0.3",
        ">ax:0.1,ay:0.2,az:0.3",
        "I (123) main: ax=0.1 ay=0.2 az=0.3",
        "[00:00:01.123] ax=0.1 ay=0.2 az=0.3",
        "12:00:01.123 -> ax=0.1 ay=0.2 az=0.3",
        "X: 0.1 g | Y: 0.2 g | Z: 0.3 g",
        "Accel X: 0.1 Y: 0.2 Z: 0.3",
        "acc = (0.1, 0.2, 0.3)",
        "ACC 0.1 0.2 0.3",
        "$ACC,0.1,0.2,0.3*5A",
        '{"ax": 0.1, "ay": 0.2, "az": 0.3}',
        '{"acc": {"x": 0.1, "y": 0.2, "z": 0.3}}',
        '{"t": 5, "acc": [0.1, 0.2, 0.3]}',
        "x=0,1 y=0,2 z=0,3",
        "{0.1, 0.2, 0.3}",
        "[0.1 0.2 0.3]",
        "0.1 | 0.2 | 0.3",
        "0.1 g, 0.2 g, 0.3 g",
        "\x1b[32m0.1;0.2;0.3\x1b[0m",
        "INFO: 0.1,0.2,0.3",
    ],
)
def test_numbers_in_any_dress(line: str) -> None:
    written = [line.replace("0.1", f"{v:.2f}").replace("0,1", f"{v:.2f}".replace(".", ",")) for v in A[:30, 0]]
    more = [
        one.replace("0.2", f"{v:.1f}").replace("0,2", f"{v:.1f}".replace(".", ","))
        for one, v in zip(written, A[:30, 1], strict=True)
    ]
    all_three = [
        one.replace("0.3", f"{v:.3f}").replace("0,3", f"{v:.3f}".replace(".", ","))
        for one, v in zip(more, A[:30, 2], strict=True)
    ]
    table = settled(all_three)
    heard = read_line(table, line)
    assert isinstance(heard, Row)
    assert heard.values == (0.1, 0.2, 0.3)


def test_a_line_of_another_kind_holds_no_sample() -> None:
    table = settled(rows(*A.T[:3]))
    assert read_line(table, "Temp: 23.5 C") == Other(("Temp [C]",))
    assert read_line(table, "ax,ay,az") == Other()
    assert read_line(table, "# 1,2,3") is None
    assert read_line(table, "") is None
    assert read_line(table, "1,2") == Spoilt("holds 2 numbers, not 3", is_misfit=True)
    assert read_line(table, "1,,3") == Spoilt("lacks a value")
    assert read_line(table, "1,nan,3") == Spoilt("is not finite")
    assert read_line(table, "1,2x,3") == Spoilt("holds '2x'")


def test_lines_between_are_said_and_an_axis_per_line_is_asked_about() -> None:
    x, y, z = A.T[:3]
    between = [line for row in rows(x, y, z) for line in (row, "Temp: 23.5 C")]
    assert [left.what for left in settled(between).left_out] == ["Temp [C]"]
    assert (
        "one line" in asked([f"{axis}: {v:.2f}" for row in A[:, :3] for axis, v in zip("XYZ", row, strict=True)]).text
    )


def test_facts_in_every_json_line() -> None:
    table = settled([f'{{"fs": 1000, "unit": "m/s2", "x": {v:.3f}}}' for v in A[:, 0]])
    assert (table.facts.rate_hz, table.unit, names(table)) == (1000.0, "m/s2", ["x"])


# -------------------------------------------------------------------------------------------------------------- stream


def test_silence_settles_what_a_few_lines_show() -> None:
    reader = TableReader()
    lines = rows(T, A[:, 0])
    assert reader.feed(lines[: LEAST_LINES - 1]) == []
    assert reader.settle() == []
    reader.feed(lines[LEAST_LINES - 1 : LEAST_LINES])
    assert sum(isinstance(heard, Row) for heard in reader.settle()) == LEAST_LINES
    assert reader.table is not None
    assert reader.table.time == 0


def test_a_header_is_not_forgotten_by_a_question_nor_by_lines_that_do_not_fit() -> None:
    reader = TableReader()
    reader.feed(["temp_c", *rows(30 + A[:, 0])] * 3)
    assert reader.table is None
    assert reader.question is not None
    reader = TableReader()
    reader.feed(["temp_c,acc", *rows(30 + A[:, 0], A[:, 1]), *["1,2"] * SAMPLE_LINES])
    first = reader.table
    reader.feed([*["boot"] * UNFIT, *rows(30 + A[:, 0], A[:, 1])])
    reader.settle(is_end=True)
    assert first is not None
    assert reader.table is not None
    assert names(reader.table) == names(first) == ["acc"]


def test_a_sketch_that_was_changed_is_followed() -> None:
    reader = TableReader()
    reader.feed([*rows(*A.T[:3]), *rows(*A.T[:3])])
    assert reader.table is not None
    assert reader.table.width == 3
    reader.feed(["ax,ay", *rows(*A.T[:2]), *rows(*A.T[:2])])
    assert reader.table.width == 2


def test_a_line_that_never_settles_is_held_no_longer_than_a_sample() -> None:
    reader = TableReader()
    for _ in range(50):
        assert reader.feed(["hello"] * 100) == []
        assert len(reader._held) <= SAMPLE_LINES


# ---------------------------------------------------------------------------------------------------------------- told


def test_what_is_told_and_contradicted_is_asked_about() -> None:
    lines = ["Sample rate: 5000 Hz", "", *rows(T, A[:, 0], header="time_s,acc [g]")]
    table = settled(lines)
    assert contradiction(table, Told(), measured_hz=5000.0) is None
    assert contradiction(table, Told(rate_hz=5010.0, unit="g", channels=1), measured_hz=5000.0) is None
    for told, measured_hz, settles in (
        (Told(rate_hz=48_000.0), 5000.0, "rate"),
        (Told(rate_hz=48_000.0), None, "rate"),
        (Told(), 2500.0, "rate"),
        (Told(unit="m/s2"), 5000.0, "unit"),
        (Told(channels=3), 5000.0, "columns"),
        (Told(rate_hz=5000.0), 9e6, "rate"),
    ):
        question = contradiction(table, told, measured_hz=measured_hz)
        assert question is not None
        assert question.settles == settles
    assert contradiction(table, Told(unit="raw"), measured_hz=5000.0) is None, "counts are less than is known"


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize(("first", "rows_in_all", "rate_hz"), [(0, 400, 100.0), (30, 400, 100.0), (30, 150, None)])
def test_a_clock_of_whole_seconds_shows_the_rate_of_whole_ticks(
    pieces: int, first: int, rows_in_all: int, rate_hz: float | None
) -> None:
    """400 rows at 100 Hz show three ticks of a second, but are four seconds long; one tick alone shows no rate."""
    count = np.arange(first, first + rows_in_all)
    stamps = [f"2026-03-01 10:00:{k // 100:02d}" for k in count]
    lines = rows(stamps, np.random.default_rng(3).normal(size=rows_in_all), header="date,acc")
    table = settled(lines)
    series = LongSeries(table)
    for k in range(pieces):
        series.feed(read_lines(table, lines[1:][k * rows_in_all // pieces : (k + 1) * rows_in_all // pieces]))
    series.end()
    assert series.rate_hz == (None if rate_hz is None else pytest.approx(rate_hz))


def test_rows_in_no_order_of_their_time_are_asked_about_whatever_rate_is_told() -> None:
    shuffled = np.random.default_rng(0).permutation(T)
    lines = rows(shuffled, A[:, 0], header="time_s,acc_g")
    question = asked(lines, rate_hz=5000.0)
    assert question.settles == "time_column"
    assert "time_s is called time, and goes down" in question.text
    assert names(settled(lines, columns=("acc_g",), rate_hz=5000.0)) == ["acc_g"]


@pytest.mark.parametrize("wanted", ["time_s", "n", 1, 2])
def test_time_and_counters_are_no_acceleration_even_if_named(wanted: int | str) -> None:
    lines = rows(T, K, A[:, 0], header="time_s,n,acc_g")
    assert "is no acceleration" in asked(lines, columns=(wanted,)).text


@pytest.mark.parametrize("header", ["Frequency (Hz),Amplitude (g)", "f [Hz],acc [g]", "주파수,가속도(g)"])
def test_a_spectrum_is_no_signal(header: str) -> None:
    question = asked(rows(K * 2.0, np.abs(A[:, 0]), header=header), rate_hz=5000.0)
    assert (question.settles, "spectrum" in question.text) == ("none", True)


def test_a_running_frequency_beside_time_is_a_speed() -> None:
    assert names(settled(rows(T, K / 10.0, A[:, 0], header="time_s,freq (Hz),acc_g"))) == ["acc_g"]


def test_a_written_rate_does_not_win_over_a_time_that_can_only_be_seconds() -> None:
    lines = ["Sampling frequency,25600", *rows(T, A[:, 0], header="t,acc_g")]
    table = settled(lines)
    series = series_of(table, read_lines(table, lines[table.skip :]))
    assert isinstance(series, Series)
    question = contradiction(table, Told(), measured_hz=series.rate_hz)
    assert question is not None
    assert "25600 Hz, but column t says 5000 Hz" in question.text


def test_of_nameless_columns_the_reason_is_what_they_show() -> None:
    gyro = 3 * A[:, 3:6]
    lines = rows(*(A[:, :3] * 0.05 + [0, 0, 1.0]).T, *gyro.T)
    assert {left.reason for left in settled(lines).left_out} == {"shows no gravity, and three others do"}


def test_milliseconds_since_1970_are_known_with_several_samples_to_each() -> None:
    stamps = 1_700_000_000_000 + K * 1000 // 12_000
    lines = rows(stamps, A[:, 0], header="ts,acc")
    table = settled(lines)
    series = series_of(table, read_lines(table, lines[1:]))
    assert isinstance(series, Series)
    assert series.rate_hz == pytest.approx(12_000, rel=0.01)
