"""The MQTT source and its connection against a real Mosquitto."""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sparkplug_bytes import floats, metric, payload
from waiting import until

from agent.errors import ConfigError, TransportError
from agent.sources.mqtt import MAX_TOPICS, PACKET_OVERHEAD_BYTES, Mailbox, Message, MqttConfig, MqttSource
from agent.sources.ready_mappings import READY
from agent.transport.broker import problems_of
from agent.transport.mapping import Mapping
from agent.transport.mqtt import Broker, connect, disconnect, make_client
from agent.transport.routes import Route
from agent.transport.secrets import problems_of_secrets, read_password
from agent.types import Item, Reading, SampleBlock, SourceFault


@contextmanager
def hearing(broker: Broker, *routes: Route, **config) -> Iterator[MqttSource]:
    source = MqttSource(MqttConfig(broker=broker, **config), routes, name=uuid.uuid4().hex)
    source.open()
    yield source
    source.close()


@contextmanager
def speaking(port: int) -> Iterator[Callable[..., None]]:
    client = paho.Client(CallbackAPIVersion.VERSION2, uuid.uuid4().hex)
    client.connect("127.0.0.1", port)
    client.loop_start()

    def say(topic: str, payload: object, *, retain: bool = False) -> None:
        data = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        client.publish(topic, data, qos=1, retain=retain).wait_for_publish(5)

    yield say
    client.disconnect()
    client.loop_stop()


def listen(source: MqttSource, count: int, seconds: float = 5.0) -> list[Item]:
    found: list[Item] = []
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        found += source.read(0.2)
    return found


@pytest.fixture
def broker(mosquitto) -> Broker:
    return Broker(host=mosquitto.host, port=mosquitto.port, connect_timeout_s=5.0)


@pytest.fixture
def topic() -> str:
    """A topic no other test uses: the broker is shared."""
    return f"t/{uuid.uuid4().hex}"


# ------------------------------------------------------------------------------------------------------------- source


def test_batches_speeds_and_scalars_find_their_owners(broker: Broker, topic: str) -> None:
    routes = (
        Route("pump", topic=f"{topic}/acc"),
        Route("motor", topic=f"{topic}/rpm", quantity="rpm"),
        Route("fan", topic=f"{topic}/+/velocity", quantity="velocity_rms_mm_s"),
    )
    with hearing(broker, *routes) as source, speaking(broker.port) as say:
        say(f"{topic}/acc", {"rate_hz": 100, "seq": 0, "x": [1, 2], "unit": "g"})
        say(f"{topic}/rpm", {"rpm": 1797, "t": 1.7e9})
        say(f"{topic}/left/velocity", "2.8")
        say(f"{topic}/left/other", "2.8")
        block, speed, velocity = listen(source, 3)
    assert isinstance(block, SampleBlock)
    assert block.stream.sensor == "pump"
    assert isinstance(speed, Reading)
    assert (speed.sensor, speed.quantity, speed.value, speed.wall_s) == ("motor", "rpm", 1797.0, 1.7e9)
    assert isinstance(velocity, Reading)
    assert (velocity.sensor, velocity.quantity, velocity.value) == ("fan", "velocity_rms_mm_s", 2.8)


def test_one_topic_may_feed_a_sensor_and_a_speed(broker: Broker, topic: str) -> None:
    with hearing(broker, Route("pump", topic=topic), Route("motor", topic=topic, quantity="rpm")) as source:
        with speaking(broker.port) as say:
            say(topic, {"rate_hz": 100, "x": [1, 2], "rpm": 900})
        found = listen(source, 3)
    assert Reading("motor", "rpm", 900.0, 0.0).value in [item.value for item in found if isinstance(item, Reading)]
    assert any(isinstance(item, SampleBlock) and item.stream.sensor == "pump" for item in found)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_payload_over_the_bound_is_never_parsed(broker: Broker, topic: str, protocol: str) -> None:
    old = msgspec.structs.replace(broker, protocol=protocol)
    with hearing(old, Route("pump", topic=topic), max_payload_bytes=1000) as source, speaking(broker.port) as say:
        say(topic, b"[" * 2000)
        say(topic, b"[" * 500_000)
        say(topic, {"rate_hz": 100, "x": [1]})
        found = listen(source, 2 if protocol == "5" else 3)
        assert isinstance(found[-1], SampleBlock)
        assert all(isinstance(item, SourceFault) and item.kind == "oversize" for item in found[:-1])
        # MQTT 5 lets the broker drop what is far too long; before that, it arrives and is refused here.
        assert len(found) == (2 if protocol == "5" else 3)


