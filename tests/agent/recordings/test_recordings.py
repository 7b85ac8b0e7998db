"""Recordings in every format, and one clear line for every file that cannot be read."""

from __future__ import annotations

import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from read_or_refused import read_or_refuse

from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.messages.notices import is_known
from agent.recordings.read import blocks_of, read_recording
from firmware_bridge.installing import pip_line

SIGNAL = np.random.default_rng(0).normal(0, 0.3, (400, 3)).round(4)


def refused(path: Path, *mentions: str, **options) -> None:
    """The error is one line that names the file and everything in `mentions`."""
    with pytest.raises(RecordingError) as caught:
        read_recording(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    for mention in (str(path), *mentions):
        assert mention in text


# ---------------------------------------------------------------------------------------------------------------- csv


def write(path: Path, rows: np.ndarray, *, delimiter: str = ",", header: str = "", comma: bool = False) -> Path:
    lines = [delimiter.join(repr(float(v)) for v in row) for row in rows]
    if comma:
        lines = [line.replace(".", ",") for line in lines]
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", ", "])
@pytest.mark.parametrize("header", [False, True])
def test_csv_with_every_delimiter_with_and_without_header(tmp_path: Path, delimiter: str, header: bool) -> None:
    path = write(tmp_path / "a.csv", SIGNAL, delimiter=delimiter, header=delimiter.join("xyz") if header else "")
    recording = read_recording(path, rate_hz=100.0)
    np.testing.assert_array_equal(recording.samples, SIGNAL.astype(np.float32))
    assert (recording.axes, recording.rate_hz, recording.unit) == (("x", "y", "z"), 100.0, "raw")
    assert recording.samples.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "factor"), [("time_s", 1.0), ("t", 1.0), ("Time (ms)", 1e3), ("timestamp_us", 1e6), ("t [s]", 1.0)]
)
def test_csv_time_column_gives_the_rate_and_no_axis(tmp_path: Path, name: str, factor: float) -> None:
    time = np.arange(400)[:, None] / 250.0 * factor
    path = write(tmp_path / "a.csv", np.hstack([time, SIGNAL]), header=f"{name},ax,ay,az")
    recording = read_recording(path)
    assert recording.rate_hz == pytest.approx(250.0, rel=1e-5)
    assert recording.axes == ("x", "y", "z")
    np.testing.assert_array_equal(recording.samples, SIGNAL.astype(np.float32))


def test_csv_time_column_without_header_is_known_by_counting_up(tmp_path: Path) -> None:
    time = np.arange(400)[:, None] / 250.0
    recording = read_recording(write(tmp_path / "a.csv", np.hstack([time, SIGNAL])))
    assert recording.rate_hz == pytest.approx(250.0)
    assert recording.samples.shape == (400, 3)


def test_csv_counter_of_unknown_unit_gives_no_rate(tmp_path: Path) -> None:
    index = np.arange(400)[:, None] * 1.0
    path = write(tmp_path / "a.csv", np.hstack([index, SIGNAL]))
    assert read_recording(path).rate_hz is None
    assert read_recording(path, rate_hz=50.0).rate_hz == 50.0


def test_csv_gaps_in_time_are_gaps_in_the_sample_count(tmp_path: Path) -> None:
    time = np.concatenate([np.arange(100), np.arange(150, 450)])[:, None] / 250.0
    path = write(tmp_path / "a.csv", np.hstack([time, SIGNAL]), header="t_s,x,y,z")
    blocks = list(blocks_of(read_recording(path), "s", block=64))
    assert [(b.start, b.end) for b in blocks[:3]] == [(0, 64), (64, 100), (150, 214)]
    assert blocks[-1].end == 450
    assert blocks[-1].arrival_s == pytest.approx(450 / 250)


def test_csv_time_that_ticks_coarser_than_the_samples_still_gives_the_rate(tmp_path: Path) -> None:
    ticks = np.floor(np.arange(400) / 1600 * 1000)[:, None]
    recording = read_recording(write(tmp_path / "a.csv", np.hstack([ticks, SIGNAL]), header="time_ms,x,y,z"))
    assert recording.rate_hz == pytest.approx(1600, rel=0.01)
    assert len(recording.pieces) == 1


