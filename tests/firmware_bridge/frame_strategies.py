"""Random frames within the limits of SPEC.md, for every test that wants any frame at all."""

from __future__ import annotations

from hypothesis import strategies as st

from firmware_bridge.frames import (
    MAX_COUNT,
    MAX_LOG_BYTES,
    Data,
    Extension,
    Format,
    Hello,
    Log,
    Status,
    StreamDescription,
)

u8, u16, u32 = st.integers(0, 2**8 - 1), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
count = st.one_of(st.integers(0, MAX_COUNT - 1), st.integers(0, 1000))
time_us = st.one_of(st.none(), count)


def short_text(size: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=size)


@st.composite
def descriptions(draw: st.DrawFn, stream_id: int, extra_size: int) -> StreamDescription:
    return StreamDescription(
        stream_id=stream_id,
        axes=tuple(draw(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=1, max_size=8, unique=True))),
        rate_nominal_mhz=draw(st.integers(1, 2**32 - 1)),
        rate_measured_mhz=draw(u32),
        scale_nano_g=draw(u32),
        full_scale_mg=draw(u32),
        bandwidth_hz=draw(u32),
        time_error_ppm=draw(u16),
        block_samples=draw(u16),
        bits=draw(u8),
        quantity=draw(u8),
        sensor=draw(short_text(12)),
        extra=draw(st.binary(min_size=extra_size, max_size=extra_size)),
    )


@st.composite
def hellos(draw: st.DrawFn) -> Hello:
    ids = draw(st.lists(st.integers(0, 254), min_size=1, max_size=8, unique=True))
    extra_size = draw(st.sampled_from((0, 0, 4, 207)))
    return Hello(
        seq=draw(u16),
        session=draw(u16),
        uid=draw(st.binary(min_size=16, max_size=16)),
        t_us=draw(time_us),
        streams=tuple(draw(descriptions(stream_id, extra_size)) for stream_id in ids),
        firmware=draw(short_text(24)),
        board=draw(short_text(16)),
        max_frame=draw(st.integers(0, 8192)),
        hello_ms=draw(u16),
        status_ms=draw(u16),
        extra=draw(st.binary(max_size=9)),
    )


@st.composite
def blocks(draw: st.DrawFn) -> Data:
    format_ = draw(st.sampled_from(Format))
    n_axes, n_samples = draw(st.integers(1, 8)), draw(st.integers(1, 64))
    size = n_samples * n_axes * format_.width_bytes
    return Data(
        seq=draw(u16),
        session=draw(u16),
        stream_id=draw(u8),
        flags=draw(st.integers(0, 0x3F)),
        sample_index=draw(st.integers(0, MAX_COUNT - n_samples)),
        t_us=draw(time_us),
        n_samples=n_samples,
        n_axes=n_axes,
        format=format_,
        desc_crc=draw(u16),
        n_clipped=draw(u16),
        payload=draw(st.one_of(st.just(bytes(size)), st.binary(min_size=size, max_size=size))),
    )


@st.composite
def statuses(draw: st.DrawFn) -> Status:
    fifo, queue, queued = draw(st.integers(0, 2**51)), draw(st.integers(0, 2**51)), draw(u32)
    return Status(
        seq=draw(u16),
        session=draw(u16),
        stream_id=draw(u8),
        produced=fifo + queue + queued + draw(st.integers(0, 2**51)),
        t_us=draw(time_us),
        dropped_fifo=fifo,
        dropped_queue=queue,
        queued=queued,
        frames_sent=draw(u32),
        queue_high_bytes=draw(u32),
        bus_errors=draw(u32),
        temperature_cc=draw(st.one_of(st.none(), st.integers(-(2**15) + 1, 2**15 - 1))),
        supply_mv=draw(u16),
        reset_cause=draw(u8),
        extra=draw(st.binary(max_size=9)),
    )


logs = st.builds(
    Log,
    seq=u16,
    session=u16,
    level=st.integers(0, 7),
    t_us=time_us,
    text=st.one_of(
        st.text(st.characters(exclude_categories=("Cs",)), max_size=MAX_LOG_BYTES // 4),
        st.binary(max_size=MAX_LOG_BYTES).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    ),
)
extensions = st.builds(
    Extension,
    type=st.integers(0, 0x7F).filter(lambda number: number not in (1, 2, 3, 4)),
    seq=u16,
    session=u16,
    stream_id=u8,
    flags=u8,
    payload=st.binary(max_size=60),
)
frames = st.one_of(hellos(), blocks(), statuses(), logs, extensions)
