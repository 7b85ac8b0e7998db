"""Rows that come at another rate than is declared are told; those that make up for a pause are not."""

from __future__ import annotations

from agent.sources.rows import RateWatch

DECLARED_HZ = 100.0


def told(reads: list[tuple[float, int]]) -> list[float]:
    """The rates told, of reads as (seconds since the read before, rows)."""
    watch, now_s, found = RateWatch(DECLARED_HZ), 0.0, []
    for seconds, rows in reads:
        now_s += seconds
        found.append(watch.feed(rows, now_s=now_s))
    return [rate for rate in found if rate is not None]


STEADY, FAST = [(0.1, 10)] * 300, [(0.1, 25)] * 1000


def test_rows_that_come_faster_all_the_time_are_told() -> None:
    assert round(told(FAST)[0]) == 250


def test_rows_that_make_up_for_a_pause_are_not() -> None:
    assert told([*STEADY, (150.0, 10), *FAST, *STEADY]) == []
    assert told([*STEADY, (10.0, 10), *FAST])
