"""What the worker counts arrives in the file once, also over restarts, midnights and disks that take nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from one_alert import DIAGNOSIS
from waiting import until

from agent.config.keys import TrendConfig
from agent.machine import Mounting
from agent.service.watching.trend import KEEP_S, Trend
from agent.service.watching.trend_file import FILE, FULL_DAYS, Key, TrendFile, days_of
from agent.trend.figures import FIGURES, limits_of, readings, speed_class, speeds_of
from agent.types import Diagnosis, Speed

DAY = 20_000
KEY = Key("pump_de", "de", "deviation", 76)
GOOD = replace(
    DIAGNOSIS, quality=None, running=True, deviation=0.5, speed=Speed(1450.0, "config"), wall_s=DAY * 86_400.0
)


def diagnosis(deviation: float, *, day: int = DAY) -> Diagnosis:
    return replace(GOOD, deviation=deviation, wall_s=day * 86_400.0 + 60)


class Running:
    """A trend with its thread, and a wall clock that stands at the end of a day."""

    def __init__(self, folder: Path, *, day: int = DAY) -> None:
        self.day = day
        self.now_s = 0.0
        self._stop = threading.Event()
        self.trend = Trend(TrendConfig(), folder, stop=self._stop, wall=lambda: self.day * 86_400.0 + 80_000)
        self._thread = threading.Thread(target=self.trend.run, daemon=True)
        self._thread.start()

    def keep(self) -> None:
        self.trend.tick(self.now_s)
        self.now_s += KEEP_S
        self.trend.tick(self.now_s)

    def end(self) -> None:
        self.trend.end()
        self._stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def begin(**how: int) -> Running:
        made.append(Running(tmp_path, **how))
        return made[-1]

    yield begin
    for one in made:
        one.end()


def medians(folder: Path) -> dict[int, tuple[int, float]]:
    return {number: (day.windows, round(day.middle, 1)) for number, day in days_of(folder)[KEY]}


def test_windows_of_a_day_arrive_as_its_quantiles(start: Callable[..., Running], tmp_path: Path) -> None:
    running = start()
    running.trend.feed([diagnosis(value) for value in (0.4, 0.5, 0.6)])
    running.keep()
    until(lambda: bool(days_of(tmp_path)))
    assert medians(tmp_path) == {DAY: (3, 0.5)}


def test_a_day_goes_on_after_a_restart_and_is_over_after_midnight(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    first = start()
    first.trend.feed([diagnosis(0.4)])
    first.end()
    second = start()
    second.trend.feed([diagnosis(0.6), diagnosis(0.6)])
    second.end()
    assert medians(tmp_path) == {DAY: (3, 0.6)}
    third = start(day=DAY + 1)
    third.trend.feed([diagnosis(0.9, day=DAY), diagnosis(0.7, day=DAY + 1)])
    third.end()
    assert medians(tmp_path) == {DAY: (4, 0.6), DAY + 1: (1, 0.7)}


def test_a_disk_that_takes_nothing_is_said_and_nothing_is_lost(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    running = start()
    running.trend.feed([diagnosis(0.5)])
    running.keep()
    until(lambda: bool(running.trend.notices))
    assert "it is counted on in memory" in running.trend.notices[0]
    (tmp_path / FILE).rmdir()
    running.end()
    assert medians(tmp_path) == {DAY: (1, 0.5)}


def test_a_damaged_file_is_put_aside(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 500)
    running = start()
    running.trend.feed([diagnosis(0.5)])
    running.end()
    assert medians(tmp_path) == {DAY: (1, 0.5)}
    assert (tmp_path / f"{FILE}.damaged").read_bytes().startswith(b"no database")


def test_who_adds_to_a_day_after_midnight_replaces_nothing(tmp_path: Path) -> None:
    one, other = (TrendFile(tmp_path, years=10, max_bytes=10**9) for _ in range(2))
    one.add({(KEY, DAY): {0: 99}}, today=DAY)
    other.add({(KEY._replace(sensor="another"), DAY + 1): {0: 1}}, today=DAY + 1)
    one.add({(KEY, DAY): {0: 1}}, today=DAY + 1)
    other.add({(KEY, DAY + 2): {0: 5}}, today=DAY + 2)
    assert medians(tmp_path) == {DAY: (100, 1.0), DAY + 2: (5, 1.0)}
    for file in (one, other):
        file.close()


def test_old_days_become_weeks_and_the_oldest_go(tmp_path: Path) -> None:
    file = TrendFile(tmp_path, years=10, max_bytes=10**9)
    today = DAY + 7 * 200
    for day in range(today - 500, today):
        file.add({(KEY, day): {0: 10}}, today=day + 1)
    found = days_of(tmp_path)[KEY]
    recent = [number for number, _ in found if number >= today - FULL_DAYS]
    older = [(number, day.windows) for number, day in found if number < today - FULL_DAYS - 7]
    assert len(recent) == FULL_DAYS
    assert all(number % 7 == 0 and windows == 70 for number, windows in older[1:])
    assert sum(day.windows for _, day in found) == 5000
    file.close()
    brief = TrendFile(tmp_path, years=1, max_bytes=10**9)
    brief.add({(KEY, today): {0: 1}}, today=today)
    assert min(number for number, _ in days_of(tmp_path)[KEY]) >= today - 366
    brief.close()


def test_it_stays_below_its_bound(tmp_path: Path) -> None:
    file = TrendFile(tmp_path, years=50, max_bytes=60_000)
    for day in range(DAY, DAY + 300):
        file.add({(KEY._replace(speed=speed), day): {0: 1} for speed in range(1, 11)}, today=day + 1)
    numbers = [number for days in days_of(tmp_path).values() for number, _ in days]
    assert DAY + 299 in numbers
    assert min(numbers) > DAY
    file.close()
    assert (tmp_path / FILE).stat().st_size < 3 * 60_000


def test_counts_that_are_none_and_figures_of_another_version_are_passed_over(tmp_path: Path) -> None:
    TrendFile(tmp_path, years=1, max_bytes=10**9).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        for figure, counts in (("deviation", b"\xff\xff"), ("deviation", "text"), ("humidity", b"\x81\x00\x01")):
            row = ("pump_de", "", figure, 1, DAY, counts)
            connection.execute("insert or replace into unfinished values (?, ?, ?, ?, ?, ?)", row)
    connection.close()
    assert days_of(tmp_path) == {}


def test_what_cannot_be_judged_adds_nothing() -> None:
    assert set(readings(GOOD)) <= set(FIGURES)
    assert readings(GOOD)["deviation"] == 0.5
    for changes in ({"quality": "clipped"}, {"running": False}, {"speed": Speed(1450.0, "topic", steady=False)}):
        assert readings(replace(GOOD, **changes)) == {}  # type: ignore[arg-type]
    assert "deviation" not in readings(replace(GOOD, deviation=float("nan")))
    assert "deviation" not in readings(replace(GOOD, deviation=None))


def test_speeds_are_followed_apart() -> None:
    assert speed_class(None) == speed_class(0.0) == 0
    assert speeds_of(0) is None
    assert speed_class(1450.0) != speed_class(1480.0) == speed_class(1510.0)
    assert speed_class(1480.0, last=speed_class(1450.0)) == speed_class(1450.0)
    assert speed_class(1750.0, last=speed_class(1450.0)) == speed_class(1750.0)
    speeds = speeds_of(speed_class(1450.0))
    assert speeds is not None
    assert speeds[0] < 1450.0 < speeds[1] < 1.2 * speeds[0]


def test_limits_are_the_zones_of_the_machine() -> None:
    assert limits_of("velocity", Mounting()) == {}
    assert limits_of("velocity", Mounting(2, "rigid")) == {"B": 1.4, "C": 2.8, "D": 4.5}
    assert limits_of("deviation", Mounting()) == {"alarm": 1.0}
