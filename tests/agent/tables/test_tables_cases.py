"""Inputs that people have, with the right answer: `../shared/cases`, read whole, and as a port would bring them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from forms_of_one import write_forms
from tables_of_noise import asked, settled

from agent.tables.encodings import encoding_of
from agent.tables.names import sense_of
from agent.tables.rows import Other, Row, Rows, read_line, read_lines
from agent.tables.series import Series, series_of
from agent.tables.settle import SAMPLE_LINES
from agent.tables.stream import TableReader
from agent.tables.told import contradiction
from agent.tables.values import Table, Told


@pytest.fixture(scope="module")
def healthy(cases: Path) -> np.ndarray:
    """The signal that the CSV cases hold, in g at 5120 Hz."""
    lines = (cases / "csv-not-acceleration-columns" / "temp.csv").read_text().splitlines()[1:]
    return np.array([float(line.split(",")[1]) for line in lines])


def lines_of(path: Path) -> list[str]:
    data = path.read_bytes()
    encoding = encoding_of(data[: 1 << 16])
    assert encoding is not None
    return data.decode(encoding).splitlines()


def read(path: Path, **told: object) -> tuple[Table, Rows, Series]:
    lines = lines_of(path)
    table = settled(lines[:SAMPLE_LINES], **told)
    rows = read_lines(table, lines[table.skip :])
    series = series_of(table, rows, Told(**told))  # type: ignore[arg-type]
    assert isinstance(series, Series), series
    return table, rows, series


@pytest.mark.parametrize(
    ("name", "axes", "unit"),
    [
        ("csv-time-name-unknown/seconds.csv", ("z",), None),
        ("csv-not-acceleration-columns/temp.csv", ("z",), None),
        ("csv-micros-wrap/wrap.csv", ("x",), "g"),
    ],
)
def test_one_axis_at_5120_hz_without_a_gap(
    cases: Path, healthy: np.ndarray, name: str, axes: tuple[str], unit: str
) -> None:
    table, _, series = read(cases / name)
    assert (table.axes, table.unit, series.rate_hz, series.gaps, series.missing) == (axes, unit, 5120.0, (), 0)
    np.testing.assert_allclose(series.values[:, 0], healthy, atol=1e-6)
    assert series.wraps == ("wrap" in name)


def test_a_temperature_is_no_axis_and_that_is_said(cases: Path) -> None:
    table, _, _ = read(cases / "csv-not-acceleration-columns" / "temp.csv")
    assert [(left.what, left.reason) for left in table.left_out] == [("temp_c", "is a temperature by its name")]


@pytest.mark.parametrize("told", [{}, {"rate_hz": 5120.0}])
def test_whole_numbers_are_two_columns_whatever_rate_is_told(cases: Path, told: dict[str, float]) -> None:
    path = cases / "csv-two-integer-columns" / "us_adc_healthy.csv"
    table, _, series = read(path, **told)
    assert (table.axes, table.unit, series.rate_hz) == (("x",), None, 5120.0)
    assert series.values[:3, 0].tolist() == [2086.0, 2113.0, 2110.0]
    headless = settled(lines_of(path)[1 : SAMPLE_LINES + 1], **told)
    assert (headless.chosen, headless.time) == ((1,), 0)
    assert headless.columns[0].second == (1e-6 if told else None), "a told rate shows the unit of a nameless clock"


def test_rows_that_hold_time_alone_hold_no_acceleration(cases: Path) -> None:
    question = asked(lines_of(cases / "csv-header-wider-than-rows" / "timestamps_only.csv")[:SAMPLE_LINES])
    assert question.settles == "none"
    assert "no acceleration" in question.text
    assert "4 names do not fit the 1 columns" in question.text


def test_decimal_commas_of_a_port(cases: Path) -> None:
    table, _, series = read(cases / "serial-decimal-comma" / "stream.txt")
    assert table.axes == ("x", "y", "z")
    assert series.values.shape == (400, 3)
    line = read_line(table, "-0,12;0,05;9,81")
    assert isinstance(line, Row)
    assert line.values == (-0.12, 0.05, 9.81)


def test_gyro_lines_between_are_left_out_and_said_once(cases: Path) -> None:
    table, rows, series = read(cases / "serial-gyro-lines-mixed-in" / "stream.txt")
    assert series.values.shape == (400, 3)
    assert (rows.others, rows.spoilt, series.gaps) == (400, 0, ())
    assert [left.what for left in table.left_out] == ["Gyro X, Gyro Y, Gyro Z"]
    assert read_line(table, "Gyro X: 1 Y: 2 Z: 3") == Other(("Gyro X", "Gyro Y", "Gyro Z"))


def test_angles_are_no_acceleration(cases: Path) -> None:
    question = asked(lines_of(cases / "serial-labels-not-acceleration" / "roll_pitch_yaw.txt"))
    assert question.settles == "none"
    assert "roll is an angle" in question.text


@pytest.mark.parametrize(("name", "unit"), [("adafruit_adxl345.txt", "m/s2"), ("json_lines.txt", None)])
def test_numbers_in_dress(cases: Path, name: str, unit: str | None) -> None:
    table, _, series = read(cases / "serial-numbers-in-dress" / name)
    assert (table.axes, table.unit, series.values.shape) == (("x", "y", "z"), unit, (200, 3))
    assert series.values[:, 2].mean() == pytest.approx(9.8, abs=0.1)


@pytest.mark.parametrize("name", ["serial-decimal-comma/stream.txt", "serial-gyro-lines-mixed-in/stream.txt"])
def test_a_port_gives_what_the_file_gives(cases: Path, name: str) -> None:
    lines = lines_of(cases / name)
    reader = TableReader()
    heard = [one for line in lines for one in reader.feed([line])] + reader.settle(is_end=True)
    live = [one.values for one in heard if isinstance(one, Row)]
    np.testing.assert_array_equal(live, read(cases / name)[2].values)


def test_keys_of_a_message_say_what_they_are(cases: Path) -> None:
    """A rate under a key of its own is a fact, an array of samples an axis."""
    message = json.loads((cases / "mqtt-rate-not-told" / "one_message_each_0.1s.json").read_text())
    assert {key: sense_of(key).role for key in message} == {"sample_rate": "speed", "x": "acceleration"}


FORMS = {".csv", ".txt", ".lvm"}


@pytest.mark.long  # all of the reading is tried in tests/agent/recordings with the same forms
def test_one_recording_in_every_form_of_text(cases: Path, tmp_path: Path) -> None:
    """Two seconds; `tests/agent/recordings` has the forms that want more, through all of the reading."""
    write_forms(cases, tmp_path, samples=24_000)
    tried = 0
    for row in (tmp_path / "expected.csv").read_text().splitlines()[1:]:
        name, do, rate_hz, unit, axes, *_ = [*row.split(","), "", ""]
        if Path(name).suffix not in FORMS:
            continue
        tried += 1
        lines = lines_of(tmp_path / name)
        if do == "refuse":
            assert asked(lines[:SAMPLE_LINES]).settles in ("none", "columns"), name
            continue
        table, _, series = read(tmp_path / name)
        written_hz = table.facts.rate_hz
        if do == "ask":
            assert series.rate_hz is None, name
            assert written_hz is None, name
            continue
        assert (series.rate_hz or written_hz) == pytest.approx(float(rate_hz), rel=1e-4), name
        assert (table.unit or "", len(table.axes)) == (unit, int(axes)), name
        question = contradiction(table, Told(rate_hz=48_000.0), measured_hz=series.rate_hz)
        assert question is not None, name
        assert question.settles == "rate", name
    assert tried >= 20


def test_gaps_and_missing_samples_of_forms(tmp_path: Path) -> None:
    """As in `forms.py`, small: a thousand samples out of a clock printed to the microsecond, and an empty line."""
    seconds = [k / 12_000 for k in range(6000) if not 2000 <= k < 3000]
    signal = np.random.default_rng(0).normal(0, 1, len(seconds))
    lines = ["time_s,acc_g", *(f"{t:.6f},{v:.5f}" for t, v in zip(seconds, signal, strict=True))]
    table = settled(lines[:SAMPLE_LINES])
    series = series_of(table, read_lines(table, lines[table.skip :]))
    assert isinstance(series, Series)
    assert (series.rate_hz, series.gaps) == (12_000.0, ((2000, 3000),))
    one = ["acc_g", *("" if k == 500 else f"{v:.5f}" for k, v in enumerate(signal))]
    table = settled(one[:SAMPLE_LINES])
    series = series_of(table, read_lines(table, [*one[table.skip :], "", ""]))
    assert isinstance(series, Series)
    assert (series.missing, series.gaps, len(series.values)) == (1, ((500, 501),), len(signal) - 1)
