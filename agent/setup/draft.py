"""From answers to tables of a config: what an interview would add to it, as plain data.

What is not answered yet is left out, so that any interview has a draft that can be checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from agent.config.keys import PublishConfig
from agent.ports import load_settings
from agent.setup.found import Found
from agent.setup.interview import OPEN, UNKNOWN, YES, Interview, Spot
from agent.sinks import SINKS
from agent.transport.broker import Broker

LONGEST_ID = 32
PASSWORD_FILES = {
    "password": "broker.password",
    "publish_password": "publish.password",
    "sink_password": "people.password",
    "page_password": "page.password",
}
"""Secret that is asked for -> the file in which it is kept beside the config."""


def id_of(text: str) -> str:
    """An id made of a name; "" where no letter of it may stand in one."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:LONGEST_ID]


def machine_of(spot: Spot) -> str:
    """The id of the machine that is named: that which has this name, else one that is made of it."""
    name = spot.of("machine")
    for machine_id, machine in machines_before(spot).items():
        if name in (machine_id, machine.get("name")):
            return machine_id
    taken = machines_before(spot)
    made = id_of(name) or "machine"
    return made if made not in taken else next(f"{made}_{n}" for n in range(2, 999) if f"{made}_{n}" not in taken)


def machines_before(spot: Spot) -> dict[str, Any]:
    """Machines of the config, and of the sensors that were asked about before."""
    return dict(tables_of(spot.interview, sensors=spot.sensor)["machines"])


def sensors_before(spot: Spot) -> dict[str, Any]:
    """Sensors of the config, and those that were asked about before."""
    return dict(tables_of(spot.interview, sensors=spot.sensor)["sensors"])


def tables_of(interview: Interview, *, sensors: int | None = None) -> dict[str, Any]:
    """The whole config as it would be, with the first `sensors` of the interview; None: all."""
    return merged(interview.existing, additions_of(interview, sensors=sensors))


def merged(tables: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both, where lists go on and tables are filled up; a key of `more` that is there already keeps what it has."""
    both = dict(tables)
    for key, value in more.items():
        if isinstance(value, Mapping):
            both[key] = merged(both.get(key, {}), value)
        elif isinstance(value, list):
            both[key] = [*both.get(key, []), *value]
        else:
            both.setdefault(key, value)
    return both


def additions_of(interview: Interview, *, sensors: int | None = None) -> dict[str, Any]:
    """What the answers add to the config."""
    added: dict[str, Any] = _of_the_agent(interview) if interview.is_new else {}
    added |= {"sources": [], "machines": {}, "sensors": {}}
    for number in range(interview.sensors if sensors is None else sensors):
        spot = interview.at(number)
        if spot.found is not None:
            _add_sensor(spot, spot.found, added)
    return added


def places_in(tables: Mapping[str, Any]) -> set[str]:
    """Topics and ports that a config names, ports by their true names, too."""
    sensors = tables.get("sensors", {}).values()
    speeds = (machine.get("speed", {}) for machine in tables.get("machines", {}).values())
    topics = {str(one["topic"]) for one in (*sensors, *speeds) if "topic" in one}
    ports = {str(source["port"]) for source in tables.get("sources", ()) if "port" in source}
    return topics | ports | {os.path.realpath(port) for port in ports}


def sensors_heard(interview: Interview) -> dict[str, Found]:
    """Id of each sensor that was asked about -> what was heard of it."""
    spots = (interview.at(number) for number in range(interview.sensors))
    return {spot.of("sensor") or default_id(spot): spot.found for spot in spots if spot.found is not None}


# ------------------------------------------------------------------------------------------------------------ the agent


def _of_the_agent(interview: Interview) -> dict[str, Any]:
    spot = interview.at(0)
    agent = {"id": spot.told("agent_id") or interview.agent_id, "language": spot.told("language") or interview.language}
    if interview.state_dir is not None:
        agent["state_dir"] = interview.state_dir
    tables: dict[str, Any] = {"agent": agent, "broker": table_of(publishing_broker(interview))}
    if spot.told("base_topic") not in (OPEN, PublishConfig().base_topic):
        tables["publish"] = {"base_topic": spot.told("base_topic")}
    if spot.told("home_assistant") == YES:
        tables.setdefault("publish", {})["home_assistant"] = "homeassistant"
    if spot.told("page") == "here":
        tables["web"] = {"listen": "127.0.0.1:8640"}
    elif spot.told("page") == "network":
        tables["web"] = {"listen": "0.0.0.0:8640", "password_file": secret_path(interview, "page_password")}
    if (kind := spot.told("alerts")) in telling_kinds():
        tables["sinks"] = [{"name": "people", "kind": kind, **_of_the_sink(interview, kind)}]
    return tables


def telling_kinds() -> tuple[str, ...]:
    """Kinds of sinks that tell people."""
    return tuple(kind for kind, row in SINKS.items() if row.tells_people)


@lru_cache
def sink_keys(kind: str) -> frozenset[str]:
    """Keys of a kind of sink; none of one that does not tell people."""
    return frozenset(load_settings(SINKS, kind).__struct_fields__) if kind in telling_kinds() else frozenset()


def _of_the_sink(interview: Interview, kind: str) -> dict[str, Any]:
    spot = interview.at(0)
    keys: dict[str, Any] = {
        key: spot.told(f"sink_{key}") for key in ("url", "form", "host", "sender", "username") if key in sink_keys(kind)
    }
    if "recipients" in sink_keys(kind):
        told = [one for one in re.split(r"[\s,;]+", spot.told("sink_recipients")) if one]
        keys["recipients"] = told or [keys["sender"]]  # until they are told, so that the sender can be checked
    if keys.get("username"):
        keys["password_file"] = secret_path(interview, "sink_password")
    return {key: value for key, value in keys.items() if value}


def publishing_broker(interview: Interview) -> Broker:
    """Where the agent publishes: as answered, else where it hears, else on this computer."""
    spot = interview.at(0)
    heard = interview.broker
    address = spot.told("publish_broker")
    if heard is not None and address in ("", heard.host):
        return heard
    broker = Broker(host=address or "localhost")
    if spot.told("publish_username"):
        password_file = secret_path(interview, "publish_password") if spot.told("publish_password") else None
        broker = msgspec.structs.replace(broker, username=spot.told("publish_username"), password_file=password_file)
    return broker


def secret_path(interview: Interview, key: str) -> str:
    """The file of a secret: among those told, until the config is written."""
    return str((interview.secrets or interview.folder) / PASSWORD_FILES[key])


def table_of(broker: Broker) -> dict[str, Any]:
    """Keys of a broker that are not at their defaults, and its host."""
    fresh = Broker()
    told = {key: getattr(broker, key) for key in broker.__struct_fields__ if key != "client_id"}
    return {"host": broker.host, **{key: value for key, value in told.items() if value != getattr(fresh, key)}}


# ------------------------------------------------------------------------------------------------------------ a sensor


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


def default_id(spot: Spot) -> str:
    """An id for a sensor that was given none."""
    machine = machine_of(spot) if spot.of("machine") else "sensor"
    wanted = "_".join(part for part in (machine, spot.of("end")) if part)
    taken = sensors_before(spot)
    return next(one for one in (wanted, *(f"{wanted}_{n}" for n in range(2, 999))) if one not in taken)


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


def number(text: str) -> int | float | str:
    """A figure as TOML has it, with a decimal comma or a point; the text itself where it is none, as `check` says."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def speeds_of(found: Iterable[Found]) -> Iterator[Found]:
    """What tells a machine's speed."""
    return (one for one in found if one.carries == "speed")
