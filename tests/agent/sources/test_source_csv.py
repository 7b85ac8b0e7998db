"""Columns of numbers from sketches: whole captures, spoilt lines, time stamps, and the port they come from."""

from __future__ import annotations

import json
import os
import runpy
from collections import Counter
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requirements import ROOT
from serial_lines import Terminal
from waiting import until

from agent.limits import RATE_TOLERANCE, STANDARD_GRAVITY
from agent.sources.csvlines import LEFT_OUT, MAX_LINE, CsvRow, LineReader, Refusal
from agent.sources.rows import WATCH_S, RateWatch, RowBlocks
from agent.sources.serial_csv import SerialCsvConfig, SerialCsvSource
from agent.sources.stamps import WRAP, Counts, RateFromStamps, Stamps
from agent.stream.ledger import Ledger
from agent.tables.settle import SAMPLE_LINES
from agent.tables.stream import LEAST_LINES, UNFIT
from agent.tables.values import Told
from agent.transport.routes import Route
from agent.types import Item, SampleBlock, SourceFault, Stream

CAPTURES = ROOT / "tests" / "cases" / "captures"


def rows_of(text: str, **told: Any) -> list[tuple[float, ...]]:
    return [said.values for said in heard(text, **told) if isinstance(said, CsvRow)]


def refusals_of(text: str, **told: Any) -> list[tuple[str, int]]:
    return [(said.kind, said.samples) for said in heard(text, **told) if isinstance(said, Refusal)]


def heard(text: str, **told: Any) -> list[CsvRow | Refusal]:
    """What a line says and then falls silent."""
    reader = LineReader(Told(**told))
    return reader.feed(text.encode("latin-1")) + reader.settle()


def shaken(rows: int, *, width: int = 3, seed: int = 0) -> list[list[float]]:
    """Rows of what shakes, with two decimals; a column that stands still or rises is no acceleration."""
    values = np.random.default_rng(seed).normal(0, 1, (rows, width)).round(2)
    return [[value or 0.01 for value in row] for row in values.tolist()]


def printed(rows: list[list[float]], by: str = ",") -> str:
    return "".join(by.join(map(str, row)) + "\n" for row in rows)


SHAKEN = [tuple(row) for row in shaken(LEAST_LINES)]
START = "0,0\n" + printed(shaken(LEAST_LINES))  # the first line is not believed, LEAST_LINES settle a table


# --------------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    "form", ["{},{},{}", "{};{};{}", "{}\t{}\t{}", "{} {} {}", " {}, {}, {} ", "{},{},{},", "[{},{},{}]"]
)
def test_all_separators_separate(form: str) -> None:
    assert rows_of("cut\n" + "".join(form.format(*row) + "\r\n" for row in SHAKEN)) == SHAKEN


@pytest.mark.parametrize(("width", "taken"), [(1, 1), (2, 2), (3, 3)])
def test_nameless_columns_that_shake_are_acceleration(width: int, taken: int) -> None:
    rows = shaken(20, width=width)
    assert rows_of("cut\n" + printed(rows)) == [tuple(row[:taken]) for row in rows]


def test_six_nameless_columns_are_told_by_gravity() -> None:
    rows = [[x, y, z + 9.81, 0.1 * a, 0.1 * b, 0.1 * c] for x, y, z, a, b, c in shaken(300, width=6)]
    assert rows_of("cut\n" + printed(rows))[0] == tuple(rows[0][:3])


@pytest.mark.parametrize("width", [4, 5, 7, 8, 12])
def test_other_widths_are_asked_about_once(width: int) -> None:
    text = "cut\n" + printed(shaken(900, width=width))
    (question,) = heard(text)
    assert isinstance(question, Refusal)
    assert (question.kind, question.samples) == ("columns", 0)
    assert "columns: 1, 2, 3" in question.detail
    assert question.detail.endswith('set columns = [1, 2, 3] or ["ax", "ay", "az"]')
    first = shaken(1, width=width)[0]
    assert rows_of(text, columns=(4, 2))[0] == (first[3], first[1])


def test_column_that_rises_evenly_is_never_an_axis() -> None:
    rows = [[10.0 * n, *row] for n, row in enumerate(shaken(300, width=2))]
    assert rows_of("cut\n" + printed(rows)) == [tuple(row[1:]) for row in rows]


