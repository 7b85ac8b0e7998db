"""Connection to an MQTT broker, shared by the source and the sink.

Whoever owns the connection owns the retry: a client made here never reconnects by itself, so a lost or refused
connection is one TransportError that the daemon answers with back-off.
"""

from __future__ import annotations

import queue
import ssl
from typing import Literal, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import ConfigError, CredentialsError, TransportError
from agent.transport.address import Address
from agent.transport.broker import Broker as Broker
from agent.transport.secrets import read_password, tls_context

MENDS = {
    0x84: 'try protocol = "3.1.1"',
    0x85: "give another client_id",
    0x86: "check username and password",
    0x87: "check username and password, and the broker's access rules",
    0x8A: "the broker has banned this client; ask who runs it",
    0x8C: "the broker wants another way to log in than a password",
    0x8E: "another client connects with the same client id",
    0x95: "the broker takes no message as large",
    0x97: "the broker's quota is used up",
    0x9C: "the broker sends us to another one; name that in host, or in fallbacks",
    0x9D: "the broker has moved; name its new address in host",
    0x9F: "the broker takes fewer connections at a time",
}
"""Reason code of MQTT 5 -> what to do about it."""
OF_CREDENTIALS = (0x86, 0x87)
"""Reason codes that another user or password would mend; those of MQTT 3.1.1 are the same in paho."""


Made = TypeVar("Made", bound=paho.Client)


def make_client(broker: Broker, *, role: str) -> paho.Client:
    """A client that is configured and not connected; `role` ("sink", "source-line1") completes its id.

    Set callbacks and will on it, then hand it to `connect`. ConfigError where a secret or certificate is unreadable, or
    where `host` is none.
    """
    return make_client_of(paho.Client, broker, role=role)


def make_client_of(kind: type[Made], broker: Broker, *, role: str) -> Made:
    """As `make_client`, of another kind of client."""
    end = _endpoint(broker)
    client = kind(
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
        client.tls_set_context(tls_context(broker))
    return client


def connect(
    client: paho.Client, broker: Broker, *, max_packet_bytes: int | None = None, keeps_session: bool = False
) -> None:
    """Connect, start paho's network thread and wait for the broker's answer.

    The client's own `on_connect` runs first, on success alone. `max_packet_bytes` asks an MQTT 5 broker to drop larger
    messages before they travel; `keeps_session` to keep subscriptions, and what comes on them, for
    `broker.session_expiry_s` after the connection ends. TransportError, in one line, where the broker is unreachable,
    refuses or stays silent.
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
    clean, properties = _asked_for(broker, max_packet_bytes, keeps_session=keeps_session)
    try:
        client.connect(end.host, end.port or 0, keepalive=broker.keepalive_s, clean_start=clean, properties=properties)
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
        raise refusal(f"mqtt {broker.address}: refused the connection", reason)


def disconnect(client: paho.Client) -> None:
    """Say goodbye where still connected, and end paho's thread; never raises, may be called twice."""
    client.disconnect()
    client.loop_stop()


def explain(reason: ReasonCode) -> str:
    """A refusal's reason code for a person, with what to mend where that is known."""
    text, mend = str(reason), MENDS.get(reason.value)
    return text if mend is None else f"{text}; {mend}"


def refusal(what: str, reason: ReasonCode) -> TransportError:
    """The error for what a broker has refused; a CredentialsError where another user or password would mend it."""
    kind = CredentialsError if reason.value in OF_CREDENTIALS else TransportError
    return kind(f"{what}: {explain(reason)}")


def failed(code: MQTTErrorCode) -> bool:
    """Whether a call into paho did not do what it was asked to."""
    return code != MQTTErrorCode.MQTT_ERR_SUCCESS


def _asked_for(
    broker: Broker, max_packet_bytes: int | None, *, keeps_session: bool
) -> tuple[bool | Literal[3], Properties | None]:
    """Whether the session begins clean, and properties of CONNECT; before MQTT 5 there are none."""
    if broker.protocol != "5":
        return paho.MQTT_CLEAN_START_FIRST_ONLY, None
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
    if max_packet_bytes is not None:
        properties.MaximumPacketSize = max_packet_bytes
    if keeps_session:
        properties.SessionExpiryInterval = broker.session_expiry_s
    return not keeps_session, properties


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
