"""The limits of every field, one list for both directions: `problem_of` names the first rule that a frame breaks.

A rule stands here once, so that no frame can be sent that a receiver refuses, or received that could not be sent.
"""

from __future__ import annotations

from itertools import pairwise

from firmware_bridge.values import (
    DEVICE_STREAM,
    INCOMPATIBLE,
    MAX_AXES,
    MAX_BODY,
    MAX_COUNT,
    MAX_STREAMS,
    Data,
    Flag,
    Frame,
    FrameType,
    Hello,
    Log,
    Status,
    StreamDescription,
)

_KNOWN_FLAGS = sum(Flag)


def problem_of(frame: Frame) -> str | None:
    """The first rule that `frame` breaks, in a few words; None where it breaks none."""
    if isinstance(frame, Data):
        expected = frame.n_samples * frame.n_axes * frame.format.width_bytes
        if len(frame.payload) != expected:
            return f"payload of {len(frame.payload)} bytes, {expected} expected"
        return _data_problem(frame)
    if isinstance(frame, Status):
        return _status_problem(frame)
    if isinstance(frame, Hello):
        return _hello_problem(frame)
    if isinstance(frame, Log):
        return _log_problem(frame)
    known = frame.type in tuple(FrameType) or frame.type & INCOMPATIBLE
    return f"type {frame.type} cannot be ignored" if known else None


def _data_problem(data: Data) -> str | None:
    if not 1 <= data.n_axes <= MAX_AXES:
        return f"{data.n_axes} axes"
    if not data.n_samples:
        return "no samples"
    if data.flags & ~_KNOWN_FLAGS:
        return f"reserved flags 0x{data.flags:02x}"
    if data.end > MAX_COUNT:
        return f"sample_index {data.sample_index}"
    return _time_problem(data.t_us)


def _status_problem(status: Status) -> str | None:
    counts = (status.produced, status.dropped_fifo, status.dropped_queue, status.queued)
    if any(count > MAX_COUNT for count in counts):
        return "a counter beyond 2**53"
    if sum(counts[1:]) > status.produced:
        return "more samples dropped and queued than produced"
    return _time_problem(status.t_us)


def _hello_problem(hello: Hello) -> str | None:
    if not 1 <= len(hello.streams) <= MAX_STREAMS:
        return f"{len(hello.streams)} streams"
    if len({stream.stream_id for stream in hello.streams}) != len(hello.streams):
        return "two streams with one id"
    if any(len(a.extra) != len(b.extra) for a, b in pairwise(hello.streams)):
        return "descriptions of unequal size"
    if hello.max_frame > MAX_BODY:
        return f"max_frame {hello.max_frame}, at most {MAX_BODY} allowed"
    if len(hello.uid) != 16:
        return f"uid of {len(hello.uid)} bytes"
    problems = (_description_problem(stream) for stream in hello.streams)
    return next((problem for problem in problems if problem), None) or _time_problem(hello.t_us)


def _description_problem(stream: StreamDescription) -> str | None:
    axes = stream.axes
    if not 1 <= len(axes) <= MAX_AXES or len(set(axes)) != len(axes):
        return f"stream {stream.stream_id}: axes {''.join(axes)!r}"
    if any(len(axis) != 1 or not "a" <= axis <= "z" for axis in axes):
        return f"stream {stream.stream_id}: an axis is named by one letter a to z, not {''.join(axes)!r}"
    if stream.stream_id == DEVICE_STREAM:
        return f"stream id {DEVICE_STREAM} stands for the whole device"
    if not stream.rate_nominal_mhz:
        return f"stream {stream.stream_id}: no nominal rate"
    return None


def _log_problem(log: Log) -> str | None:
    return f"level {log.level}" if log.level > 7 else _time_problem(log.t_us)


def _time_problem(t_us: int | None) -> str | None:
    return f"t_us {t_us}" if t_us is not None and t_us >= MAX_COUNT else None
