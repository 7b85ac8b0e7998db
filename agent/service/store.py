"""What survives a restart, in one SQLite file: what is healthy, open alerts, and what the sinks do not have yet.

An alert, its event for every sink and the topics that will show it are one transaction, on the disk before anybody
hears of them: whatever instant the process ends at, the next one knows what is open, what is still to be said and what
a broker may still show. What cannot be written (disk full, read-only) is kept in memory and tried again.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from agent.errors import ConfigError
from agent.ports import Message
from agent.service.state_file import FILE_NAME, connect, is_damage, put_aside
from agent.types import Alert

MAX_AGE_S = 30 * 86_400.0
AGE_STEP_S = 600.0
MOST_UNSAVED = 10_000

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


def open_store(state_dir: Path, *, max_age_s: float = MAX_AGE_S) -> Store:
    """The store in `state_dir`, made where it is missing. ConfigError where the folder cannot be used."""
    path = state_dir / FILE_NAME
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return Store(connect(path), notices=(), max_age_s=max_age_s)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            aside = put_aside(path)
            notice = f"{path} was damaged ({error}); it is kept as {aside.name}, baselines and open alerts start afresh"
            log.warning("%s", notice)
            return Store(connect(path), notices=(notice,), max_age_s=max_age_s)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"agent.state_dir: {state_dir} cannot be used ({error}); make it writable for this user"
        ) from error


class Store:
    """An open state file; `settle` and `is_too_old` may be called from any thread, the rest from one."""

    def __init__(
        self, connection: sqlite3.Connection, *, notices: tuple[str, ...], max_age_s: float = MAX_AGE_S
    ) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._told = notices
        self._error = ""  # why the last write failed
        self._unsaved: deque[list[Statement]] = deque()
        self._max_age_s = max_age_s
        self.failures = 0  # writes that did not reach the disk (full, read-only)
        counters = dict(connection.execute("select name, value from counter"))
        self.boot = int(counters.get("boot", 0)) + 1
        self._seq = int(counters.get("seq", 0))
        self._ran_s, self._opened_s = float(counters.get("ran_s", 0.0)), time.monotonic()
        self._ages = deque(connection.execute("select max(seq), ran_s from outbox group by ran_s order by ran_s"))
        self._write([_count("boot", self.boot)])

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever looks at the agent has to know of its state file."""
        with self._lock:
            if not self._unsaved:
                return self._told
            unsaved = f"state cannot be written ({self._error}); it will not survive a restart; check the disk"
            return (*self._told, unsaved)

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
            return [(sensor, bearing or "", features, time.time(), value) for bearing, value in stored.items()]

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
        if self._write([*steps, *(step for said in ended for step in self._steps(said))]):
            return True
        for said in ended:
            self.commit(said)
        return False

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
        rows = self._rows(f"select bearing, features, value from {table} where sensor = ?", sensor)
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
        return self._keep(self._steps(said))

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
        return [Message(topic, payload, False, qos, kind, seq, alert) for topic, payload, qos, kind, seq, alert in rows]

    def note_retained(self, messages: Iterable[Message], *, sinks: Collection[str]) -> bool:
        """Before anything is shown on the topics of `messages`: that sinks may hold something there."""
        noted = [(message.topic, message.alert, message.seq) for message in messages]
        rows: list[Row] = [(sink, *place) for sink in sinks for place in noted]
        return self._keep([("insert or ignore into retained values (?, ?, ?, ?)", rows)])

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
        return self._keep(changes) if changes else True

    def is_read_back(self, sink: str) -> bool:
        """Whether this file has known all along what a sink holds."""
        return bool(self._rows("select 1 from counter where name = ?", f"read_back:{sink}"))

    def note_read_back(self, sink: str) -> bool:
        return self._keep([_count(f"read_back:{sink}", 1)])

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

    def retry(self) -> None:
        """Write what could not be written."""
        if self._unsaved:
            self._keep([])

    def close(self) -> None:
        with self._lock:
            self._keep([_count("ran_s", self._now_s())])
            self._connection.close()

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

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

    def _keep(self, changes: list[Statement]) -> bool:
        """Write, after all that could not be written before; what fails is kept in memory, in its order."""
        with self._lock:
            if changes:
                self._unsaved.append(changes)
            while len(self._unsaved) > MOST_UNSAVED:
                self._unsaved.popleft()
            while self._unsaved:
                if not self._write(self._unsaved[0]):
                    return False
                self._unsaved.popleft()
            return True

    def _write(self, changes: list[Statement]) -> bool:
        """One transaction."""
        with self._lock:
            try:
                with self._connection:
                    for statement, rows in changes:
                        if rows:
                            self._connection.executemany(statement, rows)
            except sqlite3.Error as error:
                self.failures += 1
                self._error = str(error)
                if self.failures == 1:
                    log.error("state cannot be written (%s); it will not survive a restart; check the disk", error)
                return False
            return True

    def _notice(self, text: str) -> None:
        log.warning("%s", text)
        self._told = (*self._told, text)


def _count(name: str, value: float) -> Statement:
    return "insert or replace into counter values (?, ?)", [(name, value)]
