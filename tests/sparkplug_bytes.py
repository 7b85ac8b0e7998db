"""Sparkplug B payloads written by hand: an encoder of a dozen lines, to test the decoder against."""

from __future__ import annotations

import struct


def varint(number: int) -> bytes:
    out = bytearray()
    number &= (1 << 64) - 1
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def field(number: int, value: int | float | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3) + varint(value)


def metric(
    name: str | None, kind: int | None, number: int, value: int | float | bytes, *, alias: int | None = None
) -> bytes:
    body = field(1, name.encode()) if name is not None else b""
    body += field(2, alias) if alias is not None else b""
    body += field(4, kind) if kind is not None else b""
    return field(2, body + field(number, value))


def payload(*metrics: bytes, seq: int = 0, timestamp_ms: int = 1_772_352_000_000) -> bytes:
    return field(1, timestamp_ms) + b"".join(metrics) + field(3, seq)


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def data_set(columns: list[str], rows: list[list[float]]) -> bytes:
    cells = [field(4, b"".join(field(1, field(4, value)) for value in row)) for row in rows]
    names = b"".join(field(2, name.encode()) for name in columns)
    return field(1, len(columns)) + names + b"".join(field(3, 10) for _ in columns) + b"".join(cells)
