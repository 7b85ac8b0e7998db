"""What the messages of one topic are, and the config by which they would be read; tried on the messages themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from agent.explain.finding import Field, Finding, fields_of
from agent.explain.fragment import config, name_of, speed_config
from agent.explain.json_fields import Found
from agent.explain.json_fields import fields_of as json_fields
from agent.sources import kind_that_hears
from agent.sources.batches import BatchReader
from agent.sources.mapped import MappedReader
from agent.sources.native import KEYS, SENDERS
from agent.sources.ready_mappings import READY
from agent.sources.sent import Sent, Unread
from agent.sources.sparkplug import SparkplugError, SparkplugReader, sparkplug_topic
from agent.tables.choice import Choice, choice_of
from agent.tables.columns import columns_of
from agent.tables.facts import facts_of_pairs
from agent.tables.numbers import number_of
from agent.tables.units import unit_sense
from agent.tables.values import Column, Facts, Told
from agent.transport.mapping import Mapping
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import Reading, SampleBlock, SourceFault
from firmware_bridge.frames import Fault, Hello, decode_frame

TOPICS = kind_that_hears("topics")
SOURCE = {"name": "plant", "kind": TOPICS}
MOST_MESSAGES = 256  # of a topic that are looked at
SLOW_HZ = 20.0  # of single samples, below which they are figures and no vibration
LEAST_MESSAGES = 3  # by whose pace a rate is told
QUANTITIES: dict[str, Literal["velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"]] = {
    "temperature": "temperature_c",
    "velocity": "velocity_rms_mm_s",
}
"""Role of a field -> the quantity that a sensor would have."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message."""

    payload: bytes
    arrival_s: float
    retained: bool = False


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
        notes: tuple[str, ...] = ("no HELLO came yet, which says rate and unit: listen longer (--seconds 15)",)
        return Finding(topic, "our frames (firmware_bridge/SPEC.md)", arrived, kind=TOPICS, notes=notes)
    stream = hellos[-1].streams[0]
    unit = None if stream.scale_g is None else "g"
    settings = {"name": name_of(topic), "topic": topic, "device": hellos[-1].device}
    return Finding(
        topic,
        f"our frames, of {hellos[-1].device}",
        arrived,
        kind=TOPICS,
        axes=stream.axes,
        rate_hz=stream.rate_hz,
        rate_from="as HELLO declares it; the agent measures it",
        unit=unit,
        notes=(f"{sum(len(b.samples) for b in blocks)} samples in {len(blocks)} blocks",),
        config=config(SOURCE, settings),
    )


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
    finding = _fields(topic, messages, found, dialect, arrived)
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


def _fields(topic: str, messages: Sequence[Arrived], found: dict[str, Found], dialect: str, arrived: str) -> Finding:
    constant = {path: str(one.values[0]) for path, one in found.items() if len(set(map(str, one.values))) == 1}
    facts = facts_of_pairs((_last(path), value) for path, value in constant.items())
    columns = columns_of([one.cells for one in found.values()], rate_hz=facts.rate_hz)
    paths = list(found)
    parts = _parts(found, columns, constant, facts)
    if dialect == "Sparkplug B":
        parts.pop("seq", None)  # counts all messages of a node, not those of this device
    choice = _choice(found, columns, set(parts.values()))
    used = {paths.index(path): part for part, path in parts.items()}
    examples = {k: found[path].example for k, path in enumerate(paths)}
    ready = _ready(messages, is_samples=isinstance(choice, Choice), is_native=set(paths) <= KEYS)
    finding = Finding(topic, dialect + (f", as {ready} sends it" if ready else ""), arrived, kind=TOPICS)
    if isinstance(choice, Choice):
        chosen = [paths[k] for k in _indexes(found, columns, choice, set(parts.values()))]
        axes = dict(zip(choice.axes, chosen, strict=True))
        used |= {paths.index(path): axis for axis, path in axes.items()}
        finding = _samples(finding, messages, axes, parts, choice, facts, ready)
        left = [Field(c.name, c.role, c.reason) for k, c in enumerate(columns) if k not in used]
        finding = replace(finding, left_out=tuple(f"{one.name} {one.reason}" for one in left))
    else:
        finding = _figures(replace(finding, questions=(choice,)), found, columns, ready)
    shown = fields_of(_renamed(columns, paths), used, examples)
    return replace(finding, fields=tuple(_as_part(one) for one in shown))