def test_csv_time_that_runs_backwards_is_refused(tmp_path: Path) -> None:
    time = np.arange(400)[:, None] / 250.0
    time[200] = 0.0
    refused(write(tmp_path / "a.csv", np.hstack([time, SIGNAL]), header="t_s,x,y,z"), "does not count up")


def test_csv_decimal_commas(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path / "a.csv", SIGNAL, delimiter=";", comma=True))
    np.testing.assert_array_equal(recording.samples, SIGNAL.astype(np.float32))


def test_csv_units_of_the_header(tmp_path: Path) -> None:
    in_g = read_recording(write(tmp_path / "a.csv", SIGNAL, header="x [g],y [g],z [g]"))
    assert in_g.unit == "g"
    in_si = read_recording(write(tmp_path / "b.csv", SIGNAL, header="ax (m/s2),ay (m/s2),az (m/s2)"))
    assert (in_si.unit, in_si.axes) == ("g", ("x", "y", "z"))
    np.testing.assert_allclose(in_si.samples, SIGNAL / STANDARD_GRAVITY, rtol=1e-6)


def test_csv_column_choice_by_name_number_and_glob(tmp_path: Path) -> None:
    names = "speed,left_x,right_x,left_z,temp"
    table = np.hstack([SIGNAL, SIGNAL[:, :2] + 1])
    path = write(tmp_path / "a.csv", table, header=names)
    for variable in ("left_x+left_z", "2+4", "LEFT_X + *t_z"):
        if variable == "LEFT_X + *t_z":
            refused(path, "2 columns fit", variable="*_x")
            variable = "LEFT_X + left_z"
        recording = read_recording(path, variable=variable)
        np.testing.assert_array_equal(recording.samples, table[:, [1, 3]].astype(np.float32))
    refused(path, "no column 'right'", "right_x", variable="right")
    assert read_recording(path).samples.shape == (400, 3)  # neither the speed nor the temperature
    four = write(tmp_path / "b.csv", np.hstack([table, SIGNAL]), header=f"{names},right_z,a,b")
    refused(four, "name the columns", "--channel", "left_x", "right_z")


def test_csv_of_an_imu_takes_the_accelerometer(tmp_path: Path) -> None:
    table = np.hstack([SIGNAL, SIGNAL + 5])
    path = write(tmp_path / "a.csv", table, header="ax,ay,az,gx,gy,gz")
    np.testing.assert_array_equal(read_recording(path).samples, SIGNAL.astype(np.float32))


def test_csv_preamble_comments_byte_order_mark_and_cut_last_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    body = "\r\n".join(f"{a},{b},{c}" for a, b, c in SIGNAL)
    path.write_bytes(b"\xef\xbb\xbf# logger 7\r\nstarted 12:00\r\nx,y,z\r\n" + body.encode() + b"\r\n0.5,0.2")
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.samples, SIGNAL.astype(np.float32))
    assert any("cut" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("content", "mention"),
    [
        (b"", "no line of numbers"),
        (b"hello\nworld\n", "no line of numbers"),
        (b"\xff\xfe\x00\x01" * 100, "no line of numbers"),
        (b"\x00\x01\x02\x03" * 100, "is no text"),
        (b"1,2,3\n4,5\n6,7,8\n", "line 2 holds 2 numbers"),
        (b"1,2,3\n4,oops,5\n", "line 2 holds"),
        (b"1,2\n" * 3, "may be whole numbers or decimal commas"),
        (b"1,2,3,4,5\n" * 30, "name the columns"),
        (b"1," * 100_000, "65536 characters"),
        (b"1,2\n" * 200 + b"1," * 100_000, "65536 characters"),
    ],
)
def test_csv_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, mention: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    refused(path, mention)


