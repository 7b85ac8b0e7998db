"""The golden vectors that bind every implementation: fields and bytes, sound frames and refused ones.

`python -m firmware_bridge vectors` prints them; vectors.json is that output, and a test keeps the two the same.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import fields, replace
from enum import IntEnum
from typing import Any

from firmware_bridge import cobs
from firmware_bridge.frames import (
    MAX_BODY,
    MAX_COUNT,
    MAX_WIRE,
    Data,
    Extension,
    Flag,
    Format,
    Frame,
    Hello,
    Log,
    ResetCause,
    Status,
    StreamDescription,
    descriptor_crc,
    encode,
    frame_bytes,
)

UID = bytes.fromhex("e66118604b3f2a21") + bytes(8)

WIDE = StreamDescription(
    stream_id=0,
    axes=("x", "y", "z"),
    rate_nominal_mhz=26_667_000,
    rate_measured_mhz=26_211_334,
    scale_nano_g=488_000,
    full_scale_mg=16_000,
    bandwidth_hz=6_300,
    time_error_ppm=30,
    block_samples=256,
    bits=16,
    sensor="IIS3DWB",
)
SLOW = StreamDescription(
    stream_id=3, axes=("z",), rate_nominal_mhz=100, scale_nano_g=0, sensor="", block_samples=0, bits=24
)


def golden_frames() -> dict[str, Frame]:
    """Sound frames by name, one for each thing that a reader can get wrong."""
    crc = descriptor_crc(WIDE)
    block: dict[str, Any] = {"session": 0x5EED, "stream_id": 0, "n_axes": 3, "desc_crc": crc, "format": Format.I16}
    narrow: dict[str, Any] = {"session": 0x5EED, "stream_id": 3, "n_axes": 1, "desc_crc": descriptor_crc(SLOW)}
    return {
        "hello_one_stream": Hello(
            seq=0, session=0x5EED, uid=UID, t_us=1_250, streams=(WIDE,), firmware="1.4.0+g84104bb", board="rp2040"
        ),
        "hello_two_streams": Hello(seq=9, session=0, uid=bytes(16), t_us=None, streams=(WIDE, SLOW), max_frame=2048),
        "hello_later_minor": Hello(
            seq=65535,
            session=1,
            uid=bytes(range(1, 17)),
            t_us=7,
            streams=(_extended(WIDE, b"\x01\0"), _extended(SLOW, b"\x02\xff")),
            extra=b"\0later",
        ),
        "data_first_block": Data(
            seq=1, sample_index=0, t_us=2_000, n_samples=2, payload=bytes.fromhex("01000200fdff0080ff7f0000"), **block
        ),
        "data_flags": Data(
            seq=2,
            sample_index=514,
            t_us=21_300,
            n_samples=1,
            n_clipped=1,
            payload=bytes.fromhex("ff7f00010100"),
            flags=Flag.FIFO_OVERRUN | Flag.GAP | Flag.CLIPPED | Flag.HW_TIME,
            **block,
        ),
        "data_all_zero": Data(seq=3, sample_index=515, t_us=21_338, n_samples=64, payload=bytes(384), **block),
        "data_no_zero": Data(seq=4, sample_index=579, t_us=0, n_samples=128, payload=b"\x11\x22" * 384, **block),
        "data_no_time": Data(
            seq=5, sample_index=0, t_us=None, n_samples=1, format=Format.I24, payload=b"\xff\xff\x7f", **narrow
        ),
        "data_i32": Data(
            seq=6,
            sample_index=MAX_COUNT - 2,
            t_us=MAX_COUNT - 1,
            n_samples=2,
            format=Format.I32,
            payload=bytes.fromhex("00000080ffffff7f"),
            **narrow,
        ),
        "data_longest": Data(
            seq=7,
            sample_index=4,
            t_us=90,
            n_samples=4078,
            n_axes=1,
            session=2,
            stream_id=254,
            desc_crc=0,
            format=Format.I16,
            payload=bytes(number * 7 % 251 for number in range(8156)),
        ),
        "status": Status(
            seq=8,
            session=0x5EED,
            stream_id=0,
            produced=26_700,
            t_us=1_018_700,
            dropped_fifo=256,
            dropped_queue=512,
            queued=180,
            frames_sent=104,
            queue_high_bytes=11_060,
            bus_errors=2,
            temperature_cc=3_150,
            supply_mv=3_291,
            reset_cause=ResetCause.WATCHDOG,
        ),
        "status_bare": Status(seq=0, session=0, stream_id=0, produced=0, t_us=None),
        "status_later_minor": Status(
            seq=1, session=0, stream_id=1, produced=5, t_us=1, temperature_cc=-4_000, extra=b"\x07\0\0\0"
        ),
        "log": Log(seq=10, session=0x5EED, level=4, text="FIFO overrun, 축 z", t_us=99),
        "log_empty": Log(seq=11, session=0x5EED, level=7, text=""),
        "reserved_command": Extension(type=0x10, seq=0, session=0, stream_id=0xFF, flags=0, payload=b""),
        "unknown_type": Extension(type=0x7F, seq=12, session=3, stream_id=1, flags=0xC0, payload=b"\0\x01"),
    }


def refused_bodies() -> dict[str, tuple[str, bytes]]:
    """Unstuffed frames that must be refused: name -> (kind of fault, bytes)."""
    good = {name: encode(frame)[:-4] for name, frame in golden_frames().items()}
    hello, data, status, log = good["hello_one_stream"], good["data_first_block"], good["status"], good["log"]
    return {
        "empty": ("short", b""),
        "header_without_crc": ("short", data[:11]),
        "crc_of_nothing": ("short", bytes(4)),
        "wrong_crc": ("crc", data + b"\0\0\0\0"),
        "crc_big_endian": ("crc", data + zlib.crc32(data).to_bytes(4, "big")),
        "major_2": ("version", _sealed(b"\xa2" + data[1:])),
        "another_protocol": ("version", _sealed(b"\xfd" + data[1:])),
        "incompatible_type": ("type", _sealed(_patched(data, 1, b"\x82"))),
        "data_payload_short": ("length", _sealed(data[:-1])),
        "data_payload_long": ("length", _sealed(data + b"\0")),
        "data_header_only": ("length", _sealed(data[:31])),
        "data_cut": ("length", _sealed(data[:16])),
        "data_no_samples": ("field", _sealed(_patched(data, 24, b"\0\0")[:32])),
        "data_no_axes": ("field", _sealed(_patched(data, 27, b"\0")[:32])),
        "data_nine_axes": ("field", _sealed(_patched(data, 27, b"\x09") + bytes(2 * 2 * 6))),
        "data_format_0": ("field", _sealed(_patched(data, 26, b"\0"))),
        "data_format_rice": ("field", _sealed(_patched(data, 26, b"\x81"))),
        "data_reserved_flag": ("field", _sealed(_patched(data, 7, b"\x40"))),
        "data_index_too_large": ("field", _sealed(_patched(data, 8, (MAX_COUNT - 1).to_bytes(8, "little")))),
        "data_time_too_large": ("field", _sealed(_patched(data, 16, MAX_COUNT.to_bytes(8, "little")))),
        "hello_no_stream": ("field", _sealed(_patched(hello, 72, b"\0"))),
        "hello_nine_streams": ("field", _sealed(_patched(hello, 72, b"\x09") + hello[80:] * 8)),
        "hello_missing_stream": ("length", _sealed(_patched(hello, 72, b"\x02"))),
        "hello_description_too_small": ("length", _sealed(_patched(hello, 73, b"\x2f"))),
        "hello_one_id_twice": ("field", _sealed(_patched(hello, 72, b"\x02") + hello[80:])),
        "hello_cut": ("length", _sealed(hello[:79])),
        "hello_flags": ("field", _sealed(_patched(hello, 7, b"\x01"))),
        "hello_firmware_not_text": ("field", _sealed(_patched(hello, 32, b"\x1b"))),
        "hello_text_after_its_end": ("field", _sealed(_patched(hello, 55, b"x"))),
        "hello_max_frame": ("field", _sealed(_patched(hello, 74, (MAX_BODY + 1).to_bytes(2, "little")))),
        "hello_axis_capital": ("field", _sealed(_patched(hello, 80 + 28, b"X"))),
        "hello_axis_twice": ("field", _sealed(_patched(hello, 80 + 28, b"xx"))),
        "hello_axis_count": ("field", _sealed(_patched(hello, 80 + 25, b"\x02"))),
        "hello_no_rate": ("field", _sealed(_patched(hello, 80 + 4, bytes(4)))),
        "hello_stream_255": ("field", _sealed(_patched(hello, 80 + 24, b"\xff"))),
        "status_cut": ("length", _sealed(status[:-1])),
        "status_flags": ("field", _sealed(_patched(status, 7, b"\x80"))),
        "status_drops_exceed": ("field", _sealed(_patched(status, 24, (26_700).to_bytes(8, "little")))),
        "status_counter_too_large": ("field", _sealed(_patched(status, 8, b"\xff" * 8))),
        "log_level_8": ("field", _sealed(_patched(log, 16, b"\x08"))),
        "log_too_long": ("length", _sealed(log + b"x" * 200)),
        "log_cut": ("length", _sealed(log[:16])),
        "log_flags": ("field", _sealed(_patched(log, 7, b"\x01"))),
        "too_long": ("oversize", _sealed(good["data_longest"] + b"\0")),
    }


def refused_wire() -> dict[str, tuple[str, bytes]]:
    """Bytes between two delimiters that must be refused: name -> (kind of fault, bytes)."""
    stuffed = frame_bytes(golden_frames()["data_first_block"])[1:-1]
    return {
        "boot_text": ("text", b"\r\nrp2040 boot, IIS3DWB found\r\n"),
        "code_beyond_the_end": ("cobs", stuffed[:-1]),
        "one_byte": ("short", b"\x01"),
        "one_full_code": ("cobs", b"\xff\xff"),
        "one_bit": ("crc", _patched(stuffed, 30, bytes((stuffed[30] ^ 0x10,)))),
        "oversize": ("oversize", b"\xff" * (MAX_WIRE + 1)),
    }


def stuffing() -> dict[str, bytes]:
    """Plain bytes around every border of byte stuffing."""
    runs = {f"run_{size}": bytes(1 + number % 255 for number in range(size)) for size in (1, 253, 254, 255, 508, 509)}
    return {
        "nothing": b"",
        "one_zero": b"\0",
        "two_zeros": b"\0\0",
        "zero_inside": b"\x11\x22\0\x33",
        "zero_last": b"\x11\x22\x33\0",
        **runs,
        "run_254_then_zero": runs["run_254"] + b"\0",
        "zero_then_run_254": b"\0" + runs["run_254"],
    }


def as_fields(value: object) -> Any:
    """A frame (or a part of one) as JSON holds it: bytes as hex, axes as one word, enumerations as numbers."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, IntEnum):
        return value.value
    if isinstance(value, int | str | None):
        return value
    if isinstance(value, tuple):
        return "".join(value) if all(isinstance(item, str) for item in value) else [as_fields(item) for item in value]
    return {field.name: as_fields(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]  # only our dataclasses are left


def document() -> dict[str, Any]:
    """All vectors, as vectors.json holds them."""
    return {
        "protocol": "VBP1",
        "max_body": MAX_BODY,
        "max_wire": MAX_WIRE,
        "cobs": [{"name": name, "plain": b.hex(), "stuffed": cobs.encode(b).hex()} for name, b in stuffing().items()],
        "descriptor_crc": [
            {"name": stream.sensor or "unnamed", "fields": as_fields(stream), "crc": descriptor_crc(stream)}
            for stream in (WIDE, SLOW)
        ],
        "valid": [
            {
                "name": name,
                "type": type(frame).__name__,
                "fields": as_fields(frame),
                "body": encode(frame).hex(),
                "wire": frame_bytes(frame).hex(),
            }
            for name, frame in golden_frames().items()
        ],
        "invalid_body": [
            {"name": name, "fault": kind, "body": b.hex()} for name, (kind, b) in refused_bodies().items()
        ],
        "invalid_wire": [{"name": name, "fault": kind, "wire": b.hex()} for name, (kind, b) in refused_wire().items()],
    }


def as_text() -> str:
    """vectors.json, byte by byte."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _extended(stream: StreamDescription, extra: bytes) -> StreamDescription:

    return replace(stream, extra=extra)


def _sealed(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")


def _patched(body: bytes, at: int, new: bytes) -> bytes:
    return body[:at] + new + body[at + len(new) :]
