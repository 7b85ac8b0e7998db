"""Tables of a config as plain data: put together, looked through, and what text becomes in them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from agent.transport.broker import Broker

LONGEST_ID = 32


def id_of(text: str) -> str:
    """An id made of a name; "" where no letter of it may stand in one."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:LONGEST_ID]


def number(text: str) -> int | float | str:
    """A figure as TOML has it, with a decimal comma or a point; the text itself where it is none, as `check` says."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


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


def places_in(tables: Mapping[str, Any]) -> set[str]:
    """Topics and ports that a config names, ports by their true names, too."""
    sensors = tables.get("sensors", {}).values()
    speeds = (machine.get("speed", {}) for machine in tables.get("machines", {}).values())
    topics = {str(one["topic"]) for one in (*sensors, *speeds) if "topic" in one}
    ports = {str(source["port"]) for source in tables.get("sources", ()) if "port" in source}
    return topics | ports | {os.path.realpath(port) for port in ports}


def table_of(broker: Broker) -> dict[str, Any]:
    """Keys of a broker that are not at their defaults, and its host."""
    fresh = Broker()
    told = {key: getattr(broker, key) for key in broker.__struct_fields__ if key != "client_id"}
    return {"host": broker.host, **{key: value for key, value in told.items() if value != getattr(fresh, key)}}
