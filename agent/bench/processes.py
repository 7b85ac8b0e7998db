"""What processes and all that they started cost: CPU time and memory, as /proc tells."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from agent.service.process import memory_mb

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 1, 11, 12, 13, 14  # fields behind the name, proc(5)


class Memory(NamedTuple):
    """Of a process and its descendants, in MB (10^6 bytes)."""

    rss_mb: float  # pages that several share are counted for each
    pss_mb: float | None  # shared pages in equal parts; None where the kernel does not tell


def family(root: int) -> list[int]:
    """A process and all its descendants that live, the process first."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _fields(int(folder.name))
        if fields:
            children.setdefault(int(fields[PARENT]), []).append(int(folder.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


def cpu_s(root: int) -> dict[int, float]:
    """CPU seconds of each process of a family so far, with those of children that have ended."""
    spent = {}
    for process in family(root):
        fields = _fields(process)
        if fields:
            kinds = (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)
            spent[process] = sum(int(fields[kind]) for kind in kinds) / TICKS_PER_S
    return spent


def memory(root: int) -> Memory:
    """What a family holds now."""
    processes = family(root)
    shares = [_pss_mb(process) for process in processes]
    known = [share for share in shares if share is not None]
    return Memory(
        rss_mb=round(sum(memory_mb(process) or 0.0 for process in processes), 1),
        pss_mb=round(sum(known), 1) if known else None,
    )


def _pss_mb(process: int) -> float | None:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    return None


def _fields(process: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; empty where the process has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
