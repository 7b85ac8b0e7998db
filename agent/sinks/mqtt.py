"""Publishes to an MQTT broker: availability with a last will, and whatever the outbox holds."""

from __future__ import annotations

import logging
import queue
import time

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.messages.topics import OFFLINE, ONLINE
from agent.ports import Command, Heard, Message
from agent.sinks.broker_sink import BrokerSink
from agent.sinks.command_topic import CommandTopic, acknowledge
from agent.sinks.handed import Handed
from agent.transport.mqtt import Broker, connect, explain, failed

IN_FLIGHT = 20
QUEUED = 2 * IN_FLIGHT  # messages of any kind in paho
GOODBYE_S = 2.0
READ_BACK_S = 5.0  # to be subscribed
READ_BACK_QUIET_S = 0.5  # without a further retained message: that was all

log = logging.getLogger(__name__)


MqttConfig = Broker
"""A `[[sinks]]` entry of this kind has the keys of `[broker]`."""


class MqttSink(BrokerSink):
    """One connection to a broker after the other."""

    def __init__(self, broker: Broker, *, availability: str) -> None:
        super().__init__(broker)
        self._availability = availability  # topic
        self._handed = Handed()
        self._commands: CommandTopic | None = None
        self._deaf: str | None = None  # why nothing comes on the topic of commands

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should mend of a connection that works, or that another client takes."""
        return (*(() if self._deaf is None else (self._deaf,)), *super().notices)

    def listen(self, topic: str, heard: Command) -> None:
        """Hand on what comes on `topic`, also what came while we were away, but nothing retained: a command is for
        now. It is acknowledged once it was dealt with."""
        self._commands = CommandTopic(topic, heard)

    def open(self) -> None:
        """Connect and announce ourselves; TransportError where the broker is away or refuses."""
        self._handed = handed = Handed()
        with self._connecting() as (client, broker):
            client.max_inflight_messages_set(IN_FLIGHT)
            client.max_queued_messages_set(QUEUED)
            client.will_set(self._availability, OFFLINE, qos=1, retain=True)
            client.on_publish = lambda _client, _data, mid, reason, _properties: self._answered(handed, mid, reason)
            if self._commands is not None:
                self._commands.prepare(client)
            connect(client, broker, keeps_session=self._commands is not None)
            self._deaf = None if self._commands is None else self._commands.subscribe(client, broker)
        self.publish(Message(self._availability, ONLINE, retain=True, qos=1))

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        """Hand one message to paho; False where there is no connection, or too much is under way already.

        `heard` is told the reason code of the broker's acknowledgement; of QoS 0 that it was written to the socket.
        """
        client = self._client
        if client is None or not self.connected:
            return False
        handed_over = client.publish(
            message.topic, message.payload, qos=message.qos, retain=message.retain, properties=self._expiry(message)
        )
        if failed(handed_over.rc):
            return False
        self._handed.note(handed_over.mid, heard or _unheard)
        return True

    def read_back(self, topics: tuple[str, ...]) -> dict[str, bytes] | None:
        """What the broker holds retained under topic filters; None where it does not let us read, or is gone.

        Takes as long as retained messages come, READ_BACK_QUIET_S more, and READ_BACK_S at most to be let in. Brokers
        accept a subscription of who may not read and then say nothing: only who is shown the `online` that it has just
        retained is shown everything.
        """
        client = self._client
        if client is None or not self.connected:
            return None
        found: dict[str, bytes] = {}
        arrived: queue.SimpleQueue[bool] = queue.SimpleQueue()

        def on_subscribe(_c: object, _d: object, _mid: int, reasons: list[ReasonCode], _p: object) -> None:
            arrived.put(not any(reason.is_failure for reason in reasons))

        def on_message(_c: object, _d: object, message: paho.MQTTMessage) -> None:
            if message.retain:
                found[message.topic] = bytes(message.payload)
            client.ack(message.mid, message.qos)
            arrived.put(True)

        client.on_subscribe = on_subscribe
        client.on_message = on_message
        try:
            # Not as QoS 1: commands that wait to be acknowledged would stand before what is retained.
            client.subscribe([(topic, 0) for topic in (*topics, self._availability)])
            if not arrived.get(timeout=READ_BACK_S):
                return None
            deadline_s = time.monotonic() + READ_BACK_S
            while time.monotonic() < deadline_s:
                arrived.get(timeout=READ_BACK_QUIET_S)
        except queue.Empty:
            if not self.connected:
                return None  # what came may not be all
        finally:
            client.on_message = acknowledge
            client.on_subscribe = None
            client.unsubscribe([*topics, self._availability])
        return found if found.pop(self._availability, None) else None

    def close(self) -> None:
        """Wait briefly for what is under way, say that this agent is offline, and disconnect."""
        deadline_s = time.monotonic() + GOODBYE_S
        while self._handed.waiting and self.connected and time.monotonic() < deadline_s:
            time.sleep(0.01)
        self._link.ended()
        if self.connected and self._client is not None:
            goodbye = self._client.publish(self._availability, OFFLINE, qos=1, retain=True)
            if not failed(goodbye.rc):
                goodbye.wait_for_publish(GOODBYE_S)
        self._drop_client()

    def _expiry(self, message: Message) -> Properties | None:
        """For how long the broker may show a message; it has no way to say so before MQTT 5."""
        if message.expiry_s is None or self._link.broker.protocol != "5":
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.MessageExpiryInterval = message.expiry_s
        return properties

    def _answered(self, handed: Handed, mid: int, reason: ReasonCode) -> None:
        if reason.is_failure:
            self.refused += 1
            if self.refused == 1:
                log.error(
                    "broker %s refuses messages: %s; check its access rules", self._link.broker.address, explain(reason)
                )
        handed.answer(mid, explain(reason) if reason.is_failure else None)


def _unheard(_refusal: str | None) -> None:
    """For who hands over and does not ask."""
