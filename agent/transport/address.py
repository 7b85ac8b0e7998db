"""A broker's address as people write it: a host, `host:port`, or a URL of mqtt, mqtts, ws or wss.

Credentials never stand in an address: it is shown in logs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Transport = Literal["tcp", "websockets"]

SCHEMES: dict[str, tuple[Transport, bool]] = {
    "mqtt://": ("tcp", False),
    "tcp://": ("tcp", False),
    "mqtts://": ("tcp", True),
    "ssl://": ("tcp", True),
    "tls://": ("tcp", True),
    "ws://": ("websockets", False),
    "wss://": ("websockets", True),
}
"""Scheme -> transport, and whether it means TLS."""
PORTS: dict[tuple[Transport, bool], int] = {
    ("tcp", False): 1883,
    ("tcp", True): 8883,
    ("websockets", False): 80,
    ("websockets", True): 443,
}
"""(transport, TLS) -> the port where none is named."""
DEFAULT_PATH = "/mqtt"  # of websockets, as brokers have it

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>.*)")
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s/:?#@\[\]]+)(?::(?P<port>\d*))?(?P<path>/\S*)?")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+(%\w+)?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is. `port` None: not said; `tls` False: not said, for a key beside the address may ask for it."""

    host: str
    port: int | None = None
    transport: Transport = "tcp"
    tls: bool = False
    path: str = DEFAULT_PATH


def parse(text: str) -> Address:
    """The parts of an address; ValueError says what is wrong with it and what to write instead."""
    text = text.strip()
    if not text:
        raise ValueError("is empty; name the broker's host")
    url = _URL.fullmatch(text)
    scheme, rest = (url["scheme"].lower(), url["rest"]) if url else ("tcp://", text)
    if "@" in rest:
        raise ValueError("holds a user or a password; write the host alone, and set username and password_file")
    if scheme not in SCHEMES:
        raise ValueError(f"{scheme} is no way to a broker; use mqtt://, mqtts://, ws:// or wss://")
    transport, tls = SCHEMES[scheme]
    if rest.count(":") > 1 and _IPV6.fullmatch(rest):
        return Address(rest, None, transport, tls)
    place = _PLACE.fullmatch(rest)
    if place is None:
        raise ValueError(f"{rest!r} is no host; write a name or an address, like broker.plant.lan or mqtt://10.0.0.5")
    path = place["path"] or ""
    if path.strip("/") and transport == "tcp":
        raise ValueError(f"{path!r} is a path, which websockets alone have; use ws:// or wss://, or remove it")
    port = int(place["port"]) if place["port"] else None
    if port is not None and not 0 < port <= 65535:
        raise ValueError(f"{port} is no TCP port (1 to 65535)")
    return Address(place["host"].strip("[]"), port, transport, tls, path if path.strip("/") else DEFAULT_PATH)
