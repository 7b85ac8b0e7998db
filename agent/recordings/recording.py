"""A recording once read: its samples, what they mean, and which of them were consecutive; and it as blocks again.

Pure values: how a file becomes one is `agent.recordings.read`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.types import SampleBlock, Samples, Stream

BLOCK_S = 0.1

Unit = Literal["g", "m/s2", "V", "mV", "raw"]
"""Of samples, as a person says it; volts need a sensitivity beside them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a recording from `row` to the next piece that were consecutive samples, as one block brought them."""

    row: int
    start: int  # sample index of that row
    session: int = 0
    device_us: int | None = None
    clipped: int = 0


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file holds. `samples` is float32 (n, axes) in `unit`; `pieces` is never empty and starts at row 0."""

    path: Path
    samples: Samples
    rate_hz: float | None
    rpm: float | None
    unit: Literal["g", "raw"]
    axes: tuple[str, ...]
    pieces: tuple[Piece, ...] = (Piece(0, 0),)
    full_scale: float | None = None
    step: float | None = None
    notes: tuple[str, ...] = ()
    written_unit: Literal["g", "m/s2", "V"] | None = None  # of the file, where `samples` are in g or V for that reason
    speeds: tuple[tuple[int, float], ...] = ()  # (row, rpm) where the file says a speed that moves, and `rpm` is None
    one_is_full_scale: bool | None = False  # a sample of 1 is the recorder's full scale; None: it may be


def blocks_of(
    recording: Recording, sensor: str, *, block: int | None = None, session_base: int = 0
) -> Iterator[SampleBlock]:
    """The recording as blocks of one stream: gaps, sessions and device time as they were, at most `block` samples each.

    `arrival_s` is the time into the recording, not a clock's; `block` is 0.1 s where not given, and where the pieces
    are a device's own blocks these are kept whole. `session_base` is added to every session, so that a recording played
    again is another session. RecordingError where the rate is unknown.
    """
    rate_hz = with_rate(recording).rate_hz
    assert rate_hz is not None
    own_blocks = block is None and any(piece.device_us is not None for piece in recording.pieces)
    limit = len(recording.samples) if own_blocks else block or max(1, round(BLOCK_S * rate_hz))
    ends = [piece.row for piece in recording.pieces[1:]] + [len(recording.samples)]
    stream: Stream | None = None
    elapsed, expected = 0, recording.pieces[0].start
    for piece, end in zip(recording.pieces, ends, strict=True):
        session = session_base + piece.session
        if stream is None or stream.session != session:
            stream = _stream_of(recording, sensor=sensor, session=session)
            expected = piece.start
        elapsed += max(0, piece.start - expected)
        for row in range(piece.row, end, limit):
            samples = recording.samples[row : min(row + limit, end)]
            elapsed += len(samples)
            yield SampleBlock(
                stream=stream,
                start=piece.start + row - piece.row,
                values=samples,
                device_us=piece.device_us if row == piece.row else None,
                arrival_s=elapsed / rate_hz,
                clipped=piece.clipped if row == piece.row else 0,
            )
        expected = piece.start + end - piece.row


def with_rate(recording: Recording) -> Recording:
    """The recording itself; RecordingError where nothing says its sample rate."""
    if recording.rate_hz is None:
        raise RecordingError(f"{recording.path}: does not say its sample rate; give it (--rate-hz)")
    return recording


def _stream_of(recording: Recording, *, sensor: str, session: int) -> Stream:
    assert recording.rate_hz is not None
    return Stream(
        sensor=sensor,
        rate_hz=recording.rate_hz,
        axes=recording.axes,
        unit=recording.unit,
        full_scale=recording.full_scale,
        session=session,
        step=recording.step,
        live=False,
    )


def checked(recording: Recording) -> Recording:
    """The recording itself; RecordingError where it is empty, its axes do not fit, or its rate is none of a sensor."""
    path, samples = recording.path, recording.samples
    if not len(samples):
        raise RecordingError(f"{path}: holds no samples")
    if len(recording.axes) != samples.shape[1]:
        raise RecordingError(f"{path}: has {samples.shape[1]} channels, {len(recording.axes)} axes are named")
    if len(set(recording.axes)) != len(recording.axes):
        raise RecordingError(f"{path}: an axis is named twice ({', '.join(recording.axes)})")
    rate_hz = recording.rate_hz
    if rate_hz is not None and not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise RecordingError(
            f"{path}: a sample rate of {rate_hz:g} Hz is not between {MIN_RATE_HZ:g} and {MAX_RATE_HZ:g}"
        )
    return recording


def as_float32(values: NDArray[Any]) -> Samples:
    """A copy in memory order; what float32 cannot hold becomes infinite, which is refused when it is judged."""
    with np.errstate(over="ignore"):
        return np.array(values, dtype=np.float32, order="C")