def test_header_names_columns_units_and_time() -> None:
    rows = [[20.0, 1000.0 + 2 * n, *row] for n, row in enumerate(shaken(20))]
    said = heard("noise\ntemp,t_ms,az [g],ay [g],ax [g]\n" + printed(rows))
    notice, *taken = said
    assert isinstance(notice, Refusal)
    assert (notice.kind, notice.detail) == (LEFT_OUT, "temp is a temperature by its name")
    assert [row.values for row in taken if isinstance(row, CsvRow)] == [(x, y, z) for _, _, z, y, x in rows]
    (row, *_) = (row for row in taken if isinstance(row, CsvRow))
    assert row.table.time is not None
    assert (row.table.axes, row.table.unit, row.table.columns[row.table.time].second) == (("x", "y", "z"), "g", 1e-3)
    assert row.stamp == 1000.0


def test_columns_by_name_need_a_header_that_has_them() -> None:
    told: dict[str, Any] = {"columns": ("vibA", "vibB"), "time_column": "when"}
    rows = [[5.0 + n, *row] for n, row in enumerate(shaken(20, width=2))]
    assert rows_of("hello\nwhen,vibA,vibB\n" + printed(rows), **told) == [tuple(row[1:]) for row in rows]
    many = printed([[5.0 + n, *row] for n, row in enumerate(shaken(SAMPLE_LINES, width=2))])
    assert refusals_of("hello\nwhen,vibA,other\n" + many, **told) == [("columns", 0)]


def test_first_line_may_be_cut_and_is_not_believed() -> None:
    assert rows_of("345,2,3\n" + printed(shaken(20))) == [tuple(row) for row in shaken(20)]
    (whole, *_) = (row for row in heard("x_g,y_g\n" + printed(shaken(20, width=2))) if isinstance(row, CsvRow))
    assert whole.table.unit == "g", "a first name that is known is not cut"
    (cut, *_) = (row for row in heard("_q,y_g\n" + printed(shaken(20, width=2))) if isinstance(row, CsvRow))
    assert cut.table.unit is None


def test_few_rows_settle_nothing_and_none_of_them_is_lost() -> None:
    reader = LineReader()
    text = printed(shaken(SAMPLE_LINES)).splitlines(keepends=True)
    reader.feed(b"cut\n")
    assert [said for line in text[: LEAST_LINES - 1] for said in reader.feed(line.encode()) + reader.settle()] == []
    assert reader.is_promising
    assert len(reader.feed(text[LEAST_LINES - 1].encode()) + reader.settle()) == LEAST_LINES
    busy = LineReader()
    busy.feed(b"cut\n")
    assert len([said for line in text for said in busy.feed(line.encode())]) == SAMPLE_LINES, "a line never silent, too"


def test_line_spoilt_while_a_table_settles_is_a_sample_all_the_same() -> None:
    lines = printed(shaken(30)).splitlines(keepends=True)
    lines[3], lines[5], lines[7] = "4,5\n", "4,5\x8f,6\n", "4,5,nan\n"
    said = heard("cut\n" + "".join(lines))
    kinds = [said.kind if isinstance(said, Refusal) else "row" for said in said]
    assert kinds[:8] == ["row"] * 3 + ["short_line", "row", "garbage", "row", "not_finite"]
    assert len(said) == 30


def test_short_last_line_is_never_a_row() -> None:
    assert rows_of(START + "4,5,6\n7,8") == [*SHAKEN, (4.0, 5.0, 6.0)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("4,5", "short_line"),
        ("4,5,6,7", "long_line"),
        ("4,nan,6", "not_finite"),
        ("4,inf,6", "not_finite"),
        ("4,1e999,6", "not_finite"),
        ("4,5x,6", "garbage"),
        ("4,5,6\x8f", "garbage"),
        ("4,5_0,6", "garbage"),
        ("4," + "5" * MAX_LINE + ",6", "line_too_long"),
    ],
)
def test_spoilt_line_is_refused_as_one_sample(line: str, kind: str) -> None:
    assert refusals_of(START + line + "\n7,8,9\n") == [(kind, 1)]
    assert rows_of(START + line + "\n7,8,9\n")[-1] == (7.0, 8.0, 9.0)


