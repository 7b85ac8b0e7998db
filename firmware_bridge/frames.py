"""Frames to bytes and back, as SPEC.md draws them: pure functions that refuse, by a Fault, whatever breaks a rule.

Bytes meet their CRC first, then their length, then the limits of each field; only then do they become a value. `encode`
applies the same limits, so nothing leaves here that a receiver would refuse.
"""

from __future__ import annotations

import struct
import zlib
from binascii import crc_hqx
from collections.abc import Callable

from firmware_bridge import cobs, parsing
from firmware_bridge.layout import CRC, HEADER, VERSION
from firmware_bridge.limits import problem_of
from firmware_bridge.packing import pack, pack_description
from firmware_bridge.values import (
    DEVICE_STREAM,
    FAULT_KINDS,
    INCOMPATIBLE,
    MAX_AXES,
    MAX_BODY,
    MAX_COUNT,
    MAX_LOG_BYTES,
    MAX_STREAMS,
    Data,
    Extension,
    Fault,
    Flag,
    Format,
    Frame,
    FrameType,
    Hello,
    Log,
    ResetCause,
    Status,
    StreamDescription,
)

__all__ = [
    "DEVICE_STREAM",
    "FAULT_KINDS",
    "MAX_AXES",
    "MAX_BODY",
    "MAX_COUNT",
    "MAX_LOG_BYTES",
    "MAX_STREAMS",
    "MAX_WIRE",
    "Data",
    "Extension",
    "Fault",
    "Flag",
    "Format",
    "Frame",
    "FrameType",
    "Hello",
    "Log",
    "ResetCause",
    "Status",
    "StreamDescription",
    "decode_frame",
    "descriptor_crc",
    "encode",
    "frame_bytes",
]

MAX_WIRE = cobs.encoded_limit(MAX_BODY)
"""Longest stuffed frame in bytes, its delimiters not counted."""

_CRC_RESIDUE = 0x2144DF1C
"""What CRC-32 gives over any bytes followed by their own CRC in little-endian order."""

_PARSERS: dict[int, Callable[[bytes], Frame | Fault]] = {
    FrameType.HELLO: parsing.parse_hello,
    FrameType.DATA: parsing.parse_data,
    FrameType.STATUS: parsing.parse_status,
    FrameType.LOG: parsing.parse_log,
}


def descriptor_crc(description: StreamDescription) -> int:
    """CRC-16/CCITT-FALSE of a stream's description as HELLO carries it, the measured rate left out.

    The measured rate changes while nothing about decoding does; a block stays valid when it is refined.
    """
    return crc_hqx(pack_description(description)[4:], 0xFFFF)


def encode(frame: Frame) -> bytes:
    """A frame as it travels over MQTT: header, payload, CRC-32. ValueError names the field that breaks a limit."""
    problem = problem_of(frame)
    if problem is not None:
        raise ValueError(f"{type(frame).__name__}: {problem}")
    try:
        body = pack(frame)
    except (struct.error, ValueError) as error:
        raise ValueError(f"{type(frame).__name__}: a field does not fit its bytes: {error}") from error
    if len(body) + CRC.size > MAX_BODY:
        raise ValueError(f"{type(frame).__name__}: {len(body) + CRC.size} bytes, at most {MAX_BODY} allowed")
    return body + CRC.pack(zlib.crc32(body))


def frame_bytes(frame: Frame) -> bytes:
    """A frame as it travels over a serial line and lies in a .vbp file: stuffed, with a 0x00 before and after it."""
    return b"\0" + cobs.encode(encode(frame)) + b"\0"


def decode_frame(body: bytes) -> Frame | Fault:
    """One unstuffed frame (an MQTT payload) as a value; a Fault for anything else, whatever the bytes are."""
    size = len(body)
    if size > MAX_BODY:
        return Fault("oversize", f"{size} bytes, at most {MAX_BODY} allowed", size)
    if size < HEADER.size + CRC.size:
        return Fault("short", f"{size} bytes", size)
    if zlib.crc32(body) != _CRC_RESIDUE:
        return Fault("crc", f"{size} bytes", size)
    version, frame_type = body[0], body[1]
    if version != VERSION:
        ours = version >> 4 == VERSION >> 4
        return Fault("version", f"major version {version & 15}" if ours else f"first byte 0x{version:02x}", size)
    parse = _PARSERS.get(frame_type)
    if parse is not None:
        return parse(body)
    if frame_type & INCOMPATIBLE:
        return Fault("type", f"type 0x{frame_type:02x} must not be ignored and is not known", size)
    return parsing.parse_extension(body)
