"""From answers to the tables of a config that are no sensor's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

from agent.config.keys import PublishConfig
from agent.ports import load_settings
from agent.setup.interview import OPEN, YES, Interview
from agent.setup.tables import table_of
from agent.setup.told_secrets import secret_path
from agent.sinks import SINKS
from agent.transport.broker import Broker


def tables_of_agent(interview: Interview) -> dict[str, Any]:
    """Tables of a new config that are no sensor's: who the agent is, where it publishes, whom it tells, its page."""
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
