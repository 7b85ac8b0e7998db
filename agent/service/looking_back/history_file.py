"""The file of alerts: each with what it said and its events, open or past, the oldest past ones let go.

Written after the state and apart from it (see `side_file`): what an alert rests on until it is heard is there, what is
looked back on is here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent.service.keeping.side_file import opened, reading, unreadable
from agent.service.looking_back.past import Event, Past, Whence
from agent.types import Alert

FILE = "alerts.sqlite"
MOST_PAST = 2000
MOST_EVENTS = 200
"""Of one alert: those after the first that are older go."""
MOST_LISTED = 200

SCHEMA = """
create table if not exists alert (id text primary key, sensor text, bearing text, closed integer, seq integer,
  raised blob, last blob, whence blob) without rowid;
create table if not exists event (alert text, seq integer, value blob, primary key (alert, seq)) without rowid;
create index if not exists alert_by_seq on alert (closed, seq);
"""
LAST = "alert_by_seq"


class HistoryFile:
    """Open for writing; sqlite3.Error and OSError where the disk does not take it. Noted twice is noted once."""

    def __init__(self, state_dir: Path, *, most_past: int = MOST_PAST) -> None:
        self._connection = opened(state_dir / FILE, SCHEMA)
        self._most_past = most_past

    def note(self, alert: Alert, event: Event, whence: Whence) -> None:
        """What became of an alert: what a cleared one said before stays."""
        closed, value = alert.event == "cleared", msgspec.msgpack.encode(alert)
        place = (alert.id, alert.sensor, alert.bearing or "")
        kept = "" if closed else ", last = excluded.last, whence = excluded.whence"
        with self._connection:
            self._connection.execute(
                "insert into alert values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set"
                f" closed = excluded.closed, seq = excluded.seq{kept} where excluded.seq >= seq",
                (*place, closed, event.seq, value, value, msgspec.msgpack.encode(whence)),
            )
            self._add(alert.id, event)

    def end(self, alert: str, event: Event) -> None:
        """That an alert is over of which no more is known; nothing where it is not here."""
        with self._connection:
            ended = self._connection.execute(
                "update alert set closed = 1, seq = max(seq, ?) where id = ? and closed = 0", (event.seq, alert)
            )
            if ended.rowcount:
                self._add(alert, event)

    def open_besides(self, alerts: Collection[str]) -> list[tuple[str, int]]:
        """Those that are open here and not among `alerts`, with the number of their last event."""
        rows = self._connection.execute("select id, seq from alert where closed = 0")
        return [(alert, seq) for alert, seq in rows if alert not in alerts]

    def knows(self, alert: str) -> bool:
        return self._connection.execute("select 1 from alert where id = ?", (alert,)).fetchone() is not None

    def close(self) -> None:
        self._connection.close()

    def _add(self, alert: str, event: Event) -> None:
        row = (alert, event.seq, msgspec.msgpack.encode(event))
        self._connection.execute("insert or ignore into event values (?, ?, ?)", row)
        self._connection.execute(
            "delete from event where alert = ?1 and seq > (select min(seq) from event where alert = ?1) and seq <"
            " (select seq from event where alert = ?1 order by seq desc limit 1 offset ?2)",
            (alert, MOST_EVENTS - 2),
        )
        too_old = self._connection.execute(
            "select id from alert where closed = 1 order by seq desc limit -1 offset ?", (self._most_past,)
        ).fetchall()
        self._connection.executemany("delete from event where alert = ?", too_old)
        self._connection.executemany("delete from alert where id = ?", too_old)


def past_alerts(
    state_dir: Path,
    *,
    sensor: str | None = None,
    beginning: str = "",
    closed: bool | None = None,
    before: int | None = None,
    most: int = MOST_LISTED,
) -> list[Past]:
    """Alerts of the file, the newest first, at most so many; ConfigError where it cannot be read.

    `beginning`: of their ids; `closed` None: open ones, too; `before`: those whose last event has a smaller number.
    """
    where, values = ["substr(id, 1, length(?)) = ?"], [beginning, beginning]
    for condition, value in (("sensor = ?", sensor), ("closed = ?", closed), ("seq < ?", before)):
        if value is not None:
            where.append(condition)
            values.append(value)  # type: ignore[arg-type]
    query = (
        f"select id, closed, seq, raised, last, whence from alert where {' and '.join(where)} order by seq desc limit ?"
    )
    try:
        with reading(state_dir / FILE, last_table=LAST) as connection:
            if connection is None:
                return []
            rows = connection.execute(query, (*values, most)).fetchall()
            return [past for row in rows if (past := _past(row, _events(connection, row[0]))) is not None]
    except sqlite3.Error as error:
        raise unreadable(state_dir / FILE, error) from error


def _past(row: Sequence[Any], events: tuple[Event, ...]) -> Past | None:
    """None where this agent cannot read it: another wrote it, or a bit is another."""
    _, closed, seq, raised, last, whence = row
    try:
        first, alert = (msgspec.msgpack.decode(value, type=Alert) for value in (raised, last))
        return Past(first, alert, msgspec.msgpack.decode(whence, type=Whence), bool(closed), seq, events)
    except (msgspec.MsgspecError, TypeError, ValueError):
        return None


def _events(connection: sqlite3.Connection, alert: str) -> tuple[Event, ...]:
    found = []
    for (value,) in connection.execute("select value from event where alert = ? order by seq", (alert,)):
        try:
            found.append(msgspec.msgpack.decode(value, type=Event))
        except (msgspec.MsgspecError, TypeError):
            continue
    return tuple(found)
