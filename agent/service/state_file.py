"""The SQLite file under the store: how it is opened, what its tables are, and what becomes of an older or damaged one.

A write is on the disk when its transaction returns (WAL, synchronous=FULL).
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from agent.errors import ConfigError

FILE_NAME = "state.sqlite"
LAYOUT = 2
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
create table if not exists outbox (
  sink text not null, seq integer not null, topic text not null, payload blob not null, qos integer not null,
  kind text not null, alert text not null, ran_s real not null, primary key (sink, seq)
) without rowid;
create table if not exists retained (
  sink text not null, topic text not null, alert text not null, seq integer not null, primary key (sink, topic, alert)
) without rowid;
create table if not exists counter (name text primary key, value real not null) without rowid;
"""
"""`outbox`: events that a sink does not have yet. `retained`: topics on which a sink may hold something, with the alert
that it may show; a row goes when the sink has acknowledged an emptied or a newer value. `counter`: boots, the last seq,
the seconds that the agent ran, and which sinks have been read back."""

FROM_LAYOUT_1 = """
alter table alert add column seq integer not null default 0;
alter table alert add column payload blob;
"""
"""Of an open alert: the number of its last event, and what was said then."""


def connect(path: Path | None) -> sqlite3.Connection:
    """The open file in the present layout, None: memory; DatabaseError where damaged, ConfigError where a later one."""
    if path is not None and not path.exists():
        path.touch(mode=0o600)
    connection = sqlite3.connect(path or ":memory:", timeout=2.0, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        if (verdict := first(connection, "pragma quick_check(1)")) != "ok":
            raise sqlite3.DatabaseError(verdict)
        layout = first(connection, "pragma user_version")
        if layout > LAYOUT:
            raise ConfigError(
                f"{path} was written by a later agent (layout {layout}); update the agent or move it away"
            )
        newer = FROM_LAYOUT_1 if layout < 2 else ""
        connection.executescript(f"begin; {SCHEMA} {newer} pragma user_version = {LAYOUT}; commit;")  # whole or not
    except BaseException:
        connection.close()
        raise
    return connection


def first(connection: sqlite3.Connection, statement: str) -> Any:
    """The first value that a statement gives."""
    return connection.execute(statement).fetchone()[0]


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Damage is a DatabaseError itself; locked, full and forbidden are its subclass OperationalError."""
    return not isinstance(error, sqlite3.OperationalError)


def put_aside(path: Path) -> Path:
    """Rename the damaged file and its side files, so that somebody can look at it later."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for suffix in ("-wal", "-shm", ""):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{aside}{suffix}")
    return aside