@pytest.mark.parametrize(
    "line", ["I (123) wifi: up", "\x1b[0;32mW (9) x: 1,2,3\x1b[0m", "Calibrating...", "start", "", "12 samples lost"]
)
def test_text_between_rows_is_passed_over(line: str) -> None:
    assert refusals_of(START + line + "\n7,8,9\n") == []
    assert rows_of(START + line + "\n7,8,9\n") == [*SHAKEN, (7.0, 8.0, 9.0)]


def test_rows_may_stand_in_a_log() -> None:
    lines = "".join(f"I ({n}) imu: {line}\n" for n, line in enumerate(printed(shaken(20)).splitlines()))
    assert rows_of("cut\n" + lines) == [tuple(row) for row in shaken(20)]


@pytest.mark.parametrize("line", ["ERR sensor not found", "ERROR: i2c", "E (77) i2c: timeout"])
def test_error_of_the_device_is_a_fault_without_samples(line: str) -> None:
    assert refusals_of(START + line + "\n") == [("device_error", 0)]


def test_sketch_that_was_changed_is_followed() -> None:
    """A few lines of another width are spoilt; many are another table, of which none is lost."""
    other = printed(shaken(60, width=1, seed=1))
    reader = LineReader()
    few, many = "".join(other.splitlines(keepends=True)[: UNFIT - 1]), other
    said = reader.feed(START.encode()) + reader.settle()
    said += reader.feed((few + "7,8,9\n" + many).encode()) + reader.settle()
    widths = [len(row.values) for row in said if isinstance(row, CsvRow)]
    assert widths == [3] * (LEAST_LINES + 1) + [1] * 60


def test_reopened_port_forgets_half_a_line_and_keeps_the_header() -> None:
    reader = LineReader()
    reader.feed(("hello\nax_g,ay_g\n" + printed(shaken(20, width=2)) + "3,").encode())
    assert len(reader.settle()) == 20
    reader.restart()
    said = reader.feed(b"4\n5,6\n")
    assert [(row.values, row.table.unit) for row in said if isinstance(row, CsvRow)] == [((5.0, 6.0), "g")]


def test_rows_that_wait_when_the_port_is_reopened_are_let_go_and_the_header_is_not() -> None:
    reader = LineReader()
    reader.feed(("hello\nax_g,ay_g\n" + printed(shaken(5, width=2))).encode())
    reader.restart()
    said = reader.feed(("4\n" + printed(shaken(20, width=2, seed=1))).encode()) + reader.settle()
    assert [(row.values, row.table.unit) for row in said if isinstance(row, CsvRow)] == [
        (tuple(row), "g") for row in shaken(20, width=2, seed=1)
    ]


CASES_OF_LINES = {
    "serial-decimal-comma/stream.txt": (399, (0.08, -0.04, 9.74), None, []),
    "serial-gyro-lines-mixed-in/stream.txt": (399, (0.12, -0.04, 9.87), None, [LEFT_OUT]),
    "serial-numbers-in-dress/adafruit_adxl345.txt": (199, (0.17, 0.06, 9.74), "m/s2", []),
    "serial-numbers-in-dress/json_lines.txt": (199, (-0.11, -0.26, 9.83), None, []),
    "serial-labels-not-acceleration/roll_pitch_yaw.txt": (0, None, None, ["columns"]),
}


@pytest.mark.parametrize("name", CASES_OF_LINES)
def test_lines_that_people_have(name: str, terminal: Terminal) -> None:
    """Through the port; the first line after opening may be cut."""
    case = ROOT.parent / "shared" / "cases" / name
    if not case.exists():
        pytest.skip(f"{case} is absent")
    count, first, unit, kinds = CASES_OF_LINES[name]
    items, _ = listen(terminal, case.read_bytes(), route=Route("fan", rate_hz=100.0))
    blocks = samples_of(items)
    assert sum(len(block.samples) for block in blocks) == count
    assert list(faults_of(items)) == kinds
    assert all(number == 1 for number in faults_of(items).values()), "said once"
    if first is not None:
        factor = 1 / STANDARD_GRAVITY if unit == "m/s2" else 1.0
        assert blocks[0].samples[0] == pytest.approx([value * factor for value in first])
        assert (blocks[0].stream.axes, blocks[0].stream.unit) == (("x", "y", "z"), "g" if unit else "raw")
    elif kinds:
        (why,) = (item.detail for item in items if isinstance(item, SourceFault))
        assert "roll is an angle" in why


