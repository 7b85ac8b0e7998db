"""Formats that foreign libraries read: one signal in each, what they say of it, and what cannot be told."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from nptdms import ChannelObject, GroupObject, RootObject, TdmsWriter
from one_signal import CLOCK, HAS_UNIT, HEADER, RATE_HZ, SIGNAL, WRITERS, matlab_73, uff

from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.recordings import FORMATS
from agent.recordings.read import Recording, read_recording
from firmware_bridge.installing import pip_line

OTHER = np.random.default_rng(4).normal(0, 0.2, len(SIGNAL)).round(4)


def refused(path: Path, *mentions: str, **options: object) -> None:
    with pytest.raises(RecordingError) as caught:
        read_recording(path, **options)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    for mention in (str(path), *mentions):
        assert mention in text


def holds(recording: Recording, *signals: np.ndarray) -> None:
    np.testing.assert_allclose(recording.samples, np.stack(signals, axis=1), atol=1e-4)


# ------------------------------------------------------------------------------------------------------ every format


def test_every_format_is_written_here() -> None:
    assert set(WRITERS) == {suffix for suffix, row in FORMATS.items() if not row.is_framed}


@pytest.mark.parametrize("suffix", WRITERS)
def test_one_signal_is_the_same_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path)
    shares: list[float] = []
    recording = read_recording(path, progress=shares.append)
    holds(recording, SIGNAL)
    assert (recording.rate_hz, recording.axes, len(recording.pieces)) == (RATE_HZ, ("x",), 1)
    assert recording.written_unit == ("g" if suffix in HAS_UNIT else None)
    assert all(0 <= share <= 1 for share in shares)
    refused(path, "12000 Hz", "--rate-hz", rate_hz=12_000.0)
    if suffix in HAS_UNIT:
        refused(path, "its unit is g", "--unit", unit="m/s2")


def test_matlab_73(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    matlab_73(path)
    recording = read_recording(path)
    holds(recording, SIGNAL)
    assert (recording.rate_hz, recording.written_unit) == (RATE_HZ, "g")


@pytest.mark.parametrize("suffix", [s for s, row in FORMATS.items() if row.package and s not in (".mat", ".hdf5")])
def test_a_library_that_is_missing_is_one_line_that_names_the_extra(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path)
    package = FORMATS[suffix].package
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from pathlib import Path; from agent.recordings.read import read_recording\n"
        f"read_recording(Path({str(path)!r}))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    said = result.stderr.strip().splitlines()[-1]
    assert f"reading {suffix} needs {package}; install the extra: {pip_line('recordings')}" in said


# -------------------------------------------------------------------------------------------------------- npy and npz


def test_npz_vectors_of_one_length_are_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, time=CLOCK, ax=SIGNAL, ay=OTHER, temp=SIGNAL + 40)
    recording = read_recording(path)
    holds(recording, SIGNAL, OTHER)
    assert recording.rate_hz == RATE_HZ
    assert "left out: temp is a temperature by its name" in recording.notes
    one = read_recording(path, variable="ay")
    holds(one, OTHER)
    assert one.rate_hz == RATE_HZ


def test_npz_that_leaves_a_choice_lists_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=SIGNAL, b=OTHER)
    refused(path, "holds 2 variables", "--channel", "a 600", "b 600")
    np.savez(path, a=SIGNAL, b=OTHER[:100])
    refused(path, "holds 2 variables", "b 100")
    holds(read_recording(path, variable="a"), SIGNAL)


def test_npz_with_a_pickle_a_lie_or_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{}], dtype=object), allow_pickle=True)
    refused(path, "a holds Python objects (a pickle)")
    np.savez_compressed(path, a=np.zeros(20 << 20))
    refused(path, "unpacks to 160 MiB")
    np.savez(path, a=SIGNAL)
    content = path.read_bytes().replace(b"(600,)", b"(9e9,)").replace(b"'shape': (600,), }", b"'shape': (99999,),}")
    path.write_bytes(content)
    refused(path, "a.npz")


def test_npy_leaves_time_out_and_reads_fields_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    records = np.zeros(len(SIGNAL), [("t", "f8"), ("acc_z", "f8"), ("note", "S4")])
    records["t"], records["acc_z"] = CLOCK, SIGNAL
    np.save(path, records)
    recording = read_recording(path)
    holds(recording, SIGNAL)
    assert (recording.axes, recording.rate_hz) == (("z",), RATE_HZ)
    WRITERS[".npz"](path)  # an archive under the name of an array
    Path(f"{path}.npz").replace(path)
    refused(path, "is damaged or no plain .npy")


# --------------------------------------------------------------------------------------------------------------- hdf5


def test_hdf5_attributes_say_rate_unit_speed_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["sample_rate"] = 1000.0
        file.attrs["rpm"] = 1480
        data = file.create_dataset("raw/data", data=np.stack([SIGNAL, OTHER, SIGNAL + 40], axis=1) * STANDARD_GRAVITY)
        data.attrs["columns"] = ["acc_y", "acc_x", "temperature"]
        data.attrs["units"] = "m/s^2"
        file["link"] = h5py.ExternalLink("/etc/passwd", "/")
    recording = read_recording(path)
    assert (recording.rate_hz, recording.rpm, recording.written_unit) == (RATE_HZ, 1480.0, "m/s2")


def test_hdf5_of_several_groups_is_asked_about_and_chosen_by_path(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name, signal in (("de", SIGNAL), ("fe", OTHER)):
            file[f"{name}/acc"] = signal
            file[f"{name}/fs"] = RATE_HZ
    refused(path, "holds 2 variables", "de/acc")
    recording = read_recording(path, variable="fe/*")
    holds(recording, OTHER)
    assert recording.rate_hz == RATE_HZ


def test_hdf5_that_says_two_rates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["acc"], file["fs"] = SIGNAL, 1000.0
        file.attrs["sampling rate"] = "12.8 kHz"
    refused(path, "1000 Hz", "12800 Hz")


def test_hdf5_of_a_declared_size_beyond_any_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("acc", shape=(1 << 40,), dtype="f8", chunks=(1 << 20,))
    refused(path, "unpacks to 8388608 MiB")
    with h5py.File(path, "w") as file:
        file.create_dataset("acc", shape=(1 << 27,), dtype="f8", chunks=(1 << 26,))
    refused(path, "chunks of more than 256 MiB")


def test_hdf5_records_and_matlab_structs_and_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    records = np.zeros(len(SIGNAL), [("time_s", "f8"), ("acc_x", "f4"), ("acc_y", "f4")])
    records["time_s"], records["acc_x"], records["acc_y"] = CLOCK, SIGNAL, OTHER
    with h5py.File(path, "w") as file:
        file["table"] = records
    recording = read_recording(path)
    holds(recording, SIGNAL, OTHER)
    assert recording.rate_hz == RATE_HZ
    path = tmp_path / "a.mat"
    matlab_73(path)
    with h5py.File(path, "r+") as file:
        del file["acc"]
        file["#refs#/a"], file["#refs#/b"] = SIGNAL[None], OTHER[None]
        cells = file.create_dataset("cells", (2, 1), h5py.ref_dtype)
        cells[0, 0], cells[1, 0] = file["#refs#/a"].ref, file["#refs#/b"].ref
    refused(path, "cells(1) 1x600")
    holds(read_recording(path, variable="cells(2)"), OTHER)


# ------------------------------------------------------------------------------------------------------- xlsx, parquet


def test_xlsx_with_a_preamble_units_dates_and_an_empty_column(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Logger 7"], [None, "Speed", "1480 rpm"], [], [None, "when", "Acc [m/s²]", "label"]):
        sheet.append(row)
    start = datetime.datetime(2026, 3, 1, 10)
    for k, value in enumerate(SIGNAL):
        sheet.append([None, start + datetime.timedelta(milliseconds=k), float(value) * STANDARD_GRAVITY, "ok"])
    book.save(path)
    recording = read_recording(path)
    holds(recording, SIGNAL)
    assert recording.rate_hz == pytest.approx(RATE_HZ, rel=1e-3)
    assert (recording.written_unit, recording.rpm) == ("m/s2", 1480.0)


def test_xlsx_the_sheet_with_acceleration_is_found_and_two_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["what this is"])
    for name, signal in (("run 1", SIGNAL), ("run 2", OTHER)):
        sheet = book.create_sheet(name)
        sheet.append(HEADER)
        for row in zip(CLOCK.tolist(), signal.tolist(), strict=True):
            sheet.append(row)
        book.save(path)
        if name == "run 1":
            assert "sheet run 1" in read_recording(path).notes
    refused(path, "sheets run 1, run 2", "SHEET!*")
    holds(read_recording(path, variable="run 2!*"), OTHER)
    holds(read_recording(path, variable="run 2!acc_g"), OTHER)
    refused(path, "no sheet 'run 3'", variable="run 3!*")


def test_xlsx_bombs_and_far_cells_are_refused_and_missing_cells_are_gaps(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "a.xlsx"
    WRITERS[".xlsx"](path)
    whole = {name: zipfile.ZipFile(path).read(name) for name in zipfile.ZipFile(path).namelist()}

    def again(sheet: bytes) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in whole.items():
                archive.writestr(name, sheet if name.endswith("sheet1.xml") else content)

    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    refused(path, "save it as .xlsx")
    sheet = whole["xl/worksheets/sheet1.xml"]
    again(sheet.replace(b"<sheetData>", b"<sheetData>" + b" " * (200 << 20)))
    refused(path, "unpacks to 200 MiB")
    again(b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + sheet)
    refused(path, "document type")
    again(sheet.replace(b'<row r="601">', b'<row r="2000000000">'))
    refused(path, "a.xlsx")
    again(sheet.replace(b'<c r="B300" t="n"><v>', b'<c r="B300" t="e"><v>#N/A '))
    recording = read_recording(path)
    assert len(recording.samples) in (599, 600)


def test_parquet_types_metadata_and_choice(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    stamps = pyarrow.array((np.arange(600) * 1_000_000 + 1_700_000_000_000_000_000).astype("datetime64[ns]"))
    unit = {b"unit": b"m/s2"}
    schema = pyarrow.schema(
        [
            pyarrow.field("stamp", pyarrow.timestamp("ns")),
            pyarrow.field("de", pyarrow.float32(), metadata=unit),
            pyarrow.field("machine", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
            pyarrow.field("wave", pyarrow.list_(pyarrow.float32())),
        ],
        metadata={b"rpm": b"1480"},
    )
    words = pyarrow.array(["pump"] * 600).dictionary_encode()
    lists = pyarrow.array([[1.0, 2.0]] * 600, pyarrow.list_(pyarrow.float32()))
    de = pyarrow.array([None if k == 300 else v for k, v in enumerate(SIGNAL.tolist())], pyarrow.float32())
    pyarrow.parquet.write_table(pyarrow.table([stamps, de, words, lists], schema=schema), path, row_group_size=128)
    recording = read_recording(path)
    assert (recording.rate_hz, recording.rpm, recording.written_unit) == (RATE_HZ, 1480.0, "m/s2")
    assert [(piece.row, piece.start) for piece in recording.pieces] == [(0, 0), (300, 301)]
    assert any("1 of 600 rows" in note for note in recording.notes)
    pyarrow.parquet.write_table(pyarrow.table({"wave": lists}), path)
    refused(path, "wave hold lists")
    pyarrow.parquet.write_table(pyarrow.table({"a": SIGNAL, "b": OTHER, "c": OTHER, "d": SIGNAL}), path)
    refused(path, "cannot tell which of a, b, c, d", "--channel")
    holds(read_recording(path, variable="b+4"), OTHER, SIGNAL)


# --------------------------------------------------------------------------------------------------------------- tdms


def channel(name: str, values: np.ndarray, group: str = "g", **properties: object) -> ChannelObject:
    return ChannelObject(group, name, values, properties=properties)


def write_tdms(path: Path, *objects: object) -> None:
    with TdmsWriter(str(path)) as writer:
        writer.write_segment(list(objects))


def test_tdms_roles_units_and_speed(tmp_path: Path) -> None:
    path = tmp_path / "a.tdms"
    step = 1 / RATE_HZ
    write_tdms(
        path,
        RootObject(properties={"rpm": 1480.0}),
        channel("Acc_X", SIGNAL * STANDARD_GRAVITY, wf_increment=step, unit_string="m/s^2"),
        channel("Acc_Y", OTHER * STANDARD_GRAVITY, wf_increment=step, unit_string="m/s^2"),
        channel("Motor temp", SIGNAL + 40, wf_increment=step, unit_string="°C"),
        channel("short", SIGNAL[:10], wf_increment=0.1),
    )
    recording = read_recording(path)
    holds(recording, SIGNAL, OTHER)
    assert (recording.axes, recording.rate_hz, recording.rpm) == (("x", "y"), RATE_HZ, 1480.0)
    assert any("Motor temp is a temperature" in note for note in recording.notes)
    holds(read_recording(path, variable="g/Acc_Y"), OTHER)


def test_tdms_time_channel_untimed_increment_and_volts(tmp_path: Path) -> None:
    path = tmp_path / "a.tdms"
    write_tdms(path, channel("Time", CLOCK), channel("ai0", SIGNAL, wf_increment=1.0, unit_string="V"))
    refused(path, "ai0 is a voltage", "--sensitivity")
    from agent.recordings.scale import scale_of

    recording = read_recording(path, scale=scale_of("100mV/g", None))
    holds(recording, SIGNAL * 10)
    assert (recording.rate_hz, recording.unit) == (RATE_HZ, "g")


def test_tdms_groups_are_asked_about_and_two_rates_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tdms"
    step = 1 / RATE_HZ
    write_tdms(path, channel("acc", SIGNAL, "a", wf_increment=step), channel("acc", OTHER, "b", wf_increment=step))
    refused(path, "2 groups fit", "GROUP/*", "a, b")
    holds(read_recording(path, variable="b/*"), OTHER)
    write_tdms(path, channel("ax", SIGNAL, wf_increment=step), channel("ay", OTHER, wf_increment=step / 2))
    refused(path, "two sample rates", "1000 Hz and 2000 Hz")
    write_tdms(path, GroupObject("g", {"Sample rate": 12_800.0}), channel("acc", SIGNAL, wf_increment=step))
    refused(path, "two sample rates")


# ---------------------------------------------------------------------------------------------------------------- uff


def test_uff_directions_units_and_kinds_of_records(tmp_path: Path) -> None:
    path = tmp_path / "a.uff"
    uff(path, rsp_dir=3, ordinate_axis_units_lab="m/s^2")
    uff(path, rsp_dir=-1, data=OTHER, ordinate_axis_units_lab="m/s^2")
    uff(path, ordinate_spec_data_type=11, ordinate_axis_units_lab="mm/s")
    uff(path, func_type=4, abscissa_spec_data_type=18)
    recording = read_recording(path)
    holds(recording, SIGNAL / STANDARD_GRAVITY, OTHER / STANDARD_GRAVITY)
    assert (recording.axes, recording.rate_hz, recording.written_unit) == (("z", "x"), RATE_HZ, "m/s2")
    assert any("velocity 3 x is a velocity" in note for note in recording.notes)
    holds(read_recording(path, variable="2"), OTHER / STANDARD_GRAVITY)


def test_uff_binary_uneven_and_unequal_records(tmp_path: Path) -> None:
    binary, uneven, unequal, spectrum = (tmp_path / f"{name}.unv" for name in ("b", "u", "q", "s"))
    uff(binary, binary=1)
    assert read_recording(binary).rate_hz == RATE_HZ
    uff(uneven, abscissa_spacing=0)
    assert read_recording(uneven).rate_hz == pytest.approx(RATE_HZ)
    uff(unequal)
    uff(unequal, data=OTHER[:100], x=CLOCK[:100])
    refused(unequal, "differ in length")
    uff(spectrum, func_type=4, abscissa_spec_data_type=18)
    refused(spectrum, "no time record")


def test_uff_beyond_what_its_library_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.uff"
    uff(path)
    monkeypatch.setattr("agent.recordings.uff.MAX_BYTES", 1000)
    refused(path, "universal file")


# --------------------------------------------------------------------------------------------------------------- flac


def test_flac_channels_and_what_is_none(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "a.flac"
    soundfile.write(path, np.stack([SIGNAL, OTHER], axis=1), 8000, subtype="PCM_24")
    recording = read_recording(path)
    holds(recording, SIGNAL, OTHER)
    assert (recording.axes, recording.step, recording.one_is_full_scale) == (("x", "y"), 2.0**-23, True)
    holds(read_recording(path, variable="2"), OTHER)
    WRITERS[".wav"](path)
    refused(path, "no FLAC")


# --------------------------------------------------------------------------------------------------------- long files

LONG = 2_000_000


@pytest.mark.parametrize("suffix", [".h5", ".parquet", ".tdms", ".flac"])
def test_a_long_file_is_read_in_pieces(tmp_path: Path, suffix: str) -> None:
    """Beyond the samples themselves (and their growth) hardly anything is held, however long the file."""
    import tracemalloc

    import soundfile

    path = tmp_path / f"a{suffix}"
    signal = np.random.default_rng(5).normal(0, 0.2, LONG).clip(-0.99, 0.99)
    if suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("acc_g", data=signal, chunks=(1 << 16,))
    elif suffix == ".parquet":
        pyarrow.parquet.write_table(
            pyarrow.table({"t": np.arange(LONG) / 12e3, "acc": signal}), path, row_group_size=1 << 17
        )
    elif suffix == ".tdms":
        write_tdms(path, channel("acc", signal))
    else:
        soundfile.write(path, signal, 12_000, subtype="PCM_16")
    small = tmp_path / f"b{suffix}"
    WRITERS[suffix](small)
    read_recording(small)  # libraries are imported
    held: list[int] = []  # by Arrow, which has memory of its own
    tracemalloc.start()
    recording = read_recording(path, progress=lambda _: held.append(pyarrow.total_allocated_bytes()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(recording.samples) == LONG
    assert peak + max(held) < 2 * recording.samples.nbytes + (10 << 20)


def test_a_cover_sheet_that_holds_numbers_is_not_asked_about(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    cover, data = book.active, book.create_sheet("Data")
    for row in (["A"], ["Machine: P-101"], ["Rate: 5000 Hz"]):
        cover.append(row)
    data.append(["t [s]", "a [m/s²]"])
    for k, value in enumerate(np.random.default_rng(0).normal(size=400)):
        data.append([k / 5000, float(value)])
    book.save(tmp_path / "covered.xlsx")
    recording = read_recording(tmp_path / "covered.xlsx")
    assert (recording.rate_hz, recording.samples.shape) == (5000.0, (400, 1))