def test_csv_notes_say_what_was_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", np.hstack([SIGNAL[:, :1], SIGNAL[:, 1:2] + 40]), header="acc_x (g),temp_c")
    recording = read_recording(path)
    assert (recording.axes, recording.unit) == (("x",), "g")
    assert "left out: temp_c is a temperature by its name" in recording.notes


def test_csv_spoilt_rows_are_missing_samples_and_too_many_are_refused(tmp_path: Path) -> None:
    lines = ["ax,ay,az", *(",".join(map(str, row)) for row in SIGNAL)]
    path = tmp_path / "a.csv"
    lines[300] = "0.5,oops,0.1"
    path.write_text("\n".join(lines) + "\n")
    recording = read_recording(path)
    assert [(piece.row, piece.start) for piece in recording.pieces] == [(0, 0), (299, 300)]
    assert any("1 of 400" in note and "line 301 holds 'oops'" in note for note in recording.notes)
    path.write_text("\n".join([*lines, *["0.5,0.1"] * 30]) + "\n")
    refused(path, "line 301 holds 'oops'", "31 of 430")


def test_csv_preamble_says_rate_unit_and_speed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    body = "\n".join(f"{row[0]:.6f}" for row in SIGNAL)
    path.write_text(f"Sample rate: 5120 Hz\nUnit: m/s2\nSpeed: 1480 rpm\n\nacc\n{body}\n")
    recording = read_recording(path)
    assert (recording.rate_hz, recording.unit, recording.rpm) == (5120.0, "g", 1480.0)
    np.testing.assert_allclose(recording.samples[:, 0], SIGNAL[:, 0] / STANDARD_GRAVITY, rtol=1e-6)
    clock = "\n".join(f"{k / 1000:.6f},{row[0]:.6f}" for k, row in enumerate(SIGNAL))
    path.write_text(f"Sample rate: 5120 Hz\n\ntime_s,acc\n{clock}\n")
    refused(path, "5120 Hz", "1000 Hz")


