"""C and Python say the same of every frame, sound or damaged, and send the same bytes for the same values."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from c_library import CLibrary, as_c_sees_it, as_this_version_sends_it, make
from frame_strategies import blocks, frames, hellos, logs, statuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Fault, Hello, descriptor_crc, encode, frame_bytes

calm = settings(suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> CLibrary:
    if "TEXTVIB_LIBVBP" in os.environ:  # built for this processor by a compiler of another (make arm64)
        return CLibrary(Path(os.environ["TEXTVIB_LIBVBP"]))
    build = tmp_path_factory.mktemp("c")
    make("library", f"BUILD={build}")
    return CLibrary(build / "libvbp.so")


@given(frame=st.one_of(hellos(), blocks(), statuses(), logs).map(as_this_version_sends_it))
@calm
def test_the_same_bytes_for_the_same_value(library, frame) -> None:
    assert library.encode(frame).hex() == encode(frame).hex()


@given(frame=frames, piece=st.integers(1, 300))
@calm
def test_the_same_bytes_on_the_wire(library, frame, piece) -> None:
    assert library.stuff(encode(frame), piece) == frame_bytes(frame)


@given(frame=frames)
@calm
def test_the_same_value_of_the_same_bytes(library, frame) -> None:
    ((value, crcs),) = library.decode([frame_bytes(frame)])
    assert value == as_c_sees_it(frame)
    assert crcs == (tuple(map(descriptor_crc, frame.streams)) if isinstance(frame, Hello) else ())


@st.composite
def lines(draw: st.DrawFn) -> list[bytes]:
    """What a bad line carries, in pieces: frames, frames with damage, noise and text."""
    wire = bytearray()
    for frame in draw(st.lists(frames, min_size=1, max_size=4)):
        sent = bytearray(frame_bytes(frame))
        for at, value in draw(st.lists(st.tuples(st.integers(0, len(sent) - 1), st.integers(0, 255)), max_size=3)):
            sent[at] = value
        if draw(st.booleans()):
            start = draw(st.integers(0, len(sent)))
            del sent[start : start + draw(st.integers(0, 40))]
        wire += sent + draw(st.one_of(st.just(b""), st.binary(max_size=30), st.just(b"\x1b[0mboot\r\n\0")))
    cuts = sorted(draw(st.lists(st.integers(0, len(wire)), max_size=5)))
    return [bytes(wire[a:b]) for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]


@given(pieces=lines())
@calm
def test_the_same_frames_and_faults_of_a_bad_line(library, pieces) -> None:
    decoder = Decoder()
    expected = [item for piece in pieces for item in decoder.feed(piece)]
    got = library.decode(pieces)
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected, strict=True):
        if isinstance(theirs, Fault):
            assert isinstance(ours, Fault)
            assert (ours.kind, ours.samples) == (theirs.kind, theirs.samples)
        else:
            assert not isinstance(ours, Fault)
            assert ours[0] == as_c_sees_it(theirs)


@st.composite
def sealed_lies(draw: st.DrawFn) -> bytes:
    """A frame whose fields are anything under a CRC that holds, which damage on a line never makes."""
    body = bytearray(encode(draw(frames))[:-4])
    places = st.one_of(st.integers(0, len(body) - 1), st.integers(0, min(len(body), 84) - 1))
    for at, value in draw(st.lists(st.tuples(places, st.one_of(st.integers(0, 255), st.just(255))), max_size=4)):
        body[at] = value
    body[0] = draw(st.sampled_from((0xA1, 0xA1, 0xA1, body[0])))
    plain = bytes(body[: len(body) - draw(st.integers(0, 3))]) + draw(st.binary(max_size=2))
    return plain + zlib.crc32(plain).to_bytes(4, "little")


@given(body=sealed_lies())
@calm
def test_the_same_refusal_of_a_well_sealed_lie(library, body) -> None:
    wire = library.stuff(body, 64)
    (expected,) = Decoder().feed(wire)
    (got,) = library.decode([wire])
    if isinstance(expected, Fault):
        assert isinstance(got, Fault)
        assert (got.kind, got.samples) == (expected.kind, expected.samples)
    else:
        assert not isinstance(got, Fault)
        assert got[0] == as_c_sees_it(expected)
