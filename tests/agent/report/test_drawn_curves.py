"""Curves: no peak is lost, gaps stay gaps; labels never lie on each other."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.curves import decimated, place_labels, polylines
from agent.report.scales import Scale

ACROSS, UP = Scale(0.0, 100.0, 0.0, 200.0), Scale(-1.0, 1.0, 100.0, 0.0)


@pytest.mark.parametrize("at", [0, 1, 777, 49_999])
def test_a_peak_of_one_point_among_many_is_drawn_where_it_is(at: int) -> None:
    x, y = np.linspace(0, 100, 50_000), 0.01 * np.random.default_rng(0).normal(size=50_000)
    y[at] = 1.0
    kept = decimated(x, y, ACROSS)
    assert at in kept
    assert len(kept) <= 2 * 202
    assert (np.diff(kept) > 0).all()
    assert f"{ACROSS.at(float(x[at])):.1f},0.0" in polylines(x, y, across=ACROSS, up=UP, class_="c")


def test_few_points_are_all_drawn_and_what_is_no_value_is_a_gap() -> None:
    x, y = np.arange(10.0), np.array([0, 1, np.nan, 1, 0, np.inf, 1, 0, 1, 0.0])
    lines = re.findall(r'points="([^"]*)"', polylines(x, y, across=ACROSS, up=UP, class_="c"))
    assert [len(points.split()) for points in lines] == [2, 2, 4]
    assert polylines(x, np.full(10, np.nan), across=ACROSS, up=UP, class_="c") == ""


@given(st.lists(st.tuples(st.floats(-50, 250), st.floats(1, 80)), max_size=30), st.integers(1, 4))
def test_labels_never_overlap_and_stay_within(wanted: list[tuple[float, float]], rows: int) -> None:
    placed = place_labels(wanted, low=0.0, high=200.0, rows=rows)
    assert len(placed) == len(wanted)
    if wanted:
        assert placed[0] is not None  # the first asked has all the room
    spans = [
        (one.row, one.middle - width / 2, one.middle + width / 2)
        for one, (_, width) in zip(placed, wanted, strict=True)
        if one is not None
    ]
    assert all(left >= -1e-6 and right <= 200 + 1e-6 for _, left, right in spans)
    for n, (row, left, right) in enumerate(spans):
        assert not any(r == row and left < b and a < right for r, a, b in spans[n + 1 :])
