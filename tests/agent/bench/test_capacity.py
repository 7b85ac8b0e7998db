"""`bench --capacity`: the ramp finds what is carried, sensors say what they are said to, and the document holds it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from requirements import ROOT

from agent.bench import capacity_broker
from agent.bench.capacity import document, limit_of, line_of, lines_of
from agent.bench.capacity_broker import broker_at
from agent.bench.capacity_ramp import LONGEST_LAG_MS, Ramp, Step, centile, climb
from agent.bench.capacity_signal import WAYS, speech
from agent.bench.processes import cpu_s, family, memory
from agent.bench.signal import RATE_HZ
from agent.cli import main
from agent.errors import ConfigError, TransportError
from agent.sources.batches import BatchReader
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import Item, SampleBlock, SourceFault
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import decode_frame

# ----------------------------------------------------------------------------------------------------------- the ramp


def step(sensors: int, *, lost: int = 0, lag_ms: float | None = 20.0, **more) -> Step:
    return Step(sensors, due=100, heard=100 - lost, lag_p50_ms=lag_ms, lag_p99_ms=lag_ms, **more)


def bears(most: int, tried: list[int]) -> Callable[[int], Step]:
    """A rig that loses windows beyond so many sensors."""

    def trial(sensors: int) -> Step:
        tried.append(sensors)
        return step(sensors, lost=int(sensors > most))

    return trial


@pytest.mark.parametrize(
    ("bears_most", "tries", "carried"),
    [
        (0, [1, 1], None),
        (1, [1, 2, 2], 1),
        (3, [1, 2, 4, 4, 3], 3),
        (11, [1, 2, 4, 8, 16, 16, 12, 12, 10, 11], 11),
        (44, [1, 2, 4, 8, 16, 32, 64, 64, 48, 48, 40, 44], 44),
        (50, [1, 2, 4, 8, 16, 32, 64, 64, 48, 56, 56, 52, 52], 48),
        (64, [1, 2, 4, 8, 16, 32, 64], 64),
        (99, [1, 2, 4, 8, 16, 32, 64], 64),
    ],
)
def test_the_ramp_doubles_tries_again_and_looks_between(bears_most: int, tries: list[int], carried: int | None) -> None:
    tried: list[int] = []
    ramp = climb(bears(bears_most, tried), most=64)
    assert tried == tries
    assert (ramp.carried and ramp.carried.sensors) == carried
    assert [one.sensors for one in ramp.steps] == tries
    assert (ramp.failed is None) == (bears_most >= 64)
    assert ramp.failed is None or ramp.failed.sensors > bears_most


def test_a_computer_that_was_busy_for_a_moment_is_asked_again() -> None:
    answers = iter([step(1), step(2, lost=3), step(2), step(3)])
    ramp = climb(lambda _: next(answers), most=3)
    assert ramp.carried is not None
    assert (ramp.carried.sensors, ramp.failed) == (3, None)


def test_the_most_that_is_asked_for_is_tried_whatever_it_is() -> None:
    tried: list[int] = []
    assert climb(bears(99, tried), most=6).carried == step(6)
    assert tried == [1, 2, 4, 6]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (step(1), None),
        (step(1, lag_ms=LONGEST_LAG_MS), None),
        (step(1, lag_ms=LONGEST_LAG_MS + 0.1), "lag"),
        (step(1, lost=1), "windows_lost"),
        (step(1, lost=100, lag_ms=None), "windows_lost"),
        (Step(1, due=0, heard=0, lag_p50_ms=None, lag_p99_ms=None), "lag"),
    ],
)
def test_carried_is_every_window_in_time(one: Step, why: str | None) -> None:
    assert one.why_not == why


def test_a_centile_is_a_value_that_was_there() -> None:
    assert centile([], 0.99) is None
    assert centile([3.0], 0.99) == 3.0
    assert centile([float(k) for k in range(100)][::-1], 0.99) == 99.0
    assert centile([float(k) for k in range(1000)], 0.5) == 500.0


# ------------------------------------------------------------------------------------------------------- what limits


def failing(**more) -> Ramp:
    return Ramp((), step(8), step(16, lost=5, **more))


@pytest.mark.parametrize(
    ("ramp", "limit"),
    [
        (Ramp((), step(64), None), "not_reached"),
        (failing(cores={"agent": 1.0, "broker": 0.95}, busiest=1.0), "broker"),
        (failing(cores={"agent": 0.5, "sensors": 0.97}), "sensors"),
        (failing(cores={"agent": 1.6, "sensors": 0.3}, busiest=0.8), "cores"),
        (failing(cores={"agent": 1.05, "sensors": 0.3}, busiest=1.05), "process"),
        (failing(cores={"agent": 0.5}, busiest=0.5, lost_bytes=9), "lines"),
        (failing(cores={"agent": 0.5}, busiest=0.5), "waiting"),
    ],
)
def test_what_limits_is_named(ramp: Ramp, limit: str) -> None:
    assert limit_of(ramp, cores=2)[0] == limit


def test_the_document_has_what_programs_ask_for_and_people_read_the_same() -> None:
    good = step(8, lag_ms=33.0, rss_mb=80.0, pss_mb=75.5, cores={"agent": 0.3})
    bad = step(16, lost=2, cores={"agent": 1.0}, busiest=0.99, lost_bytes=7)
    found = json.loads(json.dumps(document("serial", Ramp((good, bad), good, bad), cores=2)))
    assert (found["source"], found["sensors"], found["lag_p99_ms"], found["rss_mb"]) == ("serial", 8, 33.0, 80.0)
    assert found["limit"] == "process"
    assert [(row["sensors"], row["carried"]) for row in found["steps"]] == [(8, True), (16, False)]
    first, second = lines_of(found)
    assert first.startswith("8 sensors (25600 Hz x 3 axes) are carried over serial")
    assert "80.0 MB" in first
    assert "0.99 of a core" in second
    assert line_of(good).endswith(": carried")
    assert "98 of 100 windows" in line_of(bad)
    assert line_of(bad).endswith("7 bytes overrun: windows_lost")


def test_where_nothing_is_carried_the_document_says_so() -> None:
    found = document("mqtt", Ramp((step(1, lost=1),), None, step(1, lost=1)), cores=1)
    assert (found["sensors"], found["lag_p99_ms"], found["rss_mb"]) == (0, None, None)
    assert lines_of(found)[0].startswith("0 sensors")


# ------------------------------------------------------------------------------------------------- what sensors say


def items_of(way: str, seconds: float) -> list[Item]:
    said = speech(WAYS[way], seconds)
    if WAYS[way].as_json:
        reader = BatchReader(Route("s0"))
        return [
            item
            for k, (piece,) in enumerate(said.pieces)
            for item in reader.feed(piece, arrival_s=(k + 1) * said.piece_s, wall_s=0.0)
        ]
    frames = FrameReader(Routes((Route("s0"),)))
    if WAYS[way].has_lines:
        decoder = Decoder()
        told = [frame for piece in said.by_millisecond() for frame in decoder.feed(piece)]
    else:
        told = [decode_frame(message) for piece in said.pieces for message in piece]
    return [item for frame in told for item in frames.feed(frame, arrival_s=0.0, wall_s=0.0)]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_is_understood_whole(way: str) -> None:
    items = items_of(way, 1.5)
    assert not [item for item in items if isinstance(item, SourceFault)]
    blocks = [item for item in items if isinstance(item, SampleBlock)]
    assert {(len(block.samples), block.stream.rate_hz) for block in blocks} == {(WAYS[way].samples, RATE_HZ)}
    assert [block.start for block in blocks] == [k * WAYS[way].samples for k in range(len(blocks))]
    assert len(blocks) == int(1.5 * RATE_HZ) // WAYS[way].samples


def test_a_sample_is_due_with_the_piece_that_brings_it() -> None:
    said = speech(WAYS["mqtt"], 0.2)
    assert [round(said.due_s(end) / said.piece_s) for end in (1, 680, 681, 1360)] == [1, 1, 2, 2]


def test_a_uart_brings_each_millisecond_its_share_and_a_frame_when_it_is_complete() -> None:
    said = speech(WAYS["serial"], 1.0)
    pieces = said.by_millisecond()
    assert b"".join(pieces) == b"".join(message for piece in said.pieces for message in piece)
    assert len(pieces) == round(len(said.pieces) * said.piece_s * 1000)
    assert max(map(len, pieces)) < 2 * sum(map(len, pieces)) / len(pieces)
    there = list(itertools.accumulate(map(len, pieces)))
    ends = list(itertools.accumulate(sum(map(len, piece)) for piece in said.pieces))
    for number, end in enumerate(ends):
        due_ms = round((number + 1) * said.piece_s * 1000)
        assert there[due_ms - 1] >= end > there[due_ms - 2]


# --------------------------------------------------------------------------------------------------- what it costs


def test_a_family_is_a_process_with_all_that_it_started() -> None:
    body = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", body], stdin=subprocess.PIPE) as parent:
        deadline_s = time.monotonic() + 20
        while len(family(parent.pid)) < 2 and time.monotonic() < deadline_s:
            time.sleep(0.02)
        both = family(parent.pid)
        assert both[0] == parent.pid
        assert len(both) == 2
        assert set(cpu_s(parent.pid)) == set(both)
        held = memory(parent.pid)
        assert held.rss_mb > memory(both[1]).rss_mb > 0
        assert held.pss_mb is None or held.pss_mb <= held.rss_mb
        parent.communicate(b"\n")
    assert cpu_s(parent.pid) == {}


# ------------------------------------------------------------------------------------------------ the command line


def test_without_a_broker_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity_broker, "SBIN", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ConfigError, match="apt-get install mosquitto, or name one") as caught,
        broker_at(None, tmp_path),
    ):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("named", ["here", "here:", ":1883", "here:mqtt", "here:0", "here:99999"])
def test_a_broker_is_named_by_host_and_port(named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", "--capacity", "--broker", named])
    assert left.value.code == os.EX_USAGE
    assert "is no HOST:PORT" in capsys.readouterr().err


def test_a_broker_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with (
        pytest.raises(TransportError, match=r"broker 127\.0\.0\.1:9: cannot connect"),
        broker_at("127.0.0.1:9", tmp_path),
    ):
        pass


@pytest.mark.parametrize("wrong", [["--sensors-max", "0"], ["--seconds", "-1"], ["--source", "opcua"]])
def test_wrong_figures_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bench", "--capacity", *wrong])
    assert caught.value.code == os.EX_USAGE
    assert wrong[0] in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(400)  # on a busy computer each step is tried twice
@pytest.mark.parametrize("way", WAYS)
def test_two_sensors_are_carried_through_a_real_broker_and_real_lines(way: str) -> None:
    command = [sys.executable, "-m", "agent", "bench", "--capacity", "--source", way, "--json"]
    command += ["--sensors-max", "2", "--seconds", "4"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=390, check=True)
    (line,) = ran.stdout.splitlines()
    found = json.loads(line)
    assert {"source", "sensors", "lag_p99_ms", "rss_mb", "limit", "steps"} <= found.keys()
    last = found["steps"][-1]
    assert last["due"] >= 2 * last["sensors"]
    assert last["heard"]
    assert last["cores"].keys() == {"agent", "sensors", "subscriber", "broker"}
