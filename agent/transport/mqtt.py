"""Connection to an MQTT broker, shared by the source and the sink.

Whoever owns the connection owns the retry: a client made here never reconnects by itself, so a lost or refused
connection is one TransportError that the daemon answers with back-off.
"""

from __future__ import annotations

import os
import queue
import ssl
from pathlib import Path
from typing import Literal

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import ConfigError, TransportError
from agent.transport.address import PORTS, Address, parse

MAX_PASSWORD_BYTES = 4096


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to reach a broker; secrets come from a file or the environment, never from the config itself.

    `host` may be a URL: mqtt://, mqtts://, ws:// and wss://, with port and path.
    """

    host: str = "localhost"
    port: int = 0  # 0: that of the address, else 8883 with TLS, else 1883; websockets: 443, else 80
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str = "textvib"  # each connection appends its role, so that source and sink never evict each other
    username: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    keepalive_s: int = 30
    connect_timeout_s: float = 10.0
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


def problems_of(broker: Broker, where: str) -> list[str]:
    """Every mistake that can be seen without connecting, one line each, keys dotted under `where`."""
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
    if said is not None and not (broker.tls or said.tls) and (broker.ca_file or broker.cert_file):
        problems.append(f"{where}.tls: is false, though certificates are given; set tls = true")
    problems += [
        f"{where}.{key}: {name}: is not a readable file"
        for key in ("password_file", "ca_file", "cert_file", "key_file")
        if (name := getattr(broker, key)) is not None and not os.access(name, os.R_OK)
    ]
    if broker.password_env and broker.password_env not in os.environ:
        problems.append(f"{where}.password_env: the environment has no {broker.password_env}")
    return problems


def read_password(broker: Broker) -> str | None:
    """The password from its file (less one trailing newline) or the environment; ConfigError where it is missing."""
    if broker.password_env:
        try:
            return os.environ[broker.password_env]
        except KeyError:
            raise ConfigError(f"password_env: the environment has no {broker.password_env}") from None
    if broker.password_file:
        try:
            with Path(broker.password_file).open("rb") as file:
                text = file.read(MAX_PASSWORD_BYTES).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"password_file: {broker.password_file}: cannot be read ({error})") from error
        return text.removesuffix("\n").removesuffix("\r")
    return None


def make_client(broker: Broker, *, role: str) -> paho.Client:
    """A client that is configured and not connected; `role` ("sink", "source-line1") completes its id.

    Set callbacks and will on it, then hand it to `connect`. ConfigError where a secret or certificate is unreadable, or
    where `host` is none.
    """
    end = _endpoint(broker)
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"{broker.client_id}-{role}",
        protocol=MQTTProtocolVersion.MQTTv5 if broker.protocol == "5" else MQTTProtocolVersion.MQTTv311,
        transport=end.transport,
        reconnect_on_failure=False,
    )
    client.connect_timeout = broker.connect_timeout_s
    if end.transport == "websockets":
        client.ws_set_options(path=end.path)
    if broker.username is not None:
        client.username_pw_set(broker.username, read_password(broker))
    if end.tls:
        client.tls_set_context(_tls_context(broker))
    return client


def connect(client: paho.Client, broker: Broker, *, max_packet_bytes: int | None = None) -> None:
    """Connect, start paho's network thread and wait for the broker's answer.

    The client's own `on_connect` runs first, on success alone. `max_packet_bytes` asks an MQTT 5 broker to drop larger
    messages before they travel. TransportError, in one line, where the broker is unreachable, refuses or stays silent.
    """
    end = _endpoint(broker)
    answers: queue.SimpleQueue[ReasonCode | None] = queue.SimpleQueue()
    inner, left = client.on_connect, client.on_disconnect

    def on_connect(*arguments: object) -> None:
        reason = arguments[3]
        assert isinstance(reason, ReasonCode)
        try:
            if inner is not None and not reason.is_failure:
                inner(*arguments)  # type: ignore[arg-type]  # paho's callback types are a union over its API versions
        finally:
            answers.put(reason)

    def on_disconnect(*arguments: object) -> None:
        try:
            if left is not None:
                left(*arguments)  # type: ignore[arg-type]  # as above
        finally:
            answers.put(None)

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    properties = None
    if broker.protocol == "5" and max_packet_bytes is not None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.MaximumPacketSize = max_packet_bytes
    try:
        client.connect(end.host, end.port or 0, keepalive=broker.keepalive_s, properties=properties)
    except (OSError, ValueError) as error:
        raise TransportError(f"mqtt {broker.address}: {_why_not(error, end)}") from error
    client.loop_start()
    try:
        reason = answers.get(timeout=broker.connect_timeout_s)
    except queue.Empty:
        disconnect(client)
        raise TransportError(f"mqtt {broker.address}: no answer within {broker.connect_timeout_s:g} s") from None
    if reason is None:
        disconnect(client)
        raise TransportError(f"mqtt {broker.address}: {_hung_up(end)}")
    if reason.is_failure:
        disconnect(client)
        raise TransportError(f"mqtt {broker.address}: refused the connection: {explain(reason)}")


def disconnect(client: paho.Client) -> None:
    """Say goodbye where still connected, and end paho's thread; never raises, may be called twice."""
    client.disconnect()
    client.loop_stop()


def explain(reason: ReasonCode) -> str:
    """A refusal's reason code for a person, with what to mend where that is known."""
    text = str(reason)
    if reason.value in (0x86, 0x87):  # bad user name or password, not authorized
        return f"{text}; check username and password"
    if reason.value == 0x84:
        return f'{text}; try protocol = "3.1.1"'
    return text


def failed(code: MQTTErrorCode) -> bool:
    """Whether a call into paho did not do what it was asked to."""
    return code != MQTTErrorCode.MQTT_ERR_SUCCESS


def _tls_context(broker: Broker) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=broker.ca_file)
        if broker.cert_file is not None:
            context.load_cert_chain(broker.cert_file, broker.key_file)
    except OSError as error:
        files = ", ".join(name for name in (broker.ca_file, broker.cert_file, broker.key_file) if name)
        raise ConfigError(f"tls: {files}: cannot be used ({error}); check ca_file, cert_file and key_file") from error
    return context


def _endpoint(broker: Broker) -> Address:
    try:
        return broker.endpoint
    except ValueError as error:
        raise ConfigError(f"host: {error}") from error


def _why_not(error: Exception, end: Address) -> str:
    """Why no connection came about, with what to mend where that is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        trusted = f"the broker's certificate is not trusted ({error.verify_message})"
        return f"TLS failed: {trusted}; check tls, ca_file and the host name"
    if end.tls and isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        plain = f"port {end.port} may be one without TLS: set tls = false, or the port that has it"
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        return f"TLS failed: the other side does not answer in TLS ({reason or error}); {plain}"
    if end.transport == "websockets" and isinstance(error, paho.WebsocketConnectionError):
        return f"is no websocket at {end.path} ({error}); check port and path, or use mqtt://"
    return f"cannot connect: {error}"


def _hung_up(end: Address) -> str:
    """What a broker means that closes the connection instead of answering."""
    others = "TLS (tls = true)" if end.transport == "websockets" else "TLS (tls = true) or websockets (ws://)"
    if end.tls:
        others = "a client certificate (cert_file), or websockets (wss://)"
    return f"closed the connection without an answer; port {end.port} may want {others}"
