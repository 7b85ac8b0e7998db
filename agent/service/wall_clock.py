"""What the wall clock is worth: whether the system calls it synchronised, and by how much it was corrected since."""

from __future__ import annotations

import ctypes
import time

from agent.types import Clock

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


def offset_now_s() -> float:
    """Wall seconds minus monotonic seconds: changes only where somebody sets the clock."""
    return time.time() - time.monotonic()
