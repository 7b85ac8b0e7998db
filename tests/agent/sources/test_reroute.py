"""Sensors that come and go while a source is open: what stays goes on in its session, what is new begins one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from mqtt_clients import client_of, leave

from agent import ports
from agent.sources import KINDS
from agent.sources.mailbox import Message
from agent.sources.modbus import ModbusConfig, ModbusSource
from agent.sources.mqtt import MqttConfig, MqttSource
from agent.transport.mqtt import Broker
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import Item, SampleBlock, SourceFault
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import encode


class Sender:
    def __init__(self, broker: Any) -> None:
        self._client = client_of(broker)

    def send(self, name: str, seq: int) -> None:
        batch = {"seq": seq, "rate_hz": 1000, "unit": "g", "x": np.ones(100).tolist()}
        self._client.publish(f"reroute/{name}", json.dumps(batch), qos=1).wait_for_publish(5)

    def close(self) -> None:
        leave(self._client)


@pytest.fixture
def sender(mosquitto) -> Iterator[Sender]:
    made = Sender(mosquitto)
    yield made
    made.close()


def route(name: str, **keys: Any) -> Route:
    return Route(sensor=name, topic=f"reroute/{name}", **keys)


def heard(source: MqttSource, wanted: int) -> list[Item]:
    items: list[Item] = []
    deadline_s = time.monotonic() + 10
    while len(items) < wanted and time.monotonic() < deadline_s:
        items += source.read(0.1)
    return items


def blocks(items: list[Item]) -> dict[str, SampleBlock]:
    return {item.stream.sensor: item for item in items if isinstance(item, SampleBlock)}


def test_mqtt_topics_come_and_go_and_a_sensor_that_stays_goes_on_in_its_session(mosquitto, sender) -> None:
    broker = Broker(host=mosquitto.host, port=mosquitto.port)
    source = MqttSource(MqttConfig(broker=broker, qos=1), [route("kept"), route("gone"), route("other")])
    source.open()
    try:
        for name in ("kept", "gone", "other"):
            sender.send(name, 0)
        before = blocks(heard(source, 3))
        sender.send("kept", 1)  # under way while it changes
        changed = route("other", rate_hz=500.0)
        source.reroute([route("kept"), route("new"), changed])
        for name in ("gone", "other"):
            sender.send(name, 1)
        sender.send("kept", 2)
        items = heard(source, 3)
        for number in range(50):  # until the broker has heard of it
            if "new" in blocks(items):
                break
            sender.send("new", number)
            items += source.read(0.1)
        after = blocks(items)
        assert [item for item in items if isinstance(item, SourceFault)] == []
        assert set(after) == {"kept", "new", "other"}
        assert after["kept"].stream.session == before["kept"].stream.session
        assert after["kept"].start == 200
        assert after["other"].stream.session != before["other"].stream.session
        assert source.counters()["opens"] == 1
    finally:
        source.close()


def test_frames_of_a_topic_named_exactly_go_by_the_new_routes_at_once() -> None:
    device = VirtualSensor(Profile(rate_hz=1000.0, block_samples=100))
    said = [encode(one) for one in device.produce(np.zeros((400, 3), np.float32)) if not isinstance(one, bytes)]
    source = MqttSource(MqttConfig(broker=Broker(host="nowhere")), [route("a"), Route(sensor="a2", topic="reroute/+")])

    def frame_goes_to(name: str) -> list[str]:
        items = source._understand(Message(f"reroute/{name}", said.pop(0), False, 1.0, 1.0))
        return [item.stream.sensor for item in items if isinstance(item, SampleBlock)]

    while (before := frame_goes_to("a")) == []:
        pass
    assert before == frame_goes_to("a") == ["a"]
    source.reroute([Route(sensor="b", topic="reroute/a")])
    assert frame_goes_to("a") == ["b"]
    source.reroute([])
    assert source._understand(Message("reroute/a", said.pop(0), False, 1.0, 1.0)) == []


def test_an_mqtt_source_that_is_not_open_subscribes_to_the_new_topics_when_it_is(mosquitto, sender) -> None:
    source = MqttSource(MqttConfig(broker=Broker(host=mosquitto.host, port=mosquitto.port)), [route("gone")])
    source.reroute([route("new")])
    source.open()
    try:
        sender.send("new", 0)
        assert set(blocks(heard(source, 1))) == {"new"}
    finally:
        source.close()


def test_a_modbus_line_asks_the_new_addresses() -> None:
    source = ModbusSource(ModbusConfig(port="/dev/null", profile="wtvb01_485"), [Route(sensor="a", address=80)])
    source.reroute([Route(sensor="b", address=81), Route(sensor="c", address=82)])
    assert set(source._routes) == {81, 82}


def test_frames_go_to_the_sensor_that_has_the_stream_by_now() -> None:
    reader = FrameReader(Routes((Route(sensor="a", stream=0),)))
    reader.reroute(Routes((Route(sensor="b", stream=0),)))
    found = reader.routes.of_stream("any", 0)
    assert found is not None
    assert found.sensor == "b"


def test_kinds_of_one_sensor_and_recordings_are_made_anew_all_others_are_told() -> None:
    told = {name for name in KINDS if issubclass(ports.load(KINDS, name), ports.Rerouted)}
    assert told == {name for name, kind in KINDS.items() if not kind.has_one_sensor and not kind.is_patient}
