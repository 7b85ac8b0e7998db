"""Looks for whatever sends: serial ports of this computer, topics of a broker. Each is heard for a while, none is told
anything.

What the config already names is left alone: a port has one reader.
"""

from __future__ import annotations

import copy
import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.config.load import check_table
from agent.errors import TextVibError, WordError
from agent.explain.finding import Finding
from agent.explain.listening import hear_port, hear_topics
from agent.setup.found import Found
from agent.setup.interview import Interview
from agent.setup.tables import places_in
from agent.setup.told_secrets import PASSWORD_FILES, write_secret
from agent.transport.broker import Broker, problems_of

NONE = "none"
"""Said instead of a broker's address: no broker is heard."""
OWN_TOPICS = ("textvib", "homeassistant")
"""First levels of what agents and Home Assistant publish."""
BY_ID = Path("/dev/serial/by-id")
PATTERNS = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyTHS*")  # the boards' own ttyS* are there without anything behind them
SECONDS = 4.0
"""For which each port and broker is heard."""
KNOCK_S = 1.0
MOST_TOPICS = 256  # of a broker; a plant's says much that is no vibration


def ports_here(dev: Path = Path("/dev"), by_id: Path = BY_ID) -> tuple[str, ...]:
    """Serial ports, by names that survive replugging where they have one."""
    named = sorted(by_id.iterdir()) if by_id.is_dir() else []
    known = {os.path.realpath(path) for path in named}
    others = (path for pattern in PATTERNS for path in sorted(dev.glob(pattern)))
    return tuple(str(path) for path in (*named, *(one for one in others if os.path.realpath(one) not in known)))


def has_broker(broker: Broker) -> bool:
    """Whether somebody takes connections at its address."""
    try:
        end = broker.endpoint
        with socket.create_connection((end.host, end.port or 0), timeout=KNOCK_S):
            return True
    except (OSError, ValueError):
        return False


def heard_on_port(port: str, *, seconds: float = SECONDS) -> Found:
    """What a port says; one that cannot be opened is silent for a reason, which is its finding's."""
    try:
        return Found(hear_port(port, seconds=seconds))
    except TextVibError as error:
        return Found(Finding(port, str(error).removeprefix(f"serial {port}: cannot open: ")))


def heard_on_broker(
    broker: Broker, existing: Mapping[str, Any], *, topic: str = "#", seconds: float = SECONDS
) -> tuple[Found, ...]:
    """What is said on a broker's topics, less those that are ours or that the config names already. TransportError
    where it is away or refuses."""
    own = {*OWN_TOPICS, str(existing.get("publish", {}).get("base_topic", OWN_TOPICS[0]))}
    used = places_in(existing)

    def is_wanted(name: str) -> bool:
        return name not in used and not name.startswith(("$", *(f"{base}/" for base in own)))

    listener = msgspec.structs.replace(broker, client_id=f"textvib-setup-{os.getpid()}")
    found = hear_topics(listener, topic, seconds=seconds, is_wanted=is_wanted, most_topics=MOST_TOPICS)
    return tuple(Found(one, broker) for one in found)


def unused(ports: Iterable[str], existing: Mapping[str, Any]) -> list[str]:
    """Ports that the config does not name, under any of their names."""
    used = places_in(existing)
    return [port for port in ports if port not in used and os.path.realpath(port) not in used]


def broker_of(told: str, interview: Interview, *, user: tuple[str, str] = ("", "")) -> Broker | None:
    """As `told`, with a name and a password; else that of the config; else one on this computer where there is one.
    WordError where it is none."""
    if told == NONE:
        return None
    if told:
        broker = Broker(host=told)
        if problems := problems_of(broker, "broker"):
            raise WordError(*problems)
        return as_user(broker, *user, interview)
    here = as_user(Broker(), *user, interview)
    if interview.existing:
        config, _ = check_table(copy.deepcopy(dict(interview.existing)), interview.folder)
        brokers = [] if config is None else [getattr(one.settings, "broker", None) for one in config.sources]
        here = next((one for one in brokers if one is not None), here if config is None else config.broker)
    return here if "broker" in interview.existing or has_broker(here) else None


def as_user(broker: Broker, username: str, password: str, interview: Interview) -> Broker:
    """With a name, where there is one, and its password in a file of its own until the config is written."""
    if not username:
        return broker
    path = None if interview.secrets is None or not password else interview.secrets / PASSWORD_FILES["password"]
    if path is not None:
        write_secret(path, password)
    return msgspec.structs.replace(broker, username=username, password_file=None if path is None else str(path))


def most_useful_first(found: Iterable[Found]) -> tuple[Found, ...]:
    """Samples, then figures, then the rest, each as it came."""
    order = ("samples", "figures", "speed", "nothing")
    return tuple(sorted(found, key=lambda one: order.index(one.carries)))
