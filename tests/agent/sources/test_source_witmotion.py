"""WitMotion's frames: the golden one, corrupted ones, and the port they come from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requirements import ROOT
from serial_lines import Terminal

from agent.sources.witframes import (
    INSIST,
    SIZE,
    STEP_G,
    Acceleration,
    WitDecoder,
    WitFault,
    checksum,
    frame_of,
)
from agent.sources.witmotion import FULL_SCALE_G, WitmotionConfig, WitmotionSource
from agent.stream.ledger import Ledger
from agent.transport.routes import Route
from agent.types import Item, SampleBlock, SourceFault

CAPTURES = ROOT / "tests" / "cases" / "captures"
GOLDEN = bytes.fromhex("55 51 f0 ff 20 00 00 08 e6 09 ac")
ACCELERATION, GYROSCOPE, ANGLE = 0x51, 0x52, 0x53


def rounds(count: int, *, seed: int = 0, types: tuple[int, ...] = (ACCELERATION, GYROSCOPE, ANGLE)) -> list[bytes]:
    """So many frames of each type in turn; an acceleration carries its number on x."""
    rng = np.random.default_rng(seed)
    words = rng.integers(-3000, 3000, (count, len(types), 3))
    frames = []
    for n in range(count):
        for kind, (a, b, c) in zip(types, words[n].tolist(), strict=True):
            frames.append(frame_of(kind, (n if kind == ACCELERATION else a, b, c, 2534)))
    return frames


def accelerations(heard: list[Acceleration | WitFault]) -> list[Acceleration]:
    return [said for said in heard if isinstance(said, Acceleration)]


def places(heard: list[Acceleration | WitFault], *, first: int = 0) -> list[tuple[int, int]]:
    """(where the count has got to, what the frame says that it is) of every acceleration."""
    found, at = [], first
    for said in accelerations(heard):
        at += said.missing
        found.append((at, said.counts[0]))
        at += 1
    return found


def test_golden_frame() -> None:
    (sample, _) = WitDecoder().feed(GOLDEN * 2)
    assert isinstance(sample, Acceleration)
    assert [count * STEP_G for count in sample.counts] == [-0.0078125, 0.015625, 1.0]
    assert sample.temperature_c == 25.34
    assert frame_of(ACCELERATION, (-16, 32, 2048, 2534)) == GOLDEN
    assert checksum(GOLDEN) == 0xAC


def test_header_byte_in_the_data_splits_nothing() -> None:
    frames = [frame_of(ACCELERATION, (0x5551, 0x5155, 0x5555, 0x0955)) for _ in range(50)]
    heard = WitDecoder().feed(b"".join(frames))
    assert [said.counts for said in accelerations(heard)] == [(0x5551, 0x5155, 0x5555)] * 50


@pytest.mark.parametrize("types", [(0x51,), (0x51, 0x52), (0x51, 0x52, 0x53, 0x54), (0x50, 0x51, 0x56)])
@pytest.mark.parametrize("begin", [0, 1, 10, 11, 25])
def test_line_may_be_joined_anywhere(types: tuple[int, ...], begin: int) -> None:
    heard = WitDecoder().feed(b"".join(rounds(20, types=types))[begin:])
    seen = [said.counts[0] for said in accelerations(heard)]
    assert seen == list(range(seen[0], 20))
    assert seen[0] <= 3
    assert not any(said.missing for said in accelerations(heard))


@pytest.mark.parametrize("lost", range(1, 12))
def test_lost_frames_are_counted_by_the_order_of_types(lost: int) -> None:
    """Frames that vanish leave no bytes behind: up to a round of them the order alone tells."""
    frames = rounds(40)
    del frames[60 : 60 + lost]
    said = places(WitDecoder().feed(b"".join(frames)))
    assert all(place == number for place, number in said[:20])
    if lost <= 3:
        behind = {number - place for place, number in said[20:]}
        assert behind == ({1} if lost == 3 else {0}), "a whole round leaves no trace"


@pytest.mark.parametrize("hurt", [60, 61, 62, 63])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 9])
def test_garbled_frames_are_counted_by_their_bytes(hurt: int, count: int) -> None:
    frames = rounds(40)
    for n in range(hurt, hurt + count):
        frames[n] = frames[n][:5] + bytes([frames[n][5] ^ 0x41]) + frames[n][6:]
    heard = WitDecoder().feed(b"".join(frames))
    assert all(place == number for place, number in places(heard))
    hurt_samples = sum(n % 3 == 0 for n in range(hurt, hurt + count))
    assert sum(said.missing for said in accelerations(heard)) == hurt_samples
    assert sum(said.samples for said in heard if isinstance(said, WitFault)) == hurt_samples
    assert {said.kind for said in heard if isinstance(said, WitFault)} == {"checksum"}


def test_corruption_loses_frames_and_never_makes_one() -> None:
    """1e-3 of the bytes hit and 200 lost, in 40 000 frames: a parser that splits on 0x55 takes wrong ones."""
    frames = rounds(13_333, seed=1)
    rng = np.random.default_rng(2)
    data = np.frombuffer(b"".join(frames), np.uint8).copy()
    hits = rng.random(len(data)) < 1e-3
    data[hits] ^= rng.integers(1, 256, hits.sum(), dtype=np.uint8)
    wire = np.delete(data, rng.choice(len(data), 200, replace=False)).tobytes()
    heard = WitDecoder().feed(wire)
    sent = {frames[n] for n in range(0, len(frames), 3)}
    taken = [frame_of(ACCELERATION, (*said.counts, 2534)) for said in accelerations(heard)]
    assert set(taken) <= sent
    assert len(sent) - len(taken) <= hits.sum() + 200
    assert all(place == number for place, number in places(heard))


def test_frame_between_noise_is_not_believed() -> None:
    """By its checksum alone, one in 256 pieces of data that look like a frame would be."""
    frames = rounds(10)
    noise = frame_of(ACCELERATION, (-999, 0, 0, 2534)).join([b"\x12" * 7, b"\x34" * 9])
    heard = accelerations(WitDecoder().feed(b"".join([*frames[:12], noise, *frames[12:]])))
    assert [said.counts[0] for said in heard] == list(range(10))


def test_noise_is_no_frame_and_fills_no_buffer() -> None:
    decoder = WitDecoder()
    noise = np.random.default_rng(3).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
    assert [said for k in range(0, len(noise), 999) for said in decoder.feed(noise[k : k + 999])] == []
    assert len(decoder._buffer) < 2 * SIZE


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 700), max_size=6))
def test_any_bytes_are_read_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    frames = b"".join(rounds(8))
    wire = frames[:100] + data + frames[100:]
    whole, pieces = WitDecoder(), WitDecoder()
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    apart = [said for a, b in pairwise(edges) for said in pieces.feed(wire[a:b])]
    assert apart == whole.feed(wire)


def test_temperature_that_jumps_is_a_wrong_frame_and_one_that_stays_is_right() -> None:
    warm = [frame_of(ACCELERATION, (n, 0, 0, 2500)) for n in range(10)]
    hot = [frame_of(ACCELERATION, (n, 0, 0, 9000)) for n in range(10, 20)]
    heard = WitDecoder().feed(b"".join([*warm[:5], hot[0], *warm[5:], *hot]))
    assert [said.counts[0] for said in accelerations(heard)] == [*range(10), *range(9 + INSIST, 20)]
    assert [said.missing for said in accelerations(heard)][5] == 1
    assert {said.kind for said in heard if isinstance(said, WitFault)} == {"implausible"}
    impossible = frame_of(ACCELERATION, (0, 0, 0, 32_000))
    assert accelerations(WitDecoder().feed(impossible * 20)) == []


@pytest.mark.parametrize("degrees", [-10.0, 17.0, 21.4, 25.0, 36.25, 60.0])
def test_temperature_of_a_jy61_is_by_its_chips_scale(degrees: float) -> None:
    """Its hundredths would be -65 degrees; where they are possible, the frames are believed all the same."""
    word = round((degrees - 36.25) * 340)
    heard = WitDecoder().feed(b"".join(frame_of(ACCELERATION, (n, 0, 0, word + n % 7)) for n in range(300)))
    assert len(heard) == len(accelerations(heard)) == 300
    if word < -5010:
        assert {round(said.temperature_c) for said in accelerations(heard)} == {round(degrees)}


def test_jy61_that_warms_through_the_other_scales_end_loses_nothing() -> None:
    heard = WitDecoder().feed(b"".join(frame_of(ACCELERATION, (n, 0, 0, -6000 + 10 * n)) for n in range(600)))
    assert len(heard) == len(accelerations(heard)) == 600
    assert max(abs(a.temperature_c - b.temperature_c) for a, b in pairwise(accelerations(heard))) < 0.1


def test_case_of_a_jy61() -> None:
    case = ROOT.parent / "shared" / "cases" / "witmotion-temperature-over-340" / "jy61.bin"
    if not case.exists():
        pytest.skip(f"{case} is absent")
    heard = WitDecoder().feed(case.read_bytes())
    assert len(heard) == len(accelerations(heard)) == 300


def test_type_out_of_turn_is_refused_until_it_is_the_rule() -> None:
    stranger = frame_of(0x5F, (1, 2, 3, 4))
    frames = rounds(10)
    heard = WitDecoder().feed(b"".join([*frames[:20], stranger, *frames[20:]]))
    assert [said.kind for said in heard if isinstance(said, WitFault)] == ["frame_type"]
    assert all(place == number for place, number in places(heard))
    changed = rounds(10) + rounds(20, types=(ACCELERATION, 0x54))
    heard = WitDecoder().feed(b"".join(changed))
    assert len(accelerations(heard)) == 30
    assert sum(isinstance(said, WitFault) for said in heard) <= INSIST


# -------------------------------------------------------------------------------------------------------------- source


def say(terminal: Terminal, source: WitmotionSource, data: bytes) -> list[Item]:
    wanted = source.counters()["bytes"] + len(data)
    terminal.say(data)
    items: list[Item] = []
    while source.counters()["bytes"] < wanted:
        items += source.read(0.5)
    return items + source.read(0.02)


def test_capture_becomes_samples_that_are_all_accounted_for(terminal: Terminal) -> None:
    route = Route("blower", rate_hz=200.0, full_scale=4.0)
    source = WitmotionSource(WitmotionConfig(port=terminal.path, baud=115_200), (route,))
    source.open()
    items = say(terminal, source, (CAPTURES / "wt901.bin").read_bytes())
    ledger = Ledger()
    for item in items:
        ledger.feed(item)
    blocks = [item for item in items if isinstance(item, SampleBlock)]
    assert {(b.stream.rate_hz, b.stream.unit, b.stream.full_scale, b.stream.step) for b in blocks} == {
        (200.0, "g", 4.0, STEP_G)
    }
    assert [item.kind for item in items if isinstance(item, SourceFault)] == ["checksum", "checksum"]
    balance = ledger.balance("blower")
    assert balance is not None
    assert balance.explained
    assert (balance.produced, balance.received, balance.rejected, balance.lost_on_wire) == (399, 398, 1, 0)
    whole = np.concatenate([block.samples for block in blocks])
    assert whole[:, 2].mean() == pytest.approx(1.0, abs=0.05)
    assert whole[:, 0].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)
    source.close()


def test_reopened_port_is_a_new_session(terminal: Terminal) -> None:
    source = WitmotionSource(WitmotionConfig(port=terminal.path), (Route("blower", rate_hz=100.0),))
    seen = []
    for _ in range(2):
        source.open()
        items = say(terminal, source, b"".join(rounds(5)))
        seen += [(item.stream.session, item.start) for item in items if isinstance(item, SampleBlock)]
    assert [start for _, start in seen] == [0, 0]
    assert seen[1][0] == seen[0][0] + 1
    assert source.counters()["sessions"] == 2
    assert FULL_SCALE_G < 16.0
    source.close()


def test_wrong_declared_rate_is_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    source = WitmotionSource(WitmotionConfig(port=terminal.path), (Route("blower", rate_hz=100.0),), name="wt")
    source.open()
    now_s = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    told: list[str] = []
    for second in range(50):
        items = say(terminal, source, b"".join(rounds(50, seed=second)))
        told += [item.detail for item in items if isinstance(item, SourceFault)]
        now_s[0] += 1.0
    assert told == ["100 Hz declared, 50 Hz arrive; correct rate_hz"] * 2
    source.close()
