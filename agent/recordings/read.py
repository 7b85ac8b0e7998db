"""Recordings of vibration as samples: `.vbp`, `.csv`, `.wav`, `.npy`, and `.mat` where scipy is installed.

Nothing is guessed: what a file does not say and the caller does not give is None or an error that names the file and
the mend; what was taken from the file or left out is told in `notes`. scipy is imported inside a function, on use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.recordings.csv import read_csv
from agent.recordings.mat import Numbers, choose, columns_of, leaves_of, rate_and_rpm
from agent.recordings.mat_structure import check_structure
from agent.recordings.recording import Piece as Piece
from agent.recordings.recording import Recording as Recording
from agent.recordings.recording import Unit, as_float32, checked, overruled
from agent.recordings.recording import blocks_of as blocks_of
from agent.recordings.wav import read_wav
from agent.transport.vbp import read_blocks, samples_of, stream_of
from agent.types import AXES
from firmware_bridge.frames import Flag
from firmware_bridge.session import Block

MAX_FILE_BYTES = 2 << 30
MAX_VALUES = 1 << 28  # samples times axes: 1 GiB as float32


def read_recording(
    path: Path,
    *,
    variable: str | None = None,
    rate_hz: float | None = None,
    axes: Sequence[str] | None = None,
    unit: Unit | None = None,
) -> Recording:
    """Read one recording whole.

    `variable` names a MATLAB variable, a CSV column, a channel or column number from 1, or "device:stream" of a `.vbp`;
    several joined by `+` become axes, `*` and `?` stand for any characters, dots reach into structs. Without it the
    file must leave no choice. `rate_hz`, `axes` and `unit` overrule what the file says. RecordingError for all else.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise RecordingError(
            f"{path}: cannot read {path.suffix or 'a file without suffix'}; known: {' '.join(_READERS)}"
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    if size > MAX_FILE_BYTES:
        raise RecordingError(f"{path}: {size} bytes, at most {MAX_FILE_BYTES} are read; cut it into shorter pieces")
    try:
        recording = reader(path, variable)
    except (OSError, MemoryError) as error:
        raise RecordingError(f"{path}: cannot be read ({error})") from error
    return checked(overruled(recording, rate_hz=rate_hz, axes=axes, unit=unit))


# ---------------------------------------------------------------------------------------------------- one per format


def _read_csv(path: Path, variable: str | None) -> Recording:
    table = read_csv(path, variable=variable, max_values=MAX_VALUES)
    starts = (Piece(0, 0), *(Piece(row, start) for row, start in table.gaps))
    recording = Recording(
        path=path,
        samples=as_float32(table.values),
        rate_hz=table.rate_hz,
        rpm=None,
        unit="raw",
        axes=table.axes or names_of_axes(path, table.values.shape[1]),
        pieces=starts,
        notes=table.notes,
    )
    return overruled(recording, rate_hz=None, axes=None, unit=table.unit)


def _read_wav(path: Path, variable: str | None) -> Recording:
    wave = read_wav(path, max_values=MAX_VALUES)
    samples = _chosen_columns(path, wave.samples, variable)
    return Recording(
        path=path,
        samples=np.ascontiguousarray(samples),
        rate_hz=float(wave.rate_hz),
        rpm=None,
        unit="raw",
        axes=names_of_axes(path, samples.shape[1]),
        full_scale=wave.full_scale,
        step=wave.step,
        notes=(f"{wave.rate_hz} Hz from the file; full scale is 1.0",),
    )


def _read_npy(path: Path, variable: str | None) -> Recording:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise RecordingError(f"{path}: is no plain .npy array ({error}); save it with numpy.save") from error
    if array.size > MAX_VALUES:
        raise RecordingError(f"{path}: holds {array.size} values, at most {MAX_VALUES} are read; cut it shorter")
    samples = _chosen_columns(path, columns_of(path, "the array", array), variable)
    return Recording(
        path=path,
        samples=as_float32(samples),
        rate_hz=None,
        rpm=None,
        unit="raw",
        axes=names_of_axes(path, samples.shape[1]),
    )


def _read_vbp(path: Path, variable: str | None) -> Recording:
    blocks: dict[str, list[Block]] = {}
    refused: dict[str, int] = {}
    size = 0
    for heard in read_blocks(path):
        if isinstance(heard, Block) and not heard.data.flags & Flag.SELF_TEST:
            blocks.setdefault(f"{heard.device}:{heard.stream.stream_id}", []).append(heard)
            size += heard.data.n_samples * heard.data.n_axes
            if size > MAX_VALUES:
                raise RecordingError(f"{path}: holds more than {MAX_VALUES} values; record shorter pieces")
        elif kind := getattr(heard, "kind", None):
            refused[kind] = refused.get(kind, 0) + 1
    names = [name for name in blocks if variable in (None, "*", name, name.split(":")[1])]
    if not blocks:
        raise RecordingError(f"{path}: holds no samples that can be read; name another file")
    if len(names) != 1:
        raise RecordingError(f"{path}: name one of its streams (device:stream); there are: {', '.join(blocks)}")
    chosen = blocks[names[0]]
    first = chosen[0].stream
    if any(replace(block.stream, rate_measured_mhz=first.rate_measured_mhz) != first for block in chosen):
        raise RecordingError(f"{path}: the description of stream {names[0]} changes on the way; cut the file there")
    rows = np.cumsum([0] + [block.data.n_samples for block in chosen])
    stream = stream_of(first, sensor="", session=0, live=False)
    return Recording(
        path=path,
        samples=np.concatenate([samples_of(block.data, first) for block in chosen]),
        rate_hz=stream.rate_hz,
        rpm=None,
        unit=stream.unit,
        axes=stream.axes,
        pieces=tuple(_piece_of(block, int(row)) for block, row in zip(chosen, rows, strict=False)),
        full_scale=stream.full_scale,
        step=stream.step,
        notes=tuple(f"{count} x {kind} left out" for kind, count in sorted(refused.items())),
    )


def _piece_of(block: Block, row: int) -> Piece:
    data = block.data
    return Piece(row, data.sample_index, block.session, data.t_us, data.n_clipped)


def _read_mat(path: Path, variable: str | None) -> Recording:
    leaves = leaves_of(_load_mat(path))
    values, names = choose(path, leaves, variable)
    rate_hz, rpm = rate_and_rpm(leaves, names[0])
    notes = [] if variable == names[0] else [f"variable {' + '.join(names)}"]
    notes += [f"{rate_hz:g} Hz from the file"] if rate_hz is not None else []
    notes += [f"{rpm:g} rpm from the file"] if rpm is not None else []
    return Recording(
        path=path,
        samples=as_float32(values),
        rate_hz=rate_hz,
        rpm=rpm,
        unit="raw",
        axes=names_of_axes(path, values.shape[1]),
        notes=tuple(notes),
    )


def _load_mat(path: Path) -> dict[str, Any]:
    """The contents of a `.mat` file; the one place that needs scipy."""
    try:
        from scipy.io import loadmat, whosmat
    except ImportError as error:
        mend = "install the extra: pip install 'textvib-edge[recordings]'"
        raise RecordingError(f"{path}: reading .mat needs scipy; {mend}") from error
    try:
        check_structure(memoryview(path.read_bytes()), max_bytes=MAX_FILE_BYTES)
        size = sum(math.prod(shape) for _, shape, _ in whosmat(path))
        if size > MAX_VALUES:
            raise RecordingError(
                f"{path}: holds {size} values, at most {MAX_VALUES} are read; cut it into shorter pieces"
            )
        contents = loadmat(path, chars_as_strings=False)
    except RecordingError:
        raise
    except NotImplementedError as error:
        raise RecordingError(f"{path}: is a MATLAB 7.3 (HDF5) file; save it again with save(..., '-v7')") from error
    except Exception as error:  # scipy raises nearly anything on a damaged file
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise RecordingError(f"{path}: is damaged or no MATLAB file ({detail})") from error
    return dict(contents)


def names_of_axes(path: Path, count: int) -> tuple[str, ...]:
    """x, y, z in the order of the channels; RecordingError where there are more than that."""
    if count > len(AXES):
        raise RecordingError(f"{path}: has {count} channels; choose up to {len(AXES)} with a variable like 1+2+3")
    return AXES[:count]


def _chosen_columns(path: Path, values: Numbers, variable: str | None) -> Numbers:
    """Columns by number from 1, as in "2+3"; all of them where `variable` is None."""
    if variable is None or variable == "*":
        return values
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in variable.split("+")]
    if not all(1 <= number <= values.shape[1] for number in numbers):
        raise RecordingError(f"{path}: has no channel {variable!r}; channels are numbered 1 to {values.shape[1]}")
    return values[:, [number - 1 for number in numbers]]


_READERS = {".vbp": _read_vbp, ".csv": _read_csv, ".wav": _read_wav, ".npy": _read_npy, ".mat": _read_mat}
