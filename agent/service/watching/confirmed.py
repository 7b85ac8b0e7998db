"""What an alert really was, as somebody has found: a word beside its windows, which stay longer for it.

The word may come before the windows are on the disk, or long after the alert is over; each is found by the alert's id.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.service.watching.ring_folder import WORD, put

MOST_BYTES = 4096


class Confirmed(msgspec.Struct, frozen=True):
    """Somebody's word on an alert."""

    was: str  # a fault id, `healthy` where nothing was wrong
    by: str | None = None
    wall_s: float | None = None


def confirm(folder: Path, alert: str, word: Confirmed) -> None:
    """Keep it, in the place of an earlier one; OSError where the disk does not take it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    put(folder, f"{alert}{WORD}", msgspec.json.encode(word))


def confirmed_in(folder: Path) -> dict[str, Confirmed]:
    """Alert id -> what is said of it, of all words that can be read."""
    found = {}
    for path in sorted(folder.glob(f"*{WORD}")):
        try:
            with path.open("rb") as file:
                found[path.stem] = msgspec.json.decode(file.read(MOST_BYTES), type=Confirmed)
        except (OSError, msgspec.MsgspecError):
            continue
    return found
