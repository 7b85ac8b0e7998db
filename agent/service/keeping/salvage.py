"""What can be saved of a damaged state file: every row that is what was written, the rest from the copy beside it.

Only a row that is damaged or cannot be read is taken from the copy, and of alerts and events only what cannot have
ended since. What is gone is told by name, as far as a damaged row still says whose it was.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.messages.topics import WHOLE_MACHINE
from agent.service.keeping.state_file import connect, read_rows
from agent.service.keeping.state_tables import TABLES, Put, Row

SCRATCH = Path("/dev/shm")  # memory, where a copy of the file can be recovered though its own disk is full

BASELINES = ("baseline", "baseline_bak")


@dataclass
class Part:
    """What was read of a table."""

    rows: list[Row] = field(default_factory=list)
    damaged: list[Row] = field(default_factory=list)
    is_complete: bool = False

    @property
    def is_whole(self) -> bool:
        return self.is_complete and not self.damaged


@dataclass(frozen=True)
class Salvaged:
    """Everything that is left, in memory, and what is to be said of the rest."""

    connection: sqlite3.Connection
    told: tuple[str, ...]
    from_copy: bool  # some of it
    is_whole: bool  # nothing was damaged
    is_empty: bool  # nothing is left of anything


def salvage(path: Path, copied: Path) -> Salvaged:
    """Of the damaged file at `path` with its log, and of its copy; neither is changed."""
    parts, spare = read_parts(path), read_parts(copied)
    since = written_at(copied)
    taken = {table: _missing(table, parts, spare) for table in TABLES}
    told = [*_told_of_baselines(parts, taken, since), *_told_of_alerts(parts, taken, since), *_told_of_rest(parts)]
    left = {table: [*parts[table].rows, *taken[table]] for table in TABLES}
    left["retained"] = _still_shown(parts["alert"], left)
    memory = connect(None)
    with memory:
        for table, rows in left.items():
            memory.executemany(*Put(table, rows).sealed(generation=0))
    from_copy = any(taken.values())
    is_whole = all(part.is_whole for part in parts.values())
    return Salvaged(memory, tuple(told), from_copy, is_whole, is_empty=not any(left.values()))


def read_parts(path: Path) -> dict[str, Part]:
    """All that can be read of a file, table by table; it lies open nowhere, since SQLite wants to write beside it."""
    parts = {table: Part() for table in TABLES}
    with contextlib.suppress(OSError, sqlite3.Error), _copied(path) as connection:
        for table, part in parts.items():
            with contextlib.suppress(sqlite3.Error):
                for found in read_rows(connection, table):
                    (part.rows if found.is_whole else part.damaged).append(found.row)
                part.is_complete = True
    return parts


@contextlib.contextmanager
def _copied(path: Path) -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory(dir=SCRATCH if os.access(SCRATCH, os.W_OK) else None) as folder:
        scratch = Path(folder) / "state"
        shutil.copyfile(path, scratch)
        if Path(f"{path}-wal").exists():
            shutil.copyfile(f"{path}-wal", f"{scratch}-wal")
        with contextlib.closing(sqlite3.connect(scratch)) as connection:
            yield connection


def _missing(table: str, parts: dict[str, Part], spare: dict[str, Part]) -> list[Row]:
    """The copy's rows in place of those that are damaged or were not read."""
    part, keys = parts[table], TABLES[table].keys
    known = {row[:keys] for row in part.rows}
    rows = [] if part.is_whole else [row for row in spare[table].rows if row[:keys] not in known]
    match table:
        case "lesson":  # without a key, nobody knows which of them is missing
            return []
        case "alert":
            return [row for row in rows if _is_open_still(row, parts)]
        case "outbox":  # of an alert that is open, or a repeat would raise what was cleared
            open_ids = {row[2] for row in (*parts["alert"].rows, *parts["alert"].damaged)}
            return [row for row in rows if row[6] in open_ids]
        case _:
            return rows


def _is_open_still(row: Row, parts: dict[str, Part]) -> bool:
    """Whether an alert of the copy is one that was open: its row is the damaged one, or a sink shows it."""
    alert = row[2]
    if any(event[6] == alert and _ends(event[3]) for event in parts["outbox"].rows):
        return False
    damaged, shown = parts["alert"].damaged, parts["retained"].rows
    return alert in {other[2] for other in (damaged if parts["alert"].is_complete else shown)}


def _ends(payload: object) -> bool:
    """Whether a payload is that of an alert's end."""
    try:
        said = msgspec.json.decode(payload if isinstance(payload, bytes) else b"", type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return False
    return bytes(said.get("event", msgspec.Raw())) == b'"cleared"'


def _still_shown(alerts: Part, left: dict[str, list[Row]]) -> list[Row]:
    """Topics with the alerts that are known; of a lost one nothing, so that what a sink shows of it is read back from
    there and cleared."""
    if alerts.is_whole:
        return left["retained"]
    known = {"", *(row[2] for row in left["alert"]), *(row[6] for row in left["outbox"])}
    gone = {row[2] for row in alerts.damaged} - known if alerts.is_complete else None
    return [row for row in left["retained"] if (row[2] not in gone if gone is not None else row[2] in known)]


def _told_of_baselines(parts: dict[str, Part], taken: dict[str, list[Row]], since: str) -> Iterator[str]:
    for table in BASELINES:
        back = {str(row[0]) for row in taken[table]}
        for sensor in sorted(back):
            yield f"{sensor}: its stored baseline was damaged; that of {since} is restored from the copy"
        for sensor in sorted({str(row[0]) for row in parts[table].damaged} - back):
            if len(parts[table].damaged) > len(taken[table]):
                yield f"{sensor}: its stored baseline was damaged, and no copy has it; commission it again"


def _told_of_alerts(parts: dict[str, Part], taken: dict[str, list[Row]], since: str) -> Iterator[str]:
    back = {row[2] for row in taken["alert"]}
    for sensor, bearing, *_ in taken["alert"]:
        place = f"{sensor}/{bearing or WHOLE_MACHINE}"
        yield f"{place}: its open alert was damaged; that of {since} is restored from the copy"
    for sensor, bearing, alert, *_ in parts["alert"].damaged:
        place = f"{sensor}/{bearing or WHOLE_MACHINE}"
        if alert not in back:
            yield f"{place}: its open alert was damaged, and no copy has it; it is cleared as state_lost"


def _told_of_rest(parts: dict[str, Part]) -> Iterator[str]:
    if count := len(parts["outbox"].damaged):
        yield f"{count} events that waited for a sink were damaged and may be lost"
    if count := len(parts["lesson"].damaged) + len(parts["commissioning"].damaged):
        yield f"{count} rows of a commissioning under way were damaged; it goes on without them, or commission it again"


def written_at(copied: Path) -> str:
    """When the copy was made, for people."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(copied.stat().st_mtime))
    except OSError:
        return "never"
