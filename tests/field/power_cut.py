"""What a power cut leaves of files: all that was synchronised, and of the rest whatever chance lets through.

A process under `unsynced.c` writes down what it does to the files of a folder. `Disk` replays that: a write since the
last fsync of its file may be lost, may come before or after another, or may be torn at a sector; a file's name, a
rename or a removal since the last fsync of the folder may be lost, later ones before earlier ones, as file systems
with a journal do it.
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEAD = struct.Struct("=4Q")
SECTOR = 512
CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, SYNC_FOLDER = range(1, 8)


class Record(NamedTuple):
    """One thing that was done to a file."""

    op: int
    inode: int
    at: int
    data: bytes


def environment(library: Path, folder: Path, log: Path) -> dict[str, str]:
    """Of a process whose writes below `folder` are written down."""
    return {"LD_PRELOAD": str(library), "UNSYNCED_DIR": str(folder), "UNSYNCED_LOG": str(log)}


def records(log: Path) -> Iterator[Record]:
    content, at = log.read_bytes(), 0
    while at + HEAD.size <= len(content):
        op, inode, where, size = HEAD.unpack_from(content, at)
        at += HEAD.size
        yield Record(op, inode, where, content[at : at + size])
        at += size


class Disk:
    """The files of one folder as the disk holds them, and what is on its way there."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder, self._log = folder, log
        self._contents: dict[int, bytearray] = {}  # by file, whatever its name: what is synchronised
        self._pending: dict[int, list[Record]] = {}
        self._names: dict[str, int] = {}  # synchronised
        self._renames: list[tuple[str, str | None, int]] = []  # name, the one that it replaces, file
        self._files: dict[int, int] = {}  # inode -> file; inodes are used again
        self.lost = 0  # writes that did not come through, over all cuts
        self.torn = 0

    def cut(self, draw: random.Random) -> None:
        """Let the power fail where the log ends: the folder is what is left, and the log is empty."""
        for record in records(self._log):
            self._replay(record)
        for _ in range(draw.randint(0, len(self._renames))):
            self._apply_name(*self._renames.pop(0))
        left = {name: self._left_of(number, draw) for name, number in self._names.items()}
        for path in self._folder.iterdir():
            if path.is_file():
                path.unlink()
        for name, content in left.items():
            if not name.endswith("-shm"):  # shared memory; SQLite makes it anew
                Path(name).write_bytes(content)
        self._start_from({name: content for name, content in left.items() if not name.endswith("-shm")})

    def _start_from(self, left: dict[str, bytes]) -> None:
        os.truncate(self._log, 0)
        self._contents = {number: bytearray(content) for number, content in enumerate(left.values())}
        self._names = {name: number for number, name in enumerate(left)}
        self._files = {Path(name).stat().st_ino: number for name, number in self._names.items()}
        self._pending, self._renames = {}, []

    def _replay(self, record: Record) -> None:
        names = record.data.decode("utf-8", "replace").split("\0") if record.op in (CREATE, RENAME, UNLINK) else []
        match record.op:
            case _ if record.op == CREATE:
                number = max([*self._contents, -1]) + 1
                self._contents[number], self._pending[number] = bytearray(), []
                self._files[record.inode] = number
                self._renames.append((names[0], None, number))
            case _ if record.op in (WRITE, TRUNCATE):
                self._pending.setdefault(self._files[record.inode], []).append(record)
            case _ if record.op == SYNC:
                number = self._files[record.inode]
                for one in self._pending.pop(number, []):
                    _apply(self._contents[number], one)
            case _ if record.op == RENAME:
                self._renames.append((names[1], names[0], self._now()[names[0]]))
            case _ if record.op == UNLINK:
                self._renames.append((names[0], names[0], -1))
            case _:
                for rename in self._renames:
                    self._apply_name(*rename)
                self._renames = []

    def _now(self) -> dict[str, int]:
        """Names as the process sees them."""
        names, self._names = self._names, dict(self._names)
        for rename in self._renames:
            self._apply_name(*rename)
        names, self._names = self._names, names
        return names

    def _apply_name(self, name: str, instead_of: str | None, number: int) -> None:
        if instead_of is not None:
            self._names.pop(instead_of, None)
        if number >= 0:
            self._names[name] = number

    def _left_of(self, number: int, draw: random.Random) -> bytes:
        content, pending = bytearray(self._contents[number]), list(self._pending.get(number, []))
        share = draw.choice((0.0, 0.5, 0.9, 1.0))  # of what comes through
        if 0.0 < share < 1.0:
            draw.shuffle(pending)
        for record in pending:
            if draw.random() >= share:
                self.lost += 1
            elif record.op == WRITE and 0.0 < share < 1.0 and draw.random() < 0.3:
                self.torn += 1
                for piece in _sectors(record):
                    if draw.random() < 0.5:
                        _apply(content, piece)
            else:
                _apply(content, record)
        return bytes(content)


def _sectors(record: Record) -> Iterator[Record]:
    """A write in pieces that a disk writes whole."""
    at, end = record.at, record.at + len(record.data)
    while at < end:
        until = min(end, (at // SECTOR + 1) * SECTOR)
        yield record._replace(at=at, data=record.data[at - record.at : until - record.at])
        at = until


def _apply(content: bytearray, record: Record) -> None:
    if record.op == TRUNCATE:
        del content[record.at :]
        content.extend(bytes(record.at - len(content)))
        return
    content.extend(bytes(max(0, record.at - len(content))))
    content[record.at : record.at + len(record.data)] = record.data
