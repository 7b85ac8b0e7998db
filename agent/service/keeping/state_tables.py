"""The tables of the state file, each row with the number of the write that made it and a checksum over all of it.

SQLite itself notices no bit that is another in a stored value: the checksum covers the key, the value and the number,
so that a row says by itself whether it is what was written.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

Row: TypeAlias = tuple[object, ...]


class Table(NamedTuple):
    """Columns with their SQL types, and how many of them, from the first on, are the key (0: there is none)."""

    columns: dict[str, str]
    keys: int


_LEARNT = {"sensor": "text", "bearing": "text", "features": "text", "saved_wall_s": "real", "value": "blob"}

TABLES = {
    "baseline": Table(_LEARNT, 2),
    "baseline_bak": Table(_LEARNT, 2),
    "commissioning": Table({"sensor": "text", "features": "text", "saved_wall_s": "real", "value": "blob"}, 1),
    "lesson": Table({"sensor": "text", "value": "blob"}, 0),
    "sensor": Table({"sensor": "text", "saved_wall_s": "real", "value": "blob"}, 1),
    "alert": Table(
        {"sensor": "text", "bearing": "text", "id": "text", "value": "blob", "seq": "integer", "payload": "blob"}, 2
    ),
    "outbox": Table(
        {
            "sink": "text",
            "seq": "integer",
            "topic": "text",
            "payload": "blob",
            "qos": "integer",
            "kind": "text",
            "alert": "text",
            "ran_s": "real",
        },
        2,
    ),
    "retained": Table({"sink": "text", "topic": "text", "alert": "text", "seq": "integer"}, 3),
    "counter": Table({"name": "text", "value": "real"}, 1),
}
"""`baseline_bak`: what was healthy before a repair. `sensor`: what its healthy states were learnt on, and what was
counted, as `sensor_state` writes it. `alert`: those that are open, with the number of their last event and what was
said then. `outbox`: events that a sink does not have yet. `retained`: topics on which a sink may hold something, with
the alert that it may show; a row goes when the sink has acknowledged an emptied or a newer value.
`counter`: boots, the last seq, the last write, the seconds that the agent ran, which sinks have been read back, and how
many connections there were to those that number them."""

SEALS = ("generation", "crc")


class Put(NamedTuple):
    """Rows to be written into a table, sealed when they are."""

    table: str
    rows: Sequence[Row]
    verb: str = "insert or replace"

    def sealed(self, generation: int) -> tuple[str, list[Row]]:
        """The statement, and its rows with the number of the write and their checksums."""
        marks = ", ".join("?" * (len(TABLES[self.table].columns) + len(SEALS)))
        rows = [(*row, generation, checksum(self.table, row, generation)) for row in self.rows]
        return f"{self.verb} into {self.table} values ({marks})", rows


class Found(NamedTuple):
    """A row as it is read, and whether it is what was written."""

    row: Row
    is_whole: bool


def create_tables() -> list[str]:
    """The SQL that makes them."""
    made = []
    for name, table in TABLES.items():
        columns = [f"{column} {kind}" for column, kind in table.columns.items()]
        keys = f", primary key ({', '.join(list(table.columns)[: table.keys])})" if table.keys else ""
        sealed = "generation integer not null, crc integer not null"
        end = " without rowid" if table.keys else ""
        made.append(f"create table {name} ({', '.join(columns)}, {sealed}{keys}){end}")
    return made


def checksum(table: str, row: Row, generation: int) -> int:
    """CRC-32 over the table's name, the row as it is stored and the number of the write."""
    kinds = TABLES[table].columns.values()
    stored = [_as_stored(value, kind) for value, kind in zip(row, kinds, strict=True)]
    return zlib.crc32(msgspec.msgpack.encode((table, *stored, generation)))


def read_table(connection: sqlite3.Connection, table: str) -> Iterator[Found]:
    """All rows, in the order of their keys, else of their writing; sqlite3.Error where the table ends early."""
    columns = ", ".join((*TABLES[table].columns, *SEALS))
    order = "" if TABLES[table].keys else " order by rowid"
    connection.text_factory = _text
    try:
        for *row, generation, crc in connection.execute(f"select {columns} from {table}{order}"):
            is_whole = isinstance(generation, int) and checksum(table, tuple(row), generation) == crc
            yield Found(tuple(row), is_whole)
    finally:
        connection.text_factory = str


def _text(raw: bytes) -> str:
    """Text with a bit that is another need not be UTF-8 any more."""
    return raw.decode("utf-8", "replace")


def _as_stored(value: object, kind: str) -> object:
    """As SQLite gives it back, so that its checksum is the same then."""
    return float(value) if kind == "real" and isinstance(value, int | float) else value
