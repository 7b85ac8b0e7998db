"""The file of trends: what a day adds is put to what is there, days that are over become quantiles, old days weeks.

One SQLite file of its own (see `side_file`), written every ten minutes.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agent.service.keeping.side_file import opened, reading
from agent.trend.figures import FIGURES
from agent.trend.sketch import Day, Sketch

FILE = "trend.sqlite"
FULL_DAYS = 400
"""For how long every day is kept; then the days of a week become one."""
WEEK_DAYS = 7
YEAR_DAYS = 365.25
MOST_COUNTS_BYTES = 64 << 10

SCHEMA = """
create table if not exists day (sensor text, bearing text, figure text, speed integer, day integer,
  windows integer, low real, middle real, high real, primary key (sensor, bearing, figure, speed, day)) without rowid;
create table if not exists unfinished (sensor text, bearing text, figure text, speed integer, day integer,
  counts blob, primary key (sensor, bearing, figure, speed, day)) without rowid;
"""


class Key(NamedTuple):
    """What is followed: `bearing` empty where none is configured, `speed` as `figures.speed_class`."""

    sensor: str
    bearing: str
    figure: str
    speed: int


Counts = dict[int, int]
Added = Mapping[tuple[Key, int], Counts]
"""(key, day) -> by bin, how many windows more."""


class TrendFile:
    """Open for writing; sqlite3.Error and OSError where the disk does not take it."""

    def __init__(self, folder: Path, *, years: int, max_bytes: int) -> None:
        self._path = folder / FILE
        self._years = years
        self._max_bytes = max_bytes
        self._thinned: int | None = None  # the day when it was
        self._connection = opened(self._path, SCHEMA)

    def add(self, added: Added, *, today: int) -> None:
        """Put what came to what is there. A day is over with the day after it: until then others may add to it."""
        with contextlib.closing(self._connection.cursor()) as cursor, self._connection:
            for (key, day), counts in added.items():
                known = cursor.execute(f"select counts from unfinished where {_THIS}", (*key, day)).fetchone()
                total = Counter(counts) + Counter({} if known is None else _counts_from(known[0]))
                row = (*key, day, msgspec.msgpack.encode(dict(total)))
                cursor.execute("insert or replace into unfinished values (?, ?, ?, ?, ?, ?)", row)
            self._finish(cursor, today - 1)
        if self._thinned != today:
            self._thinned = today
            self._thin(today)

    def close(self) -> None:
        self._connection.close()

    def _finish(self, cursor: sqlite3.Cursor, before: int) -> None:
        over = cursor.execute("select * from unfinished where day < ?", (before,)).fetchall()
        for *key, day, counts in over:
            told = _day_of(Key(*key), counts)
            if told is not None:
                cursor.execute("insert or replace into day values (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*key, day, *told))
        cursor.execute("delete from unfinished where day < ?", (before,))

    def _thin(self, today: int) -> None:
        """Join old days, and let go of the oldest."""
        with self._connection:
            self._connection.execute("delete from day where day < ?", (today - int(self._years * YEAR_DAYS),))
            self._join_weeks(today - FULL_DAYS)
            while self._bytes() > self._max_bytes and self._drop_oldest():
                pass
        self._connection.execute("pragma incremental_vacuum")

    def _join_weeks(self, before: int) -> None:
        old = self._connection.execute(
            "select * from day where day < ? and (day % ? != 0 or exists (select 1 from day as later where"
            " later.sensor = day.sensor and later.bearing = day.bearing and later.figure = day.figure"
            " and later.speed = day.speed and later.day > day.day and later.day < day.day + ? and later.day < ?))",
            (before, WEEK_DAYS, WEEK_DAYS, before),
        ).fetchall()
        weeks: dict[tuple[object, ...], list[tuple[int, Day]]] = defaultdict(list)
        for *key, day, windows, low, middle, high in old:
            weeks[*key, day - day % WEEK_DAYS].append((day, Day(windows, low, middle, high)))
        for week, days in weeks.items():
            self._connection.executemany(f"delete from day where {_THIS}", [(*week[:-1], day) for day, _ in days])
            joined = _joined([day for _, day in days])
            self._connection.execute("insert into day values (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*week, *joined))

    def _bytes(self) -> int:
        pages, free, size = (
            int(self._connection.execute(f"pragma {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def _drop_oldest(self) -> bool:
        oldest = self._connection.execute("select day from day order by day limit 1").fetchone()
        if oldest is None:
            return False
        self._connection.execute("delete from day where day < ?", (oldest[0] + 4 * WEEK_DAYS,))
        return True


_THIS = "sensor = ? and bearing = ? and figure = ? and speed = ? and day = ?"


def days_of(folder: Path, sensor: str | None = None) -> dict[Key, list[tuple[int, Day]]]:
    """Number of each day and what it was, oldest first, today so far included; nothing where there is no file.

    sqlite3.Error where the file cannot be read.
    """
    found: dict[Key, list[tuple[int, Day]]] = defaultdict(list)
    with reading(folder / FILE, last_table="unfinished") as connection:
        if connection is None:
            return {}
        for *key, day, windows, low, middle, high in _rows(connection, "day", sensor):
            found[Key(*key)].append((day, Day(windows, low, middle, high)))
        for *key, day, counts in _rows(connection, "unfinished", sensor):
            told = _day_of(Key(*key), counts)
            if told is not None:
                found[Key(*key)].append((day, told))
    return {key: sorted(found[key]) for key in sorted(found)}


def _rows(connection: sqlite3.Connection, table: str, sensor: str | None) -> Iterator[tuple[Any, ...]]:
    which = "" if sensor is None else " where sensor = ?"
    yield from connection.execute(f"select * from {table}{which}", () if sensor is None else (sensor,))


def _counts_from(blob: object) -> Counts:
    """What is no such table counts for nothing."""
    try:
        return msgspec.msgpack.decode(blob, type=Counts) if isinstance(blob, bytes) else {}
    except msgspec.DecodeError:
        return {}


def _day_of(key: Key, blob: object) -> Day | None:
    """None of a figure that this version does not know."""
    counts = _counts_from(blob)
    figure = FIGURES.get(key.figure)
    return None if figure is None or not counts else Sketch(is_ratio=figure.is_ratio, counts=counts).day()


def _joined(days: list[Day]) -> Day:
    """Of several days, weighted by their windows."""
    windows = sum(day.windows for day in days)
    means = (sum(day[at] * day.windows for day in days) / max(1, windows) for at in (1, 2, 3))
    return Day(windows, *means)
