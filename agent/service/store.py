"""What survives a restart: healthy baselines, commissionings under way and open alerts, in one SQLite file.

A write is on the disk when the call returns (WAL, synchronous=FULL), so an alert is stored before it is sent. A damaged
file is put aside and a fresh one started: diagnosing without memory is worth more than not diagnosing.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from agent.errors import ConfigError
from agent.types import Alert

log = logging.getLogger(__name__)

FILE_NAME = "state.sqlite"
LAYOUT = 1
"""PRAGMA user_version; a file of a higher one was written by a later agent."""

SCHEMA = """
create table if not exists baseline (
  sensor text not null, bearing text not null, features text not null, saved_wall_s real not null, value blob not null,
  primary key (sensor, bearing)
) without rowid;
create table if not exists baseline_bak (
  sensor text not null, bearing text not null, features text not null, saved_wall_s real not null, value blob not null,
  primary key (sensor, bearing)
) without rowid;
create table if not exists commissioning (
  sensor text primary key, features text not null, saved_wall_s real not null, value blob not null
) without rowid;
create table if not exists lesson (sensor text not null, value blob not null);
create table if not exists alert (
  sensor text not null, bearing text not null, id text not null, value blob not null, primary key (sensor, bearing)
) without rowid;
"""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A commissioning that begins; without a `value` one that ends."""

    value: bytes | None = None


FORGET_ALERT = "delete from alert where sensor = ? and bearing = ?"

Stored: TypeAlias = Mapping[str | None, bytes]
"""Bearing -> baseline, as `agent.diagnosis.baseline.to_bytes` writes it."""
Row: TypeAlias = tuple[object, ...]


def open_store(state_dir: Path) -> Store:
    """The store in `state_dir`, made where it is missing. ConfigError where the folder cannot be used."""
    path = state_dir / FILE_NAME
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return Store(_connect(path), notices=())
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = _put_aside(path)
            notice = f"{path} was damaged ({error}); it is kept as {aside.name}, baselines and open alerts start afresh"
            log.warning("%s", notice)
            return Store(_connect(path), notices=(notice,))
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"agent.state_dir: {state_dir} cannot be used ({error}); make it writable for this user"
        ) from error


