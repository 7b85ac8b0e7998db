"""Windows: where they lie depends on the sample count alone, and none spans a gap."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawn_inputs import costly
from hypothesis import given
from hypothesis import strategies as st

from agent.stream.windowing import STALE_RUN, Windower, window_length
from agent.types import SampleBlock, Stream, Window

STREAM = Stream("a", 1000.0, axes=("x", "y"))
LENGTH, HOP = 64, 24


def windower() -> Windower:
    return Windower(window_s=LENGTH / 1000, hop_s=HOP / 1000)


def samples(first: int, last: int) -> np.ndarray:
    """Samples that say which ones they are."""
    index = np.arange(first, last, dtype=np.float32)
    return np.stack([index, -index], axis=1)


def block(first: int, last: int, stream: Stream = STREAM, **more) -> SampleBlock:
    return SampleBlock(stream, first, samples(first, last), **more)


def feed(target: Windower, edges: list[int], *, leave_out: frozenset[int] = frozenset()) -> list[Window]:
    found: list[Window] = []
    for k, (first, last) in enumerate(itertools.pairwise(edges)):
        if k not in leave_out and last > first:
            found += target.feed(block(first, last))
    return found


def keys(windows: list[Window]) -> list[tuple[int, bytes]]:
    return [(window.start, window.samples.tobytes()) for window in windows]


cuts = st.lists(st.integers(0, 1000), max_size=60).map(lambda inner: [0, *sorted(inner), 1000])


@given(cuts)
def test_cutting_a_stream_otherwise_gives_the_same_windows(edges: list[int]) -> None:
    whole = feed(windower(), [0, 1000])
    assert len(whole) == (1000 - LENGTH) // HOP + 1
    assert keys(feed(windower(), edges)) == keys(whole)


@given(cuts, st.data())
def test_a_dropped_block_costs_only_the_windows_that_touch_it(edges: list[int], data: st.DataObject) -> None:
    dropped = data.draw(st.integers(0, len(edges) - 2))
    first, last = edges[dropped], edges[dropped + 1]
    expected = [w for w in feed(windower(), edges) if first == last or w.start + LENGTH <= first or w.start >= last]
    assert keys(feed(windower(), edges, leave_out=frozenset({dropped}))) == keys(expected)


@given(st.integers(0, 10**12), cuts)
def test_where_windows_lie_does_not_depend_on_when_listening_began(first: int, edges: list[int]) -> None:
    target, found = windower(), []
    for start, end in itertools.pairwise(edges):
        found += target.feed(SampleBlock(STREAM, first + start, samples(start, end)))
    assert all(window.start % HOP == 0 and window.start >= first for window in found)


def test_every_window_holds_its_own_consecutive_samples() -> None:
    found = feed(windower(), [0, 10, 300, 301, 1000])
    for window in found:
        np.testing.assert_array_equal(window.samples, samples(window.start, window.start + LENGTH))
    assert len({window.samples.ctypes.data for window in found}) == len(found)


def test_a_gap_is_counted_with_what_is_missing_in_it() -> None:
    target = windower()
    feed(target, [0, 100])
    target.feed(block(140, 200))
    assert target.counters()["gaps"] == 1
    assert target.counters()["samples_missing"] == 40


def test_repeated_and_overlapping_blocks_are_dropped_and_counted() -> None:
    target = windower()
    found = feed(target, [0, 100])
    assert target.feed(block(0, 100)) == []
    assert target.feed(block(50, 150)) == []
    found += target.feed(block(100, 200))
    assert target.counters()["stale_blocks"] == 2
    assert keys(found) == keys(feed(windower(), [0, 200]))


def test_a_device_that_counts_from_zero_again_without_saying_so_is_heard_again() -> None:
    target = windower()
    target.feed(block(1_000_000, 1_000_100))
    found: list[Window] = []
    for k in range(STALE_RUN + 10):
        found += target.feed(block(k * 50, k * 50 + 50))
    assert found
    assert target.counters()["stale_blocks"] == STALE_RUN


@pytest.mark.parametrize(
    "other",
    [
        Stream("a", 1000.0, axes=("x", "y"), session=1),
        Stream("a", 500.0, axes=("x", "y")),
        Stream("a", 1000.0, axes=("x", "y"), unit="g"),
    ],
)
def test_no_window_spans_a_change_of_stream(other: Stream) -> None:
    target = windower()
    target.feed(block(0, LENGTH - 1))
    assert target.feed(block(LENGTH - 1, LENGTH + 1, other)) == []


def test_a_change_of_axes_gives_windows_of_the_new_shape() -> None:
    target = windower()
    target.feed(block(0, 30))
    one_axis = Stream("a", 1000.0)
    found = target.feed(SampleBlock(one_axis, 0, np.ones((LENGTH, 1), np.float32)))
    assert [window.samples.shape for window in found] == [(LENGTH, 1)]


@pytest.mark.parametrize("rate_hz", [0.1, 3.8, 200_001.0, 1e12, float("nan"), 0.0, -5.0])
def test_an_unusable_rate_gives_no_windows_and_takes_no_memory(rate_hz: float) -> None:
    target = Windower(window_s=4.0, hop_s=1.0)
    stream = Stream("a", rate_hz)
    for k in range(100):
        assert target.feed(SampleBlock(stream, k, np.ones((1, 1), np.float32))) == []
    assert target.counters()["unusable_rate"] == 100


@pytest.mark.parametrize("rate_hz", [4.0, 52_000.0])
def test_slow_and_fast_streams_have_windows(rate_hz: float) -> None:
    target = Windower(window_s=4.0, hop_s=1.0)
    n = window_length(4.0, rate_hz)
    found = target.feed(SampleBlock(Stream("a", rate_hz), 0, np.ones((n, 1), np.float32)))
    assert [window.samples.shape for window in found] == [(n, 1)]


def test_the_device_s_clipped_samples_reach_every_window_they_touch() -> None:
    target = windower()
    found = target.feed(block(0, 60)) + target.feed(block(60, 70, clipped=5)) + target.feed(block(70, 300))
    assert {window.start: window.clipped for window in found if window.clipped} == {0: 5, 24: 5, 48: 5}


def test_what_is_kept_of_clipped_blocks_is_bounded() -> None:
    target = windower()
    for k in range(1000):
        target.feed(block(k, k + 1, clipped=1))
    assert len(target._clipped) <= LENGTH


def test_wall_clock_time_is_that_of_the_first_sample() -> None:
    (window,) = windower().feed(block(0, LENGTH, wall_s=1000.0, arrival_s=7.0))
    assert window.wall_s == 1000.0
    assert window.arrival_s == 7.0
    target = windower()
    target.feed(block(0, 32, wall_s=1000.0))
    (window,) = target.feed(block(32, LENGTH, wall_s=1000.032))
    assert window.wall_s == pytest.approx(1000.0)


def test_an_empty_block_is_nothing() -> None:
    target = windower()
    target.feed(block(0, 10))
    assert target.feed(block(500, 500)) == []
    assert target.feed(block(10, LENGTH))


def test_a_window_lies_along_its_axes_and_is_its_own() -> None:
    target = windower()
    windows = [window for start in (0, LENGTH) for window in target.feed(block(start, start + LENGTH))]
    assert len(windows) > 2
    for window in windows:
        assert window.samples.T.flags.c_contiguous
        np.testing.assert_array_equal(window.samples, samples(window.start, window.start + LENGTH))
        window.samples[:] = np.nan


def test_a_hop_longer_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="hop_s"):
        Windower(window_s=1.0, hop_s=2.0)


@costly
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 300)), max_size=50))
def test_any_order_of_blocks_gives_only_whole_windows_and_bounded_memory(pieces: list[tuple[int, int]]) -> None:
    target = windower()
    for start, n in pieces:
        for window in target.feed(block(start, start + n)):
            np.testing.assert_array_equal(window.samples, samples(window.start, window.start + LENGTH))
    assert len(target._held) < LENGTH
    assert len(target._held._stretches) <= -(-LENGTH // HOP)
