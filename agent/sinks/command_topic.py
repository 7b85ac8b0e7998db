"""The topic on which a broker hands on commands: none is lost to a restart, or acknowledged before it was dealt with.

The broker keeps what came while the agent was away (MQTT 5, `session_expiry_s`), and what was not acknowledged.
"""

from __future__ import annotations

import contextlib
import logging
import queue

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import TransportError
from agent.ports import Command
from agent.transport.mqtt import Broker, explain

log = logging.getLogger(__name__)


class CommandTopic:
    """For one client after the other."""

    def __init__(self, topic: str, heard: Command) -> None:
        self._topic = topic
        self._heard = heard

    def prepare(self, client: paho.Client) -> None:
        """Before it connects: what waited comes right behind the broker's greeting."""
        client.manual_ack_set(True)
        client.message_callback_add(self._topic, self._on_command)
        client.on_message = acknowledge

    def subscribe(self, client: paho.Client, broker: Broker) -> str | None:
        """Once it is connected; why no command will be heard, or None. TransportError where the broker is silent."""
        answers: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
        client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: answers.put(reasons[0])
        try:
            client.subscribe(self._topic, 1)
            reason = answers.get(timeout=broker.connect_timeout_s)
        except queue.Empty:
            raise TransportError(f"mqtt {broker.address}: no answer to the subscription to {self._topic}") from None
        finally:
            client.on_subscribe = None
        if not reason.is_failure:
            return None
        deaf = f"{self._topic} may not be read ({explain(reason)}), so that no command is heard"
        log.error("mqtt %s: %s", broker.address, deaf)
        return deaf

    def _on_command(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        def done() -> None:
            acknowledge(client, None, message)

        if message.retain:
            done()
        else:
            self._heard(bytes(message.payload), done)


def acknowledge(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
    """From any thread, also once the connection is over; what nobody asked for would else stand in the way."""
    with contextlib.suppress(OSError):
        client.ack(message.mid, message.qos)