@given(data=st.binary(max_size=3000), cuts=st.lists(st.integers(0, 3000), max_size=6))
def test_any_bytes_are_read_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    data = START.encode() + data
    whole, pieces = LineReader(), LineReader()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    apart = [said for a, b in pairwise(edges) for said in pieces.feed(data[a:b])] + pieces.settle()
    assert apart == whole.feed(data) + whole.settle()
    assert all(np.isfinite(said.values).all() for said in apart if isinstance(said, CsvRow))


def test_line_without_end_keeps_no_memory() -> None:
    reader = LineReader()
    for _ in range(1000):
        assert reader.feed(b"1" * 10_000) == []
    assert len(reader._buffer) <= MAX_LINE + 1


# -------------------------------------------------------------------------------------------------------------- stamps


def test_stamp_shows_how_many_rows_are_missing() -> None:
    stamps = Stamps(second=1e-6, rate_hz=1000.0)
    steps = [stamps.feed(us) for us in (5000.0, 6040.0, 6960.0, 11_000.0, 12_000.0)]
    assert [step.missing for step in steps if step] == [0, 0, 0, 3, 0]
    assert [step.device_us for step in steps if step] == [5000, 6040, 6960, 11_000, 12_000]


def test_clock_coarser_than_the_rows_shows_no_gaps_that_are_none() -> None:
    stamps = Stamps(second=1e-3, rate_hz=3200.0)
    steps = [stamps.feed(float(n * 10 // 32)) for n in range(3200)]
    assert {step.missing for step in steps if step} == {0}


def test_clock_of_32_bits_goes_round() -> None:
    stamps = Stamps(second=1e-6, rate_hz=1000.0)
    steps = [stamps.feed(float((WRAP - 2000 + 1000 * n) % WRAP)) for n in range(5)]
    assert [(step.missing, step.device_us - WRAP, step.is_new) for step in steps[1:] if step] == [
        (0, -1000, False),
        (0, 0, False),
        (0, 1000, False),
        (0, 2000, False),
    ]


def test_clock_of_32_bits_goes_round_more_than_once() -> None:
    stamps = Stamps(second=1e-6, rate_hz=0.001)
    steps = [stamps.feed(float(10**9 * n % WRAP)) for n in range(15)]
    assert [step.device_us for step in steps if step] == [10**9 * n for n in range(15)]


def test_stray_stamp_is_refused_and_a_new_time_is_taken_up() -> None:
    stamps = Stamps(second=1e-6, rate_hz=1000.0)
    assert stamps.feed(9_000_000.0) is not None
    assert stamps.feed(99_001_000.0) is None
    step = stamps.feed(9_002_000.0)
    assert step is not None
    assert (step.missing, step.is_new) == (1, False)
    assert stamps.feed(500.0) is None
    step = stamps.feed(1500.0)
    assert step is not None
    assert (step.missing, step.is_new, step.device_us) == (0, True, 1500)


def test_long_pause_is_a_gap_once_it_is_confirmed() -> None:
    stamps = Stamps(second=1e-3, rate_hz=100.0)
    assert stamps.feed(0.0) is not None
    assert stamps.feed(60_000.0) is None
    step = stamps.feed(60_010.0)
    assert step is not None
    assert (step.missing, step.is_new) == (6000, False)


@pytest.mark.parametrize(("second", "rate_hz"), [(1e-6, 1000.0), (1e-3, 104.0), (1e-3, 3200.0), (1.0, 416.0)])
def test_rate_comes_of_stamps_even_of_coarse_ones(second: float, rate_hz: float) -> None:
    measured = RateFromStamps(second=second)
    stamps = [n / rate_hz / second for n in range(300)]
    rates = [measured.feed(float(int(stamp)) if second < 1 else stamp) for stamp in stamps]
    (rate,) = (rate for rate in rates if rate)
    assert rate == pytest.approx(rate_hz, rel=0.02)


def steps_of(counts: list[float], *, rate_hz: float = 100.0) -> list[int | str]:
    """Rows missing before each; "new" where the counter began anew, "no" where the row is refused."""
    counted = Counts(rate_hz=rate_hz)
    steps = [counted.feed(count) for count in counts]
    return ["no" if step is None else "new" if step.is_new else step.missing for step in steps]


def test_counter_shows_how_many_rows_are_missing() -> None:
    assert steps_of([7, 8, 9, 13, 14]) == ["new", 0, 0, 3, 0]
    assert steps_of([0, 10, 20, 50]) == ["new", 0, 0, 2], "a counter of samples counts by blocks"
    for end in (2**8, 2**16, 2**32):
        assert steps_of([end - 2, end - 1, 0, 2]) == ["new", 0, 0, 1]
    assert steps_of([5, 6, 99_000, 7, 8]) == ["new", 0, "no", 0, 0]
    assert steps_of([50_000, 50_001, 3, 4, 5]) == ["new", 0, "no", "new", 0]


def test_counter_of_the_rows_makes_losses_gaps(terminal: Terminal) -> None:
    lines = [f"{n % 256},{x},{y}\n" for n, (x, y) in enumerate(shaken(600, width=2)) if n not in (100, 101, 400)]
    items, _ = listen(terminal, ("seq,ax,ay\n" + "".join(lines)).encode(), route=Route("fan", rate_hz=100.0))
    blocks = samples_of(items)
    ends = [0, *(block.end for block in blocks[:-1])]
    assert [(b.start, b.start - end) for b, end in zip(blocks, ends, strict=True) if b.start > end] == [
        (102, 2),
        (401, 1),
    ]
    assert blocks[-1].end == 600
    assert len({block.stream.session for block in blocks}) == 1


def test_rate_in_the_lines_serves_or_contradicts(terminal: Terminal) -> None:
    lines = [json.dumps({"fs": 500, "ax": x, "ay": y}) + "\n" for x, y in shaken(300, width=2)]
    data = "".join(lines).encode()
    found, _ = listen(terminal, data, route=Route("fan"))
    assert {block.stream.rate_hz for block in samples_of(found)} == {500.0}
    refused, _ = listen(terminal, data, route=Route("fan", rate_hz=1000.0))
    assert samples_of(refused) == []
    assert "1000 Hz declared, the lines say 500 Hz; correct rate_hz" in [
        item.detail for item in refused if isinstance(item, SourceFault)
    ]


# -------------------------------------------------------------------------------------------------------- rows, blocks


def test_block_never_spans_a_loss() -> None:
    blocks = RowBlocks(Stream("pump", 50.0))
    for n in range(12):
        if n == 7:
            blocks.skip(2)
        blocks.add([float(n)], device_us=n)
    taken = blocks.take(arrival_s=5.0, wall_s=100.0, everything=True)
    assert [(b.start, b.samples[:, 0].tolist(), b.device_us) for b in taken] == [
        (0, [0, 1, 2, 3, 4], 0),
        (5, [5, 6], 5),
        (9, [7, 8, 9, 10, 11], 7),
    ]
    assert [b.wall_s for b in taken] == [100 - 14 / 50, 100 - 9 / 50, 100 - 5 / 50]


@pytest.mark.parametrize(("true_hz", "is_told"), [(200.0, True), (104.0, False), (96.0, False), (50.0, True)])
def test_rate_that_is_plainly_wrong_is_told(true_hz: float, is_told: bool) -> None:
    watch = RateWatch(100.0)
    watch.feed(500, now_s=0.0)  # what waited in the buffer
    seen = [hz for n in range(1, round(60 * true_hz)) if (hz := watch.feed(1, now_s=n / true_hz))]
    assert bool(seen) is is_told
    assert all(hz == pytest.approx(true_hz, rel=RATE_TOLERANCE / 5) for hz in seen)
    assert len(seen) <= 60 / WATCH_S


# -------------------------------------------------------------------------------------------------------------- source


def listen(terminal: Terminal, data: bytes, *, route: Route, **options: Any) -> tuple[list[Item], SerialCsvSource]:
    """What the source makes of `data`, then of silence."""
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path, **options), (route,), name="line1")
    source.open()
    items = say(terminal, source, data)
    source.close()
    return items, source


def say(terminal: Terminal, source: SerialCsvSource, data: bytes) -> list[Item]:
    wanted = source.counters()["bytes"] + len(data)
    terminal.say(data)
    items: list[Item] = []
    while source.counters()["bytes"] < wanted:
        items += source.read(0.5)
    return items + source.read(0.02)


def samples_of(items: list[Item]) -> list[SampleBlock]:
    return [item for item in items if isinstance(item, SampleBlock)]


def faults_of(items: list[Item]) -> Counter[str]:
    return Counter(item.kind for item in items if isinstance(item, SourceFault))


def test_captures_are_what_their_script_writes() -> None:
    captures = runpy.run_path(str(CAPTURES / "synthesise.py"))["CAPTURES"]
    assert {path.name for path in CAPTURES.iterdir() if path.suffix in (".csv", ".bin", ".txt")} == set(captures)
    for name, make in captures.items():
        assert (CAPTURES / name).read_bytes() == make(), name


CASES = {
    # name: rate, options -> session length, rows, unit, rate, kinds of faults
    "plain.csv": (Route("fan", rate_hz=1000.0), {}, 400, 400, "raw", 1000.0, {}),
    "nine_semicolons.csv": (Route("fan", rate_hz=1000.0), {}, 400, 400, "g", 1000.0, {LEFT_OUT}),
    "six_tabs.csv": (Route("fan", rate_hz=1000.0), {}, 400, 398, "raw", 1000.0, {"not_finite", "garbage", LEFT_OUT}),
    "esp_idf.csv": (Route("fan"), {}, 200, 196, "g", 1000.0, {"device_error", "short_line", LEFT_OUT}),
    "plotter.csv": (Route("fan", unit="g"), {}, 199, 199, "g", 1000.0, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_capture_becomes_samples_that_are_all_accounted_for(name: str, terminal: Terminal) -> None:
    route, options, produced, received, unit, rate_hz, kinds = CASES[name]
    items, source = listen(terminal, (CAPTURES / name).read_bytes(), route=route, **options)
    blocks = samples_of(items)
    assert {block.stream.unit for block in blocks} == {unit}
    assert {block.stream.rate_hz for block in blocks} == {rate_hz}
    assert len({block.stream.session for block in blocks}) == 1
    assert set(faults_of(items)) == set(kinds)
    ledger = Ledger()
    for item in items:
        ledger.feed(item)
    balance = ledger.balance("fan")
    assert balance is not None
    assert balance.explained
    assert (balance.produced, balance.received) == (produced, received)
    assert balance.produced == balance.received + balance.rejected + balance.lost_on_wire
    assert source.counters()["sessions"] == 1
    if unit == "g":  # 0.3 g at 25 Hz beside gravity
        whole = np.concatenate([block.samples for block in blocks])
        assert whole[:, 0].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_rows_without_any_rate_are_refused(terminal: Terminal) -> None:
    items, _ = listen(terminal, printed(shaken(2000)).encode(), route=Route("fan"))
    assert samples_of(items) == []
    assert set(faults_of(items)) == {"no_rate"}
    assert faults_of(items)["no_rate"] < 100, "one fault per read, not per row"
    (why, *_) = (item.detail for item in items if isinstance(item, SourceFault))
    assert why == "no rate_hz is configured for this sensor, and there is no time column"


def test_time_without_unit_is_no_time_and_with_unit_is_one(terminal: Terminal) -> None:
    data = b"time,x\n" + b"".join(b"%d,0.5\n" % (10 * n) for n in range(300) if n not in (250, 251))
    items, _ = listen(terminal, data, route=Route("fan"))
    assert set(faults_of(items)) == {"no_rate"}
    (*_, last) = samples_of(listen(terminal, data, route=Route("fan"), time_unit="ms")[0])
    assert (last.stream.rate_hz, last.end) == (100.0, 300 - 200)
    assert last.device_us is not None


def test_unit_of_the_config_comes_before_the_headers(terminal: Terminal) -> None:
    items, _ = listen(
        terminal, b"ax_g\n" + b"9.80665\n" * 20, route=Route("fan", rate_hz=100.0, unit="m/s2", full_scale=39.2266)
    )
    (block, *_) = samples_of(items)
    assert block.samples[0, 0] == pytest.approx(1.0)
    assert block.stream.full_scale == pytest.approx(4.0)


def test_number_that_no_sensor_gives_is_refused(terminal: Terminal) -> None:
    data = b"ax\n" + b"1\n2\n" * 6 + b"1e30\n4\n"
    items, _ = listen(terminal, data, route=Route("fan", rate_hz=100.0))
    assert faults_of(items) == {"too_large": 1}
    assert [(b.start, b.samples[:, 0].tolist()) for b in samples_of(items)] == [
        (0, [1, 2] * 5),
        (10, [1, 2]),
        (13, [4]),
    ]


@pytest.mark.parametrize("stamped", [True, False])
def test_spoilt_line_is_one_rejected_sample_and_is_not_counted_twice(stamped: bool, terminal: Terminal) -> None:
    values = [n * n for n in range(20)]
    lines = [f"{10 * n},{x},1\n" if stamped else f"{x},1\n" for n, x in enumerate(values)]
    lines[7] = lines[7].replace(",1\n", ",?\n")
    data = ("t_ms,ax,ay\n" if stamped else "ax,ay\n") + "".join(lines)
    items, _ = listen(terminal, data.encode(), route=Route("fan", rate_hz=100.0))
    assert faults_of(items) == {"garbage": 1}
    assert [(b.start + n, x) for b in samples_of(items) for n, x in enumerate(b.samples[:, 0].tolist())] == [
        (n, x) for n, x in enumerate(values) if n != 7
    ]


def test_reopened_port_is_a_new_session_where_nothing_shows_what_was_missed(terminal: Terminal) -> None:
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path), (Route("fan", rate_hz=100.0),))
    source.open()
    (first, *_) = samples_of(say(terminal, source, b"x\n" + b"1\n2\n" * 6))
    source.open()
    (second,) = samples_of(say(terminal, source, b"1\n" * 5))
    assert (second.stream.session - first.stream.session, second.start) == (1, 0)
    source.close()
    (other, _) = listen(terminal, b"x\n" + b"1\n2\n" * 6, route=Route("fan", rate_hz=100.0))
    assert abs(samples_of(other)[0].stream.session - first.stream.session) > 1, "nor does the agent's next start go on"


def test_reopened_port_goes_on_where_stamps_show_it(terminal: Terminal) -> None:
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path), (Route("fan", rate_hz=100.0),))
    source.open()
    said = b"t_ms,x\n" + b"".join(b"%d,%d\n" % (10 * n, n % 3) for n in range(15))
    (*_, first) = samples_of(say(terminal, source, said))
    source.open()
    (second,) = samples_of(say(terminal, source, b"".join(b"%d,1\n" % (10 * n) for n in range(40, 50))))
    assert (first.stream, first.end) == (second.stream, 15)
    assert second.start == 41, "the first line after opening may be cut"
    source.close()


