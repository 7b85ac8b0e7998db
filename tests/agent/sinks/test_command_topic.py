"""Commands over a real broker: none is lost to a restart, none goes before it was dealt with, a refusal is told."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from mqtt_clients import client_of, leave
from waiting import until

from agent.sinks.mqtt import MqttSink
from agent.transport.mqtt import Broker

Heard = list[tuple[bytes, Callable[[], object]]]


@pytest.fixture
def root() -> str:
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def operator(mosquitto) -> Iterator[paho.Client]:
    client = client_of(mosquitto)
    yield client
    leave(client)


def agent(mosquitto: Any, root: str, heard: Heard, **changes: Any) -> MqttSink:
    sink = MqttSink(
        Broker(host=mosquitto.host, port=mosquitto.port, client_id=root, **changes), availability=f"{root}/availability"
    )
    sink.listen(f"{root}/command", lambda payload, done: heard.append((payload, done)))
    sink.open()
    return sink


def test_a_command_that_came_while_the_agent_was_away_is_heard_when_it_is_back(mosquitto, operator, root) -> None:
    heard: Heard = []
    agent(mosquitto, root, heard).close()
    operator.publish(f"{root}/command", b"close", qos=1).wait_for_publish(5)
    sink = agent(mosquitto, root, heard)
    until(lambda: heard)
    assert heard[0][0] == b"close"
    sink.close()


def test_a_command_that_was_not_dealt_with_comes_again_and_one_that_was_does_not(mosquitto, operator, root) -> None:
    heard: Heard = []
    first = agent(mosquitto, root, heard)
    operator.publish(f"{root}/command", b"close", qos=1).wait_for_publish(5)
    until(lambda: heard)
    first._drop_client()  # as when it is killed
    second = agent(mosquitto, root, heard)
    until(lambda: len(heard) == 2)
    heard[1][1]()
    heard[0][1]()  # of a connection that is over: nothing happens
    operator.publish(f"{root}/command", b"another", qos=1).wait_for_publish(5)
    until(lambda: len(heard) == 3)
    heard[2][1]()
    second.close()
    third = agent(mosquitto, root, heard)
    operator.publish(f"{root}/command", b"last", qos=1).wait_for_publish(5)
    until(lambda: heard[-1][0] == b"last")
    assert [payload for payload, _ in heard] == [b"close", b"close", b"another", b"last"]
    third.close()


def test_more_commands_than_a_broker_sends_at_once_all_come_beside_what_is_read_back(mosquitto, operator, root) -> None:
    heard: Heard = []
    operator.publish(f"{root}/alert/a/machine", b"{}", qos=1, retain=True).wait_for_publish(5)
    sink = agent(mosquitto, root, heard)
    for number in range(50):
        operator.publish(f"{root}/command", str(number).encode(), qos=1)
    held = sink.read_back((f"{root}/alert/#",))
    assert held == {f"{root}/alert/a/machine": b"{}"}
    for number in range(50):
        until(lambda number=number: len(heard) > number)
        heard[number][1]()
    assert [payload for payload, _ in heard] == [str(number).encode() for number in range(50)]
    sink.close()


@pytest.mark.parametrize("changes", [{"session_expiry_s": 0}, {"protocol": "3.1.1"}])
def test_without_a_session_a_command_is_for_who_is_there(mosquitto, operator, root, changes) -> None:
    heard: Heard = []
    agent(mosquitto, root, heard, **changes).close()
    operator.publish(f"{root}/command", b"missed", qos=1).wait_for_publish(5)
    sink = agent(mosquitto, root, heard, **changes)
    operator.publish(f"{root}/command", b"heard", qos=1).wait_for_publish(5)
    until(lambda: heard)
    assert [payload for payload, _ in heard] == [b"heard"]
    sink.close()


def refusing(server: socket.socket, ended: threading.Event) -> None:
    """An MQTT 5 broker that lets everyone in and grants no topic."""
    peer, _ = server.accept()
    with peer:
        peer.recv(1000)
        peer.sendall(b"\x20\x03\x00\x00\x00")  # CONNACK: success
        subscribe = peer.recv(1000)
        peer.sendall(b"\x90\x04" + subscribe[2:4] + b"\x00\x87")  # SUBACK: not authorized
        peer.settimeout(0.05)
        while not ended.is_set():
            try:
                peer.recv(1000)
            except TimeoutError:
                continue


def test_a_broker_that_lets_no_command_be_heard_is_told_and_used(root) -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=refusing, args=(server, ended))
        thread.start()
        broker = Broker(host="127.0.0.1", port=server.getsockname()[1], client_id=root)
        sink = MqttSink(broker, availability=f"{root}/availability")
        sink.listen(f"{root}/command", lambda payload, done: None)
        sink.open()
        assert sink.connected
        (notice,) = sink.notices
        assert notice.startswith(f"{root}/command may not be read (Not authorized; check username and password")
        assert notice.endswith("so that no command is heard")
        ended.set()
        sink._drop_client()
        thread.join(5)
