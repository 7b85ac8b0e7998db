"""Mappings as a config gives them, a ready one's name or fields of their own, made whole and checked."""

from __future__ import annotations

from collections.abc import Iterator

from agent.config.decoding import near
from agent.config.keys import Config, SensorConfig
from agent.sources import KINDS
from agent.sources.ready_mappings import READY
from agent.transport.mapping import AXIS_FIELDS, Mapping, problems_of

SPARKPLUG = "spBv1.0/"


def whole(mapping: str | Mapping | None) -> Mapping | None:
    """A mapping with the fields of the ready one that it names; None where there is none, or no such ready one."""
    if isinstance(mapping, str):
        return READY[mapping].mapping if mapping in READY else None
    if mapping is None or mapping.like is None:
        return mapping
    return mapping.over(READY[mapping.like].mapping) if mapping.like in READY else None


def problems_of_mappings(config: Config) -> Iterator[str]:
    """Every mistake in the mappings of sensors and speeds, with its key."""
    topics = {source.name: "topic" in KINDS[source.kind].finds_by for source in config.sources}
    for sensor_id, sensor in config.sensors.items():
        where = f"sensors.{sensor_id}.mapping"
        if sensor.mapping is None:
            if (sensor.topic or "").startswith(SPARKPLUG):
                yield f'{where}: missing; messages below {SPARKPLUG} are Sparkplug B: set mapping = "sparkplug_b"'
            continue
        if not topics.get(sensor.source, True):
            yield f"{where}: {sensor.source!r} hears no topics; remove it"
        needs = AXIS_FIELDS if sensor.quantity is None else ("value",)
        yield from _problems(sensor.mapping, where, needs=needs)
        yield from _wrong_quantity(sensor, where)
        own = sensor.mapping
        if isinstance(own, Mapping) and own.speed is not None:
            speed = f"machines.{sensor.machine}.speed"
            yield f"{where}.speed: is the machine's; set topic, source and mapping of {speed}, and remove it here"
    for machine_id, machine in config.machines.items():
        if machine.speed is not None and machine.speed.mapping is not None:
            yield from _problems(machine.speed.mapping, f"machines.{machine_id}.speed.mapping", needs=("speed",))


def _problems(mapping: str | Mapping, where: str, *, needs: tuple[str, ...]) -> Iterator[str]:
    name = mapping if isinstance(mapping, str) else mapping.like
    if name is not None and name not in READY:
        key = where if isinstance(mapping, str) else f"{where}.like"
        yield f"{key}: there is no ready mapping {name!r} (a table says the fields themselves); {near(name, READY)}"
        if isinstance(mapping, Mapping):
            yield from problems_of(mapping, where, needs=())
        return
    made = whole(mapping)
    assert made is not None
    yield from problems_of(made, where, needs=needs)


def _wrong_quantity(sensor: SensorConfig, where: str) -> Iterator[str]:
    """A ready mapping's value is one quantity, and no other."""
    own = sensor.mapping
    name = own if isinstance(own, str) else own.like if own is not None else None
    if sensor.quantity is None or name not in READY or (isinstance(own, Mapping) and own.value is not None):
        return
    row = READY[name]
    if row.quantity is not None and row.quantity != sensor.quantity:
        path = f'mapping = {{ like = "{name}", value = "..." }}'
        yield f"{where}: {name}'s value is {row.quantity}, and this sensor's {sensor.quantity}; say where it is: {path}"
