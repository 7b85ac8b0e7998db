"""What the wall clock is worth is one of two words, and an origin stays as long as nobody sets the clock."""

from __future__ import annotations

import time

import pytest

from agent.service import wall_clock


def test_the_clock_is_one_of_two_and_asking_sets_nothing() -> None:
    before_s = time.time()
    assert wall_clock.clock_now() in ("synchronised", "unknown")
    assert 0 <= time.time() - before_s < 5


def test_a_clock_that_shows_a_time_before_this_program_was_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_clock, "EARLIEST_WALL_S", time.time() + 1000)
    assert wall_clock.clock_now() == "unknown"


def test_an_origin_stays_as_long_as_nobody_sets_the_clock() -> None:
    first, second = wall_clock.origin_now(), wall_clock.origin_now()
    assert first is not None
    assert second is not None
    assert first[0] == second[0]
    assert abs(first[1] - second[1]) < 1.0
