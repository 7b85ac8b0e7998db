"""What the demo hears over MQTT: the newest payload of every kind, and every alert event in order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import msgspec
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from agent.messages.topics import Topics


@dataclass(slots=True)
class Mailbox:
    """A subscriber's memory; `lock` guards it, since paho fills it from its own thread."""

    availability: str = "-"
    state: dict[str, Any] = field(default_factory=dict)
    diagnosis: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    retained_alerts: dict[str, bool] = field(default_factory=dict)
    messages: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def subscribe(host: str, port: int, topics: Topics) -> tuple[mqtt.Client, Mailbox]:
    """A connected client that fills the returned memory until it is disconnected."""
    mailbox = Mailbox()

    def on_connect(client: mqtt.Client, *_: object) -> None:
        client.subscribe(f"{topics.root}/#", qos=1)

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with mailbox.lock:
            _remember(mailbox, topics, message.topic, bytes(message.payload))

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="demo-screen", protocol=mqtt.MQTTv311)
    client.on_connect = on_connect
    client.on_message = on_message
    client.connect(host, port)
    client.loop_start()
    return client, mailbox


def _remember(mailbox: Mailbox, topics: Topics, topic: str, payload: bytes) -> None:
    mailbox.messages += 1
    if topic == topics.availability:
        mailbox.availability = payload.decode()
    elif topic == topics.event:
        mailbox.events.append(msgspec.json.decode(payload))
    elif topic.startswith(f"{topics.root}/alert/"):
        mailbox.retained_alerts[topic] = bool(payload)
    elif topic.endswith("/state"):
        mailbox.state = msgspec.json.decode(payload)
    elif topic.endswith("/diagnosis"):
        mailbox.diagnosis = msgspec.json.decode(payload)