def test_csv_in_pieces_is_what_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gaps, lost lines and a wrap of the clock lie where one piece ends and the next begins, too."""
    signal = np.random.default_rng(2).normal(0, 1, (3000, 2)).round(5)
    micros = (2**32 - 400_000 + np.arange(3000) * 500) % 2**32
    keep = np.ones(3000, bool)
    keep[[511, 512, 700]] = False
    keep[1023:1030] = False
    lines = [f"{t},{a},{b}" for t, (a, b) in zip(micros[keep], signal[keep], strict=True)]
    for at in (600, 764, 765, 766):
        lines[at] = lines[at].rpartition(",")[0] + ","
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["micros,ax,ay", *lines]) + "\n")
    whole = read_recording(path)
    assert whole.rate_hz == 2000.0
    assert len(whole.pieces) >= 6
    for size in (64, 100, 256, 2980):
        monkeypatch.setattr("agent.recordings.csv.CHUNK_LINES", size)
        again = read_recording(path)
        assert (again.pieces, again.rate_hz) == (whole.pieces, whole.rate_hz), size
        np.testing.assert_array_equal(again.samples, whole.samples)


@pytest.mark.parametrize(("encoding", "header"), [("cp949", "시간(초),가속도(g)"), ("utf-16", "time (s),acc (g)")])
@pytest.mark.parametrize("suffix", [".csv", ".txt", ".tsv", ".lvm"])
def test_csv_in_other_encodings_and_under_other_names(tmp_path: Path, encoding: str, header: str, suffix: str) -> None:
    lines = [header, *(f"{k / 500:.4f},{row[0]}" for k, row in enumerate(SIGNAL))]
    path = tmp_path / f"a{suffix}"
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    recording = read_recording(path)
    assert (recording.rate_hz, recording.unit, recording.samples.shape) == (500.0, "g", (400, 1))


@given(st.one_of(st.binary(max_size=300), st.text("0123456789.,;\t \n-e#tx", max_size=300).map(str.encode)))
def test_csv_of_any_bytes_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    read_or_refuse(path)


# ---------------------------------------------------------------------------------------------------------------- wav


def wav_bytes(encoding: int, bits: int, raw: bytes, *, channels: int = 2, rate: int = 8000, extensible=False) -> bytes:
    align = channels * bits // 8
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else encoding, channels, rate, rate * align, align, bits)
    if extensible:
        head += struct.pack("<HHIH14s", 22, bits, 3, encoding, bytes.fromhex("000000001000800000aa00389b71"))
    data = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<I", len(raw)) + raw
    return b"RIFF" + struct.pack("<I", 0) + b"WAVE" + b"fmt " + struct.pack("<I", len(head)) + head + data


COUNTS = np.random.default_rng(1).integers(-128, 128, (50, 2))


def raw_of(bits: int) -> bytes:
    if bits == 8:
        return (COUNTS + 128).astype(np.uint8).tobytes()
    wide = (COUNTS << (bits - 8)).astype("<i4")
    return wide.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("extensible", [False, True])
def test_wav_of_integers(tmp_path: Path, bits: int, extensible: bool) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(1, bits, raw_of(bits), extensible=extensible))
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.samples, (COUNTS / 128).astype(np.float32))
    assert recording.rate_hz == 8000
    assert recording.full_scale == 1 - 2.0 ** (1 - bits)


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(("bits", "extensible"), [(24, False), (32, True)])
def test_wav_of_24_bits_in_32(tmp_path: Path, bits: int, extensible: bool, below: bool) -> None:
    """Measuring equipment pads 24 bits to four bytes, above the value or below it, and says so in either way."""
    path = tmp_path / "a.wav"
    counts = COUNTS * 65_535
    raw = (counts << (0 if below else 8)).astype("<i4").tobytes()
    content = bytearray(wav_bytes(1, 32, raw, extensible=extensible))
    content[34:36] = struct.pack("<H", bits)
    if extensible:
        content[38:40] = struct.pack("<H", 24)
    path.write_bytes(content)
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.samples, (counts * 2.0**-23).astype(np.float32))
    assert recording.step == 2.0**-23
    content[-400:] = np.arange(100, dtype="<i4").tobytes()[:396] + b"\x01\x00\x00\x7f"
    path.write_bytes(content)
    refused(path, "not the 24 bits")


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
def test_wav_of_64_bit_sizes_ends_where_it_says(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "a.wav"
    plain = wav_bytes(1, 16, raw_of(16))
    head, raw = plain[12:-204], plain[-200:]
    sizes = b"ds64" + struct.pack("<IQQQI", 28, 0, len(raw), 50, 0)
    more = b"LIST" + struct.pack("<I", 4) + b"\xff" * 4
    path.write_bytes(kind + b"\xff" * 4 + b"WAVE" + sizes + head + b"\xff" * 4 + raw + more)
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.samples, (COUNTS / 128).astype(np.float32))


@pytest.mark.parametrize("bits", [32, 64])
def test_wav_of_floats(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(3, bits, SIGNAL[:, :2].astype(f"<f{bits // 8}").tobytes()))
    np.testing.assert_array_equal(read_recording(path).samples, SIGNAL[:, :2].astype(np.float32))
    assert read_recording(path).full_scale is None


def test_wav_of_the_standard_library_and_a_channel_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(12_000)
        file.writeframes(raw_of(16))
    recording = read_recording(path, variable="2")
    np.testing.assert_array_equal(recording.samples[:, 0], (COUNTS[:, 1] / 128).astype(np.float32))
    refused(path, "no channel '3'", variable="3")


def test_wav_whose_writer_was_cut_off_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(1, 16, raw_of(16))[:-3])
    recording = read_recording(path)
    assert len(recording.samples) == 49
    assert any("ends before" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("content", "mention"),
    [
        (b"", "RIFF"),
        (b"RIFF\0\0\0\0WAVE", "format chunk"),
        (wav_bytes(1, 16, b"")[:40], "chunk"),
        (wav_bytes(0x11, 4, raw_of(8)), "encoding 17"),
        (wav_bytes(1, 16, raw_of(16), channels=0), "contradicts"),
        (wav_bytes(1, 16, b""), "no samples"),
    ],
)
def test_wav_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, mention: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    refused(path, mention)


# ---------------------------------------------------------------------------------------------------------------- npy


@pytest.mark.parametrize("array", [SIGNAL, SIGNAL.T, SIGNAL.astype(np.float32), np.asfortranarray(SIGNAL)])
def test_npy_whichever_way_it_lies(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "a.npy"
    np.save(path, array)
    recording = read_recording(path, rate_hz=100.0)
    np.testing.assert_array_equal(recording.samples, SIGNAL.astype(np.float32))
    assert recording.samples.flags.c_contiguous


def test_npy_of_one_axis_and_of_integers(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, (SIGNAL[:100, 0] * 100).astype(np.int16))
    assert read_recording(path).samples.shape == (100, 1)
    np.save(path, np.arange(100, dtype=np.int16))
    refused(path, "no acceleration", "counts up")


@pytest.mark.parametrize(
    ("array", "mention"),
    [
        (np.array([{"a": 1}], dtype=object), "no plain"),
        (np.ones((3, 3, 3)), "no vector"),
        (np.ones((50, 50)), "no side"),
        (np.array(["a"]), "no vector"),
        (np.ones(4, complex), "no vector"),
        (np.ones((0,)), "no vector"),
        (np.ones((100, 5)), "5 channels"),
    ],
)
def test_npy_that_is_no_signal_is_refused(tmp_path: Path, array: np.ndarray, mention: str) -> None:
    path = tmp_path / "a.npy"
    np.save(path, array, allow_pickle=True)
    refused(path, mention)


def test_npy_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.ones(1000))
    path.write_bytes(path.read_bytes()[:500])
    refused(path, "no plain .npy")


# ---------------------------------------------------------------------------------------------------------------- mat


def test_mat_with_one_array_needs_no_name(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"Data": SIGNAL[:, :1], "SampleFrequency": 20_000, "StartTime": "now", "Linecount": 1})
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.samples, SIGNAL[:, :1].astype(np.float32))
    assert recording.rate_hz == 20_000
    assert "20000 Hz from the file" in recording.notes


def test_mat_globs_axes_and_speed(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    two = {f"X{n}_{side}_time": SIGNAL[:, k : k + 1] + n for n in (105, 106) for k, side in enumerate(("DE", "FE"))}
    scipy.io.savemat(path, two | {"X105RPM": 1797, "X106RPM": 1772})
    recording = read_recording(path, variable="X105_DE_time+X105_FE*", rate_hz=12_000.0)
    np.testing.assert_array_equal(recording.samples, (SIGNAL[:, :2] + 105).astype(np.float32))
    assert recording.rpm == 1797
    refused(path, "2 variables fit", "X105_DE_time", "X106_DE_time", variable="*_DE_time")
    refused(path, "no variable 'DE'", "X105_DE_time", variable="DE")
    refused(path, "holds 4 variables")
    with pytest.raises(RecordingError) as once:
        read_recording(path, rate_hz=12_000.0)
    assert all(str(once.value).count(name) == 1 for name in two)  # said once, in both languages
    assert is_known(str(once.value), "ko")
    assert "*" not in str(once.value)


def test_mat_structs_and_cells_by_dots(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    cells = np.empty(2, dtype=object)
    cells[:] = [SIGNAL[:, 0], SIGNAL[:, 1]]
    scipy.io.savemat(path, {"bearing": {"gs": SIGNAL[:, 0], "sr": 97_656, "rate": 25, "load": 0}, "cells": cells})
    recording = read_recording(path, variable="bearing.gs")
    np.testing.assert_array_equal(recording.samples[:, 0], SIGNAL[:, 0].astype(np.float32))
    assert recording.rate_hz == 97_656
    second = read_recording(path, variable="cells(2)")
    assert second.rate_hz is None, "the struct's rate is that of its own signal"
    np.testing.assert_array_equal(second.samples[:, 0], SIGNAL[:, 1].astype(np.float32))


def test_mat_columns_of_a_table_by_number_and_the_rate_of_its_increment(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    four = np.hstack([SIGNAL, SIGNAL[:, :1] + 1])
    scipy.io.savemat(path, {"S": {"x": {"start": 0.0, "increment": 1 / 5120}, "y": {"values": four}}})
    refused(path, "4 channels", "--channel")
    recording = read_recording(path, variable="1+4")
    np.testing.assert_array_equal(recording.samples, four[:, [0, 3]].astype(np.float32))
    assert recording.rate_hz == 5120.0
    named = read_recording(path, variable="S.y.values:4")
    np.testing.assert_array_equal(named.samples[:, 0], four[:, 3].astype(np.float32))
    refused(path, "no channel '5'", variable="5")
    refused(path, "12000 Hz", rate_hz=12_000.0, variable="1")


def test_mat_of_unequal_axes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"a": SIGNAL[:, 0], "b": SIGNAL[:50, 0]})
    refused(path, "unequal length", variable="a+b")


@pytest.mark.parametrize(
    ("content", "mention"),
    [
        (b"", "damaged"),
        (b"no matlab" * 100, "damaged"),
        (b"MATLAB 7.3 MAT-file, Platform: PCWIN64".ljust(124) + b"\x00\x02IM" + b"\x89HDF" * 50, "no HDF5 file"),
    ],
)
def test_mat_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, mention: str) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(content)
    refused(path, mention)


@given(st.integers(0, 400), st.integers(0, 255))
def test_mat_with_a_wrong_byte_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mat"
    scipy.io.savemat(path, {"a": SIGNAL[:20, 0], "b": {"c": 1.0}}, do_compression=at % 2 == 0)
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content)
    read_or_refuse(path)


@pytest.mark.parametrize(
    ("at", "byte", "mention"),
    [
        (144, 5, "a sparse matrix"),
        (144, 17, "an array of class 17"),
        (145, 8, "missing"),
        (176, 0, "20 numbers in 160 bytes of type 0"),
        (177, 2, "type 521"),
        (360, 5, "."),
        (132, 1, "."),
        (168, 255, "."),
    ],
)
def test_mat_that_would_end_the_process_inside_scipy_is_refused(
    tmp_path: Path, at: int, byte: int, mention: str
) -> None:
    """Bytes at which scipy's reader ran out of its memory: it takes sizes and types as they are."""
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"a": SIGNAL[:20, 0], "b": {"c": 1.0}})
    content = bytearray(path.read_bytes())
    content[at] = byte
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=f"is damaged or no MATLAB file .*{mention}"):
        read_recording(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_mat_of_every_kind_that_can_be_read_passes_the_check(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "a.mat"
    kinds = {f"k{n}": np.arange(3, dtype=kind) for n, kind in enumerate(("i1", "u1", "i2", "u4", "i8", "f4", "f8"))}
    cells = np.array([np.arange(4.0), "text", np.zeros((0, 0))], dtype=object)
    others = {"z": np.array([1 + 2j, 3]), "flag": np.array([True]), "s": {"t": {"u": "x"}}, "empty": np.zeros((0, 3))}
    scipy.io.savemat(path, {**kinds, **others, "cells": cells, "wanted": SIGNAL}, do_compression=compressed)
    assert read_recording(path, variable="wanted").samples.shape == SIGNAL.shape


def test_mat_without_scipy_names_the_extra(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"a": SIGNAL})
    program = (
        "import sys; sys.modules['scipy'] = None\n"
        "from pathlib import Path; from agent.recordings.read import read_recording\n"
        f"read_recording(Path({str(path)!r}))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "RecordingError" in result.stderr
    assert f"install the extra: {pip_line('recordings')}" in result.stderr


def test_reading_other_formats_never_imports_scipy(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", SIGNAL)
    program = (
        "import sys; from pathlib import Path; from agent.recordings.read import read_recording\n"
        f"read_recording(Path({str(path)!r})); sys.exit('scipy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# -------------------------------------------------------------------------------------------------------------- in all


def test_files_that_are_not_there_or_not_known(tmp_path: Path) -> None:
    refused(tmp_path / "a.csv", "name an existing file")
    refused(tmp_path / "a.xyz", ".csv")
    (tmp_path / "b.csv").mkdir()
    refused(tmp_path / "b.csv", "cannot be read")


def test_what_the_caller_gives_says_what_the_file_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"Data": SIGNAL, "fs": 1000})
    recording = read_recording(path, rate_hz=1020.0, axes=("z", "x", "y"), unit="m/s2")
    assert (recording.rate_hz, recording.axes, recording.unit) == (1020.0, ("z", "x", "y"), "g")
    assert any("1000 Hz" in note and "1020 Hz" in note for note in recording.notes)
    np.testing.assert_allclose(recording.samples, SIGNAL / STANDARD_GRAVITY, rtol=1e-6)
    refused(path, "axes are named", axes=("x",))
    refused(path, "twice", axes=("x", "x", "y"))
    np.save(tmp_path / "a.npy", SIGNAL)
    refused(tmp_path / "a.npy", "0.05", rate_hz=1e9)


def test_a_told_rate_that_the_file_contradicts_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"Data": SIGNAL, "fs": 12_000})
    (tmp_path / "a.wav").write_bytes(wav_bytes(1, 16, raw_of(16), rate=12_000))
    seconds = np.arange(400)[:, None] / 12_000
    write(tmp_path / "a.csv", np.hstack([seconds, SIGNAL]), header="time_s,x,y,z")
    for name in ("a.mat", "a.wav", "a.csv"):
        refused(tmp_path / name, "12000 Hz", "48000 Hz", "--rate-hz", rate_hz=48_000.0)
        assert read_recording(tmp_path / name, rate_hz=11_900.0).rate_hz == 11_900.0


