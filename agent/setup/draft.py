"""From answers to tables of a config: what an interview would add to it, as plain data.

What is not answered yet is left out, so that any interview has a draft that can be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from agent.setup.agent_part import tables_of_agent
from agent.setup.found import Found
from agent.setup.interview import OPEN, UNKNOWN, Interview, Spot
from agent.setup.tables import LONGEST_ID, id_of, merged, number, table_of
from agent.transport.broker import Broker


def machine_of(spot: Spot) -> str:
    """The id of the machine that is named: that which has this name, else one that is made of it."""
    name = spot.of("machine")
    for machine_id, machine in machines_before(spot).items():
        if name in (machine_id, machine.get("name")):
            return machine_id
    taken = machines_before(spot)
    made = id_of(name)
    if not any(letter.isalpha() for letter in made):  # of a name in another script
        made = "_".join(part for part in ("machine", made) if part)[:LONGEST_ID]
    return made if made not in taken else next(f"{made}_{n}" for n in range(2, 999) if f"{made}_{n}" not in taken)


def machines_before(spot: Spot) -> dict[str, Any]:
    """Machines of the config, and of the sensors that were asked about before."""
    return dict(tables_of(spot.interview, sensors=spot.sensor)["machines"])


def sensors_before(spot: Spot) -> dict[str, Any]:
    """Sensors of the config, and those that were asked about before."""
    return dict(tables_of(spot.interview, sensors=spot.sensor)["sensors"])


def default_id(spot: Spot) -> str:
    """An id for a sensor that was given none."""
    machine = machine_of(spot) if spot.of("machine") else "sensor"
    wanted = "_".join(part for part in (machine, spot.of("end")) if part)
    taken = sensors_before(spot)
    return next(one for one in (wanted, *(f"{wanted}_{n}" for n in range(2, 999))) if one not in taken)


def tables_of(interview: Interview, *, sensors: int | None = None) -> dict[str, Any]:
    """The whole config as it would be, with the first `sensors` of the interview; None: all."""
    return merged(interview.existing, additions_of(interview, sensors=sensors))


def additions_of(interview: Interview, *, sensors: int | None = None) -> dict[str, Any]:
    """What the answers add to the config."""
    added: dict[str, Any] = tables_of_agent(interview) if interview.is_new else {}
    added |= {"sources": [], "machines": {}, "sensors": {}}
    for sensor in range(interview.sensors if sensors is None else sensors):
        spot = interview.at(sensor)
        if spot.found is not None:
            _add_sensor(spot, spot.found, added)
    return added


def sensors_heard(interview: Interview) -> dict[str, Found]:
    """Id of each sensor that was asked about -> what was heard of it."""
    spots = (interview.at(number) for number in range(interview.sensors))
    return {spot.of("sensor") or default_id(spot): spot.found for spot in spots if spot.found is not None}


def _add_sensor(spot: Spot, found: Found, added: dict[str, Any]) -> None:
    """Its source and its machine, as far as they are not there yet, and itself."""
    name = spot.of("sensor") or default_id(spot)
    source = _source_of(found, name, spot.interview, added)
    machine = machine_of(spot) if spot.of("machine") else "machine"
    fresh = _machine(spot, machine, added)
    if fresh or machine not in _so_far(spot.interview, added)["machines"]:
        added["machines"][machine] = merged(added["machines"].get(machine, {}), fresh)
    sensor = {"source": source, "machine": machine, **found.sensor}
    for key in ("rate_hz", "unit", "quantity"):
        if spot.of(key) not in (OPEN, UNKNOWN):
            sensor[key] = number(spot.of(key)) if key == "rate_hz" else spot.of(key)
    if spot.of("end"):
        sensor["bearings"] = [spot.of("end")]
    added["sensors"][name] = sensor


def _so_far(interview: Interview, added: Mapping[str, Any]) -> dict[str, Any]:
    return merged(interview.existing, added)


def _source_of(found: Found, sensor: str, interview: Interview, added: dict[str, Any]) -> str:
    """The name of the source that hears it: one that is there, or one more."""
    so_far, keys = _so_far(interview, added), found.source
    sources = so_far.get("sources", [])
    wanted = sensor
    if found.broker is not None:
        own = so_far.get("broker", {})
        for source in sources:
            if source.get("kind") == keys["kind"] and _is_same(found.broker, source.get("broker") or own):
                return str(source["name"])
        if not _is_same(found.broker, own):
            keys["broker"] = table_of(found.broker)
        wanted = "plant"
    taken = {source.get("name") for source in sources}
    name = next(one for one in (wanted, *(f"{wanted}_{n}" for n in range(2, 999))) if one not in taken)
    added["sources"].append({"name": name, **keys})
    return name


def _is_same(broker: Broker, table: Mapping[str, Any]) -> bool:
    """Whether a table names this broker and this user of it."""
    try:
        other = msgspec.convert(dict(table), Broker)
        return (other.address, other.username) == (broker.address, broker.username)
    except (ValueError, msgspec.ValidationError):
        return False


def _machine(spot: Spot, machine_id: str, added: dict[str, Any]) -> dict[str, Any]:
    """What is new of a machine: all of it, or one more bearing of one that is there."""
    known = _so_far(spot.interview, added)["machines"].get(machine_id)
    fresh: dict[str, Any] = {}
    if known is None:
        fresh = {"name": spot.of("machine")} if spot.of("machine") != machine_id else {}
        if speed := _speed(spot, added):
            fresh["speed"] = speed
        if spot.of("iso_group") in ("1", "2"):
            fresh["iso_group"] = int(spot.of("iso_group"))
        if spot.of("foundation") in ("rigid", "flexible"):
            fresh["foundation"] = spot.of("foundation")
    if spot.of("end") and spot.of("end") not in (known or {}).get("bearings", {}):
        told = spot.of("bearing")
        fresh["bearings"] = {spot.of("end"): {} if told in (OPEN, UNKNOWN) else {"geometry": told}}
    return fresh


def _speed(spot: Spot, added: dict[str, Any]) -> dict[str, Any]:
    match spot.of("speed"):
        case "fixed" if spot.of("rpm"):
            return {"rpm": number(spot.of("rpm"))}
        case "range" if spot.of("rpm_low"):
            low = number(spot.of("rpm_low"))
            above = low * 1.01 if isinstance(low, int | float) else low  # until the upper end is told
            return {"estimate": [low, number(spot.of("rpm_high")) if spot.of("rpm_high") else above]}
        case "topic":
            told = next(
                (one for one in speeds_of(spot.interview.found) if one.what == spot.of("which_speed_topic")), None
            )
            return {} if told is None else {**told.speed, "source": _source_of(told, "plant", spot.interview, added)}
    return {}


def speeds_of(found: Iterable[Found]) -> Iterator[Found]:
    """What tells a machine's speed."""
    return (one for one in found if one.carries == "speed")
