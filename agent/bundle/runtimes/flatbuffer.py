"""A FlatBuffers file read by a schema, every offset held against the file: a reader that trusts them can be led
anywhere in memory.

Source: flatbuffers.dev, FlatBuffer Internals. Only what the schema knows is taken: what this does not know has not been
looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

MOST_PARTS = 50_000
"""Tables and vectors that are read in all: several may be one in the file, so its size does not bound them."""

NUMBERS = {"i1": "b", "u1": "B", "i4": "i", "u4": "I", "f4": "f", "i8": "q", "u8": "Q"}

Schema: TypeAlias = Mapping[str, Mapping[int, tuple[str, str]]]
"""Table -> number of a field -> its name and kind: a number (`i4`), a vector of numbers (`i4*`), a table of this schema
(`Tensor`), a vector of tables (`Tensor*`), or a table whose kind the field before says (`?`, by its number)."""
Table: TypeAlias = dict[str, Any]


class FlatbufferError(ValueError):
    """Bytes that are no such file."""


class Flatbuffer:
    """`root` reads the file whole."""

    def __init__(self, content: bytes, schema: Schema, unions: Mapping[int, str]) -> None:
        """`unions`: number in the field before a `?` -> table."""
        self._content = memoryview(content)
        self._schema = schema
        self._unions = unions
        self._parts = 0

    def root(self, name: str) -> Table:
        """The file's table, of kind `name`, as names and values; absent fields are left out. FlatbufferError."""
        return self._table(name, self._follow(0))

    def _table(self, name: str, at: int) -> Table:
        self._count()
        vtable = at - int(self._number("i4", at))
        vtable_size, table_size = self._unsigned_16(vtable), self._unsigned_16(vtable + 2)
        if vtable_size < 4 or vtable_size % 2 or at + table_size > len(self._content):
            raise FlatbufferError(f"a table {name} does not fit the file")
        known, found = self._schema[name], Table()
        for number in range((vtable_size - 4) // 2):
            offset = self._unsigned_16(vtable + 4 + 2 * number)
            if offset == 0:
                continue
            if number not in known:
                raise FlatbufferError(f"{name} has a field {number}, which is not known here")
            if not 4 <= offset < table_size:
                raise FlatbufferError(f"field {number} of {name} lies outside it")
            field, kind = known[number]
            if kind == "?":
                kind = self._kind_of_union(found.get(known[number - 1][0], 0))
            found[field] = self._value(kind, at + offset)
        return found

    def _value(self, kind: str, at: int) -> Any:
        if kind in NUMBERS:
            return self._number(kind, at)
        target = self._follow(at)
        if not kind.endswith("*"):
            return self._table(kind, target)
        return self._vector(kind[:-1], target)

    def _vector(self, kind: str, at: int) -> Any:
        """A tuple of numbers or tables; bytes of `u1` and `i1` as they lie there."""
        self._count()
        count, start = int(self._number("u4", at)), at + 4
        width = struct.calcsize(f"={NUMBERS[kind]}") if kind in NUMBERS else 4
        if count * width > len(self._content) - start:
            raise FlatbufferError(f"a vector claims {count} entries, more than the file holds")
        if kind in ("u1", "i1"):
            return self._content[start : start + count]
        if kind in NUMBERS:
            if start % width:
                raise FlatbufferError("a vector is not aligned")
            return struct.unpack_from(f"<{count}{NUMBERS[kind]}", self._content, start)
        return tuple(self._table(kind, self._follow(start + 4 * index)) for index in range(count))

    def _follow(self, at: int) -> int:
        """Where an offset leads."""
        return at + int(self._number("u4", at))

    def _number(self, kind: str, at: int) -> float:
        width = struct.calcsize(f"={NUMBERS[kind]}")
        if at < 0 or at + width > len(self._content) or at % width:
            raise FlatbufferError("an offset leads out of the file, or between two numbers")
        value: float = struct.unpack_from(f"<{NUMBERS[kind]}", self._content, at)[0]
        return value

    def _unsigned_16(self, at: int) -> int:
        if at < 0 or at + 2 > len(self._content) or at % 2:
            raise FlatbufferError("an offset leads out of the file, or between two numbers")
        return int.from_bytes(self._content[at : at + 2], "little")

    def _kind_of_union(self, number: int) -> str:
        if number not in self._unions:
            raise FlatbufferError(f"options of kind {number}, which are not known here")
        return self._unions[number]

    def _count(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise FlatbufferError(f"more than {MOST_PARTS} parts")
