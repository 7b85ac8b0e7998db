"""What the agent knows of itself as a process: resident memory, and its word to systemd (ready, stopping)."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def memory_mb() -> float | None:
    """Resident memory of this process in MB (10^6 bytes); None where /proc does not say."""
    try:
        resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return round(resident_pages * PAGE_BYTES / 1e6, 1)


def tell_systemd(state: str) -> None:
    """Send `READY=1` or `STOPPING=1` to the service manager (sd_notify(3)); nothing happens where there is none."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    # A manager that has gone away is no reason for the agent to stop.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(state.encode(), target)
