"""What the messages of one topic are, and the config by which they would be read; tried on the messages themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from agent.explain.fields import QUANTITIES, SOURCE, TOPICS, explain_fields
from agent.explain.finding import Field, Finding
from agent.explain.fragment import config, name_of, speed_config
from agent.explain.frames import NO_HELLO, OURS, declared
from agent.explain.json_fields import Found
from agent.explain.json_fields import fields_of as json_fields
from agent.explain.reading import Arrived
from agent.sources.sparkplug import SparkplugError, SparkplugReader, sparkplug_topic
from agent.tables.columns import columns_of
from agent.tables.numbers import number_of
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import SampleBlock
from firmware_bridge.frames import Fault, Hello, decode_frame

MOST_MESSAGES = 256  # of a topic that are looked at


def explain_topic(topic: str, messages: Sequence[Arrived]) -> Finding:
    """What the messages of one topic are."""
    span_s = messages[-1].arrival_s - messages[0].arrival_s if len(messages) > 1 else 0.0
    pace = f", one every {span_s / (len(messages) - 1):.3g} s" if len(messages) > 1 and span_s > 0 else ""
    size = sum(len(m.payload) for m in messages) / len(messages)
    arrived = f"{len(messages)} messages of {size:.0f} bytes{pace}"
    if all(m.retained for m in messages):
        arrived += ", retained: of unknown age"
    seen = [m for m in messages if m.payload][:MOST_MESSAGES]
    if not seen:
        return Finding(topic, "empty messages: what was retained here is deleted", arrived)
    if all(m.payload[0] >= 0x80 for m in seen):
        return _frames(topic, seen, arrived)
    return _documents(topic, seen, arrived)


def _frames(topic: str, messages: Sequence[Arrived], arrived: str) -> Finding:
    """Frames of our own, or bytes that are nothing we know."""
    frames = [decode_frame(message.payload) for message in messages]
    faults = [frame for frame in frames if isinstance(frame, Fault)]
    if len(faults) == len(frames):
        return Finding(topic, f"bytes that are neither JSON nor our frames ({faults[0].kind})", arrived)
    hellos = [frame for frame in frames if isinstance(frame, Hello)]
    reader = FrameReader(Routes((Route("sensor"),)))
    blocks = [i for f in frames for i in reader.feed(f, arrival_s=0.0, wall_s=None) if isinstance(i, SampleBlock)]
    if not hellos:
        return Finding(topic, OURS, arrived, kind=TOPICS, notes=(NO_HELLO,))
    hello = hellos[-1]
    notes = (f"{sum(len(b.samples) for b in blocks)} samples in {len(blocks)} blocks",)
    settings = config(SOURCE, {"name": name_of(topic), "topic": topic, "device": hello.device})
    dialect = f"our frames, of {hello.device}"
    return declared(Finding(topic, dialect, arrived, kind=TOPICS, notes=notes, config=settings), hello)


def _documents(topic: str, messages: Sequence[Arrived], arrived: str) -> Finding:
    """JSON, Sparkplug B, or bare words and numbers."""
    is_sparkplug = sparkplug_topic(topic)[1] is not None
    reader = SparkplugReader()
    documents: list[Any] = []
    broken: Counter[str] = Counter()
    for message in messages:
        try:
            documents.append(reader.read(message.payload) if is_sparkplug else _decoded(message.payload))
        except (SparkplugError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            broken[str(error)[:80]] += 1
    notes = tuple(f"{count} of {len(messages)} messages cannot be read: {why}" for why, count in broken.most_common(3))
    if not documents:
        return Finding(topic, "no JSON and no number", arrived, notes=notes)
    found = json_fields(documents)
    if list(found) == ["$"] and not found["$"].is_listed:
        return replace(_bare(topic, found["$"], arrived), notes=notes)
    dialect = "Sparkplug B" if is_sparkplug else "JSON, a list" if isinstance(documents[0], list) else "JSON"
    if not any(one.values for one in found.values()):
        return Finding(topic, f"{dialect} that holds no values", arrived, notes=notes)
    finding = explain_fields(topic, messages, found, dialect, arrived)
    return replace(finding, notes=(*notes, *finding.notes))


def _decoded(payload: bytes) -> Any:
    text = payload.strip()
    return msgspec.json.decode(text) if text[:1] in (b"{", b"[", b'"') else text.decode("utf-8")


def _bare(topic: str, found: Found, arrived: str) -> Finding:
    numbers = [number_of(v) if isinstance(v, str) else v for v in found.values]
    if not all(isinstance(n, int | float) for n in numbers):
        return Finding(topic, f"words ({found.example})", arrived)
    column = columns_of([replace(found.cells, name=topic.replace("/", " "))], rate_hz=None)[0]
    questions: tuple[str, ...] = ()
    question = "which quantity is it? set quantity, or for a speed set it as topic of the machine's speed"
    quantity = QUANTITIES.get(column.role)
    if column.role == "speed":
        text = speed_config(SOURCE, {"topic": topic})
    else:
        sensor = {"name": name_of(topic), "topic": topic, "quantity": quantity or "temperature_c"}
        text = config(SOURCE, sensor)
        questions = () if quantity else (question,)
    shown = Field("$", column.role, column.reason, column.unit, "value", found.example)
    return Finding(
        topic, "a bare number a message", arrived, kind=TOPICS, fields=(shown,), questions=questions, config=text
    )