def test_a_told_unit_that_the_file_contradicts_is_refused(tmp_path: Path) -> None:
    in_g = write(tmp_path / "a.csv", SIGNAL, header="ax (g),ay (g),az (g)")
    in_si = write(tmp_path / "b.csv", SIGNAL, header="ax (m/s2),ay (m/s2),az (m/s2)")
    refused(in_g, "its unit is g", "--unit", unit="m/s2")
    refused(in_si, "its unit is m/s2", "--unit", unit="g")
    told, alone = (read_recording(in_si, unit=unit) for unit in ("m/s2", None))
    np.testing.assert_array_equal(told.samples, alone.samples)
    assert told.unit == "g"
    assert read_recording(in_g, unit="raw").unit == "raw"


def test_blocks_cover_the_recording_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", SIGNAL)
    blocks = list(blocks_of(read_recording(path, rate_hz=1000.0), "pump"))
    assert [len(block.samples) for block in blocks] == [100] * 4
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), SIGNAL.astype(np.float32))
    assert [block.start for block in blocks] == [0, 100, 200, 300]
    assert [block.arrival_s for block in blocks] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert blocks[0].stream is blocks[-1].stream
    assert (blocks[0].stream.sensor, blocks[0].stream.live) == ("pump", False)


def test_blocks_of_unknown_rate_ask_for_it(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path / "a.csv", SIGNAL))
    with pytest.raises(RecordingError, match="rate"):
        next(blocks_of(recording, "pump"))


@pytest.mark.data
def test_published_recordings(shared_data: Path) -> None:
    cwru = read_recording(next((shared_data / "cwru").rglob("105_0.mat")), variable="*_DE_time")
    assert (cwru.rpm, cwru.rate_hz, cwru.samples.shape) == (1797.0, None, (121265, 1))
    uestc = read_recording(min((shared_data / "uestc").rglob("*.mat")))
    assert (uestc.rate_hz, uestc.samples.shape) == (20_000.0, (262144, 1))
    hit = read_recording(shared_data / "hit_selfbuilt" / "OR5_1200.mat", rate_hz=51_200.0)
    assert hit.samples.shape == (262144, 1)
    mems = read_recording(min((shared_data / "adxl345_motor").rglob("*.csv")), rate_hz=1600.0)
    assert mems.samples.shape == (780, 3)
