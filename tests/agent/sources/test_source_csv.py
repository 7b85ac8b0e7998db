"""Columns of numbers from sketches: whole captures, spoilt lines, time stamps, and the port they come from."""

from __future__ import annotations

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

from agent.limits import RATE_TOLERANCE
from agent.recordings.column_names import axis_of, is_time, seconds_of, unit_of
from agent.sources.csvlines import AGREE, CHANGE, MAX_LINE, CsvRow, LineReader, Refusal, layout_of
from agent.sources.rows import WATCH_S, RateWatch, RowBlocks
from agent.sources.serial_csv import SerialCsvConfig, SerialCsvSource
from agent.sources.stamps import WRAP, RateFromStamps, Stamps
from agent.stream.ledger import Ledger
from agent.transport.routes import Route
from agent.types import Item, SampleBlock, SourceFault, Stream

CAPTURES = ROOT / "tests" / "cases" / "captures"


def rows_of(text: str, **options: Any) -> list[tuple[float, ...]]:
    return [said.values for said in heard(text, **options) if isinstance(said, CsvRow)]


def refusals_of(text: str, **options: Any) -> list[tuple[str, int]]:
    return [(said.kind, said.samples) for said in heard(text, **options) if isinstance(said, Refusal)]


def heard(text: str, **options: Any) -> list[CsvRow | Refusal]:
    return LineReader(**options).feed(text.encode("latin-1"))


START = "1,2,3\n" * (AGREE + 1)  # the first line is not believed, AGREE make a layout: one row comes of it


# --------------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize("line", ["1,2,3", "1;2;3", "1\t2\t3", "1 2 3", " 1, 2, 3 ", "1,2,3,", "1e0,+2.,3.000"])
def test_all_separators_separate(line: str) -> None:
    assert rows_of(f"{line}\r\n" * 5) == [(1.0, 2.0, 3.0)] * 2


@pytest.mark.parametrize(("width", "taken"), [(1, 1), (2, 2), (3, 3), (6, 3), (9, 3)])
def test_width_tells_which_columns_are_acceleration(width: int, taken: int) -> None:
    line = ",".join(map(str, range(width))) + "\n"
    assert rows_of(line * 9)[0] == tuple(map(float, range(taken)))


@pytest.mark.parametrize("width", [4, 5, 7, 8, 12])
def test_other_widths_are_not_guessed(width: int) -> None:
    line = ",".join(map(str, range(width))) + "\n"
    assert rows_of(line * 9) == []
    assert set(refusals_of(line * 9)) == {("columns", 0)}
    assert rows_of(line * 9, columns=[4, 2])[0] == (3.0, 1.0)


def test_header_names_columns_units_and_time() -> None:
    text = "temp,t_ms,az [g],ay [g],ax [g]\n" + "20,1000,3,2,1\n" * 2
    assert rows_of("noise\n" + text) == [(1.0, 2.0, 3.0)] * 2
    (row, _) = (said for said in heard("noise\n" + text) if isinstance(said, CsvRow))
    assert (row.layout.axes, row.layout.unit, row.layout.second, row.stamp) == (("x", "y", "z"), "g", 1e-3, 1000.0)


def test_columns_by_name_need_a_header_that_has_them() -> None:
    options = {"columns": ["vibA", "vibB"], "time": "when"}
    assert rows_of("hello\nwhen,vibA,vibB\n5,1,2\n", **options) == [(1.0, 2.0)]
    assert refusals_of("hello\nwhen,viba,other\n5,1,2\n", **options) == [("columns", 0)]
    assert "there is no time column" in str(layout_of(3, ("a", "b", "c"), time="when"))


def test_first_line_may_be_cut_and_is_not_believed() -> None:
    assert rows_of("345,2,3\n" + "1,2,3\n" * 3) == [(1.0, 2.0, 3.0)]
    assert rows_of("x,ay,az\n1,2,3\n") == [(1.0, 2.0, 3.0)], "a first name that is known is not cut"
    assert rows_of("_g,ay_g,az_g\n1,2,3\n") == []


def test_short_last_line_is_never_a_row() -> None:
    assert rows_of(START + "4,5,6\n7,8") == [(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)]


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
    assert rows_of(START + line + "\n7,8,9\n") == [(1.0, 2.0, 3.0), (7.0, 8.0, 9.0)]


@pytest.mark.parametrize("line", ["ERR sensor not found", "ERROR: i2c", "E (77) i2c: timeout"])
def test_error_of_the_device_is_a_fault_without_samples(line: str) -> None:
    assert refusals_of(START + line + "\n") == [("device_error", 0)]


def test_sketch_that_was_changed_is_followed() -> None:
    """A few lines of another width are spoilt; many are another layout."""
    read = LineReader().feed((START + "1,2\n" * (CHANGE - 1) + "1,2,3\n" + "5,6\n" * (CHANGE + 1)).encode())
    assert [said.values for said in read if isinstance(said, CsvRow)] == [(1.0, 2.0, 3.0)] * 2 + [(5.0, 6.0)] * 2


