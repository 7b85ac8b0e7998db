"""The fields of one topic's messages: which are samples, time, rate and unit, and the config that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec

from agent.explain.finding import Field, Finding, fields_of
from agent.explain.fragment import config, name_of, speed_config
from agent.explain.json_fields import Found
from agent.explain.mapping_keys import is_rate, mapped, scaled
from agent.explain.reading import Arrived, rate_of, ready_of, sent_of, tried
from agent.sources import kind_that_hears
from agent.sources.native import KEYS, SENDERS
from agent.sources.ready_mappings import READY
from agent.sources.sparkplug import sparkplug_topic
from agent.tables.choice import Choice, choice_of, other_unit
from agent.tables.columns import columns_of
from agent.tables.facts import facts_of_pairs
from agent.tables.units import unit_sense
from agent.tables.values import Column, Facts, Told
from agent.transport.mapping import Mapping
from agent.transport.routes import Route

TOPICS = kind_that_hears("topics")
SOURCE = {"name": "plant", "kind": TOPICS}
SLOW_HZ = 20.0  # of single samples, below which they are figures and no vibration
QUANTITIES: dict[str, Literal["velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"]] = {
    "temperature": "temperature_c",
    "velocity": "velocity_rms_mm_s",
}
"""Role of a field -> the quantity that a sensor would have."""


def explain_fields(
    topic: str, messages: Sequence[Arrived], found: dict[str, Found], dialect: str, arrived: str
) -> Finding:
    """What messages with such fields are."""
    constant = {path: str(one.values[0]) for path, one in found.items() if len(set(map(str, one.values))) == 1}
    facts = facts_of_pairs((_last(path), value) for path, value in constant.items())
    columns = columns_of([one.cells for one in found.values()], rate_hz=facts.rate_hz)
    paths = list(found)
    parts = _parts(found, columns, constant, facts)
    if dialect == "Sparkplug B":
        parts.pop("seq", None)  # counts all messages of a node, not those of this device
    choice = _choice(found, columns, set(parts.values()), facts)
    used = {paths.index(path): part for part, path in parts.items()}
    examples = {k: found[path].example for k, path in enumerate(paths)}
    ready = ready_of(messages, is_samples=isinstance(choice, Choice), is_native=set(paths) <= KEYS)
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
    "interval": "says the time between samples",
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
            parts.setdefault("rate" if is_rate(_last(path), value) else "interval", path)
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


def _choice(found: dict[str, Found], columns: Sequence[Column], taken: set[str], facts: Facts) -> Choice | str:
    indexes = _candidates(found, taken)
    cells = [one.cells for one in found.values()]
    numeric = [k for k in indexes if columns[k].role != "text"]
    if not numeric:
        return "no field holds numbers that could be samples"
    named = [replace(columns[k], name=list(found)[k]) for k in indexes]
    choice = choice_of([cells[k] for k in indexes], named, Told())
    if isinstance(choice, Choice) and (wrong := other_unit(choice, facts, Told())) is not None:
        return wrong.text
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
    mapping = msgspec.convert({**axes, **mapped(parts, messages, facts), **scaled(choice)}, Mapping)
    if finding.dialect.startswith("Sparkplug"):
        mapping = msgspec.structs.replace(mapping, format="sparkplug_b")
    rate_hz, rate_from = rate_of(finding.what, messages, mapping, facts)
    unit = choice.unit or ("g" if facts.unit == "g" else facts.unit)
    is_ready = ready is not None and READY[ready].mapping.x is not None
    if ready is not None and is_ready and "rate" in parts:  # it must find the rate, too
        is_ready = any(one.rate_hz is not None for one in sent_of(messages[:1], READY[ready].mapping))
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
    notes, questions = tried(route, messages)
    if rate_hz is None:
        questions = ("at what rate was it sampled? set rate_hz", *questions)
    elif all(one.count == 1 for one in sent_of(messages, mapping)) and rate_hz < SLOW_HZ:
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


def _subscribed(topic: str) -> str:
    """The topic to hear: of a Sparkplug device its births, too, which tell its metrics' names."""
    levels = topic.split("/")
    if sparkplug_topic(topic)[1] is not None:
        levels[2] = "+"
    return "/".join(levels)


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
