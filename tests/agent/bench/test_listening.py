"""`bench --lines` listens to everything that it says it measured; how fast it was is not asserted."""

from __future__ import annotations

from agent.bench.listening import LINES, lines_of, measure_lines


def test_three_lines_are_heard_whole_each_way() -> None:
    measured = measure_lines(3.0)
    for way in ("by_frame", "by_millisecond"):
        assert measured[way]["lost"] == 0
        assert measured[way]["windows"] >= LINES  # of two seconds, hopped by half a second
        assert measured[way]["core_share"] > 0
    assert measured["line_kb_per_s"] > 160
    assert f"{LINES} lines of {measured['line_kb_per_s']:g} kB/s" in lines_of(measured)[0]
