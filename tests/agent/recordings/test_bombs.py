"""A small file that unpacks to more than any recording is refused before it takes the memory; one that lies is, too."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from one_signal import WRITERS

from agent.errors import RecordingError
from agent.recordings.read import read_recording

ROWS = 18 << 20  # of zeros, more than 64 MiB in any kind of number


def matlab(path: Path) -> None:
    """One compressed variable of zeros."""

    def element(kind: int, data: bytes) -> bytes:
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    head = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", ROWS, 1)) + element(1, b"acc")
    numbers = struct.pack("<II", 9, 8 * ROWS)
    packer = zlib.compressobj(9)
    packed = packer.compress(struct.pack("<II", 14, len(head) + 8 + 8 * ROWS) + head + numbers)
    for _ in range(8 * ROWS >> 20):
        packed += packer.compress(bytes(1 << 20))
    packed += packer.flush()
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    path.write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)


def unwritten(path: Path) -> None:
    """A data set that declares its values, and has none."""
    import h5py

    with h5py.File(path, "w") as file:
        file.create_dataset("acc", shape=(ROWS,), dtype="f8")


def constant(path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"acc_g": np.zeros(1 << 20)})
    with pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(ROWS >> 20):
            writer.write_table(table)


def silence(path: Path) -> None:
    import soundfile

    with soundfile.SoundFile(path, "w", 8000, 1, subtype="PCM_16") as file:
        for _ in range(ROWS >> 20):
            file.write(np.zeros(1 << 20, np.int16))


def promise(path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_2_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    path.write_bytes(buffer.getvalue())


BOMBS: dict[str, Callable[[Path], None]] = {
    "a.mat": matlab,
    "a.h5": unwritten,
    "a.parquet": constant,
    "a.flac": silence,
    "a.npy": promise,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_unpacks_to_more_than_a_recording_is_refused_early(tmp_path, name):
    path = tmp_path / name
    BOMBS[name](path)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(RecordingError, match=r"no recording does|more than a recording does|mmap length is greater"):
        read_recording(path)


@pytest.mark.parametrize(
    ("suffix", "says", "claims"),
    [
        (".uff", b"       600", b"2000000000"),
        (".tdms", struct.pack("<Q", 600), struct.pack("<Q", 1 << 40)),
    ],
)
def test_a_file_that_claims_more_than_it_holds_takes_no_memory_for_it(tmp_path, suffix, says, claims):
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path)
    path.write_bytes(path.read_bytes().replace(says, claims, 1))
    tracemalloc.start()
    try:
        assert len(read_recording(path).samples) == 600
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
