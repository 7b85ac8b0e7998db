"""deploy/mosquitto.conf and its access rules in a real Mosquitto: who may say, hear and command, and who may not."""

from __future__ import annotations

import queue
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
import pytest
from certificates import Authority
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from real_mosquitto import Mosquitto, find_mosquitto, free_port
from requirements import ROOT

from agent.errors import TransportError
from agent.sinks.mqtt import MqttSink
from agent.transport.broker import Broker, remarks_on
from agent.transport.mqtt import connect, disconnect, make_client

USERS = ("gateway-1", "dashboard", "operator", "pump_de", "press")
STATE = "textvib/gateway-1/sensor/press/state"
COMMAND = "textvib/gateway-1/command"


@dataclass
class Plant:
    """A broker with the config that we ship."""

    authority: Authority
    tls_port: int
    certificate_port: int
    local_port: int

    def client(self, user: str) -> Client:
        return Client(self, user)


class Client:
    """One user, over TLS."""

    def __init__(self, plant: Plant, user: str) -> None:
        self.heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.username_pw_set(user, user)
        self._client.tls_set_context(ssl.create_default_context(cafile=plant.authority.ca))
        ready = threading.Event()
        self._client.on_connect = lambda *_: ready.set()
        self._client.on_subscribe = lambda _c, _d, _mid, reasons, _p: self._answers.put(reasons)
        self._client.on_publish = lambda _c, _d, _mid, reason, _p: self._answers.put(reason)
        self._client.on_message = lambda _c, _d, message: self.heard.put(message.topic)
        self._client.connect("127.0.0.1", plant.tls_port)
        self._client.loop_start()
        assert ready.wait(5)

    def may_say(self, topic: str) -> bool:
        """By the reason code of the broker's acknowledgement."""
        self._client.publish(topic, b"x", qos=1)
        return not self._answers.get(timeout=5).is_failure

    def listen(self, *topics: str) -> None:
        self._client.subscribe([(topic, 1) for topic in topics])
        self._answers.get(timeout=5)

    def hears(self, topic: str) -> bool:
        """Whether a message comes; those that the broker keeps back come never."""
        try:
            return self.heard.get(timeout=0.3) == topic
        except queue.Empty:
            return False

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("plant")
    folder.chmod(0o755)
    authority = Authority(folder)
    for made, name in zip(authority.sign("broker"), ("server.crt", "server.key"), strict=True):
        shutil.copy(made, folder / name)
    users = folder / "users"
    users.write_text("".join(f"{user}:{user}\n" for user in USERS))
    subprocess.run([find_mosquitto("mosquitto_passwd"), "-U", users], check=True)
    shutil.copy(ROOT / "deploy" / "mosquitto.acl", folder)
    (folder / "kept").mkdir()
    made = Plant(authority, free_port(), free_port(), free_port())
    text = (ROOT / "deploy" / "mosquitto.conf").read_text().replace("/etc/mosquitto/textvib", str(folder))
    text = text.replace("/var/lib/mosquitto/", f"{folder}/kept/").replace("listener 8883", f"listener {made.tls_port}")
    text = text.replace("listener 8884", f"listener {made.certificate_port}")
    text = re.sub(r"^listener 1883\b", f"listener {made.local_port}", text, flags=re.M)
    broker = Mosquitto(folder / "running", config=f"{text}\nuser root\n", port=made.tls_port)
    yield made
    broker.stop()


@pytest.fixture
def client(plant: Plant) -> Iterator[Any]:
    clients: list[Client] = []

    def start(user: str) -> Client:
        clients.append(plant.client(user))
        return clients[-1]

    yield start
    for one in clients:
        one.close()


@pytest.mark.parametrize(
    ("user", "topic", "may"),
    [
        ("gateway-1", STATE, True),
        ("gateway-1", "textvib/gateway-1/alert/press/machine", True),
        ("gateway-1", "textvib/gateway-1/maintenance/press", True),
        ("gateway-1", "textvib/gateway-2/event", False),  # another agent's
        ("gateway-1", "plant/press", False),
        ("dashboard", STATE, False),
        ("dashboard", COMMAND, False),
        ("operator", COMMAND, True),
        ("operator", STATE, False),
        ("pump_de", "plant/pump_de", True),
        ("pump_de", "plant/pump_de/rpm", True),
        ("pump_de", "plant/press", False),  # another sensor's: a speed of 0 would be said of its machine
        ("pump_de", "plant/press/rpm", False),
        ("pump_de", COMMAND, False),
        ("pump_de", STATE, False),
    ],
)
def test_who_may_say_what(client: Any, user: str, topic: str, may: bool) -> None:
    assert client(user).may_say(topic) is may


def test_who_may_hear_what(client: Any) -> None:
    agent, dashboard, sensor, other = (client(user) for user in ("gateway-1", "dashboard", "pump_de", "press"))
    for one in (agent, dashboard, sensor):
        one.listen("#")
    assert other.may_say("plant/press")
    assert agent.hears("plant/press")
    assert not dashboard.hears("plant/press")
    assert agent.may_say(STATE)
    assert dashboard.hears(STATE)
    assert sensor.heard.empty()


def test_nobody_is_let_in_without_a_name(plant: Plant) -> None:
    broker = Broker(host="127.0.0.1", port=plant.local_port, connect_timeout_s=3.0)
    with pytest.raises(TransportError, match="refused the connection"):
        connect(make_client(broker, role="nobody"), broker)


def test_an_agent_publishes_is_commanded_and_reads_back_with_a_certificate_alone(plant: Plant, client: Any) -> None:
    certificate, key = plant.authority.sign("gateway-1")
    broker = Broker(
        host=f"mqtts://127.0.0.1:{plant.certificate_port}",
        ca_file=str(plant.authority.ca),
        cert_file=str(certificate),
        key_file=str(key),
    )
    assert remarks_on(broker, "broker") == []
    commands: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    sink = MqttSink(broker, availability="textvib/gateway-1/availability")
    sink.listen(COMMAND, lambda payload, done: (commands.put(payload), done()))
    sink.open()
    assert client("operator").may_say(COMMAND)
    assert commands.get(timeout=5) == b"x"
    assert sink.read_back(("textvib/gateway-1/alert/#",)) is not None
    assert sink.notices == ()
    sink.close()
    stranger, its_key = plant.authority.sign("gateway-9")
    other = Broker(
        host=broker.host, ca_file=broker.ca_file, cert_file=str(stranger), key_file=str(its_key), client_id="other"
    )
    known = make_client(other, role="test")
    connect(known, other)  # who has a certificate is let in, and may do nothing
    refused: queue.SimpleQueue[Any] = queue.SimpleQueue()
    known.on_publish = lambda _c, _d, _mid, reason, _p: refused.put(reason)
    known.publish(STATE, b"x", qos=1)
    assert refused.get(timeout=5).is_failure
    disconnect(known)
