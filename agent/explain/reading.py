"""Messages as the agent would read them: at what rate, how many become samples, what is refused, by whose mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.sources.batches import BatchReader
from agent.sources.mapped import MappedReader
from agent.sources.ready_mappings import READY
from agent.sources.sent import Sent, Unread
from agent.tables.values import Facts
from agent.transport.mapping import Mapping
from agent.transport.routes import Route
from agent.types import Reading, SampleBlock, SourceFault

LEAST_MESSAGES = 3  # by whose pace a rate is told


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message."""

    payload: bytes
    arrival_s: float
    retained: bool = False


def sent_of(messages: Sequence[Arrived], mapping: Mapping) -> list[Sent]:
    """What the messages say by a mapping; those that cannot be read are passed over."""
    reader = MappedReader(mapping)
    read = [reader.read(message.payload, quantity=None) for message in messages]
    return [one for found in read if not isinstance(found, Unread) for one in found]


def rate_of(topic: str, messages: Sequence[Arrived], mapping: Mapping, facts: Facts) -> tuple[float | None, str]:
    """The sample rate and where it is from: said by the messages, by the times of rows, or by their pace."""
    if facts.rate_hz is not None:
        return facts.rate_hz, "as the messages say"
    sent = sent_of(messages, mapping)
    said = next((one.rows_hz for one in sent if one.rows_hz is not None), None)
    if said is not None:
        return said, "by the times of the samples"
    span_s = messages[-1].arrival_s - messages[0].arrival_s
    if len(messages) < LEAST_MESSAGES or span_s <= 0:
        return None, ""
    samples = sum(one.count for one in sent[1:])
    return float(f"{samples / span_s:.3g}"), "by the pace of the messages"


def tried(route: Route, messages: Sequence[Arrived]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The messages as the agent would read them: how many become samples, and what is refused."""
    reader = BatchReader(route)
    items = [
        item
        for message in messages
        for item in reader.feed(message.payload, arrival_s=message.arrival_s, wall_s=message.arrival_s + 1.7e9)
    ]
    samples = sum(len(item.samples) for item in items if isinstance(item, SampleBlock))
    refused = Counter(
        (item.kind, item.detail) for item in items if isinstance(item, SourceFault) and item.kind != "unknown_keys"
    )
    questions = tuple(f"{count} x {kind}: {detail}" for (kind, detail), count in refused.most_common(3))
    return (f"read so, {len(messages)} messages give {samples} samples an axis",), questions


def ready_of(messages: Sequence[Arrived], *, is_samples: bool, is_native: bool) -> str | None:
    """The ready mapping that reads all of the messages."""
    if is_native:
        return None
    for name, row in READY.items():
        wants_samples = row.mapping.x is not None and is_samples
        if (not wants_samples and row.quantity is None) or row.mapping.value == "$":
            continue
        route = Route(
            "s", topic="t", rate_hz=100.0, mapping=row.mapping, quantity=None if wants_samples else row.quantity
        )
        read = [BatchReader(route).feed(m.payload, arrival_s=0.0, wall_s=1.7e9) for m in messages]
        if all(items and all(isinstance(i, SampleBlock | Reading) for i in items) for items in read):
            return name
    return None
