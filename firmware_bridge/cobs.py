"""Consistent Overhead Byte Stuffing: any bytes as bytes without a 0x00, so that 0x00 alone ends a frame.

Every chunk starts with a code byte c: c - 1 plain bytes follow, then a 0x00 unless c is 0xFF or the data ends there
(Cheshire & Baker, 1999). Both directions walk from code to code, never from byte to byte: that is what makes pure
Python fast enough.
"""

from __future__ import annotations

LONGEST_RUN = 254
"""Plain bytes that one code byte can announce."""

_CODES = [bytes((code,)) for code in range(256)]


def encoded_limit(size: int) -> int:
    """The most bytes that `size` (>= 0) bytes can become, delimiters not counted."""
    return size + size // LONGEST_RUN + 1


def encode(data: bytes) -> bytes:
    """Stuff `data` (any length); the result holds no 0x00 and is never empty.

    A full run of 254 bytes is always followed by another code byte, even where the data ends with it: an encoder that
    works byte by byte need not look ahead.
    """
    return b"".join(
        [_CODES[len(run) + 1] + run if len(run) < LONGEST_RUN else _stuff_long_run(run) for run in data.split(b"\0")]
    )


def decode(data: bytes) -> bytes | None:
    """Undo `encode`; None where `data` is empty, holds a 0x00, or ends before a code byte says so."""
    size = len(data)
    if not size or 0 in data:
        return None
    plain = bytearray(data)
    surplus = []  # places of code bytes that stand for no 0x00
    at = 0
    try:
        while True:  # asked at each code whether it is the last, Python takes a tenth longer
            code = data[at]
            plain[at] = 0
            at += code
            if code == 0xFF:
                surplus.append(at)
    except IndexError:
        pass
    if at != size:
        return None
    if not surplus:
        return bytes(plain[1:])
    pieces = []
    start = 1
    for place in surplus:
        pieces.append(plain[start:place])
        start = place + 1
    pieces.append(plain[start:])
    return b"".join(pieces)


def _stuff_long_run(run: bytes) -> bytes:
    full = len(run) // LONGEST_RUN * LONGEST_RUN
    pieces = [b"\xff" + run[at : at + LONGEST_RUN] for at in range(0, full, LONGEST_RUN)]
    return b"".join(pieces) + _CODES[len(run) - full + 1] + run[full:]
