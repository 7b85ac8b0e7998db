"""The agent as a process: how much memory it holds and gives back, and its word to systemd (ready, alive, stopping)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
KEPT_BYTES = 16 << 20
"""Free memory that is kept: a window takes some 6 MB for a moment (25.6 kHz, three axes), and the next one the same."""
RETURN_EVERY_S = 10.0
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # <malloc.h>
MADV_DONTNEED = 4  # <sys/mman.h>


def memory_mb(process: int | str = "self") -> float | None:
    """Resident memory of a process (by its id; default: this one) in MB (10^6 bytes); None where /proc does not say."""
    try:
        resident_pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return round(resident_pages * PAGE_BYTES / 1e6, 1)


def shared_out_mb(process: int | str = "self") -> float | None:
    """Likewise, with of what several processes share its part of each page (PSS, proc(5)): such figures add up."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        (kilobytes,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    except (OSError, ValueError):
        return memory_mb(process)
    return round(int(kilobytes) * 1024 / 1e6, 1)


def give_memory_back() -> None:
    """Have glibc return what is free now, and later what is free beyond what the windows take in turn (mallopt(3)).

    Measured with 8 sensors at 25.6 kHz (docs/decisions/0029-window-cost.md): returned after each window, those 6 MB are
    2250 page faults a window, over a third of its time, and the process is as large at its largest, but for 3 MB. Other
    C libraries have no such settings.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return
    library.mallopt(M_ARENA_MAX, 1)
    library.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
    library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    return_holes()


def return_holes() -> None:
    """Have glibc return all pages that nothing lies on, between what is used, too (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Holes:
    """Returns them now and then: windows in turn leave holes that are seldom filled as tightly as they could be.

    By its own rule glibc returns what lies above all that is used, and no hole: of 64 sensors' two processes 10 MB
    each (docs/decisions/0029-window-cost.md).
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, returned: Callable[[], None] = return_holes):
        self._clock, self._return = clock, returned
        self._returned_s = clock()

    def look(self) -> None:
        """To be called often; takes a millisecond where it is time, while whoever wants memory waits."""
        now_s = self._clock()
        if now_s - self._returned_s >= RETURN_EVERY_S:
            self._returned_s = now_s
            self._return()


def let_go_of_start() -> None:
    """Let go of the pages of programs and libraries, of which most are read at the start alone (madvise(2)).

    What is needed again is there again at its first use: from the kernel's cache of files, or from the file. It must
    not be written to nor hold what was written (relocations): such pages would come back as they are in the file. So no
    thread may load a library meanwhile. Where the kernel does not tell what was written, nothing is done.
    """
    library = ctypes.CDLL(None)
    library.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for first, last in unwritten_mappings("self"):
        library.madvise(first, last - first, MADV_DONTNEED)


def unwritten_mappings(process: int | str) -> list[tuple[int, int]]:
    """First address and the one after the last of each mapping of a file that cannot be written to and never was."""
    try:
        lines = Path(f"/proc/{process}/smaps").read_text().splitlines()
    except OSError:
        return []
    found: list[tuple[int, int]] = []
    candidate: tuple[int, int] | None = None
    for line in lines:
        fields = line.split()
        if not fields[0].endswith(":"):  # the head of a mapping: its addresses, rights, place in the file and the file
            first, _, last = fields[0].partition("-")
            is_read_only = len(fields) > 5 and fields[5].startswith("/") and fields[1][1] == "-"
            candidate = (int(first, 16), int(last, 16)) if is_read_only else None
        elif fields[0] == "Anonymous:" and candidate is not None and fields[1] == "0":
            found.append(candidate)
    return found


def tell_systemd(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1` to the service manager (sd_notify(3)), where there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    # A manager that has gone away is no reason for the agent to stop.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(state.encode(), target)


def watchdog_s() -> float | None:
    """Within how many seconds the service manager wants to hear from us (sd_watchdog_enabled(3)); None: never."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        period_s = int(os.environ.get("WATCHDOG_USEC", "")) / 1e6
    except ValueError:
        return None
    return period_s if period_s > 0 else None
