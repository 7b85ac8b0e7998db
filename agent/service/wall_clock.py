"""What the wall clock is worth: whether the system calls it synchronised, and by how much it was corrected since."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from agent.types import Clock

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
TIMEX_BYTES = 512  # more than struct timex on any Linux
EARLIEST_WALL_S = 1_735_689_600.0  # 2025-01-01, before this program was: a clock that shows less is wrong


def clock_now() -> Clock:
    """Whether the kernel was told of a time source that it follows (adjtimex, as NTP and PTP services set it)."""
    if time.time() < EARLIEST_WALL_S:
        return "unknown"
    timex = ctypes.create_string_buffer(TIMEX_BYTES)  # zeroes: modes = 0, so nothing is set
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return "unknown"
    return "synchronised" if 0 <= state < TIME_ERROR else "unknown"


def origin_now() -> tuple[str, float] | None:
    """Which start of the machine this is, and wall minus monotonic seconds: under one start that changes only where
    somebody sets the clock. None where the system does not tell its starts apart."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip(), time.time() - time.monotonic()
    except OSError:
        return None
