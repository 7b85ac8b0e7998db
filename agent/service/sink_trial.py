"""A note by each sink that tells people, to see whether it arrives before an alert has to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from agent.errors import ConfigError, TransportError
from agent.messages.words import Language, say
from agent.ports import Message, Noticing, Sink
from agent.service.assembly import Parts
from agent.sinks import SINKS
from agent.sinks.telling import Event


def tried(parts: Parts, language: Language) -> Iterator[tuple[str, str | None]]:
    """Name of each sink, and why its note did not arrive; None: the other side has it."""
    now = datetime.now(UTC)
    agent = parts.config.agent
    event = Event(
        agent=agent.id, site=agent.site, machine=agent.id, event="test", text=say("note.trial", language), time=now
    )
    # Numbered by the time: a receiver that has seen the last trial must not take this one for a repeat.
    message = Message(parts.topics.event, msgspec.json.encode(event), qos=1, kind="event", seq=int(now.timestamp()))
    for entry in parts.config.sinks:
        if not SINKS[entry.kind].tells_people:
            continue
        sink, heard = parts.sinks[entry.name], list[str | None]()
        try:
            sink.open()
            taken = sink.publish(message, heard.append)
            yield entry.name, _problem(sink, heard[0]) if taken else str(sink.lost)
        except (TransportError, ConfigError) as error:
            yield entry.name, str(error)
        finally:
            sink.close()


def _problem(sink: Sink, refusal: str | None) -> str | None:
    """Of a note that was taken: why some it was meant for were not told."""
    notices = sink.notices if isinstance(sink, Noticing) else ()
    return refusal or "; ".join(notices) or None
