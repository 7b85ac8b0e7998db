"""Files that a foreign library reads: whatever it raises on a damaged one is one line, and archives are weighed first.

A library trusts what a file says of its own sizes; what is unpacked is bounded by what the archive's directory says,
which Python's reader then holds it to.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from agent.errors import RecordingError
from agent.npy import NpyError, read_array
from agent.recordings.channels import MAX_FILE_BYTES, MAX_VALUES

MOST_MEMBERS = 4096
SMALL_BYTES = 64 << 20  # unpacked, whatever the ratio
MOST_RATIO = 200  # of unpacked to packed size; samples come nowhere near it


@contextmanager
def reading(path: Path, what: str, *, mend: str = "copy or save it again, or name another file") -> Iterator[None]:
    """RecordingError that says `path` is damaged or no `what`, for anything that a library raises in here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (RecordingError, ImportError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    except Exception as error:  # libraries raise nearly anything on a damaged file
        raise RecordingError(f"{path}: is damaged or no {what} ({in_words(error):.200}); {mend}") from error


def in_words(error: Exception) -> str:
    """What a library found wrong with a file, without the names that programmers have for it."""
    said = " ".join(str(error).split())
    if isinstance(error, EOFError | struct.error):
        return "it ends too early"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, zlib.error):
        return "what is packed in it does not unpack"
    if isinstance(error, KeyError) and " " not in said:
        return f"it lacks {said}"
    return said.strip("'\"") or "it cannot be read"


def weighed(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members of a zip archive; RecordingError where they unpack to more than any recording."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise RecordingError(f"{path}: holds {len(members)} parts, at most {MOST_MEMBERS} are read")
    packed = sum(member.compress_size for member in members)
    check_unpacked(path, sum(member.file_size for member in members), packed=packed)
    return members


def array_in(path: Path, name: str, file: IO[bytes], file_size: int) -> np.ndarray[Any, Any]:
    """A member of an archive that is an array, read no further than its header where that does not fit the member."""
    try:
        return read_array(file, size=file_size, most_values=MAX_VALUES)
    except NpyError as error:
        raise RecordingError(f"{path}: {name} {error}") from error


def check_unpacked(path: Path, size: int, *, packed: int | None = None) -> None:
    """RecordingError where `size` bytes are to come out of so few (`packed`; None: the file) that no recording does."""
    there = max(1, path.stat().st_size if packed is None else packed)
    if size > most_unpacked(there):
        raise RecordingError(
            f"{path}: unpacks to {size >> 20} MiB, {size // there} times its size, which no recording does; "
            "save it again, or in shorter pieces"
        )


def most_unpacked(packed: int) -> int:
    """How many bytes may come out of so many."""
    return min(MAX_FILE_BYTES, max(SMALL_BYTES, MOST_RATIO * packed))
