"""`bench --lines` listens to everything that it says it measured; how fast it was is not asserted."""

from __future__ import annotations

import pytest

from agent.bench.listening import LINES, lines_of, measure_lines

TRIES = 3
"""A line that nobody reads for a while loses bytes, as on a computer that is busy otherwise; a reader that cannot keep
up loses some each time."""


@pytest.mark.long
def test_three_lines_are_heard_whole_each_way() -> None:
    for _ in range(TRIES):
        measured = measure_lines(3.0)
        ways = [measured[way] for way in ("by_frame", "by_millisecond")]
        if not any(way["lost"] for way in ways):
            break
    for way in ways:
        assert way["lost"] == 0
        assert way["windows"] >= LINES  # of two seconds, hopped by half a second
        assert way["core_share"] > 0
    assert measured["line_kb_per_s"] > 160
    assert f"{LINES} lines of {measured['line_kb_per_s']:g} kB/s" in lines_of(measured)[0]
