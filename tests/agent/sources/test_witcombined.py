"""WitMotion's combined frames: believed between headers, counted where they are missing, and told from WTVB01's."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serial_lines import Terminal
from waiting import until

from agent.sources.witcombined import LEAST, SIZE, VIBRATION_SIZE, CombinedDecoder
from agent.sources.witframes import STEP_G, Acceleration, WitFault
from agent.sources.witmotion import WitmotionConfig, WitmotionSource
from agent.transport.routes import Route
from agent.types import Item, SampleBlock, SourceFault


def frame(number: int) -> bytes:
    return b"\x55\x61" + struct.pack("<9h", number, -number, 2048, 1, 2, 3, 4, 5, 6)


def frames(count: int, first: int = 0) -> bytes:
    return b"".join(frame(n) for n in range(first, first + count))


def samples(data: bytes, *, cut: int = 1 << 16) -> list[int]:
    decoder = CombinedDecoder()
    found = [r for at in range(0, len(data), cut) for r in decoder.feed(data[at : at + cut])]
    return [r.counts[0] for r in found if isinstance(r, Acceleration)]


def test_a_frame_is_a_sample_once_the_next_header_has_come() -> None:
    assert samples(frames(10)) == list(range(9))
    assert samples(frames(10) + b"\x55\x61") == list(range(10))
    assert samples(frames(LEAST - 1)) == []


@given(st.integers(1, 50))
def test_cut_streams_give_the_same(cut: int) -> None:
    assert samples(b"\x61\x00\x55" + frames(20), cut=cut) == list(range(19))


def test_a_lost_byte_costs_its_frame_which_is_counted() -> None:
    data = bytearray(frames(20))
    del data[7 * SIZE + 9]
    decoder = CombinedDecoder()
    found = decoder.feed(bytes(data))
    assert [r.counts[0] for r in found if isinstance(r, Acceleration)] == [*range(7), *range(8, 19)]
    assert [r.missing for r in found if isinstance(r, Acceleration)][7] == 1
    (fault,) = [r for r in found if isinstance(r, WitFault)]
    assert (fault.kind, fault.samples) == ("frame", 1)


def test_a_header_in_the_data_is_no_frame() -> None:
    odd = b"\x55\x61" + struct.pack("<9h", 0x6155, 0x6155, 5, 0x6155, 0, 0, 0, 0, 0)
    assert samples(odd * 12) == [0x6155] * 11


def test_velocities_of_a_vibration_transmitter_are_refused_by_name() -> None:
    decoder = CombinedDecoder()
    found = decoder.feed((b"\x55\x61" + bytes(VIBRATION_SIZE - 2)) * 20)
    (fault,) = found
    assert isinstance(fault, WitFault)
    assert fault.kind == "wrong_family"
    assert "WTVB01-BT, which sends velocities and no samples" in fault.detail


@given(st.binary(max_size=300))
def test_noise_never_raises_and_never_grows(data: bytes) -> None:
    decoder = CombinedDecoder()
    for _ in range(50):
        decoder.feed(data)
    assert len(decoder._buffer) <= 4096


def test_noise_is_no_frame() -> None:
    assert CombinedDecoder().feed(random.Random(3).randbytes(100_000)) == []


@pytest.mark.parametrize("kind", ["motion", "vibration"])
def test_the_source_reads_one_family_and_names_the_other(terminal: Terminal, kind: str) -> None:
    route = Route("imu", rate_hz=100.0)
    source = WitmotionSource(WitmotionConfig(port=terminal.path, baud=115_200), [route])
    source.open()
    terminal.say(frames(50) if kind == "motion" else (b"\x55\x61" + bytes(26)) * 50)
    items: list[Item] = []
    wanted = SampleBlock if kind == "motion" else SourceFault
    until(lambda: items.extend(source.read(0.1)) or any(isinstance(item, wanted) for item in items))
    if kind == "vibration":
        (fault,) = [item for item in items if isinstance(item, SourceFault)]
        assert (fault.kind, fault.sensor) == ("wrong_family", "imu")
    else:
        block = next(item for item in items if isinstance(item, SampleBlock))
        np.testing.assert_allclose(block.samples[3], np.array([3, -3, 2048]) * STEP_G)
    source.close()
