"""Reading and writing the state wherever it is now: each write is one transaction, and none of them ends the agent.

Where the disk does not take a write it is done again in memory (see `refuge`), with all that was kept before.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any, TypeAlias

from agent.service.keeping.refuge import Refuge
from agent.service.keeping.state_tables import Put, Row

log = logging.getLogger(__name__)

Statement: TypeAlias = Put | tuple[str, Sequence[Row]]
"""Rows to be written, or what else is to be executed, with the rows that it is executed for."""

WRITES = "generation"
"""The counter of all writes."""


class Transactions:
    """One at a time, from any thread."""

    def __init__(self, place: Refuge) -> None:
        self.place = place
        self.failures = 0  # writes that did not reach the disk (full, read-only)
        self.told: tuple[str, ...] = ()  # what was found while reading
        self._lock = threading.RLock()
        stored = self.rows("select value from counter where name = ?", WRITES)
        self._generation = max(place.generation, *(int(value) for (value,) in stored), 0)

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
            self.place.close()

    def notice(self, text: str) -> None:
        """Something that whoever looks at the agent has to know of its state."""
        if text not in self.told:
            log.warning("%s", text)
            self.told = (*self.told, text)

    def unsay(self, sensor: str) -> None:
        """What was said of a sensor, which is read anew."""
        self.told = tuple(text for text in self.told if not text.startswith(f"{sensor}: "))

    def _transact(self, steps: Sequence[Statement]) -> None:
        generation = self._generation + 1
        with self.place.connection as connection:
            for step in (*steps, Put("counter", [(WRITES, generation)])):
                statement, rows = step.sealed(generation) if isinstance(step, Put) else step
                if rows:
                    connection.executemany(statement, rows)
        self._generation = generation
        self.place.note(generation)