def test_a_retained_batch_is_refused_and_a_retained_speed_is_not(broker: Broker, topic: str) -> None:
    with speaking(broker.port) as say:
        say(f"{topic}/acc", {"rate_hz": 100, "x": [1]}, retain=True)
        say(f"{topic}/rpm", "1500", retain=True)
        routes = (Route("pump", topic=f"{topic}/acc"), Route("motor", topic=f"{topic}/rpm", quantity="rpm"))
        with hearing(broker, *routes) as source:
            found = listen(source, 2)
        assert {getattr(item, "kind", None) or getattr(item, "quantity", None) for item in found} == {"retained", "rpm"}
        say(f"{topic}/acc", "", retain=True)
        say(f"{topic}/rpm", "", retain=True)


def test_of_the_topics_that_a_pattern_fits_one_is_the_sensors(broker: Broker, topic: str) -> None:
    with hearing(broker, Route("pump", topic=f"{topic}/+/acc")) as source, speaking(broker.port) as say:
        for k in range(3):
            for name in ("a", "b"):
                say(f"{topic}/{name}/acc", {"rate_hz": 100, "x": [k, 1], "seq": k})
        found = listen(source, 6)
        for k in range(20):
            say(f"{topic}/b/acc", {"rate_hz": 100, "x": [k, 1], "seq": k + 3})
        later = listen(source, 20)
    assert [getattr(item, "kind", "block") for item in found] == ["block", "second_sender"] * 3
    refused = found[1]
    assert isinstance(refused, SourceFault)
    assert (refused.sensor, refused.where) == ("pump", f"{topic}/b/acc")
    assert f"fits {topic}/+/acc, as {topic}/a/acc does, which is heard; one topic is one sensor" in refused.detail
    assert isinstance(later[-1], SampleBlock)  # the first has long been silent


def test_a_source_holds_a_bounded_number_of_topics(broker: Broker, topic: str) -> None:
    routes = (Route(f"pump{k}", topic=f"{topic}/{k}") for k in range(MAX_TOPICS + 5))
    with hearing(broker, *routes) as source, speaking(broker.port) as say:
        for k in range(MAX_TOPICS + 5):
            say(f"{topic}/{k}", {"rate_hz": 100, "x": [1]})
        found = listen(source, MAX_TOPICS + 5)
    assert sum(isinstance(item, SampleBlock) for item in found) == MAX_TOPICS
    assert [item.kind for item in found if isinstance(item, SourceFault)] == ["too_many_topics"] * 5


def test_messages_that_find_the_mailbox_full_are_dropped_and_told(broker: Broker, topic: str) -> None:
    with hearing(broker, Route("pump", topic=topic), queue_bytes=1 << 16) as source, speaking(broker.port) as say:
        for k in range(30):
            say(topic, {"rate_hz": 100, "seq": k, "x": [1]})
        fit = (1 << 16) // (PACKET_OVERHEAD_BYTES + 40)
        until(lambda: source.counters()["dropped_queue"] == 30 - fit)
        found = source.read(0.2)
        assert source.counters()["messages"] == fit
        assert found[-1].kind == "queue_full"
        assert listen(source, 1, seconds=0.3) == []  # told once


def test_a_source_without_broker_is_a_mistake_of_the_config() -> None:
    with pytest.raises(ConfigError, match=r"sources\.plant\.broker"):
        MqttSource(MqttConfig(), (), name="plant")


