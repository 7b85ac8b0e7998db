"""Joined blocks say what their pieces said: the same windows and rate, all in its order, and nothing waits for long."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from agent.stream.clock import SampleClock
from agent.stream.joining import JOIN_S, Joiner, joined
from agent.stream.windowing import Windower
from agent.types import DeviceStatus, Item, Reading, SampleBlock, SourceFault, Stream, Window

RATE_HZ = 1000.0
STREAM = Stream("pump", RATE_HZ)
N = 10  # samples of a block: 10 ms


def block(number: int, *, stream: Stream = STREAM, arrival_s: float | None = None, n: int = N, **more) -> SampleBlock:
    start = number * N
    samples = np.arange(start, start + n, dtype=np.float32)[:, None]
    return SampleBlock(stream, start, samples, arrival_s=number * 0.01 if arrival_s is None else arrival_s, **more)


def test_blocks_that_follow_each_other_are_handed_on_as_one_with_the_pieces_that_it_came_in() -> None:
    joiner = Joiner()
    going = [joiner.feed([block(k, device_us=k * 10_000)], now_s=k * 0.01) for k in range(10)]
    assert going[:9] == [[]] * 9
    (whole,) = going[9]
    assert isinstance(whole, SampleBlock)
    assert whole.samples[:, 0].tolist() == list(range(100))
    assert (whole.start, whole.device_us, whole.arrival_s) == (0, 0, pytest.approx(0.09))
    assert [piece.device_us for piece in whole.pieces] == list(range(0, 100_000, 10_000))
    assert [piece.end for piece in whole.pieces] == list(range(10, 101, 10))


def test_what_nothing_follows_is_handed_on_in_time() -> None:
    joiner = Joiner()
    assert joiner.waits_s(0.0) == float("inf")
    assert joiner.feed([block(0)], now_s=1.0) == []
    assert joiner.waits_s(1.03) == pytest.approx(JOIN_S - 0.03)
    assert joiner.feed([], now_s=1.05) == []
    (late,) = joiner.feed([], now_s=1.0 + JOIN_S)
    assert late.start == 0
    assert joiner.waits_s(2.0) == float("inf")


STATUS = DeviceStatus("pump", 0, 20, 0, 0, 0.0)
READING = Reading("pump", "temperature_c", 40.0, 0.0)


@pytest.mark.parametrize("item", [STATUS, READING, SourceFault("crc", "", "pump")])
def test_what_is_no_block_overtakes_none_of_its_sensor_and_waits_for_nothing(item: Item) -> None:
    joiner = Joiner()
    other = block(0, stream=Stream("fan", RATE_HZ))
    went = joiner.feed([block(0), other, block(1), item], now_s=0.0)
    assert [type(one) for one in went] == [SampleBlock, type(item)]
    assert len(went[0].samples) == 2 * N  # type: ignore[union-attr]
    assert joiner.rest() == [other]


@pytest.mark.parametrize(
    "second",
    [
        block(2),  # a gap
        block(0),  # a repetition
        block(1, stream=Stream("pump", RATE_HZ, session=1)),
        block(1, clipped=3),
    ],
)
def test_a_gap_another_session_and_clipped_samples_are_in_no_joined_block(second: SampleBlock) -> None:
    joiner = Joiner()
    went = joiner.feed([block(0), second], now_s=0.0) + joiner.rest()
    assert [(one.start, len(one.samples), one.stream.session, one.clipped) for one in went] == [
        (0, N, 0, 0),
        (second.start, N, second.stream.session, second.clipped),
    ]


def test_a_long_block_is_handed_on_as_it_is() -> None:
    joiner, long = Joiner(), block(1, n=100)
    assert joiner.feed([block(0), long], now_s=0.0)[1] is long
    assert joiner.rest() == []


def test_what_has_waited_and_comes_all_at_once_is_no_endless_block() -> None:
    went = Joiner().feed([block(k) for k in range(1000)], now_s=0.0)
    assert [len(one.samples) for one in went if isinstance(one, SampleBlock)] == [100] * 100


def test_of_pieces_of_one_read_the_last_one_alone_is_kept() -> None:
    one_read = joined([block(0, arrival_s=5.0), block(1, arrival_s=5.0), block(2, arrival_s=5.02)])
    assert [(piece.start, piece.end, piece.arrival_s) for piece in one_read.pieces] == [(10, 20, 5.0), (20, 30, 5.02)]


def windows_of(blocks: list[SampleBlock]) -> list[Window]:
    windower = Windower(window_s=2.0, hop_s=0.5)
    return [window for one in blocks for window in windower.feed(one)]


def through_a_joiner(blocks: list[SampleBlock]) -> list[SampleBlock]:
    joiner = Joiner()
    went = [one for one in blocks for one in joiner.feed([one], now_s=one.arrival_s)] + joiner.rest()
    return [one for one in went if isinstance(one, SampleBlock)]


@pytest.mark.parametrize("has_stamps", [True, False])
def test_windows_and_rates_are_those_of_the_pieces(*, has_stamps: bool) -> None:
    """The sensor is 3 % fast, and every reading is late by up to 20 ms."""
    draw = random.Random(7).uniform
    blocks = [
        block(
            k, arrival_s=(k + 1) * 0.01 / 1.03 + draw(0, 0.02), device_us=round(k * 1e4 / 1.03) if has_stamps else None
        )
        for k in range(2000)
    ]
    as_they_came, together = windows_of(blocks), windows_of(through_a_joiner(blocks))
    assert len(through_a_joiner(blocks)) <= len(blocks) / 9
    assert [window.start for window in together] == [window.start for window in as_they_came]
    for one, other in itertools.islice(zip(together, as_they_came, strict=True), 4, None):
        assert (one.samples == other.samples).all()
        assert one.rate.origin == other.rate.origin
        assert one.rate.hz == pytest.approx(other.rate.hz, rel=3e-5)


def test_the_clock_hears_every_piece() -> None:
    clocks = SampleClock(), SampleClock()
    blocks = [block(k, arrival_s=k * 0.01 + 0.003 * (k % 3)) for k in range(300)]
    for one in blocks:
        clocks[0].feed(one)
    for one in through_a_joiner(blocks):
        clocks[1].feed(one)
    assert clocks[0].rate(3000) == clocks[1].rate(3000)


def test_counts_and_samples_are_no_one_block_and_give_the_same_windows() -> None:
    stream = Stream("pump", RATE_HZ, step=0.5)
    counted = [SampleBlock(stream, k * N, np.arange(k * N, (k + 1) * N, dtype=np.int16)[:, None]) for k in range(300)]
    as_samples = [SampleBlock(stream, one.start, one.samples) for one in counted]
    mixed = [*counted[:75], *as_samples[75:150], *counted[150:]]
    assert as_samples[7].values[:, 0].tolist() == [35.0, 35.5, 36.0, 36.5, 37.0, 37.5, 38.0, 38.5, 39.0, 39.5]
    went = through_a_joiner(mixed)
    assert [one.values.dtype for one in went].count(np.dtype(np.float32)) == 8
    kinds = [windows_of(blocks) for blocks in (counted, as_samples, went)]
    for windows in zip(*kinds, strict=True):
        assert len({window.samples.tobytes() for window in windows}) == 1
        assert {stretch.dtype for window in windows for stretch in window.held} == {np.dtype(np.int16)}
