"""What is noted of alerts while the agent runs: each change, after it is in the state and before it is said.

A disk that refuses costs the history of those alerts, is told, and nothing else.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from agent.ports import Message
from agent.service.assembly import Parts
from agent.service.keeping.alert_rows import OpenAlert
from agent.service.looking_back.history_file import HistoryFile
from agent.service.looking_back.past import Event, event_of, whence_of
from agent.types import Alert

log = logging.getLogger(__name__)


class Ended(msgspec.Struct, frozen=True):
    """What is to be known of the last payload of an alert."""

    schema: Literal["textvib/alert/1"]
    id: str
    event: Literal["cleared"]
    seq: int
    time: datetime | None = None
    reason: str | None = None
    by: str | None = None


class Unkept:
    """Where nothing is looked back on: whoever keeps no history."""

    parts: Parts

    def note(self, alert: Alert | None, event: Message) -> None:
        """Let it be."""

    def take_up(self, opened: Iterable[OpenAlert], waiting: Iterable[Message], *, is_whole: bool) -> None:
        """Likewise."""


class History(Unkept):
    """Used by the thread that keeps and tells; `notices` by any."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts  # what runs
        self.trouble: str | None = None  # why the last change could not be noted
        self._state_dir = Path(parts.config.agent.state_dir)
        self._file: HistoryFile | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        return () if self.trouble is None else (f"alerts: their history cannot be kept ({self.trouble})",)

    def note(self, alert: Alert | None, event: Message) -> None:
        """A change of an alert, or (None) the event of one that only a sink still knew."""
        if alert is None:
            self._try(lambda file: _end(file, event))
        else:
            whence = whence_of(self.parts, alert.sensor)
            self._try(lambda file: file.note(alert, event_of(alert, event.seq), whence))

    def take_up(self, opened: Iterable[OpenAlert], waiting: Iterable[Message], *, is_whole: bool) -> None:
        """At the start: what was kept in the state and not noted here any more, as where the power failed between.

        `is_whole`: what the state does not have open is over.
        """
        stored = list(opened)

        def catch_up(file: HistoryFile) -> None:
            for event in waiting:
                _end(file, event)
            for one in stored:
                if not file.knows(one.alert.id):
                    file.note(one.alert, event_of(one.alert, one.seq), whence_of(self.parts, one.alert.sensor))
            if is_whole:
                _end_lost(file, {one.alert.id for one in stored})

        self._try(catch_up)

    def _try(self, write: Callable[[HistoryFile], None]) -> None:
        try:
            if self._file is None:
                self._file = HistoryFile(self._state_dir)
            write(self._file)
        except (sqlite3.Error, OSError) as error:
            if self.trouble is None:
                about = {"event": "history_not_kept"}
                log.warning("alerts: their history cannot be kept (%s)", error, extra=about)
            self.trouble = str(error)
            if self._file is not None:
                self._file.close()
            self._file = None  # opened anew for the next change: the disk may take it then
        else:
            self.trouble = None


def _end(file: HistoryFile, event: Message) -> None:
    """An alert is over, if that is what the event says."""
    try:
        said = msgspec.json.decode(event.payload, type=Ended)
    except (msgspec.MsgspecError, RecursionError):
        return
    wall_s = None if said.time is None else said.time.timestamp()
    file.end(said.id, Event(said.seq, said.event, wall_s, said.reason, said.by))


def _end_lost(file: HistoryFile, known: Collection[str]) -> None:
    """What is open here and nowhere else has ended, and nobody knows how."""
    for alert, seq in file.open_besides(known):
        file.end(alert, Event(seq + 1, "cleared", None, "state_lost"))