def _as_part(shown: Field) -> Field:
    """A field that says something of the others: what, and not what it would be in a table."""
    if shown.used_as not in _PARTS:
        return shown
    return replace(shown, role=shown.used_as or "", reason=_PARTS[shown.used_as or ""], unit=None)


_PARTS = {
    "rate": "says the sample rate",
    "unit": "says the unit",
    "seq": "counts messages",
    "sender": "names who sends",
}


def _renamed(columns: Sequence[Column], paths: Sequence[str]) -> list[Column]:
    return [replace(column, name=path) for column, path in zip(columns, paths, strict=True)]


def _last(path: str) -> str:
    return path.rpartition(".")[2].strip('[]"')


def _parts(
    found: dict[str, Found], columns: Sequence[Column], constant: dict[str, str], facts: Facts
) -> dict[str, str]:
    """Part of a message -> its path: rate, unit, time, seq, sender."""
    parts: dict[str, str] = {}
    for path, value in constant.items():
        said = facts_of_pairs([(_last(path), value)])
        if said.rate_hz is not None and facts.rate_hz is not None:
            parts.setdefault("rate", path)
        sense = unit_sense(value)
        if said.unit is not None and sense is not None and sense.base in ("g", "m/s2"):
            parts.setdefault("unit", path)
    for (path, one), column in zip(found.items(), columns, strict=True):
        if column.role == "time" and path not in parts.values():
            parts.setdefault("time", path)
        elif not one.is_listed and (column.role == "counter" or _last(path).lower() in ("seq", "sequence", "counter")):
            parts.setdefault("seq", path)
        elif _last(path).lower() in SENDERS and column.role == "text":
            parts.setdefault("sender", path)
    return parts


def _indexes(found: dict[str, Found], columns: Sequence[Column], choice: Choice, taken: set[str]) -> list[int]:
    candidates = _candidates(found, taken)
    return [candidates[k] for k in choice.chosen]


def _candidates(found: dict[str, Found], taken: set[str]) -> list[int]:
    """Fields that may be samples: those of which messages hold most, where they hold many of any."""
    most = max(one.most for one in found.values())
    return [k for k, (path, one) in enumerate(found.items()) if path not in taken and one.most == most]


def _choice(found: dict[str, Found], columns: Sequence[Column], taken: set[str]) -> Choice | str:
    indexes = _candidates(found, taken)
    cells = [one.cells for one in found.values()]
    numeric = [k for k in indexes if columns[k].role != "text"]
    if not numeric:
        return "no field holds numbers that could be samples"
    named = [replace(columns[k], name=list(found)[k]) for k in indexes]
    choice = choice_of([cells[k] for k in indexes], named, Told())
    return choice if isinstance(choice, Choice) else choice.text


def _samples(
    finding: Finding,
    messages: Sequence[Arrived],
    axes: dict[str, str],
    parts: dict[str, str],
    choice: Choice,
    facts: Facts,
    ready: str | None,
) -> Finding:
    native = {axis: axis for axis in axes} == axes and set(parts.values()) <= KEYS | SENDERS
    mapping = msgspec.convert({**axes, **_mapped(parts, messages), **_scaled(choice)}, Mapping)
    if finding.dialect.startswith("Sparkplug"):
        mapping = msgspec.structs.replace(mapping, format="sparkplug_b")
    rate_hz, rate_from = _rate(finding.what, messages, mapping, facts)
    unit = choice.unit or ("g" if facts.unit == "g" else facts.unit)
    is_ready = ready is not None and READY[ready].mapping.x is not None
    if ready is not None and is_ready:
        mapping = READY[ready].mapping
        unit = mapping.scaled_unit or unit
    topic = _subscribed(finding.what)
    sensor: dict[str, Any] = {"name": name_of(finding.what), "topic": topic}
    remarks = {}
    if "rate" not in parts and rate_hz is not None:
        sensor["rate_hz"] = rate_hz
        remarks["rate_hz"] = f"{rate_from}; better the rate set in the sensor"
    if unit is None and "unit" not in parts:
        remarks["topic"] = 'add unit = "g" or "m/s2" if you know it'
    if is_ready:
        sensor["mapping"] = ready
    elif not native:
        own = {key: value for key in mapping.__struct_fields__ if (value := getattr(mapping, key)) is not None}
        sensor["mapping"] = own
    route = Route(
        "sensor", topic=finding.what, rate_hz=sensor.get("rate_hz"), mapping=mapping if "mapping" in sensor else None
    )
    notes, questions = _tried(route, messages)
    if rate_hz is None:
        questions = ("at what rate was it sampled? set rate_hz", *questions)
    elif all(one.count == 1 for one in _sent(messages, mapping)) and rate_hz < SLOW_HZ:
        slow = f"one sample a message, {rate_hz:g} a second, shows no vibration; send batches (rate_hz, x, y, z)"
        questions = (slow, *questions)
    if "time_unit" in sensor.get("mapping", ()) and not is_ready:
        questions = ("does its time count milliseconds? correct time_unit", *questions)
    return replace(
        finding,
        axes=tuple(axes),
        rate_hz=rate_hz,
        rate_from=rate_from,
        unit=unit,
        notes=notes,
        questions=questions,
        config=config(SOURCE, sensor, remarks=remarks),
    )


