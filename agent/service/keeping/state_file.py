"""The SQLite file under the store: how it is opened and proved, and what becomes of an older or damaged one.

A write is on the disk when its transaction returns (WAL, synchronous=FULL). A file is proved when it is opened: its
structure by SQLite, each row by its checksum.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.errors import ConfigError
from agent.service.keeping.seals import unsealed
from agent.service.keeping.state_tables import TABLES, Found, Put, create_tables, read_table

FILE_NAME = "state.sqlite"
LAYOUT = 3
"""PRAGMA user_version; a file of a higher one was written by a later agent."""


def connect(path: Path | None) -> sqlite3.Connection:
    """The open file in the present layout, None: memory; DatabaseError where damaged, ConfigError where a later one."""
    if path is not None and not path.exists():
        path.touch(mode=0o600)
    elif path is not None and path.stat().st_mode & 0o077:  # of an earlier agent, or of a careless copy
        with contextlib.suppress(OSError):
            path.chmod(0o600)
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
        connection.execute("begin immediate")  # OperationalError where it cannot be written
        connection.rollback()
        _take_over(connection, layout)
        prove(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def prove(connection: sqlite3.Connection) -> None:
    """DatabaseError where a row is not what was written."""
    damaged = {table: sum(not found.is_whole for found in read_table(connection, table)) for table in TABLES}
    told = ", ".join(f"{count} of {table}" for table, count in damaged.items() if count)
    if told:
        raise sqlite3.DatabaseError(f"rows are not what was written: {told}")


def read_rows(connection: sqlite3.Connection, table: str) -> Iterator[Found]:
    """All rows of a table, whichever agent wrote them; sqlite3.Error where it ends early."""
    layout = first(connection, "pragma user_version")
    return read_table(connection, table) if layout >= LAYOUT else _read_older(connection, table)


def _take_over(connection: sqlite3.Connection, layout: int) -> None:
    """Make what an older agent wrote, or nothing yet, the present layout; whole or not at all."""
    if layout == LAYOUT:
        return
    older = [(table, list(_read_older(connection, table))) for table in TABLES]
    if not all(found.is_whole for _, rows in older for found in rows):
        raise sqlite3.DatabaseError("a baseline is not what was written")
    connection.execute("begin immediate")
    with connection:
        for table in TABLES:
            connection.execute(f"drop table if exists {table}")
        for statement in create_tables():
            connection.execute(statement)
        for table, rows in older:
            connection.executemany(*Put(table, [found.row for found in rows]).sealed(generation=0))
        connection.execute(f"pragma user_version = {LAYOUT}")


def _read_older(connection: sqlite3.Connection, table: str) -> Iterator[Found]:
    """Rows without columns that came later, and without checksums but those of baselines."""
    wanted = TABLES[table].columns
    has = {row[1] for row in connection.execute(f"pragma table_info({table})")}
    if not has:
        return
    columns = ", ".join(name if name in has else "null" if kind == "blob" else "0" for name, kind in wanted.items())
    order = "" if TABLES[table].keys else " order by rowid"
    for row in connection.execute(f"select {columns} from {table}{order}"):
        if table in ("baseline", "baseline_bak"):
            value = unsealed(row[-1])
            yield Found((*row[:-1], value), value is not None)
        else:
            yield Found(row, is_whole=True)


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
