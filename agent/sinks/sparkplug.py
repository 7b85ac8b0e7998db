"""Publishes as a Sparkplug B edge node: births, data and deaths on a broker, for hosts that find tags by themselves.

Sparkplug's messages have QoS 0, which nobody acknowledges. So an event is followed by an UNSUBSCRIBE from a topic that
nobody reads: a broker takes up what comes over one connection in order, and its answer says that it has the event.
Where a primary host is named nothing is said while that is away, and events wait for it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Annotated

import msgspec
import paho.mqtt.client as paho

from agent.errors import TransportError
from agent.ports import Heard, Message
from agent.sinks.broker_sink import BrokerSink
from agent.sinks.handed import Handed
from agent.sinks.primary_host import PrimaryHost
from agent.sinks.sparkplug_node import REBIRTH, EdgeNode, Said
from agent.sources.sparkplug import SparkplugError, SparkplugReader
from agent.transport.mqtt import Broker, connect, disconnect, explain, failed, make_client

MAX_COMMAND_BYTES = 65_536
LEAST_REBIRTH_S = 1.0  # between two rebirths, however often they are asked for
MOST_UNPROVEN = 200  # messages that the broker may not have yet
PROVEN_EVERY = 50
GOODBYE_S = 2.0
HOST_S = 2.0  # in which the broker has to show that the primary host is there
NOBODY_READS = "textvib/nobody"  # no topic of ours, and never subscribed to

log = logging.getLogger(__name__)

Level = Annotated[str, msgspec.Meta(pattern=r"^[^/+#\x00-\x1f]{1,128}$")]
"""A level of a topic."""


class SparkplugConfig(Broker, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A broker, and who we are to its hosts."""

    group: Level
    node: Level | None = None  # None: the agent's id
    primary_host: Level | None = None  # its host id: events wait, and nothing is said, while that is away


