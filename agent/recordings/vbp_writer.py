"""A sensor's blocks as a `.vbp` file, from which the same blocks come back: gaps, scale, rate, sessions, device time.

Every call writes whole frames and nothing is buffered, so a process that is killed leaves a readable file.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from agent.errors import RecordingError
from agent.types import DeviceStatus, SampleBlock, Stream
from firmware_bridge.frames import (
    MAX_BODY,
    Data,
    Flag,
    Format,
    Frame,
    Hello,
    Status,
    StreamDescription,
    descriptor_crc,
    frame_bytes,
)
from firmware_bridge.numbers import Counts, payload_of

FLOAT_STEP_NANO_G = 100  # for samples that did not come as integers: +-214 g, and finer than a float32 at 1 g
HELLO_S = 5.0  # of samples between two HELLOs: a file cut in half is readable from there on
STREAM_ID = 0
_FRAME_OVERHEAD = 36  # DATA header and CRC


class Framer:
    """Turns one sensor's blocks and statuses back into frames."""

    def __init__(self, sensor: str) -> None:
        self._uid = sensor.encode()[:16].ljust(16, b"\0")
        self._label = sensor[:12]
        self._stream: Stream | None = None
        self._description: StreamDescription | None = None
        self._session = 0
        self._sessions_left: set[int] = set()
        self._seq = 0
        self._expected = 0
        self._hello_at = 0

    def frames_of(self, item: SampleBlock | DeviceStatus) -> list[Frame]:
        """The frames that say what `item` says; none for what frames cannot hold (not finite, beyond 214 g).

        RecordingError where samples have fractions and no unit: frames carry integers.
        """
        if isinstance(item, DeviceStatus):
            return self._status(item)
        if (counts := _counts_of(item)) is None:
            return []
        frames: list[Frame] = []
        if self._stream is None or item.stream != self._stream:
            self._begin(item.stream)
            self._expected = self._hello_at = item.start
        if item.start >= self._hello_at:
            frames.append(self._hello())
            self._hello_at = item.start + max(1, round(HELLO_S * item.stream.rate_hz))
        return frames + self._data(item, counts)

    def _begin(self, stream: Stream) -> None:
        if self._stream is not None:
            self._sessions_left.add(self._session)
        self._session = stream.session % 2**16
        while self._session in self._sessions_left:  # a device never goes back to a session it has left
            self._session = (self._session + 1) % 2**16
        self._stream = stream
        self._description = _description_of(stream, self._label)

    def _hello(self) -> Hello:
        assert self._description is not None
        return Hello(
            seq=self._count(),
            session=self._session,
            uid=self._uid,
            t_us=None,
            streams=(self._description,),
            firmware="textvib record",
        )

    def _data(self, block: SampleBlock, counts: Counts) -> list[Frame]:
        assert self._description is not None
        format_ = _narrowest(counts)
        axes = counts.shape[1]
        rows = (MAX_BODY - _FRAME_OVERHEAD) // (axes * format_.width_bytes)
        frames: list[Frame] = []
        for row in range(0, len(counts), rows):
            part = counts[row : row + rows]
            start = block.start + row
            clipped = min(block.clipped, 2**16 - 1) if row == 0 else 0
            gap = Flag.GAP if start > self._expected else 0
            frames.append(
                Data(
                    seq=self._count(),
                    session=self._session,
                    stream_id=STREAM_ID,
                    sample_index=start,
                    t_us=block.device_us if row == 0 else None,
                    n_samples=len(part),
                    n_axes=axes,
                    format=format_,
                    desc_crc=descriptor_crc(self._description),
                    payload=payload_of(part, format_),
                    n_clipped=clipped,
                    flags=gap | (Flag.CLIPPED if clipped else 0),
                )
            )
            self._expected = start + len(part)
        return frames

    def _status(self, status: DeviceStatus) -> list[Frame]:
        if self._stream is None or status.session != self._stream.session:
            return []
        return [
            Status(
                seq=self._count(),
                session=self._session,
                stream_id=STREAM_ID,
                produced=status.produced,
                t_us=None,
                dropped_fifo=status.dropped_fifo,
                dropped_queue=status.dropped_queue,
                queued=status.queued,
            )
        ]

    def _count(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) % 2**16
        return seq


