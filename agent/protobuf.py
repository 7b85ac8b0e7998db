"""The wire format of Protocol Buffers without a schema: read field by field, lengths checked before use; and written.

Source: protobuf.dev, Encoding. A message is a list of tagged fields; groups, which that page deprecates, are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeVar

Buffer = TypeVar("Buffer", bytes, memoryview)

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}


class ProtobufError(ValueError):
    """Bytes that are no message."""


class TruncatedError(ProtobufError):
    """A message that ends within a field."""

    def __init__(self) -> None:
        super().__init__("is cut short")


class WireTypeError(ProtobufError):
    """A field of a kind that no message has."""


class EndlessNumberError(ProtobufError):
    """A number of more bytes than any has."""

    def __init__(self) -> None:
        super().__init__("a number is too long")


def fields(message: Buffer) -> Iterator[tuple[int, int, int | Buffer]]:
    """(number, wire type, value) of every field: an int of a varint, else a slice of `message`.

    ProtobufError where it is none.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(message, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, at = _varint(message, at)
        elif wire in _SIZES:
            size = _SIZES[wire]
        else:
            raise WireTypeError(f"field {number} has wire type {wire}")
        if size > len(message) - at:
            raise TruncatedError
        yield number, wire, message[at : at + size]
        at += size


def varints(packed: bytes) -> list[int]:
    """The numbers of a packed repeated field."""
    found, at = [], 0
    while at < len(packed):
        value, at = _varint(packed, at)
        found.append(value)
    return found


def _varint(message: bytes | memoryview, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise TruncatedError
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise EndlessNumberError


def number_field(number: int, value: int) -> bytes:
    """A field that is a varint; a negative value as its two's complement of 64 bits."""
    return _written(number << 3 | VARINT) + _written(value & 0xFFFF_FFFF_FFFF_FFFF)


def bytes_field(number: int, value: bytes) -> bytes:
    """A field of bytes: text in UTF-8, or a message."""
    return _written(number << 3 | BYTES) + _written(len(value)) + value


def double_field(number: int, value: float) -> bytes:
    """A field that is a float of 64 bits."""
    return _written(number << 3 | FIXED64) + struct.pack("<d", value)


def _written(value: int) -> bytes:
    """A varint of a number that is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