class SparkplugSink(BrokerSink):
    """An edge node, born anew by every connection. All but paho's callbacks is for one thread."""

    def __init__(self, config: SparkplugConfig, *, availability: str) -> None:
        super().__init__(config)
        root = availability.rpartition("/")[0]
        self._node = EdgeNode(config.group, config.node or root.rpartition("/")[2], root=root)
        self._host_id = config.primary_host
        self._host: PrimaryHost | None = None
        self._next_number: Callable[[], int] = count().__next__
        self._handed = Handed()
        self._said = self._proven = 0  # messages over this connection; the latter by paho's thread
        self._asked = threading.Event()
        self._born_s = 0.0
        self._deaf: str | None = None

    @property
    def connected(self) -> bool:
        return super().connected and (self._host is None or self._host.is_there)

    @property
    def notices(self) -> tuple[str, ...]:
        return (*(() if self._deaf is None else (self._deaf,)), *super().notices)

    def number_connections(self, next_number: Callable[[], int]) -> None:
        """How many connections there were before, over all starts: the node's `bdSeq`."""
        self._next_number = next_number

    def brief(self, standing: Sequence[Message]) -> None:
        """What is retained, for the births: one that came first would deny what is open, and be corrected."""
        for message in standing:
            self._node.note(message)

    def open(self) -> None:
        """Connect, wait for the primary host where there is one, and be born; TransportError where that is away."""
        self._handed = handed = Handed()
        self._host = None if self._host_id is None else PrimaryHost(self._host_id)
        self._said = self._proven = 0
        with self._connecting() as (client, broker):
            will = self._node.death(self._next_number(), now_ms=_now_ms())
            client.will_set(will.topic, will.payload, qos=1)
            client.on_message = self._on_message
            client.on_unsubscribe = lambda _c, _d, mid, _reasons, _p: handed.answer(mid, None)
            connect(client, broker, max_packet_bytes=MAX_COMMAND_BYTES)
            self._deaf = self._subscribe(client, broker)
            if self._host is not None:
                self._host.await_it(HOST_S)
        self._asked.clear()
        self._bear()

    def try_out(self) -> None:
        """See whether the broker lets us in, and the primary host is there, beside a node that may be connected; raises
        as `open`."""
        broker = self._link.opens()
        client = make_client(broker, role="sink-trial")
        connect(client, broker)
        try:
            if self._host_id is not None:
                host = PrimaryHost(self._host_id)
                client.on_message = lambda _client, _data, message: host.hear(bytes(message.payload))
                client.subscribe(host.topic, 1)
                host.await_it(HOST_S)
        finally:
            disconnect(client)

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        """Say what a message changes; of an event `heard` is told once the broker has it, else at once."""
        client = self._client
        if client is None or not self.connected or self._said - self._proven >= MOST_UNPROVEN:
            return False
        if not self._say(client, self._node.take(message, now_ms=_now_ms())):
            return False
        if message.kind == "event":
            return self._prove(client, heard or _unheard)
        if heard is not None:
            heard(None)
        return True

    def attend(self) -> None:
        """Be born anew where a host has asked for it."""
        if self._asked.is_set() and self.connected and time.monotonic() - self._born_s >= LEAST_REBIRTH_S:
            self._asked.clear()
            self._bear()

    def read_back(self, topics: tuple[str, ...]) -> dict[str, bytes] | None:
        """Nothing: nothing of it is retained."""
        return {}

    def close(self) -> None:
        """Wait briefly for what is under way, say that this node is gone, and disconnect."""
        client, deadline_s = self._client, time.monotonic() + GOODBYE_S
        while self._handed.waiting and self.connected and time.monotonic() < deadline_s:
            time.sleep(0.01)
        self._link.ended()
        if client is not None and super().connected:
            goodbye = self._node.goodbye(now_ms=_now_ms())
            said = client.publish(goodbye.topic, goodbye.payload, qos=1)
            if not failed(said.rc):
                said.wait_for_publish(GOODBYE_S)
        self._drop_client()

    def _bear(self) -> None:
        self._born_s = time.monotonic()
        if self._client is not None:
            self._say(self._client, self._node.births(now_ms=_now_ms()))

    def _say(self, client: paho.Client, said: list[Said]) -> bool:
        """Hand over in order. What cannot be handed over ends the connection: a number left out asks for a birth."""
        for one in said:
            if failed(client.publish(one.topic, one.payload).rc):
                self._up = False
                return False
            self._said += 1
            if self._said % PROVEN_EVERY == 0:
                self._prove(client, _unheard)
        return True

    def _prove(self, client: paho.Client, heard: Heard) -> bool:
        """Let `heard` be told once the broker has all that was handed over until now."""
        code, mid = client.unsubscribe(NOBODY_READS)
        if failed(code) or mid is None:
            self._up = False
            return False
        until = self._said

        def proven(refusal: str | None) -> None:
            self._proven = max(self._proven, until)
            heard(refusal)

        self._handed.note(mid, proven)
        return True

    def _subscribe(self, client: paho.Client, broker: Broker) -> str | None:
        """Why commands or the primary host cannot be heard, or None; TransportError where the broker is silent."""
        answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        client.on_subscribe = lambda _c, _d, _mid, reasons, _p: answers.put(
            next((explain(reason) for reason in reasons if reason.is_failure), None)
        )
        topics = [self._node.command_topic, *([] if self._host is None else [self._host.topic])]
        try:
            client.subscribe([(topic, 1) for topic in topics])
            refusal = answers.get(timeout=broker.connect_timeout_s)
        except queue.Empty:
            raise TransportError(f"mqtt {broker.address}: no answer to the subscription to {topics[0]}") from None
        finally:
            client.on_subscribe = None
        if refusal is None:
            return None
        deaf = f"{' and '.join(topics)} may not be read ({refusal}), so that no command is heard"
        log.error("mqtt %s: %s", broker.address, deaf)
        return deaf

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if self._host is not None and message.topic == self._host.topic:
            self._host.hear(bytes(message.payload))
            if not self._host.is_there:
                self.lost = TransportError("the primary host went away")
        elif not message.retain and message.topic == self._node.command_topic and _asks_rebirth(bytes(message.payload)):
            self._asked.set()


def _asks_rebirth(payload: bytes) -> bool:
    """Whether a command is what it has to be, and asks for a birth; anything else is not heeded."""
    if len(payload) > MAX_COMMAND_BYTES:
        return False
    try:
        return SparkplugReader().read(payload)["metrics"].get(REBIRTH) is True
    except SparkplugError as error:
        log.warning("a Sparkplug command was not understood: %s", error)
        return False


def _now_ms() -> int:
    return round(time.time() * 1000)


def _unheard(_refusal: str | None) -> None:
    """For who does not ask."""
