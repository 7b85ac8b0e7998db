"""A frame's bytes, CRC already checked, to its value: length first, then the limits of each field, then the value.

Whatever is wrong becomes a Fault; nothing here raises, whatever the bytes are.
"""

from __future__ import annotations

from firmware_bridge.layout import (
    CRC,
    DATA,
    DESCRIPTION,
    HEADER,
    HELLO,
    HELLO_END,
    LOG,
    LOG_END,
    NO_TEMPERATURE,
    STATUS,
    STATUS_END,
    text_of,
    time_of,
)
from firmware_bridge.limits import problem_of
from firmware_bridge.values import MAX_LOG_BYTES, Data, Extension, Fault, Format, Hello, Log, Status, StreamDescription

_FORMATS = {format_.value: format_ for format_ in Format}


def parse_data(body: bytes) -> Data | Fault:
    size = len(body)
    if size < DATA.size + CRC.size:
        return Fault("length", f"DATA of {size} bytes", size)
    _, _, seq, session, stream_id, flags, index, t_us, n_samples, code, n_axes, desc_crc, n_clipped = DATA.unpack_from(
        body
    )
    if not 1 <= code <= 3:
        return Fault("field", f"format 0x{code:02x} is not known", size, stream_id, n_samples)
    if size != DATA.size + n_samples * n_axes * (code + 1) + CRC.size:
        return Fault("length", f"{n_samples} samples of {n_axes} axes in {size} bytes", size, stream_id, n_samples)
    data = Data(
        seq=seq,
        session=session,
        stream_id=stream_id,
        flags=flags,
        sample_index=index,
        t_us=time_of(t_us),
        n_samples=n_samples,
        n_axes=n_axes,
        format=_FORMATS[code],
        desc_crc=desc_crc,
        n_clipped=n_clipped,
        payload=body[DATA.size : -CRC.size],
    )
    problem = problem_of(data)
    return data if problem is None else Fault("field", problem, size, stream_id, n_samples)


def parse_status(body: bytes) -> Status | Fault:
    size = len(body)
    if size < STATUS_END + CRC.size:
        return Fault("length", f"STATUS of {size} bytes", size)
    if body[7]:
        return Fault("field", f"flags 0x{body[7]:02x} in a STATUS", size)
    _, _, seq, session, stream_id, _ = HEADER.unpack_from(body)
    values = STATUS.unpack_from(body, HEADER.size)
    produced, t_us, fifo, queue, queued, sent, high, errors, temperature, supply, cause, _ = values
    status = Status(
        seq=seq,
        session=session,
        stream_id=stream_id,
        produced=produced,
        t_us=time_of(t_us),
        dropped_fifo=fifo,
        dropped_queue=queue,
        queued=queued,
        frames_sent=sent,
        queue_high_bytes=high,
        bus_errors=errors,
        temperature_cc=None if temperature == NO_TEMPERATURE else temperature,
        supply_mv=supply,
        reset_cause=cause,
        extra=body[STATUS_END : -CRC.size],
    )
    problem = problem_of(status)
    return status if problem is None else Fault("field", problem, size, stream_id)


def parse_hello(body: bytes) -> Hello | Fault:
    size = len(body)
    if size < HELLO_END + CRC.size:
        return Fault("length", f"HELLO of {size} bytes", size)
    if body[7]:
        return Fault("field", f"flags 0x{body[7]:02x} in a HELLO", size)
    _, _, seq, session, _, _ = HEADER.unpack_from(body)
    values = HELLO.unpack_from(body, HEADER.size)
    uid, t_us, firmware, board, n_streams, description_size, max_frame, hello_ms, status_ms = values
    end = HELLO_END + n_streams * description_size
    if description_size < DESCRIPTION.size or size < end + CRC.size:
        return Fault("length", f"HELLO of {size} bytes with {n_streams} streams of {description_size}", size)
    texts = [text_of(firmware), text_of(board)]
    streams = [parse_description(body[at : at + description_size]) for at in range(HELLO_END, end, description_size)]
    refused = next((stream for stream in streams if isinstance(stream, str)), None)
    if None in texts or refused is not None:
        return Fault("field", refused or "firmware or board is not printable text", size)
    hello = Hello(
        seq=seq,
        session=session,
        uid=uid,
        t_us=time_of(t_us),
        firmware=texts[0] or "",
        board=texts[1] or "",
        max_frame=max_frame,
        hello_ms=hello_ms,
        status_ms=status_ms,
        streams=tuple(stream for stream in streams if isinstance(stream, StreamDescription)),
        extra=body[end : -CRC.size],
    )
    problem = problem_of(hello)
    return hello if problem is None else Fault("field", problem, size)


def parse_description(raw: bytes) -> StreamDescription | str:
    """One description out of a HELLO, or why not."""
    values = DESCRIPTION.unpack_from(raw)
    measured, nominal, scale, full, bandwidth, error, block, stream_id, n_axes, bits, quantity, axes, sensor = values
    axis_text, sensor_text = text_of(axes), text_of(sensor)
    if axis_text is None or sensor_text is None:
        return f"stream {stream_id}: axes or sensor is not printable text"
    if len(axis_text) != n_axes:
        return f"stream {stream_id}: {n_axes} axes named {axis_text!r}"
    return StreamDescription(
        stream_id=stream_id,
        axes=tuple(axis_text),
        rate_nominal_mhz=nominal,
        rate_measured_mhz=measured,
        scale_nano_g=scale,
        full_scale_mg=full,
        bandwidth_hz=bandwidth,
        time_error_ppm=error,
        block_samples=block,
        bits=bits,
        quantity=quantity,
        sensor=sensor_text,
        extra=raw[DESCRIPTION.size :],
    )


def parse_log(body: bytes) -> Log | Fault:
    size = len(body)
    if not LOG_END + CRC.size <= size <= LOG_END + MAX_LOG_BYTES + CRC.size:
        return Fault("length", f"LOG of {size} bytes", size)
    if body[7]:
        return Fault("field", f"flags 0x{body[7]:02x} in a LOG", size)
    _, _, seq, session, _, _ = HEADER.unpack_from(body)
    t_us, level = LOG.unpack_from(body, HEADER.size)
    # A text cut inside a character is worth reading; bytes that are none stay what they were (PEP 383).
    text = body[LOG_END : -CRC.size].decode("utf-8", "surrogateescape")
    log = Log(seq=seq, session=session, t_us=time_of(t_us), level=level, text=text)
    problem = problem_of(log)
    return log if problem is None else Fault("field", problem, size)


def parse_extension(body: bytes) -> Extension:
    _, frame_type, seq, session, stream_id, flags = HEADER.unpack_from(body)
    payload = body[HEADER.size : -CRC.size]
    return Extension(type=frame_type, seq=seq, session=session, stream_id=stream_id, flags=flags, payload=payload)
