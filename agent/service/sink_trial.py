"""Each further sink tried before an alert needs it: by a note, or by a visit that disturbs nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from agent.errors import ConfigError, TransportError
from agent.messages.words import Language, say
from agent.ports import Message, Noticing, Sink, Trying
from agent.service.assembly import Parts
from agent.sinks import SINKS
from agent.sinks.telling import Event


class Trial(NamedTuple):
    """What became of one sink's trial."""

    sink: str
    is_note: bool  # a note was sent; else it was seen whether the sink could be opened
    problem: str | None


def tried(parts: Parts, language: Language) -> Iterator[Trial]:
    """Of each sink that can be tried."""
    now = datetime.now(UTC)
    agent = parts.config.agent
    event = Event(
        agent=agent.id, site=agent.site, machine=agent.id, event="test", text=say("note.trial", language), time=now
    )
    # Numbered by the time: a receiver that has seen the last trial must not take this one for a repeat.
    message = Message(parts.topics.event, msgspec.json.encode(event), qos=1, kind="event", seq=int(now.timestamp()))
    for entry in parts.config.sinks:
        sink = parts.sinks[entry.name]
        if SINKS[entry.kind].tells_people:
            yield Trial(entry.name, True, _noted(sink, message))
        elif isinstance(sink, Trying):
            yield Trial(entry.name, False, _visited(sink))


def _visited(sink: Trying) -> str | None:
    try:
        sink.try_out()
    except (TransportError, ConfigError) as error:
        return str(error)
    return None


def _noted(sink: Sink, message: Message) -> str | None:
    heard = list[str | None]()
    try:
        sink.open()
        return _problem(sink, heard[0]) if sink.publish(message, heard.append) else str(sink.lost)
    except (TransportError, ConfigError) as error:
        return str(error)
    finally:
        sink.close()


def _problem(sink: Sink, refusal: str | None) -> str | None:
    """Of a note that was taken: why some it was meant for were not told."""
    notices = sink.notices if isinstance(sink, Noticing) else ()
    return refusal or "; ".join(notices) or None
