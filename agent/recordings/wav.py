"""WAV files as samples between -1 and 1: integer PCM of 8 to 32 bits and IEEE floats, plain or "extensible".

The standard library's `wave` refuses floats and, before Python 3.12, extensible headers; both are what measuring
equipment writes. Sizes in the file are checked against the file before anything is read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from agent.errors import RecordingError
from agent.recordings.channels import MAX_VALUES, chosen_columns, names_of_axes
from agent.recordings.recording import Recording
from agent.types import Samples

PCM, IEEE_FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True)
class Wave:
    """`samples` is float32 (n, channels); `full_scale` and `step` are None for floats."""

    samples: Samples
    rate_hz: int
    full_scale: float | None
    step: float | None


def read(path: Path, variable: str | None) -> Recording:
    """A WAV file whole; `variable` chooses channels by number from 1."""
    wave = read_wav(path, max_values=MAX_VALUES)
    samples = chosen_columns(path, wave.samples, variable)
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


def read_wav(path: Path, *, max_values: int) -> Wave:
    """Read a WAV file whole; RecordingError says what it is instead."""
    with path.open("rb") as file:
        if file.read(4) != b"RIFF" or len(file.read(4)) != 4 or file.read(4) != b"WAVE":
            raise RecordingError(f"{path}: is no WAV file (no RIFF/WAVE header)")
        header: tuple[int, int, int, int] | None = None
        while len(chunk := file.read(_CHUNK.size)) == _CHUNK.size:
            kind, size = _CHUNK.unpack(chunk)
            if kind == b"fmt ":
                header = _format(path, file.read(min(size, 64)))
                file.seek(max(0, size - 64) + size % 2, 1)
            elif kind == b"data":
                if header is None:
                    break
                return _samples(path, file, size, header, max_values)
            else:
                file.seek(size + size % 2, 1)
    raise RecordingError(f"{path}: holds no {'data' if header else 'format'} chunk; it was cut or is no WAV file")


def _format(path: Path, raw: bytes) -> tuple[int, int, int, int]:
    """Encoding, channels, rate in Hz, bits."""
    if len(raw) < _FORMAT.size:
        raise RecordingError(f"{path}: its format chunk is cut short")
    encoding, channels, rate_hz, _, align, bits = _FORMAT.unpack_from(raw)
    if encoding == EXTENSIBLE and len(raw) >= 26:
        encoding = int.from_bytes(raw[24:26], "little")
    known = (encoding == PCM and bits in (8, 16, 24, 32)) or (encoding == IEEE_FLOAT and bits in (32, 64))
    if not known:
        raise RecordingError(f"{path}: WAV encoding {encoding} with {bits} bits is not known; save it as PCM or float")
    if not channels or not rate_hz or align != channels * bits // 8:
        raise RecordingError(f"{path}: its header contradicts itself ({channels} channels, {align} bytes)")
    return encoding, channels, rate_hz, bits


def _samples(path: Path, file: BinaryIO, size: int, header: tuple[int, int, int, int], max_values: int) -> Wave:
    encoding, channels, rate_hz, bits = header
    width = bits // 8
    there = path.stat().st_size - file.tell()  # a writer that was cut off leaves 0 or too much as the size
    count = min(size or there, there) // (width * channels) * channels
    if count > max_values:
        raise RecordingError(f"{path}: holds {count} values, at most {max_values} are read; cut it into shorter pieces")
    raw = file.read(count * width)
    if encoding == IEEE_FLOAT:
        values = np.frombuffer(raw, f"<f{width}").astype(np.float32)
        return Wave(values.reshape(-1, channels), rate_hz, None, None)
    if bits == 8:
        counts = np.frombuffer(raw, np.uint8).astype(np.int32) - 128
    elif bits == 24:
        wide = np.zeros((count, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        counts = wide.view("<i4").reshape(-1) >> 8
    else:
        counts = np.frombuffer(raw, f"<i{width}").astype(np.int32)
    step = 2.0 ** (1 - bits)
    values = (counts * step).astype(np.float32)
    return Wave(values.reshape(-1, channels), rate_hz, 1.0 - step, step)
