"""Sparkplug B payloads, written: metrics with their types, times and units.

Field numbers and types: sparkplug_b.proto of Eclipse Tahu. Metrics have names and no aliases, and their type in every
message: the specification asks for it in births alone, but there are hosts that read no value without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from agent.protobuf import bytes_field, double_field, number_field
from agent.sinks.tags import Kind, Value

INT64, DOUBLE, BOOLEAN, STRING, DATETIME = 4, 10, 11, 12, 13
TYPES: dict[Kind, int] = {
    "text": STRING,
    "words": STRING,
    "real": DOUBLE,
    "whole": INT64,
    "flag": BOOLEAN,
    "moment": DATETIME,
}


class Metric(NamedTuple):
    """A named value at a time."""

    name: str
    type: int
    value: Value
    time_ms: int  # UTC
    is_historical: bool = False  # it was measured earlier and not said then
    unit: str | None = None


def payload_of(metrics: Iterable[Metric], *, time_ms: int, seq: int | None) -> bytes:
    """A payload; `seq` None: that of an NDEATH, which has none."""
    head = number_field(1, time_ms) + b"".join(bytes_field(2, _metric(metric)) for metric in metrics)
    return head if seq is None else head + number_field(3, seq)


def milliseconds(when: datetime) -> int:
    """Since 1970 UTC."""
    return round(when.timestamp() * 1000)


def _metric(metric: Metric) -> bytes:
    told = bytes_field(1, metric.name.encode()) + number_field(3, metric.time_ms) + number_field(4, metric.type)
    if metric.is_historical:
        told += number_field(5, 1)
    if metric.unit is not None:
        told += bytes_field(9, _unit(metric.unit))
    return told + _value(metric.value)


def _value(value: Value) -> bytes:
    match value:
        case None:
            return number_field(7, 1)
        case bool():
            return number_field(14, value)
        case int():
            return number_field(11, value)
        case float():
            return double_field(13, value)
        case datetime():
            return number_field(11, milliseconds(value))
    return bytes_field(15, value.encode(errors="replace"))


def _unit(unit: str) -> bytes:
    """A set of one property, as Ignition and others name it."""
    text = number_field(1, STRING) + bytes_field(8, unit.encode())
    return bytes_field(1, b"engUnit") + bytes_field(2, text)
