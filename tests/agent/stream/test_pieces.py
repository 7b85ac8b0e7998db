"""Streams that come in pieces: a piece shorter than a window is one by itself, and none spans what lies between."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dsp.spectra import FeatureSpec
from agent.stream.cutting import SHORTEST_S, snapshots, whole_windows, windows_like
from agent.stream.windowing import MIN_PIECE, PAUSE_S, Windower
from agent.types import SampleBlock, Stream, Window

STREAM = Stream("a", 1000.0, axes=("x",))


def windower() -> Windower:
    return Windower(window_s=2.0, hop_s=2.0, shortest_s=0.2)


def block(first: int, last: int, stream: Stream = STREAM, *, arrival_s: float | None = None) -> SampleBlock:
    samples = np.arange(first, last, dtype=np.float32)[:, None]
    return SampleBlock(stream, first, samples, arrival_s=last / 1000 if arrival_s is None else arrival_s)


def spans(windows: list[Window]) -> list[tuple[int, int]]:
    for window in windows:  # each holds the samples that it says it does
        np.testing.assert_array_equal(window.samples[:, 0], np.arange(window.start, window.start + len(window.samples)))
    return [(window.start, len(window.samples)) for window in windows]


def test_a_gap_ends_a_piece_and_what_there_is_of_it_is_a_window() -> None:
    target = windower()
    assert target.feed(block(0, 500)) == []
    assert spans(target.feed(block(7001, 7501))) == [(0, 500)]  # 500 is a length that FFTs like
    assert spans(target.end_piece()) == [(7001, 500)]  # where the piece begins, not at a multiple of the hop
    assert target.end_piece() == []


def test_another_session_ends_a_piece() -> None:
    target = windower()
    target.feed(block(0, 500))
    (window,) = target.feed(block(0, 300, replace(STREAM, session=1)))
    assert (window.stream.session, len(window.samples)) == (0, 500)
    assert [w.stream.session for w in target.end_piece()] == [1]


@pytest.mark.parametrize(("late_s", "pieces"), [(PAUSE_S * 0.9, 0), (PAUSE_S * 1.5, 1)])
def test_a_pause_ends_a_piece_although_the_count_goes_on(late_s: float, pieces: int) -> None:
    target = windower()
    target.feed(block(0, 500, arrival_s=10.0))
    assert len(target.feed(block(500, 1000, arrival_s=10.5 + late_s))) == pieces
    assert spans(target.end_piece()) == [(500, 500) if pieces else (0, 1000)]


def test_what_comes_after_the_end_of_a_piece_is_another_one() -> None:
    target = windower()
    target.feed(block(0, 500))
    target.end_piece()
    assert target.feed(block(500, 2400)) == []  # 2 s would be there, if the end were forgotten
    assert [start for start, _ in spans(target.end_piece())] == [500]


def test_a_recording_has_no_pauses() -> None:
    target = windower()
    target.feed(block(0, 500, replace(STREAM, live=False), arrival_s=0.5))
    assert target.feed(block(500, 1000, replace(STREAM, live=False), arrival_s=90.0)) == []


def test_a_piece_that_gave_whole_windows_gives_no_remainder() -> None:
    target = windower()
    assert spans(target.feed(block(0, 3500))) == [(0, 2000)]
    assert target.end_piece() == []


@pytest.mark.parametrize("samples", [1, MIN_PIECE - 1, 199])
def test_a_piece_too_short_for_anything_gives_nothing(samples: int) -> None:
    target = windower()
    target.feed(block(0, samples))
    assert target.end_piece() == []
    target.feed(block(5000, 5200))
    assert len(target.end_piece()) == 1


def test_without_a_shortest_length_nothing_shorter_than_a_window_is_one() -> None:
    target = Windower(window_s=2.0, hop_s=0.5)
    assert target.feed(block(0, 1900)) == target.feed(block(7000, 7500)) == target.end_piece() == []


@given(st.lists(st.integers(1, 2999), max_size=30))
def test_pieces_do_not_depend_on_the_blocks_they_came_in(cuts: list[int]) -> None:
    def found(edges: list[int]) -> list[tuple[int, bytes]]:
        target, windows = windower(), []
        for piece in (0, 10_000):
            for first, last in pairwise(edges):
                windows += target.feed(block(piece + first, piece + last))
        return [(w.start, w.samples.tobytes()) for w in [*windows, *target.end_piece()]]

    for length in (450, 3000):
        inside = [cut for cut in sorted(set(cuts)) if cut < length]
        assert found([0, *inside, length]) == found([0, length])


def test_snapshots_do_not_overlap_and_whole_windows_do() -> None:
    spec = FeatureSpec()
    assert snapshots(spec).hop_s == spec.window_s
    assert whole_windows(spec).shortest_s is None
    assert windows_like(None, spec) == whole_windows(spec)
    assert windows_like(0.1, spec).shortest_s == pytest.approx(0.1)  # never longer than the pieces themselves
    assert windows_like(1.0, spec).shortest_s == SHORTEST_S
