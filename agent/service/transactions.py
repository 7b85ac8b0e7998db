"""Reading and writing the state wherever it is now: each write is one transaction, and none of them ends the agent.

Where the disk does not take a write it is done again in memory (see `refuge`), with all that was kept before.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

from agent.service.refuge import Refuge

log = logging.getLogger(__name__)

Row: TypeAlias = tuple[object, ...]
Statement: TypeAlias = tuple[str, Sequence[Row]]
"""With the rows that it is executed for."""


class Transactions:
    """One at a time, from any thread."""

    def __init__(self, place: Refuge) -> None:
        self.place = place
        self.failures = 0  # writes that did not reach the disk (full, read-only)
        self.told: tuple[str, ...] = ()  # what was found while reading
        self._lock = threading.RLock()

    @property
    def is_kept(self) -> bool:
        """Whether what was written is on the disk and survives a restart."""
        return self.place.is_kept

    def write(self, steps: Sequence[Statement]) -> bool:
        """Statements, each for its rows, in one transaction; False: in memory alone."""
        with self._lock:
            try:
                self._transact(steps)
            except sqlite3.Error as error:
                self.failures += 1
                self.place.fall_back(error)
                try:
                    self._transact(steps)
                except sqlite3.Error:  # what was read of the file is no good either
                    self.place.start_afresh()
                    self._transact(steps)
            return self.is_kept

    def rows(self, query: str, *values: object) -> list[Any]:
        """What a query finds; nothing where not even memory can be read."""
        with self._lock:
            try:
                return self.place.connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                self.place.fall_back(error)
            try:
                return self.place.connection.execute(query, values).fetchall()
            except sqlite3.Error:
                self.place.start_afresh()
                return []

    def look(self, now_s: float) -> bool:
        """Try the disk again every now and then; True: it holds more than was known, which has not been read yet."""
        with self._lock:
            was_blind = self.place.is_blind
            return self.place.look(now_s) and was_blind

    def copy(self) -> None:
        """Keep a copy of the file beside it."""
        with self._lock:
            self.place.copy()

    def close(self) -> None:
        with self._lock:
            self.place.connection.close()

    def notice(self, text: str) -> None:
        """Something that whoever looks at the agent has to know of its state."""
        log.warning("%s", text)
        self.told = (*self.told, text)

    def _transact(self, steps: Sequence[Statement]) -> None:
        with self.place.connection as connection:
            for statement, rows in steps:
                if rows:
                    connection.executemany(statement, rows)
