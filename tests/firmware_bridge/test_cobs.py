"""Byte stuffing against the published examples and against the definition applied byte by byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import firmware_bridge
from firmware_bridge import cobs

VECTORS = json.loads((Path(firmware_bridge.__file__).parent / "vectors.json").read_text())

# Long runs without a zero and dense zeros are both rare in plain random bytes.
plain_bytes = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.integers(1, 1100).map(lambda size: bytes(1 + number % 255 for number in range(size))),
        st.integers(1, 20).map(bytes),
    ),
    max_size=5,
).map(b"".join)


def stuffed_byte_by_byte(plain: bytes) -> bytes:
    """Cheshire & Baker's encoder, one byte at a time."""
    out = bytearray([0])
    code_at = 0
    for byte in plain:
        if byte:
            out.append(byte)
        if not byte or len(out) - code_at == 255:
            out[code_at] = len(out) - code_at
            code_at = len(out)
            out.append(0)
    out[code_at] = len(out) - code_at
    return bytes(out)


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        # Examples of Cheshire & Baker as Wikipedia lists them, their delimiters left out.
        ("00", "0101"),
        ("0000", "010101"),
        ("00110000", "0102110101"),
        ("11220033", "0311220233"),
        ("11223344", "0511223344"),
        ("11000000", "0211010101"),
        (bytes(range(1, 255)).hex(), "ff" + bytes(range(1, 255)).hex() + "01"),
        (bytes(range(255)).hex(), "01ff" + bytes(range(1, 255)).hex() + "01"),
        (bytes(range(1, 256)).hex(), "ff" + bytes(range(1, 255)).hex() + "02ff"),
        ((bytes(range(2, 256)) + b"\0").hex(), "ff" + bytes(range(2, 256)).hex() + "0101"),
        ((bytes(range(3, 256)) + b"\0\1").hex(), "fe" + bytes(range(3, 256)).hex() + "0201"),
    ],
)
def test_published_examples(plain: str, stuffed: str) -> None:
    assert cobs.encode(bytes.fromhex(plain)).hex() == stuffed
    assert cobs.decode(bytes.fromhex(stuffed)) == bytes.fromhex(plain)


@pytest.mark.parametrize("vector", VECTORS["cobs"], ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, str]) -> None:
    plain, stuffed = bytes.fromhex(vector["plain"]), bytes.fromhex(vector["stuffed"])
    assert cobs.encode(plain) == stuffed == stuffed_byte_by_byte(plain)
    assert cobs.decode(stuffed) == plain


@given(plain_bytes)
def test_any_bytes_come_back(plain: bytes) -> None:
    stuffed = cobs.encode(plain)
    assert stuffed == stuffed_byte_by_byte(plain)
    assert 0 not in stuffed
    assert len(stuffed) <= cobs.encoded_limit(len(plain))
    assert cobs.decode(stuffed) == plain


def test_the_limit_is_reached() -> None:
    assert len(cobs.encode(b"\x01" * 254 * 3)) == cobs.encoded_limit(254 * 3)


def test_a_last_code_byte_may_be_missing_after_a_full_run() -> None:
    run = bytes(range(1, 255))
    assert cobs.decode(b"\xff" + run) == run


@pytest.mark.parametrize(
    "stuffed", [b"", b"\x02", b"\xff", b"\x05\x11\x22", b"\x02\x11\x03\x22", b"\x03\x00\x11", b"\0"]
)
def test_what_is_no_stuffing_is_refused(stuffed: bytes) -> None:
    assert cobs.decode(stuffed) is None


@given(st.binary(max_size=600))
def test_any_bytes_are_refused_or_decoded(noise: bytes) -> None:
    plain = cobs.decode(noise)
    assert plain is None or len(plain) < len(noise)
