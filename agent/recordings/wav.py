"""WAV files as samples between -1 and 1: integer PCM of 8 to 32 bits and IEEE floats, plain, "extensible" or RF64.

The standard library's `wave` refuses floats and, before Python 3.12, extensible headers; both are what measuring
equipment writes. Sizes in the file are checked against the file before anything is read. RF64: EBU Tech 3306.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.channels import MAX_VALUES, chosen_columns, names_of_axes
from agent.recordings.recording import Recording
from agent.types import Samples

Counts = NDArray[np.int32]

PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_LONG = 0xFFFFFFFF  # as the size of a chunk in RF64: the size stands in the chunk `ds64`
_EXTENSION = 26  # bytes of a format chunk with valid bits and encoding


@dataclass(frozen=True, slots=True)
class Wave:
    """`samples` is float32 (n, channels); `full_scale` and `step` are None for floats."""

    samples: Samples
    rate_hz: int
    full_scale: float | None
    step: float | None
    is_cut: bool = False  # the file ends before what it says it holds


@dataclass(frozen=True, slots=True)
class _Header:
    encoding: int
    channels: int
    rate_hz: int
    bits: int  # that carry the value, of `width` bytes
    width: int


def read(path: Path, asked: Asked) -> Recording:
    """A WAV file whole; `asked` chooses channels by number from 1."""
    wave = read_wav(path, max_values=MAX_VALUES)
    samples = chosen_columns(path, wave.samples, asked.variable)
    return Recording(
        path=path,
        samples=np.ascontiguousarray(samples),
        rate_hz=float(wave.rate_hz),
        rpm=None,
        unit="raw",
        axes=names_of_axes(path, samples.shape[1]),
        full_scale=wave.full_scale,
        step=wave.step,
        one_is_full_scale=True if wave.step is not None else None,
        notes=(
            f"{wave.rate_hz} Hz from the file; full scale is 1.0",
            *(["ends before the length that its header says"] if wave.is_cut else []),
        ),
    )


def read_wav(path: Path, *, max_values: int) -> Wave:
    """Read a WAV file whole; RecordingError says what it is instead."""
    with path.open("rb") as file:
        if file.read(4) not in (b"RIFF", b"RF64", b"BW64") or len(file.read(4)) != 4 or file.read(4) != b"WAVE":
            raise RecordingError(f"{path}: is no WAV file (no RIFF/WAVE header)")
        header: _Header | None = None
        long_size: int | None = None
        while len(chunk := file.read(_CHUNK.size)) == _CHUNK.size:
            kind, size = _CHUNK.unpack(chunk)
            if kind == b"data":
                if header is None:
                    break
                return _samples(path, file, long_size if size == _LONG and long_size else size, header, max_values)
            start = file.read(min(size, 64))
            if kind == b"fmt ":
                header = _format(path, start)
            elif kind == b"ds64" and len(start) >= 16:
                long_size = int.from_bytes(start[8:16], "little")
            file.seek(max(0, size - 64) + size % 2, 1)
    raise RecordingError(f"{path}: holds no {'data' if header else 'format'} chunk; it was cut or is no WAV file")


def _format(path: Path, raw: bytes) -> _Header:
    if len(raw) < _FORMAT.size:
        raise RecordingError(f"{path}: its format chunk is cut short")
    encoding, channels, rate_hz, _, align, bits = _FORMAT.unpack_from(raw)
    valid = bits
    if encoding == EXTENSIBLE and len(raw) >= _EXTENSION:
        valid = int.from_bytes(raw[18:20], "little") or bits
        encoding = int.from_bytes(raw[24:26], "little")
    if encoding not in (PCM, IEEE_FLOAT) or bits not in range(1, 65):
        raise RecordingError(f"{path}: WAV encoding {encoding} with {bits} bits is not known; save it as PCM or float")
    width = align // channels if channels else 0
    if not rate_hz or not width or align % channels or bits > 8 * width:
        raise RecordingError(f"{path}: its header contradicts itself ({channels} channels, {align} bytes)")
    if encoding == IEEE_FLOAT:
        known = bits == 8 * width and bits in (32, 64)
    else:
        known = valid == 8 if width == 1 else width <= 4 and 8 < valid <= bits
    if not known:
        raise RecordingError(f"{path}: {valid} bits in {width} bytes are not known; save it as PCM or float")
    return _Header(encoding, channels, rate_hz, valid, width)


def _samples(path: Path, file: BinaryIO, size: int, header: _Header, max_values: int) -> Wave:
    width, channels = header.width, header.channels
    there = path.stat().st_size - file.tell()  # a writer that was cut off leaves 0 or too much as the size
    count = min(size or there, there) // (width * channels) * channels
    if count > max_values:
        raise RecordingError(f"{path}: holds {count} values, at most {max_values} are read; cut it into shorter pieces")
    raw = file.read(count * width)
    is_cut = there < size < _LONG
    if header.encoding == IEEE_FLOAT:
        values = np.frombuffer(raw, f"<f{width}").astype(np.float32)
        return Wave(values.reshape(-1, channels), header.rate_hz, None, None, is_cut)
    counts, bits = _counts(raw, width), header.bits
    if bits < 8 * width:
        counts, bits = _unpadded(path, counts, bits, 8 * width)
    step = 2.0 ** (1 - bits)
    values = (counts * step).astype(np.float32)
    return Wave(values.reshape(-1, channels), header.rate_hz, 1.0 - step, step, is_cut)


def _counts(raw: bytes, width: int) -> Counts:
    """Integers of `width` bytes."""
    if width == 1:
        return np.frombuffer(raw, np.uint8).astype(np.int32) - 128
    if width == 3:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1) >> 8
    return np.frombuffer(raw, f"<i{width}").astype(np.int32)


def _unpadded(path: Path, counts: Counts, bits: int, container: int) -> tuple[Counts, int]:
    """Values of `bits` in wider integers, and their bits: they stand at the top, as they should, or at the bottom."""
    above = container - bits
    if not (counts & ((1 << above) - 1)).any():
        return counts >> above, bits
    if (counts.min() >= -(1 << (bits - 1))) and (counts.max() < 1 << (bits - 1)):
        return counts, bits
    raise RecordingError(f"{path}: its samples of {container} bits are not the {bits} bits that its header says")
