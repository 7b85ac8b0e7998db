"""The checksum that agents before layout 3 put before each baseline; since then every row has one of its own."""

from __future__ import annotations

import zlib

SEAL = b"CRC1"  # before the checksum of what follows; rows of still older agents have none


def unsealed(row: bytes) -> bytes | None:
    """What was sealed; None where a bit of it is another now."""
    if not row.startswith(SEAL):
        return row
    value = row[len(SEAL) + 4 :]
    return value if zlib.crc32(value).to_bytes(4, "big") == row[len(SEAL) : len(SEAL) + 4] else None
