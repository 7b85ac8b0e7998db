"""What has a time of validity is forgotten by an MQTT 5 broker after it, and kept by an older one."""

from __future__ import annotations

import time

import pytest
from mqtt_clients import client_of, leave
from waiting import until

from agent.ports import Message
from agent.sinks.mqtt import MqttSink
from agent.transport.mqtt import Broker


def retained(broker) -> set[str]:
    """The topics of which somebody hears who comes now."""
    heard: list[str] = []
    client = client_of(broker, "plant/#", lambda message: heard.append(message.topic))
    client.publish("plant/last", b"", qos=1)  # comes after all that is retained
    until(lambda: "plant/last" in heard)
    leave(client)
    return set(heard) - {"plant/last"}


@pytest.mark.parametrize(("protocol", "left"), [("5", {"plant/lasting"}), ("3.1.1", {"plant/lasting", "plant/state"})])
def test_a_state_that_nobody_says_again_is_forgotten(start_mosquitto, protocol, left):
    broker = start_mosquitto()
    sink = MqttSink(Broker(host=broker.host, port=broker.port, protocol=protocol), availability="textvib/availability")
    sink.open()
    assert sink.publish(Message("plant/state", b"healthy", retain=True, qos=1, expiry_s=1))
    assert sink.publish(Message("plant/lasting", b"alert", retain=True, qos=1))
    until(lambda: retained(broker) >= {"plant/lasting", "plant/state"}, seconds=0.9)
    time.sleep(2.5)
    assert retained(broker) == left
    sink.close()
