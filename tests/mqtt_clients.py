"""A test's own client of a real broker, which hears from its first moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def client_of(
    broker: Any, hears: str | None = None, on_message: Callable[[paho.MQTTMessage], object] = lambda message: None
) -> paho.Client:
    """A client that is connected, and subscribed to the filter `hears` where that is given.

    `on_message` is called in the client's thread. A broker with a password knows it as "agent".
    """
    client, ready = paho.Client(CallbackAPIVersion.VERSION2), threading.Event()
    if broker.password is not None:
        client.username_pw_set("agent", broker.password)
    if hears is None:
        client.on_connect = lambda *_: ready.set()
    else:
        client.on_connect = lambda client, *_: client.subscribe(hears, qos=1)
        client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _data, message: on_message(message)
    client.connect(broker.host, broker.port)
    client.loop_start()
    assert ready.wait(10)
    return client


def leave(client: paho.Client) -> None:
    """Say goodbye, and end the client's thread."""
    client.disconnect()
    client.loop_stop()
