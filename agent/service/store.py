"""What survives a restart, in one SQLite file: what is healthy, open alerts, and what the sinks do not have yet.

An alert, its event for every sink and the topics that will show it are one transaction, on the disk before anybody
hears of them: whatever instant the process ends at, the next one knows what is open, what is still to be said and what
a broker may still show. Where the disk does not take it, it is in memory (see `refuge`).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
import threading
import time
import zlib
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from agent.limits import DAY_S
from agent.ports import Message
from agent.service.refuge import RETRY_S, Refuge
from agent.service.state_file import FILE_NAME
from agent.types import Alert

MAX_AGE_S = 30 * DAY_S
AGE_STEP_S = 600.0
SEAL = b"CRC1"  # before the checksum of what follows; rows of older agents have none

log = logging.getLogger(__name__)

Row: TypeAlias = tuple[object, ...]
Statement: TypeAlias = tuple[str, Sequence[Row]]
"""With the rows that it is executed for."""

Stored: TypeAlias = Mapping[str | None, bytes]
"""Bearing -> baseline, as `agent.diagnosis.baseline.to_bytes` writes it."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A commissioning that begins; without a `value` one that ends."""

    value: bytes | None = None


class Said(NamedTuple):
    """A change of an alert with what is said of it: its event, and what is retained from now on."""

    alert: Alert | None  # None: one that only a sink still knew
    event: Message
    shown: Message
    sinks: tuple[str, ...]


class OpenAlert(NamedTuple):
    """An alert that is open, with what was last said of it; `seq` 0 and no payload where an older agent stored it."""

    alert: Alert
    seq: int
    payload: bytes


class Shown(NamedTuple):
    """What a sink may hold on a topic: the newest event it is of, and ids of alerts."""

    seq: int
    alerts: frozenset[str]


def open_store(state_dir: Path, *, max_age_s: float = MAX_AGE_S, retry_s: float = RETRY_S) -> Store:
    """The store in `state_dir`, made where it is missing; in memory where the disk does not take it.

    ConfigError where the path leads through a file, or where a later agent wrote the file.
    """
    return Store(Refuge(state_dir / FILE_NAME, retry_s=retry_s), max_age_s=max_age_s)


