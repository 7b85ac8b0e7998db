"""The C library as Python sees it: ctypes mirrors of its structs, and the same values that the Python codec uses."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from ctypes import (
    POINTER,
    Structure,
    Union,
    byref,
    c_char,
    c_int,
    c_int16,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
)
from dataclasses import replace
from pathlib import Path

import pytest
from requirements import ROOT, skip_unless_required

from firmware_bridge.frames import (
    MAX_BODY,
    MAX_WIRE,
    Data,
    Extension,
    Fault,
    Format,
    Frame,
    FrameType,
    Hello,
    Log,
    Status,
    StreamDescription,
)
from firmware_bridge.layout import NO_TEMPERATURE, NO_TIME, time_of

SOURCE = ROOT / "firmware_bridge" / "c"
CORES = ("m0plus", *(pytest.param(core, marks=pytest.mark.long) for core in ("m3", "m4f", "m7f", "m33f", "m55")))
"""The oldest and the newest; those between in `make field`, and the m4f as a whole firmware always."""


def make(*arguments: str) -> str:
    """What `make -C firmware_bridge/c ARGUMENTS` prints; it must succeed."""
    for tool in ("make", "gcc"):
        skip_unless_required(tool, available=shutil.which(tool) is not None)
    command = ["make", "--no-print-directory", "-C", str(SOURCE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


class CHeader(Structure):
    _fields_ = [("seq", c_uint16), ("session", c_uint16), ("stream_id", c_uint8), ("flags", c_uint8)]


class CDescription(Structure):
    _fields_ = [
        ("rate_measured_mhz", c_uint32),
        ("rate_nominal_mhz", c_uint32),
        ("scale_nano_g", c_uint32),
        ("full_scale_mg", c_uint32),
        ("bandwidth_hz", c_uint32),
        ("time_error_ppm", c_uint16),
        ("block_samples", c_uint16),
        ("stream_id", c_uint8),
        ("n_axes", c_uint8),
        ("bits", c_uint8),
        ("quantity", c_uint8),
        ("axes", c_char * 8),
        ("sensor", c_char * 12),
    ]


class CHello(Structure):
    _fields_ = [
        ("header", CHeader),
        ("uid", c_uint8 * 16),
        ("t_us", c_uint64),
        ("firmware", c_char * 24),
        ("board", c_char * 16),
        ("max_frame", c_uint16),
        ("hello_ms", c_uint16),
        ("status_ms", c_uint16),
        ("n_streams", c_uint8),
        ("streams", POINTER(CDescription)),
    ]


class CData(Structure):
    _fields_ = [
        ("header", CHeader),
        ("sample_index", c_uint64),
        ("t_us", c_uint64),
        ("n_samples", c_uint16),
        ("n_axes", c_uint8),
        ("format", c_uint8),
        ("desc_crc", c_uint16),
        ("n_clipped", c_uint16),
    ]


class CStatus(Structure):
    _fields_ = [
        ("header", CHeader),
        ("produced", c_uint64),
        ("t_us", c_uint64),
        ("dropped_fifo", c_uint64),
        ("dropped_queue", c_uint64),
        ("queued", c_uint32),
        ("frames_sent", c_uint32),
        ("queue_high_bytes", c_uint32),
        ("bus_errors", c_uint32),
        ("temperature_cc", c_int16),
        ("supply_mv", c_uint16),
        ("reset_cause", c_uint8),
    ]


class CLog(Structure):
    _fields_ = [
        ("header", CHeader),
        ("t_us", c_uint64),
        ("level", c_uint8),
        ("text_bytes", c_uint8),
        ("text", POINTER(c_uint8)),
    ]


class CValue(Union):
    _fields_ = [("hello", CHello), ("data", CData), ("status", CStatus), ("log", CLog)]


class CFrame(Structure):
    _fields_ = [
        ("type", c_uint8),
        ("header", CHeader),
        ("value", CValue),
        ("rest", POINTER(c_uint8)),
        ("rest_bytes", c_size_t),
        ("streams", CDescription * 8),
        ("desc_crcs", c_uint16 * 8),
    ]


class CDecoder(Structure):
    _fields_ = [("buffer", POINTER(c_uint8)), ("capacity", c_size_t), ("held", c_size_t), ("skipped", c_size_t)]


class CEvent(Structure):
    _fields_ = [("kind", c_int), ("fault", c_int), ("size", c_size_t), ("frame", CFrame)]


class CStuffer(Structure):
    _fields_ = [("next", POINTER(c_uint8)), ("end", POINTER(c_uint8)), ("run", c_uint8), ("phase", c_uint8)]


FRAME, REFUSED = 1, 2
_PLAIN = (
    "rate_measured_mhz",
    "rate_nominal_mhz",
    "scale_nano_g",
    "full_scale_mg",
    "bandwidth_hz",
    "time_error_ppm",
    "block_samples",
    "stream_id",
    "bits",
    "quantity",
)


class CLibrary:
    """libvbp.so: frames in, bytes out, and back."""

    def __init__(self, path: Path) -> None:
        self._c = ctypes.CDLL(str(path))
        for name in ("hello", "data", "status", "log"):
            getattr(self._c, f"vbp_encode_{name}").restype = c_size_t
        self._c.vbp_stuffer_read.restype = c_size_t
        self._c.vbp_decoder_feed.restype = c_size_t
        self._c.vbp_unstuff.restype = c_size_t
        self._c.vbp_fault_name.restype = ctypes.c_char_p

    def encode(self, frame: Hello | Data | Status | Log) -> bytes:
        """The body that C makes of a frame without later minor versions' additions."""
        body = (c_uint8 * MAX_BODY)()
        name = type(frame).__name__.lower()
        if isinstance(frame, Data):
            ctypes.memmove(ctypes.addressof(body) + 32, frame.payload, len(frame.payload))
        size = getattr(self._c, f"vbp_encode_{name}")(byref(to_c(frame)), body, c_size_t(MAX_BODY))
        return bytes(body[:size])

    def stuff(self, body: bytes, piece: int) -> bytes:
        """The body on the wire, delimiters included, read in pieces."""
        source, out = (c_uint8 * max(1, len(body))).from_buffer_copy(body or b"\0"), (c_uint8 * piece)()
        stuffer, wire = CStuffer(), bytearray()
        self._c.vbp_stuffer_begin(byref(stuffer), source, c_size_t(len(body)))
        while size := self._c.vbp_stuffer_read(byref(stuffer), out, c_size_t(piece)):
            wire += bytes(out[:size])
        return bytes(wire)

    def decode(self, pieces: list[bytes]) -> list[tuple[Frame, tuple[int, ...]] | Fault]:
        """Frames (with the desc_crc of each stream of a HELLO) and faults of a byte stream."""
        held = (c_uint8 * MAX_WIRE)()
        decoder, event = CDecoder(), CEvent()
        results: list[tuple[Frame, tuple[int, ...]] | Fault] = []
        self._c.vbp_decoder_init(byref(decoder), held, c_size_t(MAX_WIRE))
        for piece in pieces:
            while piece:
                taken = self._c.vbp_decoder_feed(byref(decoder), piece, c_size_t(len(piece)), byref(event))
                assert 0 < taken <= len(piece)
                piece = piece[taken:]
                if event.kind == FRAME:
                    results.append(from_c(event.frame))
                elif event.kind == REFUSED:
                    kind = self._c.vbp_fault_name(event.fault).decode()
                    lost = event.frame.value.data.n_samples if event.frame.type == FrameType.DATA else 0
                    results.append(Fault(kind, "", samples=lost))
        return results


