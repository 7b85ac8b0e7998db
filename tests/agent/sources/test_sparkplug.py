"""Sparkplug B payloads: every kind of value, names learnt at birth, and bytes that are none."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sparkplug_bytes import data_set, field, floats, metric, payload

from agent.sources.sparkplug import SparkplugError, SparkplugReader, sparkplug_topic


def test_every_kind_of_value_is_read() -> None:
    document = SparkplugReader().read(
        payload(
            metric("int16", 2, 10, 0xFFFF),
            metric("int32", 3, 10, -5),
            metric("int64", 4, 11, -7),
            metric("uint", 7, 10, 40_000),
            metric("double", 10, 13, 1.5),
            metric("bool", 11, 14, 1),
            metric("text", 12, 15, b"m/s2"),
            metric("floats", 30, 16, floats(0.5, -0.25)),
            metric("shorts", 23, 16, struct.pack("<3h", -1, 0, 32767)),
            metric("table", 16, 17, data_set(["x", "y"], [[0.5, 1.0], [1.5, 2.0]])),
            field(2, field(1, b"float") + field(4, 9) + b"\x65" + struct.pack("<f", 0.5)),
            field(2, field(1, b"old") + field(4, 10) + field(5, 1) + field(13, 1.5)),
            field(2, field(1, b"none") + field(4, 9) + field(7, 1)),
            seq=9,
        )
    )
    assert (document["timestamp"], document["seq"]) == (1_772_352_000_000, 9)
    assert document["metrics"] == {
        "int16": -1,
        "int32": -5,
        "int64": -7,
        "uint": 40_000,
        "double": 1.5,
        "bool": True,
        "text": "m/s2",
        "floats": [0.5, -0.25],
        "shorts": [-1, 0, 32767],
        "table": [{"x": 0.5, "y": 1.0}, {"x": 1.5, "y": 2.0}],
        "float": 0.5,
        "none": None,
    }


def test_a_birth_teaches_the_names_that_data_leave_out() -> None:
    reader = SparkplugReader()
    data = payload(metric(None, None, 16, floats(1.0, 2.0), alias=7))
    assert reader.read(data)["metrics"] == {"#7": None}
    reader.read(payload(metric("Vibration/x", 30, 16, b"", alias=7)))
    assert reader.read(data)["metrics"] == {"Vibration/x": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither"),
        (b"\x08", "cut short"),
        (b"\x12\x05\x0a", "cut short"),
        (b"\x08" + b"\xff" * 12, "too long"),
        (b"\x0b\x00", "wire type"),
        (b"\x00\x00", "number 0"),
        (field(2, field(4, 30) + field(16, b"abc")), "no whole number"),
        (b'{"x": [1, 2]}', "wire type"),
    ],
)
def test_bytes_that_are_none_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(SparkplugError, match=why):
        SparkplugReader().read(data)


@given(st.binary(max_size=200))
def test_noise_raises_nothing_else(data: bytes) -> None:
    with contextlib.suppress(SparkplugError):
        SparkplugReader().read(data)


def test_all_messages_of_a_device_are_one() -> None:
    assert sparkplug_topic("spBv1.0/plant/DDATA/line1/pump") == ("spBv1.0/plant/*/line1/pump", "DDATA")
    assert sparkplug_topic("spBv1.0/plant/NBIRTH/line1") == ("spBv1.0/plant/*/line1", "NBIRTH")
    assert sparkplug_topic("plant/fan/acc") == ("plant/fan/acc", None)
