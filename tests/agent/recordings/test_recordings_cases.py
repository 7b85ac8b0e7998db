"""Files that people have, with the right answer: `../shared/cases`, through `read_recording` and through `replay`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from forms_of_one import write_forms

from agent.cli import main
from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.recordings.read import read_recording
from agent.recordings.scale import scale_of


@pytest.fixture(scope="module")
def healthy(cases: Path) -> np.ndarray:
    """The signal that these cases hold, in g at 5120 Hz."""
    return np.loadtxt(cases / "csv-not-acceleration-columns" / "temp.csv", delimiter=",", skiprows=1, usecols=1)


def verdict(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The fault that `replay` names."""
    assert main(["replay", str(path), "--rpm", "1797", "--bearing", "6205", "--json", *options]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["kind"] == "verdict"
    return str(last["fault"])


@pytest.mark.parametrize(
    ("name", "axes", "unit"),
    [
        ("csv-time-name-unknown/seconds.csv", ("z",), "raw"),
        ("csv-not-acceleration-columns/temp.csv", ("z",), "raw"),
        ("csv-micros-wrap/wrap.csv", ("x",), "g"),
        ("_control/healthy.csv", ("x",), "g"),
    ],
)
def test_one_axis_at_5120_hz_without_a_gap_is_healthy(
    cases: Path, healthy: np.ndarray, capsys: pytest.CaptureFixture[str], name: str, axes: tuple[str], unit: str
) -> None:
    recording = read_recording(cases / name)
    assert (recording.axes, recording.unit, recording.rate_hz, len(recording.pieces)) == (axes, unit, 5120.0, 1)
    np.testing.assert_allclose(recording.samples[:, 0], healthy, atol=1e-6)
    assert verdict(cases / name, capsys) == "healthy"


def test_what_is_no_axis_is_said(cases: Path) -> None:
    notes = read_recording(cases / "csv-not-acceleration-columns" / "temp.csv").notes
    assert "left out: temp_c is a temperature by its name" in notes


@pytest.mark.parametrize("rate_hz", [None, 5120.0])
def test_microseconds_and_counts_are_two_columns(
    cases: Path, capsys: pytest.CaptureFixture[str], rate_hz: float | None
) -> None:
    path = cases / "csv-two-integer-columns" / "us_adc_healthy.csv"
    recording = read_recording(path, rate_hz=rate_hz)
    assert (recording.samples.shape[1], recording.unit, recording.rate_hz) == (1, "raw", 5120.0)
    assert recording.samples[:3, 0].tolist() == [2086.0, 2113.0, 2110.0]
    assert verdict(path, capsys) == "healthy"


def test_rows_that_hold_time_alone_are_refused(cases: Path) -> None:
    with pytest.raises(RecordingError, match="no acceleration"):
        read_recording(cases / "csv-header-wider-than-rows" / "timestamps_only.csv")


def test_a_told_rate_that_the_file_contradicts_exits_non_zero(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cases / "csv-time-name-unknown" / "seconds.csv"
    assert main(["replay", str(path), "--rate-hz", "48000"]) != 0
    said = capsys.readouterr().err
    assert "5120 Hz" in said
    assert "--rate-hz" in said


def test_rf64_is_a_wav(cases: Path, healthy: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    path = cases / "wav-rf64-and-padded" / "rf64.wav"
    recording = read_recording(path)
    assert (recording.rate_hz, recording.samples.shape) == (5120.0, (len(healthy), 1))
    assert verdict(path, capsys) == "healthy"


def test_a_column_of_a_table_of_four(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cases / "mat-table-of-four" / "testlab.mat"
    with pytest.raises(RecordingError, match=r"4 channels.*--channel"):
        read_recording(path)
    recording = read_recording(path, variable="1")
    assert (recording.rate_hz, recording.samples.shape) == (5120.0, (20480, 1))
    assert verdict(path, capsys, "--channel", "1") == "outer_race"


@pytest.fixture(scope="module")
def forms(cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording in the forms in which people hand it over."""
    folder = tmp_path_factory.mktemp("forms")
    write_forms(cases, folder, samples=51_200)
    return folder


def test_one_recording_in_every_form(forms: Path) -> None:
    with (forms / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {path.name for path in forms.iterdir()} - {"expected.csv"}
    wrong = [problem for row in rows if (problem := _problem(forms / row["file"], row))]
    assert not wrong, "\n".join(wrong)


def _problem(path: Path, row: dict[str, str]) -> str:
    """What is not as expected of one form; empty where all is."""
    dead = path.name == "silence.wav"  # whether a signal is dead is judged when it is heard
    try:
        recording = read_recording(path)
    except RecordingError as error:
        return "" if row["do"] == "refuse" else f"{path.name}: {error}"
    if row["do"] == "refuse" and not dead:
        return f"{path.name}: read"
    if row["do"] != "read":
        return "" if recording.rate_hz is None or dead else f"{path.name}: {recording.rate_hz} Hz from nowhere"
    found = (recording.written_unit or "", recording.samples.shape[1])
    if found != (row["unit"] or "", int(row["axes"])) or not recording.rate_hz:
        return f"{path.name}: {found}, {recording.rate_hz} Hz"
    return "" if abs(recording.rate_hz / float(row["rate_hz_or_why"]) - 1) < 1e-4 else f"{path.name}: rate"


def test_gaps_missing_samples_and_units_of_forms(forms: Path) -> None:
    plain = read_recording(forms / "plain.csv").samples[:, 0]
    gap = read_recording(forms / "gap.csv")
    assert [(piece.row, piece.start) for piece in gap.pieces] == [(0, 0), (40_000, 41_000)]
    for name, missing in (("one_missing.csv", 1), ("nan.csv", 18)):
        recording = read_recording(forms / name)
        assert len(recording.samples) == len(plain) - missing
        assert len(recording.pieces) == missing + 1
        assert any(f"{missing} of " in note for note in recording.notes)
    in_si = read_recording(forms / "milliseconds.csv")
    np.testing.assert_allclose(in_si.samples[:, 0] * STANDARD_GRAVITY, plain * 9.80665, atol=1e-5)
    assert any("ends before" in note for note in read_recording(forms / "truncated.wav").notes)
    mat = read_recording(forms / "v5.mat")
    assert mat.rpm == 1797.0


@pytest.mark.parametrize("name", ["int16.wav", "int24.wav", "plain.flac"])
def test_full_scale_is_not_1_g_in_silence(forms: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Without a scale no physical figure, with `--unit g` a question, with a scale the figure that it makes."""
    path = forms / name
    assert main(["replay", str(path), "--rpm", "1797"]) == 0
    assert "the unit of the samples is not known" in " ".join(capsys.readouterr().out.split())
    assert main(["replay", str(path), "--rpm", "1797", "--unit", "g"]) != 0
    assert "--full-scale" in capsys.readouterr().err
    peak = float(np.abs(np.load(forms / "plain.npy")).max()) * 1.05
    in_g = read_recording(path, scale=scale_of("100mV/g", f"{peak / 10:.6f}V"))
    np.testing.assert_allclose(in_g.samples[:, 0], np.load(forms / "plain.npy"), atol=3e-4)