def to_c(frame: Hello | Data | Status | Log) -> Structure:
    header = CHeader(frame.seq, frame.session, getattr(frame, "stream_id", 255), getattr(frame, "flags", 0))
    t_us = NO_TIME if frame.t_us is None else frame.t_us
    if isinstance(frame, Hello):
        streams = (CDescription * len(frame.streams))(*(_description_to_c(stream) for stream in frame.streams))
        return CHello(
            header,
            (c_uint8 * 16)(*frame.uid),
            t_us,
            frame.firmware.encode(),
            frame.board.encode(),
            frame.max_frame,
            frame.hello_ms,
            frame.status_ms,
            len(frame.streams),
            streams,
        )
    if isinstance(frame, Data):
        return CData(
            header,
            frame.sample_index,
            t_us,
            frame.n_samples,
            frame.n_axes,
            frame.format,
            frame.desc_crc,
            frame.n_clipped,
        )
    if isinstance(frame, Status):
        temperature = NO_TEMPERATURE if frame.temperature_cc is None else frame.temperature_cc
        return CStatus(
            header,
            frame.produced,
            t_us,
            frame.dropped_fifo,
            frame.dropped_queue,
            frame.queued,
            frame.frames_sent,
            frame.queue_high_bytes,
            frame.bus_errors,
            temperature,
            frame.supply_mv,
            frame.reset_cause,
        )
    text = frame.text.encode("utf-8", "surrogateescape")
    return CLog(header, t_us, frame.level, len(text), (c_uint8 * max(1, len(text)))(*text))