def test_a_mailbox_hands_out_what_it_holds_before_it_tells_of_its_end() -> None:
    mailbox = Mailbox(max_bytes=1 << 20)
    mailbox.put(Message("t", b"x", False, 0.0, 0.0))
    mailbox.end(TransportError("lost"))
    mailbox.end(TransportError("later reason"))
    assert len(mailbox.take(0.0)) == 1
    with pytest.raises(TransportError, match="lost"):
        mailbox.take(0.0)


# --------------------------------------------------------------------------------------------------------- connection


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_one_clear_line(start_mosquitto, tmp_path: Path, protocol: str) -> None:
    mosquitto = start_mosquitto(password="right")
    (tmp_path / "secret").write_text("wrong\n")
    broker = Broker(
        host="127.0.0.1",
        port=mosquitto.port,
        protocol=protocol,
        username="agent",
        password_file=str(tmp_path / "secret"),
    )
    source = MqttSource(MqttConfig(broker=broker), (Route("pump", topic="t"),))
    with pytest.raises(TransportError, match="check username and password") as caught:
        source.open()
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)
    (tmp_path / "secret").write_text("right\n")
    source.open()
    assert source.read(0.0) == []
    source.close()


def test_the_password_may_come_from_the_environment(start_mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    mosquitto = start_mosquitto(password="right")
    monkeypatch.setenv("BROKER_PASSWORD", "right")
    broker = Broker(host="127.0.0.1", port=mosquitto.port, username="agent", password_env="BROKER_PASSWORD")
    client = make_client(broker, role="test")
    connect(client, broker)
    disconnect(client)
    disconnect(client)


def refuse_subscriptions(server: socket.socket) -> None:
    """An MQTT 3.1.1 broker that lets everyone in and grants no topic, as one with access lists does."""
    peer, _ = server.accept()
    with peer:
        peer.recv(1000)
        peer.sendall(b"\x20\x02\x00\x00")  # CONNACK: accepted
        subscribe = peer.recv(1000)
        peer.sendall(b"\x90\x03" + subscribe[2:4] + b"\x80")  # SUBACK: failure
        peer.recv(1000)


def test_a_subscription_that_is_refused_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=refuse_subscriptions, args=(server,))
        thread.start()
        broker = Broker(host="127.0.0.1", port=server.getsockname()[1], protocol="3.1.1")
        source = MqttSource(MqttConfig(broker=broker), (Route("pump", topic="secret/x"),))
        with pytest.raises(TransportError, match=r"refused the subscription.*secret/x") as caught:
            source.open()
        assert "\n" not in str(caught.value)
        thread.join(5)


def test_nobody_listening_and_nobody_answering() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        broker = Broker(host="127.0.0.1", port=port, connect_timeout_s=0.3)
        with pytest.raises(TransportError, match=r"no answer within 0\.3 s"):
            connect(make_client(broker, role="test"), broker)
    with pytest.raises(TransportError, match="cannot connect"):
        connect(make_client(broker, role="test"), broker)


