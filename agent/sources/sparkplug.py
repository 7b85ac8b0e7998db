"""Sparkplug B payloads as plain values: protobuf read field by field, bounded, with what this agent needs and no more.

A device names its metrics at birth and may send their numbers (aliases) alone afterwards, so a reader remembers the
names. Field numbers: sparkplug_b.proto of Eclipse Tahu; arrays, little-endian in `bytes_value`: Sparkplug 3.0.0,
6.4.17.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from agent.protobuf import BYTES, VARINT, ProtobufError, fields, varints

MOST_METRICS = 4096
MOST_ALIASES = 4096
MOST_NAME = 256  # characters

BIRTHS = ("NBIRTH", "DBIRTH")
SILENT_MESSAGES = ("NDEATH", "DDEATH", "NCMD", "DCMD")  # hold nothing that was measured

_ARRAYS = {22: "b", 23: "h", 24: "i", 25: "q", 26: "B", 27: "H", 28: "I", 29: "Q", 30: "f", 31: "d", 34: "q"}
"""Data type of an array -> struct's letter."""
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Data type of a signed integer, which travels as an unsigned one -> its bits."""


def sparkplug_topic(topic: str) -> tuple[str, str | None]:
    """A topic without its kind of message, by which all of a device are one, and that kind; None for other topics."""
    levels = topic.split("/")
    if levels[0] != "spBv1.0" or len(levels) not in (4, 5):
        return topic, None
    return "/".join((*levels[:2], "*", *levels[3:])), levels[2]


class SparkplugError(ValueError):
    """Bytes that are no Sparkplug B payload."""


class SparkplugReader:
    """The payloads of one device or node; births teach the names of its metrics."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._types: dict[int, int] = {}

    def read(self, payload: bytes) -> dict[str, Any]:
        """`{"timestamp": ms, "seq": n, "metrics": {name: value}}`; a data set is a list of rows, each an object.

        What a device kept from before is left out. A metric whose number no birth has named is called `#7`.
        SparkplugError where the bytes are something else.
        """
        document: dict[str, Any] = {"metrics": {}}
        count = 0
        for number, wire, value in _fields(payload):
            if number == 1 and wire == VARINT:
                document["timestamp"] = value
            elif number == 3 and wire == VARINT:
                document["seq"] = value
            elif number == 2 and wire == BYTES:
                count += 1
                if count > MOST_METRICS:
                    raise SparkplugError(f"has more than {MOST_METRICS} metrics")
                name, read, is_historical = self._metric(value)
                if not is_historical:
                    document["metrics"][name] = read
            elif number in (1, 2, 3):
                raise SparkplugError(f"field {number} has wire type {wire}")
        if len(document) == 1 and not count:
            raise SparkplugError("holds neither a timestamp nor metrics")
        return document

    def _metric(self, data: bytes) -> tuple[str, Any, bool]:
        """Name, value, and whether it is of the past."""
        found = {number: (wire, value) for number, wire, value in _fields(data)}
        name, alias, kind = _text(found, 1), _number(found, 2), _number(found, 4)
        if alias is not None and (alias in self._names or len(self._names) < MOST_ALIASES):
            if name is not None:
                self._names[alias] = name
            if kind is not None:
                self._types[alias] = kind
        if alias is not None:
            name = name if name is not None else self._names.get(alias, f"#{alias}")
            kind = kind if kind is not None else self._types.get(alias)
        value = None if _number(found, 7) else _value(found, kind or 0)
        return name or "", value, bool(_number(found, 5))


def _value(found: dict[int, tuple[int, Any]], kind: int) -> Any:
    """The value of a metric or of a data set's cell whose fields are numbered as a metric's."""
    for number, (_, value) in found.items():
        if number in (10, 11):
            return _signed(value, kind)
        if number == 12:
            return _unpacked("f", value)
        if number == 13:
            return _unpacked("d", value)
        if number == 14:
            return bool(value)
        if number == 15:
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else None
        if number == 16 and isinstance(value, bytes):
            return _array(value, kind)
        if number == 17 and isinstance(value, bytes):
            return _rows(value)
    return None


def _array(data: bytes, kind: int) -> list[float] | None:
    letter = _ARRAYS.get(kind)
    if letter is None:
        return None
    if len(data) % struct.calcsize(f"<{letter}"):
        raise SparkplugError(f"an array of {len(data)} bytes holds no whole number of elements")
    return [value for (value,) in struct.iter_unpack(f"<{letter}", data)]


def _rows(data: bytes) -> list[dict[str, Any]]:
    """A data set: fields 2 columns, 3 types, 4 rows; a cell's own fields are numbered from 1 as a metric's from 10."""
    names: list[str] = []
    kinds: list[int] = []
    rows: list[dict[str, Any]] = []
    for number, wire, value in _fields(data):
        if number == 2 and wire == BYTES:
            names.append(value.decode("utf-8", "replace")[:MOST_NAME])
        elif number == 3:
            kinds += [value] if wire == VARINT else _varints(value)
        elif number == 4 and wire == BYTES:
            cells = [cell for field, kind, cell in _fields(value) if field == 1 and kind == BYTES]
            if len(cells) != len(names):
                raise SparkplugError(f"a row of {len(cells)} cells under {len(names)} columns")
            rows.append(
                {
                    name: _cell(cell, kinds[k] if k < len(kinds) else 0)
                    for k, (name, cell) in enumerate(zip(names, cells, strict=True))
                }
            )
    return rows


def _cell(data: bytes, kind: int) -> Any:
    return _value({number + 9: (wire, value) for number, wire, value in _fields(data)}, kind)


def _signed(value: Any, kind: int) -> int | None:
    if not isinstance(value, int):
        return None
    bits = _SIGNED.get(kind)
    if bits is None:
        return value
    low: int = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _unpacked(letter: str, data: Any) -> float | None:
    if not isinstance(data, bytes) or len(data) != struct.calcsize(letter):
        return None
    (value,) = struct.unpack(f"<{letter}", data)
    return float(value)


def _text(found: dict[int, tuple[int, Any]], number: int) -> str | None:
    value = found.get(number, (0, None))[1]
    return value.decode("utf-8", "replace")[:MOST_NAME] if isinstance(value, bytes) else None


def _number(found: dict[int, tuple[int, Any]], number: int) -> int | None:
    value = found.get(number, (0, None))[1]
    return value if isinstance(value, int) else None


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Every field as `protobuf.fields` reads it; SparkplugError where that cannot."""
    try:
        for number, wire, value in fields(data):
            if number == 0:
                raise SparkplugError("a field has the number 0")
            yield number, wire, value
    except ProtobufError as error:
        raise SparkplugError(str(error)) from None


def _varints(data: bytes) -> list[int]:
    try:
        return varints(data)
    except ProtobufError as error:
        raise SparkplugError(str(error)) from None
