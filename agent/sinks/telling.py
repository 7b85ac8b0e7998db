"""What a person is told of an event, by a sink that has no topics: a headline, and a few lines under it.

An event may have waited through an upgrade of the agent, so it is read for what it has and never refused for what it
lacks; one that cannot be read at all is told as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import msgspec

from agent.messages.finding_text import title_of_finding
from agent.messages.words import Language, say, words_for
from agent.ports import Message

NEWS = (None, "worse")
"""Reasons of an update that is the machine's own; the others are a person's doing, or a clock's."""
JUDGED = "judged"
"""Reason of what is said of an alert that was over before."""


class Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Keys of a sink that tells people: which events, and in which language; None: the agent's."""

    severity: Literal["warning", "alarm"] = "warning"  # told from this on
    tell: Literal["news", "all"] = "news"  # "all": also who saw, shelved or judged an alert, and corrected clocks
    language: Language | None = None


@runtime_checkable
class Teller(Protocol):
    """The keys of a sink that names files of its own."""

    @property
    def files(self) -> Mapping[str, str | None]:
        """Key -> the file that it names, which is read at each delivery."""

    @property
    def remarks(self) -> Sequence[str]:
        """What works and should not stay so."""


class Wording(msgspec.Struct, frozen=True):
    """What is said of a fault, in the agent's language."""

    title: str = ""
    sentence: str = ""
    advice: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Of an alert's or a maintenance event's payload what people are told; null and absent are the same."""

    agent: str = ""
    site: str | None = None
    machine: str = ""
    machine_name: str | None = None
    position: str | None = None
    bearing: str | None = None
    sensor: str | None = None
    id: str | None = None
    event: str = ""
    severity: str | None = None
    text: Wording | str = ""  # of maintenance one sentence
    time: datetime | None = None
    opened: datetime | None = None
    deviation: float | None = None
    reason: str | None = None
    by: str | None = None
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """One event in words; neither holds a control character, but for line ends in `body`."""

    headline: str
    body: str
    event: Event


def note_of(message: Message, telling: Telling) -> Note | None:
    """What is told of a message; None where nobody wants to hear of it."""
    if message.kind != "event":
        return None
    language = telling.language or "en"
    try:
        event = msgspec.json.decode(message.payload, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Note(say("note.unread", language), _printable(message.payload.decode(errors="replace")), Event())
    if not _is_wanted(event, telling):
        return None
    return Note(_printable(_headline(event, language)), "\n".join(map(_printable, _lines(event, language))), event)


def _is_wanted(event: Event, telling: Telling) -> bool:
    if telling.severity == "alarm" and event.severity == "warning":
        return False
    return telling.tell == "all" or (event.event != "updated" and event.reason != JUDGED) or event.reason in NEWS


def _headline(event: Event, language: Language) -> str:
    place = " · ".join(filter(None, (event.site, event.machine_name or event.machine, event.position, event.bearing)))
    title = event.text.title if isinstance(event.text, Wording) else event.text
    kind = event.event if event.event in ("cleared", "test") else event.severity or "maintenance"
    kind = JUDGED if event.reason == JUDGED else kind
    return say(f"note.{kind}", language, place=place, title=title)


def _lines(event: Event, language: Language) -> list[str]:
    said = [event.text] if isinstance(event.text, str) else [event.text.sentence, event.text.advice]
    lines = [line for line in said if line]
    if event.reason is not None:
        lines.append(words_for("because", event.reason, language) + (f" ({event.by})" if event.by else ""))
    lines.append("")
    rows = {
        "machine": event.machine_name or event.machine,
        "sensor": event.sensor,
        "bearing": event.bearing,
        "opened": _moment(event.opened),
        "was": None if event.was is None else title_of_finding(event.was, language),
        "deviation": None
        if event.deviation is None
        else say("shown.baseline", language, deviation=f"{event.deviation:.3g}"),
        "agent": event.agent,
        "alert": event.id,
    }
    lines += [f"{say(f'note_row.{key}', language)}: {value}" for key, value in rows.items() if value]
    if event.id and event.event != "cleared":
        lines.append(say("note.acknowledge", language, command=f"textvib-agent acknowledge {event.id}"))
    return lines


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(sep=" ", timespec="seconds")


def _printable(text: str) -> str:
    """On one line, without what would begin a header or move a cursor."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