class Store:
    """An open state file; used from one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, *, notices: tuple[str, ...]) -> None:
        self._connection = connection
        self.notices = notices
        self.failures = 0  # writes that did not reach the disk (full, read-only)

    def save_baselines(
        self,
        sensor: str,
        baselines: Stored,
        *,
        features: str,
        aside: Stored | None = None,
        ended: Iterable[Alert] = (),
        under_way: UnderWay | None = None,
    ) -> bool:
        """All that is known of a sensor's healthy machine, instead of what was; False: nothing of it is written.

        `features` says which feature definition the numbers belong to; `aside` is kept as that from before a repair,
        and the alerts `ended` with it are forgotten. `under_way`: the commissioning that begins or ends with this;
        None: that goes on as it is. One transaction: a kill finds all of it, or nothing.
        """

        def rows(stored: Stored) -> list[Row]:
            return [(sensor, bearing or "", features, time.time(), value) for bearing, value in stored.items()]

        begins = (
            [] if under_way is None or under_way.value is None else [(sensor, features, time.time(), under_way.value)]
        )
        changed = [] if under_way is None else [(sensor,)]
        return self._write(
            ("delete from commissioning where sensor = ?", changed),
            ("delete from lesson where sensor = ?", changed),
            ("insert into commissioning values (?, ?, ?, ?)", begins),
            ("delete from baseline where sensor = ?", [(sensor,)]),
            ("insert into baseline values (?, ?, ?, ?, ?)", rows(baselines)),
            ("delete from baseline_bak where sensor = ?", [(sensor,)]),
            ("insert into baseline_bak values (?, ?, ?, ?, ?)", rows(aside or {})),
            (FORGET_ALERT, [(alert.sensor, alert.bearing or "") for alert in ended]),
        )

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> bool:
        """Keep what a commissioning under way has heard since; False: not written."""
        return self._write(
            ("update commissioning set saved_wall_s = ? where sensor = ?", [(time.time(), sensor)]),
            ("insert into lesson values (?, ?)", [(sensor, lesson) for lesson in lessons]),
        )

    def under_way(self, sensor: str, *, features: str, max_age_s: float) -> tuple[bytes, list[bytes]] | None:
        """The commissioning that a restart interrupted, with its lessons in order; None: there is none to resume."""
        query = "select features, saved_wall_s, value from commissioning where sensor = ?"
        row = self._connection.execute(query, (sensor,)).fetchone()
        if row is None:
            return None
        made_with, saved_wall_s, value = row
        if made_with != features or time.time() - saved_wall_s > max_age_s:
            self._notice(f"{sensor}: its commissioning was interrupted for too long; commission it again")
            return None
        lessons = self._connection.execute("select value from lesson where sensor = ? order by rowid", (sensor,))
        return value, [lesson for (lesson,) in lessons]

    def baselines(self, sensor: str, *, features: str) -> dict[str | None, bytes]:
        """Bearing -> stored baseline, as far as it was learnt with the same feature definition."""
        return self._usable("baseline", sensor, features=features)

    def aside(self, sensor: str, *, features: str) -> dict[str | None, bytes]:
        """Likewise, of before a repair after which the new healthy state is not complete yet."""
        return self._usable("baseline_bak", sensor, features=features)

    def _usable(self, table: str, sensor: str, *, features: str) -> dict[str | None, bytes]:
        rows = self._connection.execute(f"select bearing, features, value from {table} where sensor = ?", (sensor,))
        usable: dict[str | None, bytes] = {}
        stale = 0
        for bearing, made_with, value in rows:
            if made_with == features:
                usable[bearing or None] = value
            else:
                stale += 1
        if stale:
            self._notice(
                f"{sensor}: its baseline was learnt with other features than this bundle's; commission it again"
            )
        return usable

    def save_alert(self, alert: Alert) -> bool:
        """Keep an open alert, or forget it when it is cleared. False: not written."""
        key = (alert.sensor, alert.bearing or "")
        if alert.event == "cleared":
            return self._write((FORGET_ALERT, [key]))
        row = (*key, alert.id, msgspec.json.encode(alert))
        return self._write(("insert or replace into alert values (?, ?, ?, ?)", [row]))

    def open_alerts(self) -> tuple[Alert, ...]:
        """The alerts that were open at the last write, also those of sensors that are no longer configured."""
        alerts = []
        for sensor, bearing, value in self._connection.execute("select sensor, bearing, value from alert"):
            try:
                alerts.append(msgspec.json.decode(value, type=Alert))
            except msgspec.MsgspecError as error:
                self._notice(f"{sensor}/{bearing}: a stored alert cannot be read ({error}); it is forgotten")
        return tuple(alerts)

    def close(self) -> None:
        self._connection.close()

    def _write(self, *steps: tuple[str, Sequence[Row]]) -> bool:
        """Statements, each for its rows, in one transaction."""
        try:
            with self._connection:
                for statement, rows in steps:
                    if rows:
                        self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            self.failures += 1
            if self.failures == 1:
                log.error("state cannot be written (%s); it will not survive a restart; check the disk", error)
            return False
        return True

    def _notice(self, text: str) -> None:
        log.warning("%s", text)
        self.notices = (*self.notices, text)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=2.0, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        if (verdict := _first(connection, "pragma quick_check(1)")) != "ok":
            raise sqlite3.DatabaseError(verdict)
        if (layout := _first(connection, "pragma user_version")) > LAYOUT:
            raise ConfigError(
                f"{path} was written by a later agent (layout {layout}); update the agent or move it away"
            )
        connection.executescript(SCHEMA)
        connection.execute(f"pragma user_version = {LAYOUT}")
    except BaseException:
        connection.close()
        raise
    return connection


def _first(connection: sqlite3.Connection, statement: str) -> Any:
    return connection.execute(statement).fetchone()[0]


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Damage is a DatabaseError itself; locked, full and forbidden are its subclass OperationalError."""
    return not isinstance(error, sqlite3.OperationalError)


def _put_aside(path: Path) -> Path:
    """Rename the damaged file and its side files, so that somebody can look at it later."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for suffix in ("-wal", "-shm", ""):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{aside}{suffix}")
    return aside
