"""SQLite files beside the state: what is in them is missed by nobody who alerts, so they share no fate with it.

A write is in the file when its transaction returns, and on the disk soon after. A file that is damaged is put aside,
and another begun. Who reads one needs no running agent, and writes nothing.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from agent.errors import ConfigError

DAMAGED = ".damaged"
BUSY_S = 5.0

log = logging.getLogger(__name__)


def opened(path: Path, schema: str) -> sqlite3.Connection:
    """Open for writing, made where it is missing; sqlite3.Error and OSError where the disk does not take it."""
    for last in (False, True):
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
        try:
            connection.execute("pragma auto_vacuum = incremental")
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.executescript(schema)
            if not last and connection.execute("pragma quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("damaged")
        except sqlite3.DatabaseError as error:
            connection.close()
            if last or isinstance(error, sqlite3.OperationalError):
                raise
            aside = _put_aside(path)
            log.warning("%s is damaged; it is put aside as %s, and what was in it is no longer shown", path, aside.name)
            for beside in ("-wal", "-shm"):
                path.with_name(path.name + beside).unlink(missing_ok=True)
        else:
            return connection
    raise AssertionError("unreachable")


def _put_aside(path: Path) -> Path:
    """Under a name that no earlier one has."""
    taken = len(list(path.parent.glob(f"{path.name}{DAMAGED}*")))
    aside = path.with_name(f"{path.name}{DAMAGED}{taken or ''}")
    path.replace(aside)
    return aside


def unreadable(path: Path, error: sqlite3.Error) -> ConfigError:
    """What a reader is told of a file that cannot be read."""
    if isinstance(error, sqlite3.OperationalError):
        return ConfigError(f"{path}: cannot be read ({error}); run this command as the user that runs the agent")
    return ConfigError(f"{path}: is damaged ({error}); the agent puts it aside and begins another when it starts again")


@contextlib.contextmanager
def reading(path: Path, *, last_table: str) -> Iterator[sqlite3.Connection | None]:
    """Open for reading alone; None where there is no file, or it is only being made: it lacks the `last_table` of its
    schema. sqlite3.Error where it cannot be read."""
    if not path.exists():
        yield None
        return
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as found:
        is_made = found.execute("select 1 from sqlite_master where name = ?", (last_table,)).fetchone()
        yield found if is_made else None