def _description_to_c(stream: StreamDescription) -> CDescription:
    plain = {name: getattr(stream, name) for name in _PLAIN}
    return CDescription(
        **plain, n_axes=len(stream.axes), axes="".join(stream.axes).encode(), sensor=stream.sensor.encode()
    )


def _description_from_c(stream: CDescription) -> StreamDescription:
    axes, sensor = stream.axes.decode(), stream.sensor.decode()
    assert len(axes) == stream.n_axes
    return StreamDescription(**{name: getattr(stream, name) for name in _PLAIN}, axes=tuple(axes), sensor=sensor)


def from_c(frame: CFrame) -> tuple[Frame, tuple[int, ...]]:
    """The frame as the Python decoder gives it, descriptions without later additions."""
    common = {"seq": frame.header.seq, "session": frame.header.session}
    rest = bytes(frame.rest[: frame.rest_bytes])
    if frame.type == FrameType.HELLO:
        hello = frame.value.hello
        streams = tuple(_description_from_c(hello.streams[i]) for i in range(hello.n_streams))
        value: Frame = Hello(
            **common,
            uid=bytes(hello.uid),
            t_us=time_of(hello.t_us),
            firmware=hello.firmware.decode(),
            board=hello.board.decode(),
            max_frame=hello.max_frame,
            hello_ms=hello.hello_ms,
            status_ms=hello.status_ms,
            streams=streams,
            extra=rest,
        )
        return value, tuple(frame.desc_crcs[: hello.n_streams])
    stream = {"stream_id": frame.header.stream_id}
    if frame.type == FrameType.DATA:
        data = frame.value.data
        value = Data(
            **common,
            **stream,
            flags=frame.header.flags,
            sample_index=data.sample_index,
            t_us=time_of(data.t_us),
            n_samples=data.n_samples,
            n_axes=data.n_axes,
            format=Format(data.format),
            desc_crc=data.desc_crc,
            n_clipped=data.n_clipped,
            payload=rest,
        )
    elif frame.type == FrameType.STATUS:
        status = frame.value.status
        temperature = None if status.temperature_cc == NO_TEMPERATURE else status.temperature_cc
        value = Status(
            **common,
            **stream,
            produced=status.produced,
            t_us=time_of(status.t_us),
            dropped_fifo=status.dropped_fifo,
            dropped_queue=status.dropped_queue,
            queued=status.queued,
            frames_sent=status.frames_sent,
            queue_high_bytes=status.queue_high_bytes,
            bus_errors=status.bus_errors,
            temperature_cc=temperature,
            supply_mv=status.supply_mv,
            reset_cause=status.reset_cause,
            extra=rest,
        )
    elif frame.type == FrameType.LOG:
        log = frame.value.log
        text = bytes(log.text[: log.text_bytes]).decode("utf-8", "surrogateescape")
        value = Log(**common, t_us=time_of(log.t_us), level=log.level, text=text)
    else:
        value = Extension(type=frame.type, **common, **stream, flags=frame.header.flags, payload=rest)
    return value, ()


def as_c_sees_it(frame: Frame) -> Frame:
    """A frame without what a later minor version appended to its descriptions: C reads past that."""
    if isinstance(frame, Hello):
        return replace(frame, streams=tuple(replace(stream, extra=b"") for stream in frame.streams))
    return frame


def as_this_version_sends_it(frame: Hello | Data | Status | Log) -> Hello | Data | Status | Log:
    """A frame without anything that a later minor version appended."""
    if isinstance(frame, Hello | Status):
        frame = replace(frame, extra=b"")
    seen = as_c_sees_it(frame)
    assert isinstance(seen, Hello | Data | Status | Log)
    return seen
