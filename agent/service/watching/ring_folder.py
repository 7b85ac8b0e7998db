"""The folder of kept windows: bounded in bytes, the oldest go first, and a file is there whole or not at all.

Windows of which somebody has said what they show (see `confirmed`) stay longer, as far as half of the bytes.

Files bear a number that rises, so that a clock that jumps turns no order round.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from agent.recordings import KEPT as SUFFIX

FOLDER = "ring"
UNREADY = ".new"
WORD = ".was"  # of the file beside it that says what an alert was
CONFIRMED_SHARE = 0.5
"""Of the bound, that confirmed windows may hold before they are as good as others."""
LEAVE_FREE_BYTES = 32 << 20
"""Of the disk, for what matters more: the state that survives a restart."""

_NAME = re.compile(rf"(\d{{8,}})-([0-9A-Za-z]+){re.escape(SUFFIX)}")


class File(NamedTuple):
    """A file of the ring; they sort from the oldest to the newest."""

    number: int
    alert: str
    path: Path
    bytes: int


def files_of(folder: Path) -> list[File]:
    """What a folder holds, oldest first; OSError where it cannot be read, nothing where it is not there."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(file for path in paths if (file := _file_at(path)) is not None)


def beginning_with(folder: Path, wanted: str | None) -> list[File]:
    """The files of alerts whose ids begin so; none where that is empty, or the folder cannot be read."""
    try:
        return [file for file in files_of(folder) if wanted and file.alert.startswith(wanted)]
    except OSError:
        return []


def _file_at(path: Path) -> File | None:
    """A file of the ring; None for others, and where it has just gone."""
    match = _NAME.fullmatch(path.name)
    try:
        return None if match is None else File(int(match[1]), match[2], path, path.stat().st_size)
    except FileNotFoundError:
        return None


def name_of(number: int, alert: str) -> str:
    return f"{number:08d}-{alert}{SUFFIX}"


def make_room(folder: Path, needed: int, *, most_bytes: int) -> None:
    """Remove the oldest files until `needed` bytes fit; OSError where they never would, and then none is removed."""
    files = files_of(folder)
    total, free = sum(file.bytes for file in files), _free_bytes(folder)
    if needed > most_bytes:
        raise OSError(errno.EFBIG, f"{needed} bytes are more than all that it may hold")
    if free + total < needed + LEAVE_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    waiting = _least_missed_first(folder, files, most_bytes=most_bytes)
    while waiting and (total + needed > most_bytes or free < needed + LEAVE_FREE_BYTES):
        oldest = waiting.pop(0)
        oldest.path.unlink(missing_ok=True)
        _word_of(folder, oldest.alert).unlink(missing_ok=True)
        total -= oldest.bytes
        free += oldest.bytes


def _least_missed_first(folder: Path, files: list[File], *, most_bytes: int) -> list[File]:
    """Confirmed windows last, but for the oldest of them that are beyond their share."""
    confirmed = [file for file in files if _word_of(folder, file.alert).exists()]
    held = sum(file.bytes for file in confirmed)
    while confirmed and held > CONFIRMED_SHARE * most_bytes:
        held -= confirmed.pop(0).bytes
    others = [file for file in files if file not in confirmed]
    return [*others, *confirmed]


def _word_of(folder: Path, alert: str) -> Path:
    return folder / f"{alert}{WORD}"


def put(folder: Path, name: str, content: bytes) -> None:
    """Write a file that after a power cut is there whole, or not at all; OSError where the disk does not take it."""
    unready = folder / f".{name}{UNREADY}"
    try:
        with unready.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unready.chmod(0o600)
        unready.replace(folder / name)
    except OSError:
        unready.unlink(missing_ok=True)
        raise
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While no other process writes into it: several may keep windows there."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def last_number(folder: Path) -> int:
    """The highest number of a file; 0 where there is none, or the folder cannot be read."""
    try:
        return max((file.number for file in files_of(folder)), default=0)
    except OSError:
        return 0


def tidy(folder: Path) -> None:
    """Remove what a crash left half written."""
    for path in folder.glob(f".*{SUFFIX}{UNREADY}"):
        path.unlink(missing_ok=True)


def _free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def kept_of(folder: Path, alerts: Collection[str]) -> dict[str, str]:
    """Alert id -> path of its file, of those whose file is there."""
    try:
        return {file.alert: str(file.path) for file in files_of(folder) if file.alert in alerts}
    except OSError:
        return {}


def size_of(folder: Path) -> tuple[int, int]:
    """Files, and bytes in them; (0, 0) where the folder cannot be read."""
    try:
        files = files_of(folder)
    except OSError:
        return 0, 0
    return len(files), sum(file.bytes for file in files)