def test_tls_is_checked_against_the_authority(start_mosquitto, tmp_path: Path) -> None:
    for name in ("server", "other"):
        subprocess.run(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
            f" -keyout {tmp_path}/{name}.key -out {tmp_path}/{name}.crt".split(),
            check=True,
            capture_output=True,
        )
    mosquitto = start_mosquitto(extra=f"certfile {tmp_path}/server.crt\nkeyfile {tmp_path}/server.key")
    good = Broker(host="127.0.0.1", port=mosquitto.port, tls=True, ca_file=str(tmp_path / "server.crt"))
    client = make_client(good, role="test")
    connect(client, good)
    disconnect(client)
    wrong = Broker(host="127.0.0.1", port=mosquitto.port, tls=True, ca_file=str(tmp_path / "other.crt"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # paho leaves a failed handshake's socket to the collector
        with pytest.raises(TransportError, match="certificate is not trusted"):
            connect(make_client(wrong, role="test"), wrong)
        gc.collect()
    broken = Broker(tls=True, ca_file=str(tmp_path / "server.key"))
    with pytest.raises(ConfigError, match="ca_file"):
        make_client(broken, role="test")


def test_secrets_that_are_missing_are_mistakes_of_the_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password_file"):
        read_password(Broker(username="a", password_file=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match="NOT_SET_ANYWHERE"):
        read_password(Broker(username="a", password_env="NOT_SET_ANYWHERE"))


@pytest.mark.parametrize(
    ("broker", "keys"),
    [
        (Broker(), []),
        (
            Broker(host=" ", port=70000, keepalive_s=0, connect_timeout_s=0),
            ["host", "port", "keepalive_s", "connect_timeout_s"],
        ),
        (Broker(password_env="PATH"), ["username"]),
        (Broker(username="a", password_env="NOT_SET_ANYWHERE"), ["password_env"]),
        (Broker(username="a", password_file="/none"), ["password_file"]),
        (Broker(username="a", password_file="/dev/null", password_env="PATH"), [""]),
        (Broker(ca_file="/dev/null"), ["tls"]),
        (Broker(tls=True, key_file="/dev/null"), ["cert_file"]),
    ],
)
def test_every_mistake_is_found_without_connecting(broker: Broker, keys: list[str]) -> None:
    problems = [*problems_of(broker, "broker"), *problems_of_secrets(broker, "broker")]
    assert len(problems) == len(keys)
    for problem, key in zip(problems, keys, strict=True):
        assert problem.startswith(f"broker.{key}:" if key else "broker:")


# ----------------------------------------------------------------------------------------------------------- mappings


def test_mapped_messages_of_a_real_broker_are_samples_figures_and_speeds(broker: Broker, topic: str) -> None:
    routes = (
        Route("pump", topic=f"{topic}/acc", mapping=Mapping(x="d[*].a", scale=0.001, scaled_unit="g"), rate_hz=100.0),
        Route("pump_t", topic=f"{topic}/s", quantity="temperature_c", mapping=READY["tasmota"].mapping),
        Route("motor", topic=f"{topic}/drive", quantity="rpm", mapping=Mapping(speed="hz", speed_scale=60)),
        Route("fan", topic=f"spBv1.0/{topic[2:]}/+/line/fan", mapping=READY["sparkplug_b"].mapping),
    )
    with hearing(broker, *routes) as source, speaking(broker.port) as say:
        say(f"{topic}/acc", {"d": [{"a": 1000}, {"a": -1000}]})
        say(f"{topic}/s", READY["tasmota"].payload)
        say(f"{topic}/drive", {"hz": 25})
        say(
            f"spBv1.0/{topic[2:]}/DBIRTH/line/fan",
            payload(metric("x", 30, 16, b"", alias=1), metric("rate_hz", 10, 13, 800.0)),
        )
        say(f"spBv1.0/{topic[2:]}/DDEATH/line/fan", b"\x08\x01")
        fan = payload(metric(None, None, 16, floats(0.5, 0.25), alias=1), metric("rate_hz", 10, 13, 800.0))
        say(f"spBv1.0/{topic[2:]}/DDATA/line/fan", fan)
        found = listen(source, 5)
    blocks = {item.stream.sensor: item for item in found if isinstance(item, SampleBlock)}
    assert blocks["pump"].samples.ravel().tolist() == [1.0, -1.0]
    assert blocks["fan"].samples.ravel().tolist() == [0.5, 0.25]
    readings = {item.sensor: item.value for item in found if isinstance(item, Reading)}
    assert readings == {"pump_t": 22.6, "motor": 1500.0}


def test_a_refusal_names_topic_sensor_and_key(broker: Broker, topic: str) -> None:
    with (
        hearing(broker, Route("pump", topic=topic, mapping=Mapping(x="acc.x"))) as source,
        speaking(broker.port) as say,
    ):
        say(topic, {"acc": {"y": [1]}})
        (fault,) = listen(source, 1)
    assert isinstance(fault, SourceFault)
    assert (fault.kind, fault.sensor, fault.where, fault.key) == ("field_missing", "pump", topic, "x")
