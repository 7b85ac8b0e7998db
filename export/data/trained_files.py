"""Which recordings a bundle was trained on, by the content of their files: figures on those say nothing of others.

A file is known again under any name and in any folder; cut, converted or resaved it is another. No agent reads this.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from export.progress import track

FILE = "trained_on.npy"
"""In a run folder and in a bundle: the first HASH_BYTES of each file's SHA-256, as rising uint64."""
HASH_BYTES = 8  # of a million files, two others share them once in 37 million times


SETTLED_S = 2.0
"""After which a file that is changed once more is seen to have been: the coarsest clocks of file systems tick so."""

_known: dict[tuple[int, ...], int] = {}


def hash_of(path: Path) -> int:
    """That of the file's content; OSError where it cannot be read.

    A process reads a file once for it, as long as nothing shows that it has been written since.
    """
    state = path.stat()
    key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    if key in _known:
        return _known[key]
    is_settled = time.time() - max(state.st_mtime, state.st_ctime) > SETTLED_S
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    found = int.from_bytes(digest[:HASH_BYTES], "big")
    if is_settled:
        _known[key] = found
    return found


def hashes_of(paths: Iterable[Path]) -> frozenset[int]:
    """Those of all files; OSError where one cannot be read."""
    return frozenset(hash_of(path) for path in track(sorted(set(paths)), "hashes of recordings"))


def stored(paths: Iterable[Path]) -> bytes:
    """The content of FILE for recordings at `paths`."""
    return _bytes(hashes_of(paths))


def stored_beside(folder: Path, paths: Iterable[Path]) -> bytes:
    """The content of FILE for recordings at `paths` and for what the run or bundle in `folder` was trained on."""
    return stored_with(folder, hashes_of(paths))


def stored_with(folder: Path, hashes: frozenset[int]) -> bytes:
    """The same for files of these `hashes`."""
    return _bytes(hashes | (read(folder) or frozenset()))


def _bytes(hashes: Iterable[int]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(sorted(hashes), dtype="<u8"), allow_pickle=False)
    return buffer.getvalue()


def read(folder: Path) -> frozenset[int] | None:
    """The hashes that a bundle or run folder keeps; None where it keeps none that can be read."""
    try:
        hashes = np.load(folder / FILE, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return frozenset(hashes.tolist()) if hashes.dtype == np.uint64 and hashes.ndim == 1 else None


def known_among(paths: Iterable[Path], hashes: frozenset[int]) -> frozenset[Path]:
    """Those of `paths` whose content is one of `hashes`; a file that cannot be read is none."""
    found = set()
    for path in track(sorted(set(paths)), "recordings compared with those trained on"):
        try:
            if hash_of(path) in hashes:
                found.add(path)
        except OSError:
            continue
    return frozenset(found)
