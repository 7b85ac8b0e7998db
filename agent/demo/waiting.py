"""Why the demo still waits: which part is not there yet, what the agent's log says, and what mends it, in one line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TELL_AFTER_S = 15.0  # an idle computer has each thing the play waits for sooner
SILENT_S = 3.0
MOST_OF_LOG = 200  # letters


def why_it_waits(status: Mapping[str, Any] | None, sensor: str, *, log: Path) -> str:
    """`status`: the agent's answer, None where it gives none yet."""
    said = last_line(log)
    return "; ".join(filter(None, (_part(status, sensor), said and f"its log says: {said}", _mend())))


def last_line(log: Path) -> str | None:
    """The last thing that the agent wrote; None where it wrote nothing."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return None
    return next((line[:MOST_OF_LOG] for line in reversed(lines) if line.strip()), None)


def _part(status: Mapping[str, Any] | None, sensor: str) -> str:
    if status is None:
        return "the agent has not started: it does not answer yet"
    health = status["health"]
    for name, source in health["sources"].items():
        if not source["connected"]:
            return f"the agent has not opened the source {name} ({source['error'] or 'no error yet'})"
    if not health["publishing"]["connected"]:
        return f"the agent has not reached the broker ({health['publishing'].get('error') or 'no error yet'})"
    heard, state = health["sensors"][sensor], status["states"][sensor]
    if heard["data_age_s"] is None or heard["data_age_s"] > SILENT_S:
        return "the virtual sensor has not started: no samples come"
    losses = heard["losses"] or {}
    lost = sum(count for term, count in losses.items() if term.startswith(("dropped_", "lost_")) and count)
    if not heard["windows"] and lost:
        return f"samples come, but {lost} of {losses['produced']} were lost, so that no window of them is whole"
    reason = f" ({state['reason_text']})" if state["reason_text"] else ""
    return f"the agent runs and its sensor is {state['state']}{reason}, after {heard['windows']} windows"


def _mend() -> str:
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load > cores:
        return f"this computer is busy (load {load:.1f} on {cores} cores): stop what else runs, or wait"
    return "wait, or stop it (Ctrl-C) and run it again"