class Store:
    """The open state; `settle` and `is_too_old` may be called from any thread, the rest from one."""

    def __init__(self, place: Refuge, *, max_age_s: float = MAX_AGE_S) -> None:
        self._place = place
        self._lock = threading.RLock()
        self._told: tuple[str, ...] = ()
        self._max_age_s = max_age_s
        self.failures = 0  # writes that did not reach the disk (full, read-only)
        counters: dict[str, float] = dict(self._rows("select name, value from counter"))
        self.boot = int(counters.get("boot", 0)) + 1
        self._seq = int(counters.get("seq", 0))
        if place.is_blind or place.is_restored:  # higher numbers may have been said than can be read here
            self._seq = max(self._seq, int(time.time() * 1000))
        self._ran_s, self._opened_s = float(counters.get("ran_s", 0.0)), time.monotonic()
        self._ages = deque(self._rows("select max(seq), ran_s from outbox group by ran_s order by ran_s"))
        forgets = "delete from counter where name like 'read_back:%'", [()] if place.is_restored else []
        self._write([_count("boot", self.boot), forgets])

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
        with self._lock:
            was_blind = self._place.is_blind
            return self._place.look(now_s) and was_blind

    # ------------------------------------------------------------------------------------------------------- baselines

    def save_baselines(
        self,
        sensor: str,
        baselines: Stored,
        *,
        features: str,
        aside: Stored | None = None,
        ended: Sequence[Said] = (),
        under_way: UnderWay | None = None,
    ) -> bool:
        """All that is known of a sensor's healthy machine, instead of what was; False: nothing of it is written.

        `features` says which feature definition the numbers belong to; `aside` is kept as that from before a repair,
        and the alerts `ended` with it are cleared. `under_way`: the commissioning that begins or ends with this;
        None: that goes on as it is. One transaction: a kill finds all of it, or nothing.
        """

        def rows(stored: Stored) -> list[Row]:
            return [(sensor, bearing or "", features, time.time(), sealed(value)) for bearing, value in stored.items()]

        begins = (
            [] if under_way is None or under_way.value is None else [(sensor, features, time.time(), under_way.value)]
        )
        changed = [] if under_way is None else [(sensor,)]
        steps: list[Statement] = [
            ("delete from commissioning where sensor = ?", changed),
            ("delete from lesson where sensor = ?", changed),
            ("insert into commissioning values (?, ?, ?, ?)", begins),
            ("delete from baseline where sensor = ?", [(sensor,)]),
            ("insert into baseline values (?, ?, ?, ?, ?)", rows(baselines)),
            ("delete from baseline_bak where sensor = ?", [(sensor,)]),
            ("insert into baseline_bak values (?, ?, ?, ?, ?)", rows(aside or {})),
        ]
        is_kept = self._write([*steps, *(step for said in ended for step in self._steps(said))])
        with self._lock:
            self._place.copy()
        return is_kept

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> bool:
        """Keep what a commissioning under way has heard since; False: not written."""
        return self._write(
            [
                ("update commissioning set saved_wall_s = ? where sensor = ?", [(time.time(), sensor)]),
                ("insert into lesson values (?, ?)", [(sensor, lesson) for lesson in lessons]),
            ]
        )

    def under_way(self, sensor: str, *, features: str, max_age_s: float) -> tuple[bytes, list[bytes]] | None:
        """The commissioning that a restart interrupted, with its lessons in order; None: there is none to resume."""
        query = "select features, saved_wall_s, value from commissioning where sensor = ?"
        rows = self._rows(query, sensor)
        if not rows:
            return None
        made_with, saved_wall_s, value = rows[0]
        if made_with != features or time.time() - saved_wall_s > max_age_s:
            self._notice(f"{sensor}: its commissioning was interrupted for too long; commission it again")
            return None
        lessons = self._rows("select value from lesson where sensor = ? order by rowid", sensor)
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
        for bearing, made_with, row in self._rows(query, sensor):
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

    # ---------------------------------------------------------------------------------------------------------- alerts

    def new_id(self) -> str:
        """An alert's id, 16 hexadecimal digits: the number of this start, and random bits should the file be lost."""
        return f"{self.boot & 0xFFFFFF:06x}{secrets.token_hex(5)}"

    def next_seq(self) -> int:
        """The number of the next event: one more than that of any before it."""
        self._seq += 1
        return self._seq

    def rise_above(self, seq: int) -> None:
        """Let no event have a number up to `seq`, which somebody has seen before the file was lost."""
        self._seq = max(self._seq, seq)

    def commit(self, said: Said) -> bool:
        """Keep what an alert is now, what is to be said of it and where it will be shown. False: not written yet."""
        return self._write(self._steps(said))

    def open_alerts(self) -> tuple[OpenAlert, ...]:
        """The alerts that were open at the last write, also those of sensors that are no longer configured."""
        alerts = []
        for sensor, bearing, value, seq, payload in self._rows(
            "select sensor, bearing, value, seq, payload from alert"
        ):
            try:
                alerts.append(OpenAlert(msgspec.json.decode(value, type=Alert), seq, payload or b""))
            except msgspec.MsgspecError as error:
                self._notice(f"{sensor}/{bearing}: a stored alert cannot be read ({error}); it is forgotten")
        return tuple(alerts)

    # ----------------------------------------------------------------------------------------------------------- sinks

    def waiting(self, sink: str) -> list[Message]:
        """The events that a sink does not have yet, oldest first."""
        rows = self._rows("select topic, payload, qos, kind, seq, alert from outbox where sink = ? order by seq", sink)
        return [
            Message(topic, payload, qos=qos, kind=kind, seq=seq, alert=alert)
            for topic, payload, qos, kind, seq, alert in rows
        ]

    def note_retained(self, messages: Iterable[Message], *, sinks: Collection[str]) -> bool:
        """Before anything is shown on the topics of `messages`: that sinks may hold something there."""
        noted = [(message.topic, message.alert, message.seq) for message in messages]
        rows: list[Row] = [(sink, *place) for sink in sinks for place in noted]
        return self._write([("insert or ignore into retained values (?, ?, ?, ?)", rows)])

    def retained(self, sink: str) -> dict[str, Shown]:
        """Topic -> what a sink may hold there."""
        found: dict[str, Shown] = {}
        for topic, seq, alert in self._rows("select topic, seq, alert from retained where sink = ?", sink):
            before = found.get(topic, Shown(0, frozenset()))
            found[topic] = Shown(max(seq, before.seq), before.alerts | ({alert} - {""}))
        return found

    def settle(self, sink: str, messages: list[Message]) -> bool:
        """Forget what a sink has or what was dropped, and what it no longer shows. False: not written yet."""
        changes: list[Statement] = []
        for message in messages:
            if not message.retain and message.seq:
                changes.append(("delete from outbox where sink = ? and seq = ?", [(sink, message.seq)]))
            elif message.retain and (message.seq or not message.payload):
                older = message.seq if message.payload else message.seq + 1
                row = (sink, message.topic, older)
                changes.append(("delete from retained where sink = ? and topic = ? and seq < ?", [row]))
        return self._write(changes) if changes else True

    def is_read_back(self, sink: str) -> bool:
        """Whether this file has known all along what a sink holds."""
        return bool(self._rows("select 1 from counter where name = ?", f"read_back:{sink}"))

    def note_read_back(self, sink: str) -> bool:
        return self._write([_count(f"read_back:{sink}", 1)])

    def orphaned_sinks(self, sinks: Collection[str]) -> dict[str, int]:
        """Sinks that no config names any more -> events that wait for them."""
        rows = self._rows("select sink, count(*) from outbox group by sink")
        return {sink: count for sink, count in rows if sink not in sinks}

    def is_too_old(self, message: Message) -> bool:
        """Whether an event has waited for longer than it is kept. Only time for which the agent ran counts: a wall
        clock that jumps makes nothing old."""
        with self._lock:
            oldest_s = self._now_s() - self._max_age_s
            while len(self._ages) > 1 and self._ages[1][1] <= oldest_s:
                self._ages.popleft()
            return bool(self._ages) and self._ages[0][1] <= oldest_s and 0 < message.seq <= self._ages[0][0]

    # --------------------------------------------------------------------------------------------------------- writing

    def save_again(self, alert: Alert, shown: Message, *, sinks: tuple[str, ...]) -> bool:
        """An open alert, of which not even memory knows any more."""
        steps = self._steps(Said(alert, shown, shown, sinks))
        return self._write([step for step in steps if " outbox " not in step[0]])

    def close(self) -> None:
        with self._lock:
            self._write([_count("ran_s", self._now_s())])
            self._place.connection.close()

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._place.connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                self._place.fall_back(error)
            try:
                return self._place.connection.execute(query, values).fetchall()
            except sqlite3.Error:
                self._place.start_afresh()
                return []

    def _steps(self, said: Said) -> list[Statement]:
        """What is open now, an event for every sink, and that each may show it until it has acknowledged something
        newer."""
        alert, event, shown, sinks = said
        place, where = (shown.topic, shown.alert, shown.seq), "insert or replace into"
        row = (event.seq, event.topic, event.payload, event.qos, event.kind, event.alert, self._bucket_s(event.seq))
        steps = [] if alert is None else [self._standing(alert, event)]
        return [
            *steps,
            (f"{where} outbox values (?, ?, ?, ?, ?, ?, ?, ?)", [(sink, *row) for sink in sinks]),
            (f"{where} retained values (?, ?, ?, ?)", [(sink, *place) for sink in sinks]),
            _count("seq", self._seq),
            _count("ran_s", self._now_s()),
        ]

    def _standing(self, alert: Alert, event: Message) -> Statement:
        """The row of an alert that is open, or its end."""
        key = (alert.sensor, alert.bearing or "")
        if alert.event == "cleared":
            return "delete from alert where sensor = ? and bearing = ? and id = ?", [(*key, alert.id)]
        row = (*key, alert.id, msgspec.json.encode(alert), event.seq, event.payload)
        return "insert or replace into alert values (?, ?, ?, ?, ?, ?)", [row]

    def _bucket_s(self, seq: int) -> float:
        """When an event is said, in seconds that the agent ran, to AGE_STEP_S."""
        with self._lock:
            ran_s = self._now_s()
            if self._ages and ran_s - self._ages[-1][1] < AGE_STEP_S:
                ran_s = self._ages.pop()[1]
            self._ages.append((seq, ran_s))
            return ran_s

    def _now_s(self) -> float:
        """Seconds for which the agent has run, over all its starts."""
        return self._ran_s + time.monotonic() - self._opened_s

    def _write(self, steps: Sequence[Statement]) -> bool:
        """Statements, each for its rows, in one transaction; False: in memory alone."""
        with self._lock:
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

    def _transact(self, steps: Sequence[Statement]) -> None:
        with self._place.connection as connection:
            for statement, rows in steps:
                if rows:
                    connection.executemany(statement, rows)

    def _notice(self, text: str) -> None:
        log.warning("%s", text)
        self._told = (*self._told, text)


def _count(name: str, value: float) -> Statement:
    return "insert or replace into counter values (?, ?)", [(name, value)]


def sealed(value: bytes) -> bytes:
    """`value` with its checksum before it."""
    return SEAL + zlib.crc32(value).to_bytes(4, "big") + value


def unsealed(row: bytes) -> bytes | None:
    """What was sealed; None where a bit of it is another now."""
    if not row.startswith(SEAL):
        return row
    value = row[len(SEAL) + 4 :]
    return value if zlib.crc32(value).to_bytes(4, "big") == row[len(SEAL) : len(SEAL) + 4] else None