def test_reset_device_is_a_new_session(terminal: Terminal) -> None:
    data = b"t_ms,x\n" + b"".join(b"%d,1\n" % (50_000 + 10 * n) for n in range(30))
    data += b"rst:0x1 (POWERON)\nt_ms,x\n" + b"".join(b"%d,2\n" % (10 * n) for n in range(30))
    items, _ = listen(terminal, data, route=Route("fan", rate_hz=100.0))
    sessions = {b.stream.session: (b.samples[0, 0], b.end) for b in samples_of(items)}
    assert list(sessions.values()) == [(1.0, 30), (2.0, 29)]
    assert faults_of(items)["time"] == 1


def test_wrong_declared_rate_is_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path), (Route("fan", rate_hz=100.0),), name="line1")
    source.open()
    now_s = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    told: list[str] = []
    os.write(terminal.our_end, b"x\n")
    for _ in range(30):
        items = say(terminal, source, b"0.5\n" * 200)
        told += [item.detail for item in items if isinstance(item, SourceFault)]
        now_s[0] += 1.0
    assert told == ["100 Hz declared, 200 Hz arrive; correct rate_hz"]
    source.close()


def test_silent_line_hands_on_what_it_has(terminal: Terminal) -> None:
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path), (Route("fan", rate_hz=1000.0),))
    source.open()
    os.write(terminal.our_end, b"x\n" + b"1\n2\n" * 6)
    found: list[Item] = []
    until(lambda: found.extend(source.read(0.05)) or found, seconds=5)
    assert [block.samples[:, 0].tolist() for block in samples_of(found)] == [[1.0, 2.0] * 6]
    source.close()


@pytest.mark.parametrize("options", [{"columns": ()}, {"columns": (1, 2, 3, 4)}, {"columns": (0,)}, {"time": ""}])
def test_config_that_names_no_columns_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"port": "/dev/x", **options}, SerialCsvConfig)
