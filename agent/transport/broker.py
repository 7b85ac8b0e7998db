"""How to reach a broker, as a config has it, and every mistake in it that shows without connecting."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from agent.transport.address import PORTS, Address, parse

FILE_KEYS = ("password_file", "ca_file", "cert_file", "key_file")
"""Keys that name files, which are read at each connection."""

MAX_FALLBACKS = 8


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to reach a broker; secrets come from a file or the environment, never from the config itself.

    `host` may be a URL: mqtt://, mqtts://, ws:// and wss://, with port and path.
    """

    host: str = "localhost"
    port: int = 0  # 0: that of the address, else 8883 with TLS, else 1883; websockets: 443, else 80
    fallbacks: tuple[str, ...] = ()  # addresses like `host`, tried in this order while those before are away
    return_after_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 60.0  # how often those before are tried meanwhile
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str = "textvib"  # each connection appends its role, so that source and sink never evict each other
    username: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    keepalive_s: int = 30
    connect_timeout_s: float = 10.0
    session_expiry_s: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 2)] = 86_400  # for which commands wait (MQTT 5)
    tls: bool = False
    ca_file: str | None = None  # None: the system's certificate authorities
    cert_file: str | None = None
    key_file: str | None = None

    @property
    def endpoint(self) -> Address:
        """Where the broker is, with its port, and with TLS where address or key asks for it; ValueError for none."""
        said = parse(self.host)
        tls = said.tls or self.tls
        port = self.port or said.port or PORTS[said.transport, tls]
        return Address(said.host, port, said.transport, tls, said.path)

    @property
    def address(self) -> str:
        """The endpoint for a reader."""
        end = self.endpoint
        if end.transport == "tcp":
            return f"{end.host}:{end.port}"
        return f"{'wss' if end.tls else 'ws'}://{end.host}:{end.port}{end.path}"

    @property
    def places(self) -> tuple[Broker, ...]:
        """One for each address, in the order in which they are tried."""
        others = (msgspec.structs.replace(self, host=host, port=0, fallbacks=()) for host in self.fallbacks)
        return (msgspec.structs.replace(self, fallbacks=()), *others)


def problems_of(broker: Broker, where: str) -> list[str]:
    """Every mistake that can be seen without looking at its secrets, one line each, keys dotted under `where`."""
    problems = []
    said = None
    try:
        said = parse(broker.host)
    except ValueError as error:
        problems.append(f"{where}.host: {error}")
    if said is not None and broker.port and said.port not in (None, broker.port):
        problems.append(f"{where}.port: {broker.port} is not the {said.port} of host; remove one of them")
    if not 0 <= broker.port <= 65535:
        problems.append(f"{where}.port: {broker.port} is no TCP port (1 to 65535)")
    if not 0 < broker.keepalive_s <= 65535:
        problems.append(f"{where}.keepalive_s: {broker.keepalive_s} is not between 1 and 65535")
    if not broker.connect_timeout_s > 0:
        problems.append(f"{where}.connect_timeout_s: {broker.connect_timeout_s} is not above 0")
    if broker.password_file and broker.password_env:
        problems.append(f"{where}: give password_file or password_env, not both")
    if (broker.password_file or broker.password_env) and not broker.username:
        problems.append(f"{where}.username: is missing, though a password is given")
    if broker.cert_file is None and broker.key_file is not None:
        problems.append(f"{where}.cert_file: is missing, though key_file is given")
    problems.extend(_problems_of_fallbacks(broker, where))
    if said is not None and not _may_have_tls(broker) and (broker.ca_file or broker.cert_file):
        problems.append(f"{where}.tls: is false, though certificates are given; set tls = true")
    return problems


def remarks_on(broker: Broker, where: str) -> list[str]:
    """What works and should not stay so."""
    if not (broker.password_file or broker.password_env):
        return []
    open_to = [place.address for place in broker.places if not place.endpoint.tls and not is_here(place.endpoint.host)]
    return [
        f"{where}: the password travels readable to {address}; set tls = true, or use mqtts://" for address in open_to
    ]


def _problems_of_fallbacks(broker: Broker, where: str) -> Iterator[str]:
    if len(broker.fallbacks) > MAX_FALLBACKS:
        yield f"{where}.fallbacks: {len(broker.fallbacks)} are more than {MAX_FALLBACKS}"
    for index, address in enumerate(broker.fallbacks):
        try:
            parse(address)
        except ValueError as error:
            yield f"{where}.fallbacks[{index}]: {error}"


def _may_have_tls(broker: Broker) -> bool:
    try:
        return broker.tls or any(parse(address).tls for address in (broker.host, *broker.fallbacks))
    except ValueError:
        return True  # an address that is none is complained about


def is_here(host: str) -> bool:
    """Whether what goes to a host stays on this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
