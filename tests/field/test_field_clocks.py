"""Wall clocks that jump, start in 1970 or stand still: alerts are raised and cleared once, in order, and say what their
times are worth.

The agent runs under `clock.c`, so that only its own wall clock moves.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from one_field import Field
from plant import SICK_MM_S, WELL_MM_S, Listener
from preloaded import build
from waiting import until

DAY_S, YEAR_S = 86_400, 365 * 86_400
JUMPS = (DAY_S, -DAY_S, 10 * YEAR_S, -3 * YEAR_S)
SYNCHRONISED, NOT = 0, 5


class WallClock:
    """What the agent takes for the time."""

    def __init__(self, field: Field, folder: Path) -> None:
        library = build("clock", folder)
        self._file = folder / "clock"
        field.agent.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}
        self.set(0, SYNCHRONISED)

    def set(self, ahead_s: float, state: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{int(ahead_s)} {state}")
        fresh.replace(self._file)


@pytest.fixture
def wall_clock(field: Field, tmp_path: Path) -> WallClock:
    return WallClock(field, tmp_path)


def follows(field: Field, listener: Listener, mm_s: float, events: int) -> dict[str, Any]:
    """The event that comes once the press is so sick."""
    field.transmitters.say(press=mm_s)
    until(lambda: len(listener.events) >= events)
    return listener.events[events - 1]


def ahead_s(moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("jumps", [JUMPS[1:2], pytest.param(JUMPS, marks=pytest.mark.long)], ids=["a day back", "all"])
def test_a_clock_that_jumps_loses_nothing_and_is_said(
    jumps: tuple[int, ...], field: Field, wall_clock: WallClock
) -> None:
    listener = field.listen()
    field.agent.start("press")
    events = 0
    for jump_s in jumps:
        wall_clock.set(0, SYNCHRONISED)
        raised = follows(field, listener, SICK_MM_S, events + 1)
        wall_clock.set(jump_s, NOT)  # as by hand: the kernel knows of no time source then
        cleared = follows(field, listener, WELL_MM_S, events + 2)
        assert (raised["clock"], cleared["clock"]) == ("synchronised", "unknown")
        assert abs(ahead_s(raised["opened"])) < 60 > abs(ahead_s(cleared["time"]) - jump_s)
        assert raised["id"] == cleared["id"]
        events += 2
    assert [event["event"] for event in listener.events] == ["raised", "cleared"] * len(jumps)
    assert [event["seq"] for event in listener.events] == list(range(1, events + 1))
    assert field.agent.health["publishing"]["dropped"] == 0


@pytest.mark.long
def test_a_box_that_starts_in_1970_says_so_and_corrects_it_once_it_knows_the_time(
    field: Field, wall_clock: WallClock
) -> None:
    listener = field.listen()
    wall_clock.set(60 - time.time(), NOT)
    field.agent.start("press")
    raised = follows(field, listener, SICK_MM_S, 1)
    assert (raised["clock"], raised["opened"][:4]) == ("unknown", "1970")
    field.agent.kill()
    field.agent.start("press")
    wall_clock.set(0, SYNCHRONISED)
    until(lambda: len(listener.events) == 2, seconds=20)
    corrected = listener.events[1]
    assert (corrected["event"], corrected["reason"]) == ("updated", "clock_corrected")
    assert (corrected["clock"], corrected["id"]) == ("synchronised", raised["id"])
    assert -60 < ahead_s(corrected["opened"]) < 1
    cleared = follows(field, listener, WELL_MM_S, 3)
    assert cleared["opened"] == corrected["opened"] < cleared["time"]


@pytest.mark.long
def test_a_shelf_is_over_in_its_own_time_whatever_is_done_to_the_clock(field: Field, wall_clock: WallClock) -> None:
    listener = field.listen()
    field.agent.start("press")
    follows(field, listener, SICK_MM_S, 1)
    field.agent.command("shelve", "press/machine", "--for", "1m")
    until(lambda: len(listener.events) == 2)
    began_s = time.monotonic()
    for jump_s in JUMPS:
        wall_clock.set(jump_s, NOT)
        time.sleep(1.5)
        assert len(listener.events) == 2
    until(lambda: len(listener.events) == 3, seconds=70)
    assert 55 < time.monotonic() - began_s < 70
    assert listener.events[2]["reason"] == "shelf_over"


@pytest.mark.long
def test_four_starts_in_the_same_second_make_four_ids(field: Field, wall_clock: WallClock) -> None:
    """The wall clock is turned back before each start, as on a box without a clock chip."""
    listener = field.listen()
    first_s = time.time()
    for number in range(4):
        wall_clock.set(first_s - time.time(), NOT)
        field.agent.start("press")
        follows(field, listener, SICK_MM_S, 2 * number + 1)
        follows(field, listener, WELL_MM_S, 2 * number + 2)
        field.agent.kill()
    assert len({event["id"] for event in listener.events}) == 4
    assert [event["seq"] for event in listener.events] == list(range(1, 9))