class Recorder:
    """Writes one sensor's blocks to a file that must not exist yet; `left_out` counts blocks no frame can hold."""

    def __init__(self, path: Path, sensor: str) -> None:
        self.path = path
        self.blocks = 0
        self.left_out = 0
        self._framer = Framer(sensor)
        try:
            self._file: io.FileIO | None = io.FileIO(path, "xb")
        except FileExistsError as error:
            raise RecordingError(f"{path}: is there already; choose another name") from error
        except OSError as error:
            raise RecordingError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error
        except ValueError as error:  # a NUL, or half a surrogate pair
            raise RecordingError(f"{str(path)!r}: is no file name ({error}); choose another one") from error

    def write(self, item: SampleBlock | DeviceStatus) -> None:
        """Append one item; RecordingError where the disk is full or gone. Nothing happens after `close`."""
        if self._file is None:
            return
        frames = self._framer.frames_of(item)
        if isinstance(item, SampleBlock):
            self.blocks += bool(frames)
            self.left_out += not frames
        data = memoryview(b"".join(frame_bytes(frame) for frame in frames))
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            file, self._file = self._file, None
            file.close()
            raise RecordingError(f"{self.path}: recording stopped ({error.strerror}); free some space") from error

    def close(self) -> None:
        """Put the file safely on disk, or remove it where nothing was written; may be called twice."""
        file, self._file = self._file, None
        if file is not None:
            with file:
                os.fsync(file.fileno())
            if not self.blocks:
                self.path.unlink(missing_ok=True)


def _counts_of(block: SampleBlock) -> Counts | None:
    """The integers that the samples were, or come nearest to; None where they do not fit 32 bits."""
    stream, samples = block.stream, block.samples.astype(np.float64)
    step = _step_of(stream)
    if not len(samples) or not np.isfinite(samples).all():
        return None
    # Sources multiply by the float32 nearest to the step; dividing by the same gives back every 24-bit integer.
    counts = np.rint(samples / float(np.float32(step)))
    if stream.unit == "raw" and stream.step is None and np.any(counts != samples):
        mend = f'set sensors.{stream.sensor}.unit = "g" or "m/s2" to record them'
        raise RecordingError(f"{stream.sensor}: samples with fractions and no unit, which frames cannot hold; {mend}")
    if np.abs(counts).max() >= 2**31:
        return None
    return counts.astype(np.int32)


def _step_of(stream: Stream) -> float:
    if stream.unit == "raw":
        return 1.0
    return FLOAT_STEP_NANO_G * 1e-9 if stream.step is None else stream.step


def _description_of(stream: Stream, label: str) -> StreamDescription:
    step = _step_of(stream)
    last_count = 0 if stream.full_scale is None else round(stream.full_scale / step)
    bits = (last_count + 1).bit_length() if last_count & (last_count + 1) == 0 and last_count else 0
    in_g = stream.unit == "g"
    return StreamDescription(
        stream_id=STREAM_ID,
        axes=stream.axes,
        rate_nominal_mhz=round(stream.rate_hz * 1000),
        scale_nano_g=round(step * 1e9) if in_g else 0,
        full_scale_mg=round(stream.full_scale * 1000) if in_g and stream.full_scale is not None and not bits else 0,
        bits=bits if bits <= 32 else 0,
        sensor=label,
    )


def _narrowest(counts: Counts) -> Format:
    largest = max(int(counts.max()), -int(counts.min()) - 1)
    return Format.I16 if largest < 2**15 else Format.I24 if largest < 2**23 else Format.I32