def test_reopened_port_forgets_half_a_line_and_keeps_the_header() -> None:
    reader = LineReader()
    reader.feed(b"hello\nax_g,ay_g\n1,2\n3,")
    reader.restart()
    said = reader.feed(b"4\n5,6\n")
    assert [(row.values, row.layout.unit) for row in said if isinstance(row, CsvRow)] == [((5.0, 6.0), "g")]


@given(data=st.binary(max_size=3000), cuts=st.lists(st.integers(0, 3000), max_size=6))
def test_any_bytes_are_read_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    data = START.encode() + data
    whole, pieces = LineReader(), LineReader()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    apart = [said for a, b in pairwise(edges) for said in pieces.feed(data[a:b])]
    assert apart == whole.feed(data)
    assert all(np.isfinite(said.values).all() for said in apart if isinstance(said, CsvRow))


def test_line_without_end_keeps_no_memory() -> None:
    reader = LineReader()
    for _ in range(1000):
        assert reader.feed(b"1" * 10_000) == []
    assert len(reader._buffer) <= MAX_LINE + 1


@pytest.mark.parametrize(
    ("name", "axis", "unit"),
    [("ax_g", "x", "g"), ("accY [m/s2]", "y", "m/s2"), ("Z", "z", None), ("gx", None, None), ("max", None, None)],
)
def test_names_of_columns(name: str, axis: str | None, unit: str | None) -> None:
    assert (axis_of(name), unit_of(name)) == (axis, unit)


@pytest.mark.parametrize(
    ("name", "second"), [("timestamp_us", 1e-6), ("t (ms)", 1e-3), ("millis", 1e-3), ("micros", 1e-6), ("time", None)]
)
def test_names_of_time(name: str, second: float | None) -> None:
    assert is_time(name)
    assert seconds_of(name) == second


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
    "plain.csv": (Route("fan", rate_hz=1000.0), {}, 398, 398, "raw", 1000.0, {}),
    "nine_semicolons.csv": (Route("fan", rate_hz=1000.0), {}, 400, 400, "g", 1000.0, {}),
    "six_tabs.csv": (Route("fan", rate_hz=1000.0), {}, 398, 396, "raw", 1000.0, {"not_finite", "garbage"}),
    "esp_idf.csv": (Route("fan"), {}, 200, 196, "g", 1000.0, {"device_error"}),
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
    items, _ = listen(terminal, b"1,2,3\n" * 2000, route=Route("fan"))
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
    items, _ = listen(terminal, b"x\n1\n2\n1e30\n4\n", route=Route("fan", rate_hz=100.0))
    assert faults_of(items) == {"too_large": 1}
    assert [(b.start, b.samples[:, 0].tolist()) for b in samples_of(items)] == [(0, [1, 2]), (3, [4])]


@pytest.mark.parametrize("stamped", [True, False])
def test_spoilt_line_is_one_rejected_sample_and_is_not_counted_twice(stamped: bool, terminal: Terminal) -> None:
    lines = [f"{10 * n},{n},1\n" if stamped else f"{n},1\n" for n in range(20)]
    lines[7] = lines[7].replace(",1", ",?")
    data = ("t_ms,x,y\n" if stamped else "x,y\n") + "".join(lines)
    items, _ = listen(terminal, data.encode(), route=Route("fan", rate_hz=100.0))
    assert faults_of(items) == {"garbage": 1}
    assert [(b.start + n, x) for b in samples_of(items) for n, x in enumerate(b.samples[:, 0].tolist())] == [
        (n, n) for n in range(20) if n != 7
    ]


def test_reopened_port_is_a_new_session_where_nothing_shows_what_was_missed(terminal: Terminal) -> None:
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path), (Route("fan", rate_hz=100.0),))
    source.open()
    (first,) = samples_of(say(terminal, source, b"x\n" + b"1\n" * 5))
    source.open()
    (second,) = samples_of(say(terminal, source, b"1\n" * 5))
    assert (second.stream.session - first.stream.session, second.start) == (1, 0)
    source.close()
    (other, _) = listen(terminal, b"x\n1\n", route=Route("fan", rate_hz=100.0))
    assert abs(samples_of(other)[0].stream.session - first.stream.session) > 1, "nor does the agent's next start go on"


def test_reopened_port_goes_on_where_stamps_show_it(terminal: Terminal) -> None:
    source = SerialCsvSource(SerialCsvConfig(port=terminal.path), (Route("fan", rate_hz=100.0),))
    source.open()
    (first,) = samples_of(say(terminal, source, b"t_ms,x\n" + b"".join(b"%d,1\n" % (10 * n) for n in range(5))))
    source.open()
    (second,) = samples_of(say(terminal, source, b"".join(b"%d,1\n" % (10 * n) for n in range(40, 50))))
    assert (first.stream, first.end) == (second.stream, 5)
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
    os.write(terminal.our_end, b"x\n1\n2\n")
    found: list[Item] = []
    until(lambda: found.extend(source.read(0.05)) or found, seconds=5)
    assert [block.samples[:, 0].tolist() for block in samples_of(found)] == [[1.0, 2.0]]
    source.close()


@pytest.mark.parametrize("options", [{"columns": ()}, {"columns": (1, 2, 3, 4)}, {"columns": (0,)}, {"time": ""}])
def test_config_that_names_no_columns_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"port": "/dev/x", **options}, SerialCsvConfig)
