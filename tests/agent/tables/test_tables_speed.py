"""A column of the shaft's speed: told from pulses and other frequencies, used where steady, followed where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tables_of_noise import settled

from agent.commands import replay
from agent.errors import RecordingError
from agent.recordings.read import read_recording
from agent.recordings.recording import blocks_of
from agent.recordings.short import as_snapshots
from agent.recordings.speeds import ROWS, readings_beside
from agent.sources.csvlines import CsvRow, LineReader, Refusal
from agent.sources.line_speed import LineSpeed
from agent.tables.rows import read_lines
from agent.transport.routes import Route
from agent.types import Reading
from firmware_bridge.command_line import Parser

N = 600
K = np.arange(N)
VIBRATION = np.random.default_rng(7).normal(0, 1, N)
STEADY = np.full(N, 1797.0)
MOVING = np.linspace(900, 1800, N)


def lines_of(name: str, speed: np.ndarray, *, before: tuple[str, ...] = ()) -> list[str]:
    rows = (f"{k / 1000:.3f},{a:.5f},{s:.6g}" for k, a, s in zip(K, VIBRATION, speed, strict=True))
    return [*before, f"t,ax [g],{name}", *rows]


def recorded(tmp_path: Path, name: str, speed: np.ndarray, *, before: tuple[str, ...] = ()) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines_of(name, speed, before=before)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "speed", "rpm"),
    [
        ("rpm", STEADY, 1797),
        ("Drehzahl [1/min]", STEADY + VIBRATION, 1797),
        ("회전수", STEADY, 1797),
        ("speed", STEADY, 1797),
        ("Motor speed (rpm)", STEADY, 1797),
        ("shaft speed [Hz]", STEADY / 60, 1797),
        ("rotational freq (Hz)", STEADY / 60, 1797),
        ("speed", STEADY / 60, None),  # Hz, per cent, or a slow shaft
        ("speed", (K % 170 < 8) * 5.0, None),
        ("tacho", (K % 17 < 8) * 2000.0, None),
        ("VFD frequency [Hz]", STEADY / 36, None),
        ("freq", STEADY / 36, None),
        ("wind speed", STEADY, None),
    ],
)
def test_which_columns_are_the_shafts_speed(tmp_path: Path, name: str, speed: np.ndarray, rpm: float | None) -> None:
    recording = read_recording(recorded(tmp_path, name, speed))
    assert recording.rpm is None if rpm is None else recording.rpm == pytest.approx(rpm, rel=1e-3)
    assert recording.samples.shape == (N, 1)
    assert any(note.endswith(f"rpm from column {name}") for note in recording.notes) == (rpm is not None)
    assert any(note.startswith(f"left out: {name}") for note in recording.notes) == (rpm is None)


def test_one_that_moves_is_said_and_comes_before_its_samples(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path, "rpm", MOVING))
    assert recording.rpm is None
    assert "the speed moves from" in recording.notes[0]
    items = list(readings_beside(recording, blocks_of(recording, "s")))
    said = [item for item in items if isinstance(item, Reading)]
    assert isinstance(items[0], Reading)
    assert [round(one.value) for one in said] == sorted(round(one.value) for one in said)
    for one in said:  # within the rows of which it is the median
        assert one.value == pytest.approx(900 + 900 * one.arrival_s * 1000 / N, abs=900 * ROWS / N)


def test_pieces_put_together_keep_their_speeds(tmp_path: Path) -> None:
    moving = read_recording(recorded(tmp_path, "rpm", MOVING))
    steady = read_recording(recorded(tmp_path, "rpm", STEADY))
    together = as_snapshots([steady, moving])
    assert together.rpm is None
    assert together.speeds[:2] == ((0, 1797.0), (N, moving.speeds[0][1]))


def test_a_file_that_says_two_speeds_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path, "rpm", STEADY, before=("Speed: 900 rpm", ""))
    with pytest.raises(RecordingError, match="two speeds, 900 rpm and 1797 rpm"):
        read_recording(path)


@pytest.mark.parametrize(("speed", "why"), [(STEADY, "says 1797 rpm"), (MOVING, "moves from")])
def test_a_told_speed_that_the_column_contradicts_is_refused(tmp_path: Path, speed: np.ndarray, why: str) -> None:
    parser = Parser()
    replay.add_arguments(parser)
    with pytest.raises(RecordingError, match=why):
        replay.main(parser.parse_args([str(recorded(tmp_path, "rpm", speed)), "--rpm", "600"]))


def test_fast_and_slow_reading_give_the_same_speed() -> None:
    lines = lines_of("rpm", MOVING)
    table = settled(lines)
    fast, slow = read_lines(table, lines[1:]).rpm, read_lines(table, lines[1:20]).rpm
    assert fast is not None
    assert slow is not None
    np.testing.assert_array_equal(fast[:19], slow)


def test_a_line_brings_its_speed_to_the_machine_that_takes_it_there() -> None:
    heard = LineReader().feed("".join(f"{line}\r\n" for line in lines_of("rpm", STEADY)).encode())
    rows = [said for said in heard if isinstance(said, CsvRow)]
    line = LineSpeed([Route("s"), Route("pump", quantity="rpm")], source="line")
    readings, refused = line.feed(rows, arrival_s=3.0, wall_s=4.0)
    assert readings == [Reading("pump", "rpm", 1797.0, 3.0, 4.0)]
    assert refused == []
    assert not [said for said in heard if isinstance(said, Refusal)]


def test_a_speed_that_no_machine_takes_is_said_once() -> None:
    heard = LineReader().feed("".join(f"{line}\r\n" for line in lines_of("rpm", STEADY)).encode())
    rows = [said for said in heard if isinstance(said, CsvRow)]
    line = LineSpeed([Route("s")], source="line")
    said = [line.feed(rows[:50], arrival_s=3.0, wall_s=4.0)[1], line.feed(rows[50:], arrival_s=3.0, wall_s=4.0)[1]]
    assert [len(one) for one in said] == [1, 0]
    assert 'machines.ID.speed = { source = "line" }' in said[0][0].detail
