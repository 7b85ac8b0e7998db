"""The line under a cloud of points does not depend on how often it was asked for."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from agent.stream.lower_line import LowerLineFit, Point

steps = st.tuples(st.integers(1, 40), st.integers(0, 30))  # counts on, and how late


@given(st.lists(steps, min_size=1, max_size=24))
def test_a_line_that_was_asked_for_at_every_point_is_that_of_who_asks_once(drawn: list[tuple[int, int]]) -> None:
    counts = itertools.accumulate(count for count, _ in drawn)
    points: list[Point] = [(count, 7 * count + late) for count, (_, late) in zip(counts, drawn, strict=True)]
    asked = LowerLineFit(horizon=160, resolution_us=1.0, segments=4)
    for number, point in enumerate(points, 1):
        asked.add(point)
        once = LowerLineFit(horizon=160, resolution_us=1.0, segments=4)
        for one in points[:number]:
            once.add(one)
        for upto in (point[0] - 1, point[0]):
            assert asked.line(upto) == once.line(upto)
