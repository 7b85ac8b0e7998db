"""The decoder fed whole, byte by byte, with noise around, damaged, and in pieces of any size."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from frame_strategies import frames
from hypothesis import given
from hypothesis import strategies as st

import firmware_bridge
from firmware_bridge import cobs, soak
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import FAULT_KINDS, MAX_WIRE, Fault, Frame, decode_frame, encode, frame_bytes
from firmware_bridge.vectors import golden_frames

VECTORS = json.loads((Path(firmware_bridge.__file__).parent / "vectors.json").read_text())
GOLDEN = golden_frames()
NOISE = b"\r\nboot v1.2\r\n\xff\xfe\x7f\x01"


def fed(*pieces: bytes) -> list[Frame | Fault]:
    decoder = Decoder()
    return [heard for piece in pieces for heard in decoder.feed(piece)]


def sound(heard: list[Frame | Fault]) -> list[Frame]:
    return [frame for frame in heard if not isinstance(frame, Fault)]


def by_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=by_name)
def test_sound_vectors(vector: dict[str, Any]) -> None:
    wire, frame = bytes.fromhex(vector["wire"]), decode_frame(bytes.fromhex(vector["body"]))
    assert not isinstance(frame, Fault)
    assert fed(wire) == [frame]
    assert fed(*(wire[at : at + 1] for at in range(len(wire)))) == [frame]
    assert fed(wire[1:]) == [frame]  # without the leading delimiter
    assert sound(fed(NOISE + wire + NOISE)) == [frame]
    assert sound(fed(NOISE, wire, NOISE + b"\0", wire)) == [frame, frame]
    assert fed(wire[:-1]) == []


@pytest.mark.parametrize("vector", VECTORS["invalid_wire"], ids=by_name)
def test_refused_vectors(vector: dict[str, Any]) -> None:
    chunk = bytes.fromhex(vector["wire"])
    after = frame_bytes(GOLDEN["status"])
    for pieces in ([b"\0" + chunk + b"\0" + after], [bytes([byte]) for byte in b"\0" + chunk + b"\0" + after]):
        fault, *rest = fed(*pieces)
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.size) == (vector["fault"], len(chunk))
        assert rest == [GOLDEN["status"]]


@pytest.mark.parametrize("vector", VECTORS["invalid_body"], ids=by_name)
def test_refused_bodies_are_refused_on_the_wire_too(vector: dict[str, Any]) -> None:
    (fault,) = fed(b"\0" + cobs.encode(bytes.fromhex(vector["body"])) + b"\0")
    assert isinstance(fault, Fault)
    assert fault.kind == vector["fault"]


def test_a_refused_block_says_whose_samples_were_lost_with_it() -> None:
    """Its CRC held, so what it says of itself is believed as far as the accounts go."""
    body = bytearray(encode(GOLDEN["data_first_block"])[:-4])
    body[26] = 0x81  # a format of a later minor version
    sealed = bytes(body) + zlib.crc32(body).to_bytes(4, "little")
    wire = cobs.encode(sealed)
    (fault,) = Decoder().feed(wire + b"\0")
    assert fault == Fault("field", "format 0x81 is not known", len(wire), stream_id=0, samples=2)


def test_every_fault_of_the_wire_has_a_vector() -> None:
    found = {vector["fault"] for vector in VECTORS["invalid_wire"]}
    assert found == {"text", "cobs", "short", "crc", "oversize"}
    assert found <= set(FAULT_KINDS)


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "data_longest"])
def test_every_bit_on_the_wire_costs_at_most_its_own_frame(name: str) -> None:
    before, frame, after = GOLDEN["log"], GOLDEN[name], GOLDEN["status"]
    start, wire, end = frame_bytes(before), bytearray(frame_bytes(frame)), frame_bytes(after)
    for bit in range(8 * len(wire)):
        wire[bit // 8] ^= 1 << bit % 8
        assert sound(fed(start + wire + end)) == [before, after], f"bit {bit}"
        wire[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "data_longest"])
def test_every_missing_tail_costs_at_most_its_own_frame(name: str) -> None:
    before, after = GOLDEN["log"], GOLDEN["status"]
    wire = frame_bytes(GOLDEN[name])
    for size in range(len(wire) - 1):
        assert sound(fed(frame_bytes(before) + wire[:size] + frame_bytes(after))) == [before, after], f"{size} bytes"


@given(st.lists(st.one_of(frames.map(frame_bytes), st.binary(max_size=40)), max_size=6), st.data())
def test_the_cut_makes_no_difference(pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert fed(*parts) == fed(stream)


@given(st.lists(frames, max_size=5), st.lists(st.binary(max_size=30), min_size=6, max_size=6))
def test_noise_between_frames_costs_none(sent: list[Frame], noise: list[bytes]) -> None:
    stream = noise[0] + b"".join(frame_bytes(frame) + dirt for frame, dirt in zip(sent, noise[1:], strict=False))
    assert sound(fed(stream + b"\0")) == sent


@given(st.lists(st.binary(max_size=3 * MAX_WIRE), max_size=4))
def test_noise_never_raises_and_never_grows_the_buffer(pieces: list[bytes]) -> None:
    decoder = Decoder()
    for piece in pieces:
        assert not sound(decoder.feed(piece))
        assert decoder.held_bytes <= MAX_WIRE


@pytest.mark.parametrize("step", [1, 1000, MAX_WIRE, 100_000])
def test_bytes_without_a_delimiter_are_one_fault_and_no_memory(step: int) -> None:
    decoder = Decoder()
    size = 100_000
    for _ in range(size // step):
        assert decoder.feed(b"\x55" * step) == []
        assert decoder.held_bytes <= MAX_WIRE
    rest = size // step * step
    (fault, frame) = decoder.feed(b"\0" + frame_bytes(GOLDEN["log"]))
    assert fault == Fault("oversize", f"{rest} bytes without a delimiter", rest)
    assert frame == GOLDEN["log"]


def test_the_longest_frame_is_not_too_long() -> None:
    longest = frame_bytes(GOLDEN["data_longest"])
    assert fed(longest[:-1], longest[-1:]) == [GOLDEN["data_longest"]]


def test_the_end_of_the_bytes_is_told() -> None:
    decoder = Decoder()
    decoder.feed(frame_bytes(GOLDEN["log"])[:-1])
    (fault,) = decoder.finish()
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.size) == ("truncated", len(frame_bytes(GOLDEN["log"])) - 2)
    assert decoder.finish() == []
    assert decoder.feed(frame_bytes(GOLDEN["status"])) == [GOLDEN["status"]]


def test_boot_text_is_told_apart_from_damage() -> None:
    text, damage = fed(b"ESP-ROM:esp32s3\r\nrst:0x1\r\n\0", b"\x05\x81\x82\0")
    assert text == Fault("text", "ESP-ROM:esp32s3\r\nrst:0x1", 26)
    assert damage == Fault("cobs", "3 bytes", 3)


def test_a_slice_of_the_soak() -> None:
    """20,000 damaged frames of the ten million that `make soak` runs."""
    result = soak.soak_frames(20_000, seed=20)
    assert (result.damaged, result.wrong, result.neighbours_lost) == (20_000, 0, 0)
    assert result.survived < 2_000  # most damage must damage, or the soak proves nothing


def test_a_slice_of_the_noise() -> None:
    result = soak.soak_noise(2_000_000, seed=20)
    assert (result.size, result.accepted) == (2_000_000, 0)
    assert result.refused > 10_000
    assert result.most_held <= MAX_WIRE


def test_the_soak_notices_a_wrong_frame_and_a_lost_neighbour() -> None:
    first, second, third = GOLDEN["log"], GOLDEN["status"], GOLDEN["data_flags"]
    compare = soak.compare
    assert compare([first, second, third, second], [first, third]) == (0, 0, 0)
    assert compare([first, second, third, second], [first, second, third]) == (1, 0, 0)
    assert compare([first, second, third, second], [first]) == (0, 0, 1)
    assert compare([first, second, third, second], [first, GOLDEN["log_empty"], third]) == (0, 1, 0)