def _mapped(parts: dict[str, str], messages: Sequence[Arrived]) -> dict[str, str]:
    """Keys of a mapping for all but the axes; a time whose unit nothing shows is left out."""
    keys: dict[str, str] = {
        part: path for part, path in parts.items() if part in ("rate", "unit", "time", "seq", "sender")
    }
    if "time" in keys:
        probe = MappedReader(Mapping(x=keys["time"], time=keys["time"])).read(messages[0].payload, quantity=None)
        if isinstance(probe, Unread) and probe.key == "time":
            keys["time_unit"] = "ms"
    return keys


def _scaled(choice: Choice) -> dict[str, Any]:
    scales = {choice.columns[k].scale for k in choice.chosen}
    scale = scales.pop() if len(scales) == 1 else 1.0
    return {"scale": scale, "scaled_unit": choice.unit} if choice.unit is not None and scale != 1.0 else {}


def _rate(topic: str, messages: Sequence[Arrived], mapping: Mapping, facts: Facts) -> tuple[float | None, str]:
    if facts.rate_hz is not None:
        return facts.rate_hz, "as the messages say"
    sent = _sent(messages, mapping)
    said = next((one.rows_hz for one in sent if one.rows_hz is not None), None)
    if said is not None:
        return said, "by the times of the samples"
    span_s = messages[-1].arrival_s - messages[0].arrival_s
    if len(messages) < LEAST_MESSAGES or span_s <= 0:
        return None, ""
    samples = sum(one.count for one in sent[1:])
    return float(f"{samples / span_s:.3g}"), "by the pace of the messages"


def _sent(messages: Sequence[Arrived], mapping: Mapping) -> list[Sent]:
    reader = MappedReader(mapping)
    read = [reader.read(message.payload, quantity=None) for message in messages]
    return [one for found in read if not isinstance(found, Unread) for one in found]


def _subscribed(topic: str) -> str:
    """The topic to hear: of a Sparkplug device its births, too, which tell its metrics' names."""
    levels = topic.split("/")
    if sparkplug_topic(topic)[1] is not None:
        levels[2] = "+"
    return "/".join(levels)


def _tried(route: Route, messages: Sequence[Arrived]) -> tuple[tuple[str, ...], tuple[str, ...]]:
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


def _figures(finding: Finding, found: dict[str, Found], columns: Sequence[Column], ready: str | None) -> Finding:
    """No samples: a figure or a speed, perhaps."""
    source, topic = SOURCE, finding.what
    if ready is not None:
        whose = READY[ready].quantity or "temperature_c"
        sensor: dict[str, Any] = {"name": name_of(topic), "topic": topic, "quantity": whose, "mapping": ready}
        return replace(
            finding, questions=(), config=config(source, sensor), notes=(f"{whose} by the ready mapping {ready}",)
        )
    for (path, one), column in zip(found.items(), columns, strict=True):
        if one.is_listed:
            continue  # a waveform of it is no figure
        if column.role == "speed":
            native = path in ("rpm",)
            speed = {"topic": topic} | ({} if native else {"mapping": {"speed": path}})
            return replace(
                finding, questions=(), config=speed_config(source, speed), notes=(f"a speed in rpm at {path}",)
            )
        if (quantity := QUANTITIES.get(column.role)) is not None:
            sensor = {"name": name_of(topic), "topic": topic, "quantity": quantity, "mapping": {"value": path}}
            return replace(finding, questions=(), config=config(source, sensor), notes=(f"{quantity} at {path}",))
    return finding


def _ready(messages: Sequence[Arrived], *, is_samples: bool, is_native: bool) -> str | None:
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
