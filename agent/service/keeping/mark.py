"""The number of the last write that returned, noted beside the state file.

SQLite takes a log that was cut at a frame's end for one that was never longer; this number says that it was. It is not
synchronised, so that it costs no wait: after a power cut it may be behind, and never ahead of what is on the disk.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path

BYTES = 8


class Mark:
    """One number in a file of its own; where that cannot be written or read, it is 0."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> int:
        try:
            content = self._path.read_bytes()
        except OSError:
            return 0
        number, crc = content[:BYTES], content[BYTES:]
        return int.from_bytes(number, "big") if crc == zlib.crc32(number).to_bytes(4, "big") else 0

    def write(self, number: int) -> None:
        content = number.to_bytes(BYTES, "big")
        with contextlib.suppress(OSError):
            if self._file is None or not self._path.exists():
                self.close()
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._file, content + zlib.crc32(content).to_bytes(4, "big"), 0)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
