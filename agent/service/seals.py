"""A checksum before what is stored, so that a bit that is another now is noticed when it is read."""

from __future__ import annotations

import zlib

SEAL = b"CRC1"  # before the checksum of what follows; rows of older agents have none


def sealed(value: bytes) -> bytes:
    """`value` with its checksum before it."""
    return SEAL + zlib.crc32(value).to_bytes(4, "big") + value


def unsealed(row: bytes) -> bytes | None:
    """What was sealed; None where a bit of it is another now."""
    if not row.startswith(SEAL):
        return row
    value = row[len(SEAL) + 4 :]
    return value if zlib.crc32(value).to_bytes(4, "big") == row[len(SEAL) : len(SEAL) + 4] else None
