"""Publishes to an MQTT broker: availability with a last will, and whatever the outbox holds.

The connection never mends itself: when it is gone, `connected` says so and the publisher opens it again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import TransportError
from agent.messages.topics import OFFLINE, ONLINE
from agent.ports import Message
from agent.transport.losses import Losses
from agent.transport.mqtt import Broker, connect, disconnect, explain, failed, make_client

IN_FLIGHT = 20  # events under way at most
QUEUED = 2 * IN_FLIGHT  # messages of any kind in paho: events sent again find room beside what is said at once
GOODBYE_S = 2.0

log = logging.getLogger(__name__)


MqttConfig = Broker
"""A `[[sinks]]` entry of this kind has the keys of `[broker]`."""


@dataclass(frozen=True, slots=True)
class _Event:
    """A message that must arrive: QoS 1, not retained."""

    message: Message
    handed_over: paho.MQTTMessageInfo


class MqttSink:
    """One connection to a broker, made anew by every `open`."""

    def __init__(self, broker: Broker, *, availability: str) -> None:
        self._broker = broker
        self._losses = Losses(broker)
        self._availability = availability  # topic
        self._client: paho.Client | None = None
        self._up = False
        self._events: list[_Event] = []  # under way
        self.refused = 0
        self.lost: TransportError | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is there and paho's own thread lives: a dead thread still calls itself connected."""
        client = self._client
        return self._up and client is not None and client.is_connected() and _has_live_thread(client)

    def open(self) -> None:
        """Connect and announce ourselves; TransportError where the broker is away or refuses.

        Events that were not acknowledged when the last connection ended are sent again; their id is the same.
        """
        self._drop_client()
        client = make_client(self._broker, role="sink")
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(QUEUED)
        client.will_set(self._availability, OFFLINE, qos=1, retain=True)
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        self._client = client
        self.lost = None
        self._up = True
        try:
            connect(client, self._broker)
        except BaseException:
            self._drop_client()
            raise
        client.publish(self._availability, ONLINE, qos=1, retain=True)
        again, self._events = self._unacknowledged(), []
        for number, event in enumerate(again):
            if not self.publish(event.message):
                self._events += again[number:]  # lost once more: the next connection's
                break

    def publish(self, message: Message) -> bool:
        """Hand one message to paho; False where there is no connection, or too much is under way already."""
        client = self._client
        if client is None or not self.connected:
            return False
        is_event = message.qos > 0 and not message.retain
        under_way = self._unacknowledged() if is_event else []
        if len(under_way) >= IN_FLIGHT:
            return False
        handed_over = client.publish(
            message.topic, message.payload, qos=message.qos, retain=message.retain, properties=self._expiry(message)
        )
        if failed(handed_over.rc):
            return False
        if is_event:
            self._events = [*under_way, _Event(message, handed_over)]
        return True

    def close(self) -> None:
        """Wait briefly for what is under way, say that this agent is offline, and disconnect."""
        deadline_s = time.monotonic() + GOODBYE_S
        while self._unacknowledged() and self.connected and time.monotonic() < deadline_s:
            time.sleep(0.01)
        if self.connected and self._client is not None:
            goodbye = self._client.publish(self._availability, OFFLINE, qos=1, retain=True)
            if not failed(goodbye.rc):
                goodbye.wait_for_publish(GOODBYE_S)
        self._drop_client()

    def _expiry(self, message: Message) -> Properties | None:
        """For how long the broker may show a message; it has no way to say so before MQTT 5."""
        if message.expiry_s is None or self._broker.protocol != "5":
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.MessageExpiryInterval = message.expiry_s
        return properties

    def _unacknowledged(self) -> list[_Event]:
        return [event for event in self._events if not event.handed_over.is_published()]

    def _drop_client(self) -> None:
        self._up = False
        client, self._client = self._client, None
        if client is not None:
            disconnect(client)

    def _on_disconnect(
        self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if client is self._client:
            if self._up and reason.is_failure:
                self.lost = self._losses.ended(reason, now_s=time.monotonic())
            self._up = False

    def _on_publish(
        self, _client: paho.Client, _data: object, _mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refused += 1
            if self.refused == 1:
                log.error(
                    "broker %s refuses messages: %s; check its access rules", self._broker.address, explain(reason)
                )


def _has_live_thread(client: paho.Client) -> bool:
    thread = client._thread  # paho has no public way to ask
    return thread is not None and thread.is_alive()
