"""What survives a restart: healthy baselines, commissionings under way and open alerts, in one SQLite file.

A write is on the disk when the call returns, so an alert is stored before it is sent; where the disk does not take it,
it is in memory (see `refuge`): diagnosing without a disk is worth more than not diagnosing.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from agent.service.refuge import Refuge
from agent.service.state_file import FILE_NAME
from agent.types import Alert

SEAL = b"CRC1"  # before the checksum of what follows; rows of older agents have none

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A commissioning that begins; without a `value` one that ends."""

    value: bytes | None = None


FORGET_ALERT = "delete from alert where sensor = ? and bearing = ?"

Stored: TypeAlias = Mapping[str | None, bytes]
"""Bearing -> baseline, as `agent.diagnosis.baseline.to_bytes` writes it."""
Row: TypeAlias = tuple[object, ...]


def open_store(state_dir: Path) -> Store:
    """The store in `state_dir`, made where it is missing; in memory where the disk does not take it.

    ConfigError where the path leads through a file, or where a later agent wrote the file.
    """
    return Store(Refuge(state_dir / FILE_NAME))


class Store:
    """An open state file; used from one thread at a time."""

    def __init__(self, place: Refuge) -> None:
        self._place = place
        self._told: tuple[str, ...] = ()
        self.failures = 0  # writes that did not reach the disk (full, read-only)

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever looks at the agent has to know of its state."""
        return (*self._place.said, *self._told)

    @property
    def troubles(self) -> tuple[str, ...]:
        """Those of the notices that concern whoever relies on a state: that nothing of it is kept."""
        return () if self.is_kept else self._place.said[:1]

    @property
    def is_kept(self) -> bool:
        """Whether what was saved is on the disk and survives a restart."""
        return self._place.is_kept

    @property
    def is_emptied(self) -> bool:
        """Whether what was saved while running is gone even from memory, and is to be saved again."""
        return self._place.is_emptied

    def is_saved_again(self) -> None:
        """All that was open or learnt has been saved since `is_emptied`."""
        self._place.is_emptied = False

    def look(self, now_s: float) -> bool:
        """Try the disk again every now and then; True: it holds more than was known, which has not been read yet."""
        was_blind = self._place.is_blind
        return self._place.look(now_s) and was_blind

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
            return [(sensor, bearing or "", features, time.time(), sealed(value)) for bearing, value in stored.items()]

        begins = (
            [] if under_way is None or under_way.value is None else [(sensor, features, time.time(), under_way.value)]
        )
        changed = [] if under_way is None else [(sensor,)]
        is_kept = self._write(
            ("delete from commissioning where sensor = ?", changed),
            ("delete from lesson where sensor = ?", changed),
            ("insert into commissioning values (?, ?, ?, ?)", begins),
            ("delete from baseline where sensor = ?", [(sensor,)]),
            ("insert into baseline values (?, ?, ?, ?, ?)", rows(baselines)),
            ("delete from baseline_bak where sensor = ?", [(sensor,)]),
            ("insert into baseline_bak values (?, ?, ?, ?, ?)", rows(aside or {})),
            (FORGET_ALERT, [(alert.sensor, alert.bearing or "") for alert in ended]),
        )
        self._place.copy()
        return is_kept

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> bool:
        """Keep what a commissioning under way has heard since; False: not written."""
        return self._write(
            ("update commissioning set saved_wall_s = ? where sensor = ?", [(time.time(), sensor)]),
            ("insert into lesson values (?, ?)", [(sensor, lesson) for lesson in lessons]),
        )

    def under_way(self, sensor: str, *, features: str, max_age_s: float) -> tuple[bytes, list[bytes]] | None:
        """The commissioning that a restart interrupted, with its lessons in order; None: there is none to resume."""
        query = "select features, saved_wall_s, value from commissioning where sensor = ?"
        rows = self._rows(query, (sensor,))
        if not rows:
            return None
        made_with, saved_wall_s, value = rows[0]
        if made_with != features or time.time() - saved_wall_s > max_age_s:
            self._notice(f"{sensor}: its commissioning was interrupted for too long; commission it again")
            return None
        lessons = self._rows("select value from lesson where sensor = ? order by rowid", (sensor,))
        return value, [lesson for (lesson,) in lessons]

    def baselines(self, sensor: str, *, features: str) -> dict[str | None, bytes]:
        """Bearing -> stored baseline, as far as it was learnt with the same feature definition."""
        return self._usable("baseline", sensor, features=features)

    def aside(self, sensor: str, *, features: str) -> dict[str | None, bytes]:
        """Likewise, of before a repair after which the new healthy state is not complete yet."""
        return self._usable("baseline_bak", sensor, features=features)

    def _usable(self, table: str, sensor: str, *, features: str) -> dict[str | None, bytes]:
        query = f"select bearing, features, value from {table} where sensor = ?"
        usable: dict[str | None, bytes] = {}
        stale = 0
        for bearing, made_with, row in self._rows(query, (sensor,)):
            value = unsealed(row)
            if value is None:
                value = self._restored(table, sensor, bearing, made_with)
            if value is None:
                continue
            if made_with == features:
                usable[bearing or None] = value
            else:
                stale += 1
        if stale:
            self._notice(
                f"{sensor}: its baseline was learnt with other features than this bundle's; commission it again"
            )
        return usable

    def _restored(self, table: str, sensor: str, bearing: str, features: str) -> bytes | None:
        """Of a row that is not what was written, what the copy of the file has."""
        copied = self._place.copied()
        if copied is not None:
            query = f"select value, saved_wall_s from {table} where sensor = ? and bearing = ? and features = ?"
            with contextlib.closing(copied):
                found = copied.execute(query, (sensor, bearing, features)).fetchone()
            if found is not None and (value := unsealed(found[0])) is not None:
                at = time.strftime("%Y-%m-%d %H:%M", time.localtime(found[1]))
                self._notice(f"{sensor}: its stored baseline was damaged; that of {at} is restored from the copy")
                return value
        self._notice(f"{sensor}: its stored baseline was damaged, and no copy has it; commission it again")
        return None

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
        for sensor, bearing, value in self._rows("select sensor, bearing, value from alert"):
            try:
                alerts.append(msgspec.json.decode(value, type=Alert))
            except msgspec.MsgspecError as error:
                self._notice(f"{sensor}/{bearing}: a stored alert cannot be read ({error}); it is forgotten")
        return tuple(alerts)

    def close(self) -> None:
        self._place.connection.close()

    def _write(self, *steps: tuple[str, Sequence[Row]]) -> bool:
        """Statements, each for its rows, in one transaction."""
        try:
            self._transact(steps)
        except sqlite3.Error as error:
            self.failures += 1
            self._place.fall_back(error)
            try:
                self._transact(steps)
            except sqlite3.Error:  # what was read of the file is no good either
                self._place.start_afresh()
                self._transact(steps)
        return self.is_kept

    def _rows(self, query: str, values: Row = ()) -> list[Any]:
        try:
            return self._place.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._place.fall_back(error)
        try:
            return self._place.connection.execute(query, values).fetchall()
        except sqlite3.Error:
            self._place.start_afresh()
            return []

    def _transact(self, steps: Sequence[tuple[str, Sequence[Row]]]) -> None:
        with self._place.connection as connection:
            for statement, rows in steps:
                if rows:
                    connection.executemany(statement, rows)

    def _notice(self, text: str) -> None:
        log.warning("%s", text)
        self._told = (*self._told, text)


def sealed(value: bytes) -> bytes:
    """`value` with its checksum before it."""
    return SEAL + zlib.crc32(value).to_bytes(4, "big") + value


def unsealed(row: bytes) -> bytes | None:
    """What was sealed; None where a bit of it is another now."""
    if not row.startswith(SEAL):
        return row
    value = row[len(SEAL) + 4 :]
    return value if zlib.crc32(value).to_bytes(4, "big") == row[len(SEAL) : len(SEAL) + 4] else None
