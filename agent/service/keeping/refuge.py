"""Where the state is: in the file on the disk, or in memory while the disk does not take it, and back again.

A full or read-only disk, a wrong permission, a damaged file: none of them ends the agent. Memory starts with what can
be read of the file; what it holds is written back whole once the disk takes it again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from pathlib import Path

from agent.errors import ConfigError
from agent.service.keeping.mark import Mark
from agent.service.keeping.salvage import salvage, written_at
from agent.service.keeping.state_file import connect, is_damage, put_aside

RETRY_S = 30.0
NOT_KEPT = "state_not_kept"
COPY_SUFFIX = ".bak"
MARK_SUFFIX = ".writes"

log = logging.getLogger(__name__)


class Refuge:
    """The open state, wherever it is now; used from one thread at a time.

    ConfigError where the path leads through a file, or where a later agent wrote the file.
    """

    def __init__(self, path: Path, *, retry_s: float = RETRY_S) -> None:
        self.path = path
        self.notices: tuple[str, ...] = ()  # that stay
        self.trouble: str | None = None  # why the disk does not keep it; None: it does
        self.is_blind = False  # since the start: the file may hold more than memory
        self.is_emptied = False  # while running: memory holds less than was written; to be written again
        self.is_restored = False  # from the copy: what was written since is not in it
        self._retry_s = retry_s
        self._tried_s = time.monotonic()
        self._identity: tuple[int, int] | None = None
        self._mark = Mark(Path(f"{path}{MARK_SUFFIX}"))
        self.generation = self._mark.read()
        """Of the last write that returned, as far as that is noted; the file may be older."""
        try:
            self.connection = self._opened() if self.path.exists() else self._missing() or self._opened()
            self._compare()
        except (NotADirectoryError, FileExistsError) as error:
            raise ConfigError(f"agent.state_dir: {path.parent} is no folder ({error}); name another") from error
        except (OSError, sqlite3.Error) as error:
            self._move_to_memory(error, None)

    @property
    def is_kept(self) -> bool:
        """Whether the disk has what was written."""
        return self.trouble is None

    @property
    def said(self) -> tuple[str, ...]:
        """Notices now, that of a disk that does not keep the state first."""
        if self.trouble is None:
            return self.notices
        return (
            f"{NOT_KEPT}: {self.path} cannot be written ({self.trouble}); what is learnt and which alerts are open is "
            "in memory alone, and lost with a restart; free or mend the disk",
            *self.notices,
        )

    def fall_back(self, error: sqlite3.Error) -> None:
        """The disk refused a write: go on in memory, with all that was kept."""
        if self.is_kept:
            self._move_to_memory(error, self.connection)

    def start_afresh(self) -> None:
        """What memory holds is no good: go on with nothing, to be written again."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        self.connection, self.is_emptied = connect(None), True

    def look(self, now_s: float) -> bool:
        """Every now and then: whether the file is still ours, and takes the state again; True: it just did."""
        if now_s - self._tried_s < self._retry_s:
            return False
        self._tried_s = now_s
        if self.is_kept and _identity(self.path) != self._identity:
            self._move_to_memory(FileNotFoundError("the file was removed or replaced"), self.connection)
        return not self.is_kept and not self.is_emptied and self._came_back()

    def copy(self) -> None:
        """Keep a copy of the file beside it, from which a damaged one is restored; nothing happens where that fails."""
        copied = Path(f"{self.path}{COPY_SUFFIX}")
        fresh = Path(f"{copied}.new")
        if not self.is_kept:
            return
        try:
            fresh.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(fresh)) as target:
                self.connection.backup(target)
            fresh.chmod(0o600)
            fresh.replace(copied)
            _synchronise(copied.parent)
        except (OSError, sqlite3.Error) as error:
            log.warning("%s: no copy could be made (%s)", copied, error)

    def close(self) -> None:
        self.connection.close()
        self._mark.close()

    def note(self, generation: int) -> None:
        """That the write of this number has returned."""
        if self.is_kept:
            self._mark.write(generation)

    def _compare(self) -> None:
        """Tell where the file ends before the last write that returned: its log was cut, or it is an older one."""
        written = self.connection.execute("select value from counter where name = 'generation'").fetchone()
        gone = self.generation - int(written[0] if written else 0)
        if gone > 0 and not self.is_restored:
            self.is_restored = True
            self._notice(
                f"{self.path} lacks the last {gone} of {self.generation} writes; check baselines and open alerts"
            )

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            connection = connect(self.path)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            connection = self._restored(error)
        self._identity = _identity(self.path)
        return connection

    def _missing(self) -> sqlite3.Connection | None:
        """In place of a file that is not there: what its copy has; None where there is none, as at the first start."""
        copied = Path(f"{self.path}{COPY_SUFFIX}")
        if not copied.is_file():
            return None
        saved = salvage(self.path, copied)
        with contextlib.closing(saved.connection) as memory:
            if saved.is_empty:
                return None
            disk = connect(self.path)
            memory.backup(disk)
        self.is_restored = True
        self._identity = _identity(self.path)
        path, at = self.path, written_at(copied)
        self._notice(f"{path} is missing; what was learnt up to {at} is restored from {copied.name}")
        return disk

    def _restored(self, error: sqlite3.Error) -> sqlite3.Connection:
        """In place of a damaged file: what can be saved of it and of its copy."""
        aside = put_aside(self.path)
        copied = Path(f"{self.path}{COPY_SUFFIX}")
        saved = salvage(aside, copied)
        self.is_restored = True
        path, name = self.path, aside.name
        if saved.is_empty:
            self._notice(f"{path} was damaged ({error}); it is kept as {name}, baselines and open alerts start afresh")
        elif saved.from_copy:
            self._notice(
                f"{path} was damaged ({error}); it is kept as {name}, and what it held at {written_at(copied)} is "
                f"restored from {copied.name}; check the open alerts"
            )
        else:
            self._notice(
                f"{path} was damaged ({error}); it is kept as {name}, and all else that it held is taken over; check "
                "the open alerts"
            )
        for text in saved.told:
            self._notice(text)
        disk = connect(self.path)
        with contextlib.closing(saved.connection) as memory:
            memory.backup(disk)
        return disk

    def _move_to_memory(self, error: Exception, disk: sqlite3.Connection | None) -> None:
        self.trouble = str(error)
        self._tried_s = time.monotonic()
        memory = _read_through(disk) or self._read_aside(is_running=disk is not None)
        if memory is None and disk is None:
            self.is_blind = True
        elif memory is None:
            self.is_emptied = True
        self.connection = memory or connect(None)
        if disk is not None:
            with contextlib.suppress(sqlite3.Error):
                disk.close()
        log.error("%s", self.said[0])

    def _read_aside(self, *, is_running: bool) -> sqlite3.Connection | None:
        """The same of a file that cannot be opened where it lies. Who runs knows more than what is left of a damaged
        one; of one that cannot be read at all, the copy may hold less than is there."""
        if not os.access(self.path, os.R_OK) or not self.path.is_file():  # what a folder hides cannot even be asked for
            return None
        saved = salvage(self.path, Path(f"{self.path}{COPY_SUFFIX}"))
        if saved.is_empty or (is_running and not saved.is_whole):
            saved.connection.close()
            return None
        for text in saved.told:
            self._notice(text)
        return saved.connection

    def _came_back(self) -> bool:
        memory = self.connection
        try:
            disk = self._opened()
        except (OSError, sqlite3.Error, ConfigError) as error:
            self.trouble = str(error)
            return False
        try:
            if self.is_blind:
                _write_over(memory, disk)
            else:
                memory.backup(disk)
        except sqlite3.Error as error:
            disk.close()
            self.trouble = str(error)
            return False
        memory.close()
        self.connection, self.trouble, self.is_blind = disk, None, False
        log.info("%s: the state is kept again", self.path)
        return True

    def _notice(self, text: str) -> None:
        log.warning("%s", text)
        self.notices = (*self.notices, text)


def _synchronise(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _read_through(disk: sqlite3.Connection | None) -> sqlite3.Connection | None:
    """All that an open file holds, in memory; None where it cannot be read."""
    if disk is None:
        return None
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        disk.backup(memory)
    except sqlite3.Error:
        memory.close()
        return None
    return memory


def _write_over(memory: sqlite3.Connection, disk: sqlite3.Connection) -> None:
    """What memory holds into a file that may hold more: of the same key memory's row is the newer."""
    with disk:
        for (table,) in memory.execute("select name from sqlite_master where type = 'table'").fetchall():
            rows = memory.execute(f"select * from {table}").fetchall()
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                disk.executemany(f"insert or replace into {table} values ({marks})", rows)
