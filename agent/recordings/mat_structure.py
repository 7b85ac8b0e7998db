"""Whether a MATLAB 5 file is built as its format says, before scipy is let near it, whose reader trusts what it says.

A file that lies about them can end the whole process there (a sparse matrix without its indices, a number of unknown
type), and no exception handler is asked. Layout: "MAT-File Format", The MathWorks, chapter 1.
"""

from __future__ import annotations

import math
import struct
import zlib

MAX_DEPTH = 16
HEADER_BYTES = 128
CELL, STRUCT, OBJECT, CHAR, SPARSE = 1, 2, 3, 4, 5
NUMERIC = range(6, 16)
MATRIX, COMPRESSED = 14, 15
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}
TEXT = (1, 2, 4, 16, 17, 18)
COMPLEX = 0x0800
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}  # version 1.0 and the order of its bytes


class BadStructureError(ValueError):
    """What is wrong with the file, in a few words."""


def check_structure(content: memoryview, *, max_bytes: int) -> None:
    """BadStructureError where a MATLAB 5 file is not what it says; other versions are left to their reader.

    `max_bytes` bounds what its compressed variables may grow to, all together.
    """
    order = _ORDERS.get(bytes(content[124:128]))
    if order is None or not all(content[:4]):
        return
    at = HEADER_BYTES
    while at + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        body = content[at + 8 : at + 8 + size]
        if len(body) != size:
            raise BadStructureError("a variable is cut short")
        if kind == COMPRESSED:
            body = memoryview(_inflated(body, max_bytes))
            max_bytes -= len(body)
            kind, size = struct.unpack_from(f"{order}II", body) if len(body) >= 8 else (0, 0)
            body = body[8 : 8 + size]
        if kind != MATRIX:
            raise BadStructureError(f"a variable of type {kind}")
        _check_matrix(_Elements(body, order), depth=0)
        at += 8 + struct.unpack_from(f"{order}II", content, at)[1]


def _inflated(body: memoryview, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        whole = inflater.decompress(body, max(1, max_bytes))  # 0 would be without bound
    except zlib.error as error:
        raise BadStructureError(str(error)) from error
    if not inflater.eof:
        why = "does not end" if len(whole) < max_bytes else "unpacks to more than a recording does; save it again"
        raise BadStructureError(f"a compressed variable {why}")
    return whole


class _Elements:
    """The elements of a matrix, one after the other."""

    def __init__(self, body: memoryview, order: str) -> None:
        self.order = order
        self._body = body
        self._at = 0

    def next(self) -> tuple[int, memoryview]:
        """Type and content of the next element."""
        if self._at + 8 > len(self._body):
            raise BadStructureError("an element is missing")
        kind, size = struct.unpack_from(f"{self.order}II", self._body, self._at)
        start = self._at + 8
        if kind >> 16:  # a small one: size, type and up to four bytes in one
            kind, size, start = kind & 0xFFFF, kind >> 16, self._at + 4
            if size > 4:
                raise BadStructureError(f"a small element of {size} bytes")
            self._at += 8
        else:
            self._at = start + size + (-size % 8 if kind != MATRIX else 0)
        content = self._body[start : start + size]
        if len(content) != size:
            raise BadStructureError("an element is cut short")
        return kind, content

    def integers(self) -> tuple[int, ...]:
        """An element of 32-bit integers."""
        kind, content = self.next()
        if kind not in (5, 6) or len(content) % 4:
            raise BadStructureError(f"type {kind} where 32-bit integers belong")
        return struct.unpack(f"{self.order}{len(content) // 4}{'i' if kind == 5 else 'I'}", content)


def _check_matrix(elements: _Elements, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadStructureError(f"more than {MAX_DEPTH} levels deep")
    flags = elements.integers()
    if len(flags) != 2:
        raise BadStructureError("array flags of another size")
    kind, is_complex = flags[0] & 0xFF, bool(flags[0] & COMPLEX)
    dimensions = elements.integers()
    if not 2 <= len(dimensions) <= 32 or any(side < 0 for side in dimensions):
        raise BadStructureError(f"dimensions {dimensions}")
    count = math.prod(dimensions)
    if elements.next()[0] not in TEXT:
        raise BadStructureError("a name that is no text")
    if kind in NUMERIC:
        for _ in range(1 + is_complex):
            _check_numbers(elements, count)
    elif kind == CHAR and not is_complex:
        if elements.next()[0] not in TEXT:
            raise BadStructureError("a text that is none")
    elif kind == CELL:
        _check_children(elements, count, depth=depth)
    elif kind in (STRUCT, OBJECT):
        if kind == OBJECT:
            elements.next()
        (length,) = elements.integers() or (0,)
        _, names = elements.next()
        if length <= 0 or len(names) % length:
            raise BadStructureError("field names of unequal length")
        _check_children(elements, count * (len(names) // length), depth=depth)
    else:
        what = "a sparse matrix" if kind == SPARSE else f"an array of class {kind}"
        raise BadStructureError(f"holds {what}; save it without")


def _check_numbers(elements: _Elements, count: int) -> None:
    kind, content = elements.next()
    if kind not in ITEM_BYTES or len(content) != count * ITEM_BYTES[kind]:
        raise BadStructureError(f"{count} numbers in {len(content)} bytes of type {kind}")


def _check_children(elements: _Elements, count: int, *, depth: int) -> None:
    for _ in range(count):
        kind, content = elements.next()
        if kind != MATRIX:
            raise BadStructureError(f"an element of type {kind} where an array belongs")
        if len(content):  # an empty one says nothing more
            _check_matrix(_Elements(content, elements.order), depth=depth + 1)
