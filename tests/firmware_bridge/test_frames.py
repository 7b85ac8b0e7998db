"""Frames against the golden vectors, against the layout written out by hand, and against damage."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from frame_strategies import frames
from hypothesis import given
from hypothesis import strategies as st

import firmware_bridge
from firmware_bridge import frames as protocol
from firmware_bridge import vectors
from firmware_bridge.frames import (
    FAULT_KINDS,
    Data,
    Extension,
    Fault,
    Format,
    Hello,
    Log,
    Status,
    StreamDescription,
    decode_frame,
    descriptor_crc,
    encode,
    frame_bytes,
)
from firmware_bridge.report import as_json, as_line

FILE = Path(firmware_bridge.__file__).parent / "vectors.json"
VECTORS = json.loads(FILE.read_text())
TYPES: dict[str, Any] = {"Hello": Hello, "Data": Data, "Status": Status, "Log": Log, "Extension": Extension}
GOLDEN = vectors.golden_frames()


def frame_of(kind: str, fields: dict[str, Any]) -> Any:
    """A frame from the fields of a vector."""
    values = dict(fields)
    for name in ("uid", "payload", "extra"):
        if name in values:
            values[name] = bytes.fromhex(values[name])
    if "format" in values:
        values["format"] = Format(values["format"])
    if "streams" in values:
        values["streams"] = tuple(description_of(stream) for stream in values["streams"])
    return TYPES[kind](**values)


def description_of(fields: dict[str, Any]) -> StreamDescription:
    return StreamDescription(**{**fields, "axes": tuple(fields["axes"]), "extra": bytes.fromhex(fields["extra"])})


def by_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def test_the_file_is_what_the_generator_writes() -> None:
    assert FILE.read_text() == vectors.as_text(), (
        "run: python -m firmware_bridge vectors > firmware_bridge/vectors.json"
    )


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=by_name)
def test_sound_vectors(vector: dict[str, Any]) -> None:
    frame, body = frame_of(vector["type"], vector["fields"]), bytes.fromhex(vector["body"])
    assert decode_frame(body) == frame
    assert encode(frame) == body
    assert frame_bytes(frame).hex() == vector["wire"]


@pytest.mark.parametrize("vector", VECTORS["invalid_body"], ids=by_name)
def test_refused_vectors(vector: dict[str, Any]) -> None:
    body = bytes.fromhex(vector["body"])
    fault = decode_frame(body)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.size) == (vector["fault"], len(body))


@pytest.mark.parametrize("vector", VECTORS["descriptor_crc"], ids=by_name)
def test_description_crc_vectors(vector: dict[str, Any]) -> None:
    description = description_of(vector["fields"])
    assert descriptor_crc(description) == vector["crc"]
    assert descriptor_crc(replace(description, rate_measured_mhz=1)) == vector["crc"]
    assert descriptor_crc(replace(description, scale_nano_g=1)) != vector["crc"]


def test_every_fault_of_a_body_has_a_vector() -> None:
    found = {vector["fault"] for vector in VECTORS["invalid_body"]}
    assert found == {"short", "oversize", "crc", "version", "type", "length", "field"}
    assert found <= set(FAULT_KINDS)


def test_a_block_lies_where_the_specification_says() -> None:
    """The bytes put together field by field, with nothing of ours but the numbers of SPEC.md."""
    head = struct.pack("<BBHHBB", 0xA1, 2, 7, 0xBEEF, 3, 0b101)
    body = head + struct.pack("<QQHBBHH", 1 << 40, 123456789, 2, 1, 2, 0xCAFE, 1) + struct.pack("<4h", 1, -2, 32767, 4)
    body += struct.pack("<I", zlib.crc32(body))
    assert decode_frame(body) == Data(
        seq=7,
        session=0xBEEF,
        stream_id=3,
        flags=5,
        sample_index=1 << 40,
        t_us=123456789,
        n_samples=2,
        n_axes=2,
        format=Format.I16,
        desc_crc=0xCAFE,
        n_clipped=1,
        payload=struct.pack("<4h", 1, -2, 32767, 4),
    )


def test_a_refused_block_tells_the_samples_lost_with_it() -> None:
    body = encode(GOLDEN["data_first_block"])[:-5]
    fault = decode_frame(body + struct.pack("<I", zlib.crc32(body)))
    assert fault == Fault("length", "2 samples of 3 axes in 47 bytes", 47, stream_id=0, samples=2)


@given(frames)
def test_any_frame_comes_back(frame: Any) -> None:
    assert decode_frame(encode(frame)) == frame


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    assert isinstance(decode_frame(noise), Fault)


@given(st.sampled_from(sorted(GOLDEN)), st.integers(0, 140), st.binary(min_size=1, max_size=8), st.booleans())
def test_a_frame_with_strange_fields_never_raises(name: str, at: int, new: bytes, cut: bool) -> None:
    """Damage under a correct CRC: what a hostile sender can do."""
    body = encode(GOLDEN[name])[:-4]
    strange = body[:at] + new + (b"" if cut else body[at + len(new) :])
    answer = decode_frame(strange + struct.pack("<I", zlib.crc32(strange)))
    if not isinstance(answer, Fault):
        assert decode_frame(encode(answer)) == answer


def test_text_that_is_no_text_stays_what_it_was() -> None:
    """As a text cut inside a character: it is read, shown harmlessly, and said again byte by byte."""
    body = encode(Log(seq=0, session=0, level=3, text="x" * 200))[:-204] + b"\xec\xb6" * 100
    sealed = body + struct.pack("<I", zlib.crc32(body))
    answer = decode_frame(sealed)
    assert isinstance(answer, Log)
    assert encode(answer) == sealed
    assert as_line(answer).isprintable()
    assert json.loads(as_json(answer).encode())["text"] == answer.text


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "data_longest"])
def test_every_single_bit_matters(name: str) -> None:
    body = bytearray(encode(GOLDEN[name]))
    for bit in range(8 * len(body)):
        body[bit // 8] ^= 1 << bit % 8
        assert isinstance(decode_frame(bytes(body)), Fault), f"bit {bit}"
        body[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("name", GOLDEN)
def test_every_truncation_is_noticed(name: str) -> None:
    body = encode(GOLDEN[name])
    for size in range(0, len(body), 1 + len(body) // 1000):
        assert isinstance(decode_frame(body[:size]), Fault), f"{size} bytes"


DATA, HELLO, STATUS = GOLDEN["data_first_block"], GOLDEN["hello_one_stream"], GOLDEN["status"]
WIDE = vectors.WIDE


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (replace(DATA, payload=bytes(11)), "payload of 11 bytes, 12 expected"),
        (replace(DATA, n_samples=0, payload=b""), "no samples"),
        (replace(DATA, n_axes=0, payload=b""), "0 axes"),
        (replace(DATA, n_axes=9, payload=bytes(36)), "9 axes"),
        (replace(DATA, n_samples=4090, n_axes=1, payload=bytes(8180)), "8216 bytes, at most 8192"),
        (replace(DATA, flags=0x40), "reserved flags 0x40"),
        (replace(DATA, sample_index=2**53 - 1), "sample_index"),
        (replace(DATA, sample_index=-1), "does not fit"),
        (replace(DATA, t_us=2**53), "t_us"),
        (replace(DATA, seq=2**16), "does not fit"),
        (replace(HELLO, streams=()), "0 streams"),
        (replace(HELLO, streams=tuple(replace(WIDE, stream_id=number) for number in range(9))), "9 streams"),
        (replace(HELLO, streams=(WIDE, WIDE)), "two streams with one id"),
        (replace(HELLO, streams=(WIDE, replace(WIDE, stream_id=1, extra=b"x"))), "descriptions of unequal size"),
        (replace(HELLO, streams=(replace(WIDE, stream_id=255),)), "stream id 255"),
        (replace(HELLO, streams=(replace(WIDE, axes=()),)), "axes ''"),
        (replace(HELLO, streams=(replace(WIDE, axes=("x", "x")),)), "axes 'xx'"),
        (replace(HELLO, streams=(replace(WIDE, axes=("xy", "z")),)), "one letter"),
        (replace(HELLO, streams=(replace(WIDE, axes=("X",)),)), "one letter"),
        (replace(HELLO, streams=(replace(WIDE, rate_nominal_mhz=0),)), "no nominal rate"),
        (replace(HELLO, streams=(replace(WIDE, sensor="thirteen char"),)), "does not fit 12"),
        (replace(HELLO, streams=(replace(WIDE, extra=bytes(208)),)), "does not fit"),
        (replace(HELLO, firmware="a\nb"), "does not fit 24"),
        (replace(HELLO, firmware="é"), "does not fit"),
        (replace(HELLO, uid=bytes(15)), "uid of 15 bytes"),
        (replace(HELLO, max_frame=8193), "max_frame 8193"),
        (replace(STATUS, dropped_fifo=26_700), "more samples dropped and queued than produced"),
        (replace(STATUS, dropped_fifo=0, dropped_queue=0, queued=26_701), "more samples dropped and queued"),
        (replace(STATUS, produced=2**53 + 1), "beyond"),
        (Log(seq=0, session=0, level=8, text=""), "level 8"),
        (Log(seq=0, session=0, level=1, text="축" * 67), "text of 201 bytes"),
        (Extension(type=2, seq=0, session=0, stream_id=0, flags=0, payload=b""), "type 2 cannot be ignored"),
        (Extension(type=0x85, seq=0, session=0, stream_id=0, flags=0, payload=b""), "type 133 cannot be ignored"),
    ],
)
def test_nothing_is_sent_that_a_receiver_would_refuse(frame: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        encode(frame)


def test_limits_are_those_of_the_vectors() -> None:
    assert (VECTORS["max_body"], VECTORS["max_wire"]) == (protocol.MAX_BODY, protocol.MAX_WIRE) == (8192, 8225)
    assert len(encode(GOLDEN["data_longest"])) == protocol.MAX_BODY


def test_a_description_speaks_in_the_units_of_people() -> None:
    assert (WIDE.rate_hz, WIDE.full_scale_g) == (26_667.0, 16.0)
    assert WIDE.scale_g == pytest.approx(0.000488, rel=1e-15)
    assert (vectors.SLOW.scale_g, vectors.SLOW.full_scale_g) == (None, None)
    assert HELLO.device == "e66118604b3f2a21"
    assert replace(HELLO, uid=bytes(16)).device == "00"
