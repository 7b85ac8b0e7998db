"""One acceleration signal in g at 1000 Hz, in every format of the table, each written by a library of its own."""

from __future__ import annotations

import gc
import warnings
import wave
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

RATE_HZ = 1000.0
SIGNAL = np.random.default_rng(3).normal(0, 0.2, 600).clip(-0.99, 0.99).round(4)
CLOCK = np.arange(len(SIGNAL)) / RATE_HZ
HEADER = ("time_s", "acc_g")


def text(path: Path) -> None:
    rows = (f"{t:.4f},{v}" for t, v in zip(CLOCK, SIGNAL, strict=True))
    path.write_text("\n".join([",".join(HEADER), *rows]) + "\n")


def wav(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(int(RATE_HZ))
        file.writeframes((SIGNAL * 32768).astype("<i2").tobytes())


def npy(path: Path) -> None:
    np.save(path, np.stack([CLOCK, SIGNAL], axis=1))


def npz(path: Path) -> None:
    np.savez_compressed(path, acc=SIGNAL, fs=RATE_HZ, unit="g")


def mat(path: Path) -> None:
    import scipy.io

    scipy.io.savemat(path, {"acc_g": SIGNAL, "fs": RATE_HZ})


def matlab_73(path: Path) -> None:
    """As MATLAB lays it: a header of its own before HDF5, vectors as rows, words as numbers."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        file["acc"] = SIGNAL[None]
        file["fs"] = np.array([[RATE_HZ]])
        file["unit"] = np.array([[ord("g")]], np.uint16)
        file["unit"].attrs["MATLAB_class"] = np.bytes_("char")
        file["acc"].attrs["MATLAB_class"] = np.bytes_("double")
    content = bytearray(path.read_bytes())
    content[:128] = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(8) + b"\x00\x02IM"
    path.write_bytes(bytes(content))


def hdf5(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file["run/time"] = CLOCK
        file.create_dataset("run/acc", data=SIGNAL, chunks=(100,), compression="gzip")
        file["run/acc"].attrs["unit"] = "g"


def xlsx(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for row in zip(CLOCK.tolist(), SIGNAL.tolist(), strict=True):
        book.active.append(row)
    book.save(path)


def parquet(path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(dict(zip(HEADER, (CLOCK, SIGNAL), strict=True))), path)


def tdms(path: Path) -> None:
    from nptdms import ChannelObject, TdmsWriter

    properties = {"wf_increment": 1 / RATE_HZ, "unit_string": "g"}
    with TdmsWriter(str(path)) as writer:
        writer.write_segment([ChannelObject("pump", "acc", SIGNAL, properties=properties)])


def uff(path: Path, **fields: object) -> None:
    """Data set 58, ASCII; `fields` overrule it."""
    import pyuff

    record = {
        "type": 58,
        "binary": 0,
        "func_type": 1,
        "rsp_node": 3,
        "rsp_dir": 1,
        "ref_node": 1,
        "ref_dir": 1,
        "data": SIGNAL,
        "x": CLOCK,
        "abscissa_spacing": 1,
        "abscissa_spec_data_type": 17,
        "ordinate_spec_data_type": 12,
        "ordinate_axis_units_lab": "g",
        "orddenom_spec_data_type": 0,
        "z_axis_spec_data_type": 0,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of binary records pyuff leaves a file open
        pyuff.UFF(str(path)).write_sets([record | fields], "add")
        gc.collect()


def flac(path: Path) -> None:
    import soundfile

    soundfile.write(path, SIGNAL, int(RATE_HZ), subtype="PCM_16")


def kept(path: Path) -> None:
    """As one window that no healthy state was known for."""
    from one_alert import ABOUT, DIAGNOSIS

    from agent.diagnosis.witness import Circumstances
    from agent.machine import Bearing, Machine, SensorSetup
    from agent.recordings.kept import Kept, KeptWindow
    from agent.recordings.kept_writer import to_file
    from agent.types import Rate, Speed, Stream, Window

    samples = SIGNAL.astype(np.float32)[:, None]
    stream = Stream("pump", RATE_HZ, unit="g")
    window = Window(stream, 0, samples, Rate(RATE_HZ, "declared"), 1.0, None)
    about = msgspec.structs.replace(ABOUT, machine="m", fault="outer_race")
    judged = KeptWindow(window, 0, Circumstances(Speed(None, "unknown"), True, False, {}), (DIAGNOSIS,))
    setup = SensorSetup("pump", Machine("m"), (Bearing("de"),))
    path.write_bytes(to_file(Kept(about, setup, samples, (judged,))))


WRITERS: dict[str, Callable[[Path], None]] = {
    ".csv": text,
    ".txt": text,
    ".tsv": text,
    ".lvm": text,
    ".wav": wav,
    ".npy": npy,
    ".npz": npz,
    ".mat": mat,
    ".h5": hdf5,
    ".hdf5": hdf5,
    ".xlsx": xlsx,
    ".parquet": parquet,
    ".tdms": tdms,
    ".uff": uff,
    ".unv": uff,
    ".flac": flac,
    ".vbw": kept,
}
"""Suffix -> what writes the signal so; frames (.vbp) have their own writer and tests."""
HAS_UNIT = set(WRITERS) - {".wav", ".npy", ".flac"}
