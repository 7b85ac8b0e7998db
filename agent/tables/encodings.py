"""Bytes of a text file as characters: a byte order mark, UTF-8, UTF-16 by its zeros, Korean cp949, Western cp1252.

The order is what keeps it honest: UTF-8 is nearly never met by chance, cp949 is believed where it gives Hangul and no
rare character, and cp1252 reads anything, so it comes last.
"""

from __future__ import annotations

import codecs
from typing import Final

PROBE: Final = 1 << 16  # bytes that decide
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(start: bytes, rest: bytes = b"") -> str | None:
    """The encoding of a file that begins with `start`; None where it is no text.

    `rest` may hold more of the file from anywhere behind `start`, cut at line ends: bytes beyond ASCII often stand in a
    header alone, or in one remark.
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name or None
    if zeros := _utf16_by_zeros(start):
        return zeros
    if b"\0" in start:
        return None
    if _decodes(start, "utf-8") and _decodes(rest, "utf-8"):
        return "utf-8"
    if (_control(start)) > len(start) // 100:
        return None
    if _decodes(start, "cp949") and _is_korean(start + rest):
        return "cp949"
    return "cp1252"


def _utf16_by_zeros(start: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte of a table of numbers is zero."""
    even, odd = start[: len(start) // 2 * 2 : 2], start[1::2]
    if len(odd) < 2:
        return None
    if odd.count(0) > 0.6 * len(odd) and even.count(0) == 0:
        return "utf-16-le"
    if even.count(0) > 0.6 * len(even) and odd.count(0) == 0:
        return "utf-16-be"
    return None


def _decodes(data: bytes, encoding: str) -> bool:
    """Whether `data` is of that encoding, but for a character that its end may cut."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        decoder.decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _is_korean(data: bytes) -> bool:
    """Hangul of everyday use, and nothing else beyond ASCII but a few marks: two Western letters rarely give that."""
    text = data.decode("cp949", "replace")
    beyond = [character for character in text if ord(character) > 0x7F]
    hangul = sum("가" <= character <= "힣" for character in beyond)
    marks = sum(character in "℃°²³µ㎨㎜㎐㎳㎲㎧±×÷·" for character in beyond)
    everyday = all(len(c.encode("euc_kr", "ignore")) == 2 for c in beyond if "가" <= c <= "힣")
    return hangul > 0 and everyday and hangul + marks >= 0.9 * len(beyond)


def _control(data: bytes) -> int:
    return sum(byte < 32 and byte not in (9, 10, 11, 12, 13, 27) for byte in data)
