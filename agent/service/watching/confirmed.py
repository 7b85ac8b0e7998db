"""What an alert really was, as somebody has found: a word beside its windows, which stay longer for it.

The word may come before the windows are on the disk, or long after the alert is over; each is found by the alert's id.
The last word counts; those that it replaced stand behind it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.errors import ConfigError
from agent.service.watching.ring_folder import WORD, beginning_with, put

MOST_BYTES = 4096
MOST_BEFORE = 5
"""Words that were replaced; as long as names may be, so many fit."""


class Earlier(msgspec.Struct, frozen=True):
    """A word that another replaced."""

    was: str
    by: str | None = None
    wall_s: float | None = None


class Confirmed(msgspec.Struct, frozen=True):
    """Somebody's word on an alert."""

    was: str  # a fault id, `healthy` where nothing was wrong
    by: str | None = None
    wall_s: float | None = None
    before: tuple[Earlier, ...] = ()  # the latest first
    is_told: bool = True  # False: nobody has published it, for no agent ran


def confirm(folder: Path, alert: str, word: Confirmed) -> Confirmed | None:
    """Keep it, with the words that it replaces; the one in whose place it stands, if that was another. Who said the
    same before stands, too, where nobody says who repeats it. OSError where the disk does not take it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    last = _read(folder / f"{alert}{WORD}")
    before = () if last is None else last.before
    is_other = last is not None and last.was != word.was
    if last is not None and is_other:
        before = (Earlier(last.was, last.by, last.wall_s), *before)[:MOST_BEFORE]
    if last is not None and not is_other and word.by is None:  # said again by nobody who gave a name
        word = msgspec.structs.replace(word, by=last.by, wall_s=last.wall_s)
    put(folder, f"{alert}{WORD}", msgspec.json.encode(msgspec.structs.replace(word, before=before)))
    return last if is_other else None


def confirmed_in(folder: Path) -> dict[str, Confirmed]:
    """Alert id -> what is said of it, of all words that can be read."""
    words = {path.stem: _read(path) for path in sorted(folder.glob(f"*{WORD}"))}
    return {alert: word for alert, word in words.items() if word is not None}


def over_with_windows(folder: Path, wanted: str) -> str | None:
    """The alert whose id begins so and whose windows are kept; None where there are none or several."""
    fitting = {file.alert for file in beginning_with(folder, wanted)}
    return fitting.pop() if len(fitting) == 1 else None


def keep_word(folder: Path, alert: str, word: Confirmed, *, published: str | None = None) -> str | None:
    """Keep a word (`confirm`); the other one that it replaces, of those kept or else the `published` one. ConfigError
    where the disk does not take it."""
    try:
        last = confirm(folder, alert, word)
    except OSError as error:
        raise ConfigError(
            f"{folder}: the word on alert {alert} cannot be kept ({error.strerror}); check the disk"
        ) from error
    return replaced(word.was, published if last is None else last.was)


def replaced(was: str, before: str | None) -> str | None:
    """The word of before, where it is another one."""
    return None if before == was else before


def _read(path: Path) -> Confirmed | None:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MOST_BYTES), type=Confirmed)
    except (OSError, msgspec.MsgspecError):
        return None
