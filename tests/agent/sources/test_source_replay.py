"""Recordings played as sources: time, sessions, loops, several sensors."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from agent.errors import EndOfStream, RecordingError
from agent.sources.replay import ReplayConfig, ReplaySource
from agent.transport.routes import Route
from agent.types import Item, SampleBlock
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import frame_bytes

SIGNAL = np.random.default_rng(0).normal(0, 0.3, (1000, 2)).round(3)


@pytest.fixture
def csv(tmp_path: Path) -> str:
    np.savetxt(tmp_path / "a.csv", SIGNAL, delimiter=",")
    return str(tmp_path / "a.csv")


@pytest.fixture
def vbp(tmp_path: Path) -> str:
    device = VirtualSensor(Profile(rate_hz=1000.0, block_samples=50), seed=1)
    said = device.produce(np.zeros((2000, 3)))
    (tmp_path / "a.vbp").write_bytes(b"".join(frame_bytes(f) for f in said if not isinstance(f, bytes)))
    return str(tmp_path / "a.vbp")


def play(config: ReplayConfig, *routes: Route, reads: int = 1000) -> list[Item]:
    source = ReplaySource(config, routes or (Route("pump"),))
    source.open()
    found: list[Item] = []
    try:
        for _ in range(reads):
            found += source.read(0.2)
    except EndOfStream:
        pass
    source.close()
    return found


def blocks(found: list[Item]) -> list[SampleBlock]:
    return [item for item in found if isinstance(item, SampleBlock)]


def test_as_fast_as_possible_time_is_the_recording_s_own(csv: str) -> None:
    started = time.monotonic()
    found = blocks(play(ReplayConfig(files=(csv, csv), speed=0, rate_hz=100.0)))
    assert time.monotonic() - started < 10
    assert found[-1].arrival_s == pytest.approx(20.0)
    assert all(a.arrival_s < b.arrival_s for a, b in itertools.pairwise(found))
    np.testing.assert_array_equal(
        np.concatenate([b.samples for b in found[: len(found) // 2]]), SIGNAL.astype(np.float32)
    )


@pytest.mark.parametrize("kind", ["csv", "vbp"])
def test_each_file_is_a_session_of_its_own_and_says_nothing_by_its_arrival(kind: str, csv: str, vbp: str) -> None:
    name = {"csv": csv, "vbp": vbp}[kind]
    found = blocks(play(ReplayConfig(files=(name, name), speed=0, rate_hz=1000.0)))
    assert len({block.stream.session for block in found}) == 2
    assert [block.start for block in found].count(0) == 2
    assert not any(block.stream.live for block in found)


@pytest.mark.parametrize("kind", ["csv", "vbp"])
def test_in_real_time_it_takes_as_long_as_it_was(kind: str, csv: str, vbp: str) -> None:
    name = {"csv": csv, "vbp": vbp}[kind]
    started = time.monotonic()
    found = blocks(play(ReplayConfig(files=(name,), speed=4.0, rate_hz=1000.0)))
    seconds = sum(len(block.samples) for block in found) / 1000.0 / 4
    assert seconds * 0.9 < time.monotonic() - started < seconds + 3
    assert found[0].arrival_s >= started
    assert found[-1].wall_s == pytest.approx(time.time(), abs=1)


def test_it_loops_for_ever_but_not_over_nothing(csv: str, tmp_path: Path) -> None:
    found = blocks(play(ReplayConfig(files=(csv,), speed=0, rate_hz=1000.0, loop=True), reads=3))
    assert len(found) > 20
    (tmp_path / "b.vbp").write_bytes(b"\0")
    assert play(ReplayConfig(files=(str(tmp_path / "b.vbp"),), speed=0, loop=True)) == []


def test_a_plain_recording_plays_for_every_sensor(csv: str) -> None:
    found = blocks(play(ReplayConfig(files=(csv,), speed=0, rate_hz=1000.0), Route("a"), Route("b")))
    assert {block.stream.sensor for block in found} == {"a", "b"}
    assert len(found) == 20


def test_a_framed_recording_goes_by_its_routes(vbp: str) -> None:
    assert blocks(play(ReplayConfig(files=(vbp,), speed=0), Route("a", stream=0)))
    assert not blocks(play(ReplayConfig(files=(vbp,), speed=0), Route("a", stream=1)))


def test_what_cannot_be_played_is_said_when_opening(csv: str) -> None:
    with pytest.raises(RecordingError, match=r"sources\.bench\.files"):
        ReplaySource(ReplayConfig(files=("/none.csv",)), (Route("a"),), name="bench").open()
    with pytest.raises(RecordingError, match="rate"):
        ReplaySource(ReplayConfig(files=(csv,)), (Route("a"),)).open()
