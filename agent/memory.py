"""How much freed memory the process keeps; measured to decide what a window costs.

By default glibc gives every array above 128 KiB back to the kernel when it is freed and asks for it anew, page by page,
at the next window: that doubles the time of the window's FFTs.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BYTES = 16 << 20  # several times the arrays of one window of 26.7 kHz and three axes


def keep_freed_memory() -> bool:
    """Let malloc keep up to `KEPT_BYTES` of freed memory for the next window; False where libc has no such knob."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)) and bool(mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES))
