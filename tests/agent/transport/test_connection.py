"""Connections to a real Mosquitto that are not plain MQTT, and what is said of those that fail."""

from __future__ import annotations

import gc
import socket
import subprocess
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from real_mosquitto import free_port
from waiting import until

from agent.errors import TransportError
from agent.sinks.mqtt import MqttSink
from agent.sources.mqtt import MqttConfig, MqttSource
from agent.transport.losses import QUARREL_PAUSE_S, Losses
from agent.transport.mqtt import Broker, connect, disconnect, make_client
from agent.transport.retry import Outage
from agent.transport.routes import Route
from agent.types import Reading


def broker_of(mosquitto, **changes) -> Broker:
    settings = {"host": mosquitto.host, "port": mosquitto.port, "connect_timeout_s": 5.0} | changes
    return Broker(**settings)


@pytest.fixture
def web_port(start_mosquitto: Callable) -> int:
    port = free_port()
    start_mosquitto(extra=f"listener {port} 127.0.0.1\nprotocol websockets")
    until(lambda: _listens(port))
    return port


def test_a_sink_and_a_source_meet_over_websockets(web_port: int) -> None:
    broker = Broker(host=f"ws://127.0.0.1:{web_port}/mqtt", connect_timeout_s=5.0)
    source = MqttSource(MqttConfig(broker=broker), [Route("fan", topic="t/rpm", quantity="rpm")], name="web")
    source.open()
    client = make_client(broker, role="speaker")
    connect(client, broker)
    client.publish("t/rpm", b"1480", qos=1).wait_for_publish(5)
    items: list = []
    until(lambda: items.extend(source.read(0.1)) or items)
    assert isinstance(items[0], Reading)
    assert items[0].value == 1480
    disconnect(client)
    source.close()


def refusal(broker: Broker) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # paho leaves a failed handshake's socket to the collector
        with pytest.raises(TransportError) as told:
            connect(make_client(broker, role=uuid.uuid4().hex), broker)
        said = str(told.value)
        del told
        gc.collect()
    return said


def test_a_plain_port_is_no_websocket_and_a_websocket_no_plain_port(web_port: int, mosquitto) -> None:
    plain = Broker(host=f"ws://{mosquitto.host}:{mosquitto.port}", connect_timeout_s=2.0)
    assert "is no websocket" in refusal(plain)
    assert "may want TLS (tls = true) or websockets (ws://)" in refusal(Broker(host="127.0.0.1", port=web_port))


def test_tls_to_a_plain_port_is_a_sentence(mosquitto) -> None:
    said = refusal(broker_of(mosquitto, tls=True))
    assert "the other side does not answer in TLS" in said
    assert "set tls = false" in said


def test_plain_to_a_port_with_tls_is_told_at_once(start_mosquitto: Callable, tmp_path: Path) -> None:
    key, certificate, port = tmp_path / "key.pem", tmp_path / "cert.pem", free_port()
    subprocess.run(
        [
            "openssl",
            *["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    start_mosquitto(extra=f"listener {port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}")
    until(lambda: _listens(port))
    began_s = time.monotonic()
    assert "may want TLS" in refusal(Broker(host="127.0.0.1", port=port, connect_timeout_s=8.0))
    assert time.monotonic() - began_s < 4.0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_two_sinks_with_one_id_are_told_so_and_the_one_thrown_out_waits(mosquitto) -> None:
    broker = broker_of(mosquitto, client_id=f"twin{uuid.uuid4().hex[:6]}")
    first, second = (MqttSink(broker, availability="t/twin") for _ in range(2))
    first.open()
    second.open()
    until(lambda: not first.connected and first.lost is not None)
    assert f"another client with the id {broker.client_id!r}" in str(first.lost)
    first.open()
    until(lambda: not second.connected)
    second.open()
    until(lambda: not first.connected and first.lost is not None)
    assert "give each agent an [agent] id of its own" in str(first.lost)
    assert Outage("broker").failed(first.lost, now_s=0.0) == QUARREL_PAUSE_S
    first.close()
    second.close()


def test_a_source_that_is_thrown_out_says_by_whom(mosquitto) -> None:
    broker = broker_of(mosquitto, client_id=f"twin{uuid.uuid4().hex[:6]}")
    first, second = (MqttSource(MqttConfig(broker=broker), [Route("a", topic="t/a")], name="s") for _ in range(2))
    first.open()
    second.open()
    with pytest.raises(TransportError, match=f"another client with the id '{broker.client_id}'"):
        until(lambda: first.read(0.1))
    first.close()
    second.close()


def test_the_reason_code_of_a_session_taken_over_is_a_sentence() -> None:
    reason = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")
    error = Losses(Broker(client_id="twin")).ended(reason, now_s=0.0)
    assert "another client with the id 'twin' took this connection over; give each agent" in str(error)
    assert error.least_pause_s == QUARREL_PAUSE_S


def test_two_ends_without_a_word_far_apart_are_chance() -> None:
    losses = Losses(Broker())
    reason = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")
    errors = [losses.ended(reason, now_s=now_s) for now_s in (0.0, 500.0, 520.0)]
    assert [error.least_pause_s for error in errors] == [0.0, 0.0, QUARREL_PAUSE_S]
