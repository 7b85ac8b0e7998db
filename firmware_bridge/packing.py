"""A frame's value to its bytes without the CRC; limits are the caller's business (see `limits`).

struct.error or ValueError where a field does not fit its bytes.
"""

from __future__ import annotations

from firmware_bridge.layout import (
    AXES_BYTES,
    BOARD_BYTES,
    DATA,
    DESCRIPTION,
    FIRMWARE_BYTES,
    HEADER,
    HELLO,
    LOG,
    NO_TEMPERATURE,
    NO_TIME,
    SENSOR_BYTES,
    STATUS,
    VERSION,
    text_of,
)
from firmware_bridge.values import (
    DEVICE_STREAM,
    MAX_LOG_BYTES,
    Data,
    Frame,
    FrameType,
    Hello,
    Log,
    Status,
    StreamDescription,
)


def pack(frame: Frame) -> bytes:
    """Header and payload of a frame that keeps the limits."""
    if isinstance(frame, Data):
        head = DATA.pack(
            VERSION,
            FrameType.DATA,
            frame.seq,
            frame.session,
            frame.stream_id,
            frame.flags,
            frame.sample_index,
            _ticks(frame.t_us),
            frame.n_samples,
            frame.format,
            frame.n_axes,
            frame.desc_crc,
            frame.n_clipped,
        )
        return head + frame.payload
    if isinstance(frame, Status):
        temperature = NO_TEMPERATURE if frame.temperature_cc is None else frame.temperature_cc
        values = STATUS.pack(
            frame.produced,
            _ticks(frame.t_us),
            frame.dropped_fifo,
            frame.dropped_queue,
            frame.queued,
            frame.frames_sent,
            frame.queue_high_bytes,
            frame.bus_errors,
            temperature,
            frame.supply_mv,
            frame.reset_cause,
            bytes(3),
        )
        return _header(FrameType.STATUS, frame.seq, frame.session, frame.stream_id) + values + frame.extra
    if isinstance(frame, Hello):
        descriptions = [pack_description(stream) for stream in frame.streams]
        values = HELLO.pack(
            frame.uid,
            _ticks(frame.t_us),
            _fixed(frame.firmware, FIRMWARE_BYTES),
            _fixed(frame.board, BOARD_BYTES),
            len(descriptions),
            len(descriptions[0]),
            frame.max_frame,
            frame.hello_ms,
            frame.status_ms,
        )
        header = _header(FrameType.HELLO, frame.seq, frame.session, DEVICE_STREAM)
        return header + values + b"".join(descriptions) + frame.extra
    if isinstance(frame, Log):
        header = _header(FrameType.LOG, frame.seq, frame.session, DEVICE_STREAM)
        return header + LOG.pack(_ticks(frame.t_us), frame.level) + _log_text(frame.text)
    header = HEADER.pack(VERSION, frame.type, frame.seq, frame.session, frame.stream_id, frame.flags)
    return header + frame.payload


def pack_description(stream: StreamDescription) -> bytes:
    """One stream's description as HELLO carries it."""
    known = DESCRIPTION.pack(
        stream.rate_measured_mhz,
        stream.rate_nominal_mhz,
        stream.scale_nano_g,
        stream.full_scale_mg,
        stream.bandwidth_hz,
        stream.time_error_ppm,
        stream.block_samples,
        stream.stream_id,
        len(stream.axes),
        stream.bits,
        stream.quantity,
        _fixed("".join(stream.axes), AXES_BYTES),
        _fixed(stream.sensor, SENSOR_BYTES),
    )
    return known + stream.extra


def _header(frame_type: FrameType, seq: int, session: int, stream_id: int) -> bytes:
    return HEADER.pack(VERSION, frame_type, seq, session, stream_id, 0)


def _log_text(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) > MAX_LOG_BYTES:
        raise ValueError(f"text of {len(raw)} bytes, at most {MAX_LOG_BYTES} allowed")
    return raw


def _ticks(t_us: int | None) -> int:
    return NO_TIME if t_us is None else t_us


def _fixed(text: str, size: int) -> bytes:
    raw = text.encode("ascii")
    if len(raw) > size or text_of(raw) is None:
        raise ValueError(f"{text!r} does not fit {size} printable ASCII characters")
    return raw.ljust(size, b"\0")
