"""Samples and readings from an MQTT broker: frames as binary payloads, batches and scalars as JSON.

paho's thread does nothing but put messages into a bounded mailbox; all work is done by whoever reads, so a slow agent
drops messages here, where they are counted, and not inside the broker, where nobody sees it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import paho.mqtt.client as paho

from agent.errors import ConfigError, TransportError
from agent.sources.batches import BatchReader
from agent.sources.mailbox import PACKET_OVERHEAD_BYTES as PACKET_OVERHEAD_BYTES
from agent.sources.mailbox import UNREADABLE, received
from agent.sources.mailbox import Mailbox as Mailbox
from agent.sources.mailbox import Message as Message
from agent.sources.senders import Owner
from agent.sources.sparkplug import BIRTHS, SILENT_MESSAGES, sparkplug_topic
from agent.transport.gathering import GatheringClient
from agent.transport.link import Link
from agent.transport.mqtt import Broker, connect, disconnect, explain, failed, make_client_of
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import Counters, Item, SourceFault
from firmware_bridge.frames import decode_frame

FIRST_OF_FRAMES = b"\x80"  # or higher: no JSON text starts so, every frame does
MAX_TOPICS = 256  # that patterns may match: each keeps a little state


class MqttConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Topics come from the sensors; `broker` is None where the agent's own `[broker]` serves."""

    broker: Broker | None = None
    qos: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0  # 1 loses more: brokers drop it silently once a queue is full
    max_payload_bytes: Annotated[int, msgspec.Meta(ge=64, le=16 << 20)] = 1 << 20
    queue_bytes: Annotated[int, msgspec.Meta(ge=1 << 16)] = 16 << 20


class MqttSource:
    """Hears the topics of its routes; what a topic said before a re-open still counts afterwards."""

    def __init__(self, config: MqttConfig, routes: Sequence[Route], *, name: str = "mqtt") -> None:
        if config.broker is None:
            raise ConfigError(f"sources.{name}.broker: missing; add it here, or a section [broker]")
        self.name = name
        self._config = config
        self._link = Link(config.broker, role=f"source-{name}")
        self._routes = Routes(tuple(routes))
        self._gone = Routes(())  # that it had a moment ago
        self._frames: dict[str, FrameReader] = {}
        self._exact: dict[str, FrameReader] = {}  # of topics that routes name as they are: nothing else is to be asked
        self._batches: dict[tuple[str, Route], BatchReader] = {}
        self._owners: dict[Route, Owner] = {}
        self._first_session = secrets.randbits(32)
        self._client: paho.Client | None = None
        self._mailbox = Mailbox(max_bytes=config.queue_bytes)
        self._dropped = 0  # by mailboxes of earlier connections
        self._reported = 0  # drops that a fault has told of
        self._counts = {"messages": 0, "bytes": 0, "faults": 0, "opens": 0}

    def open(self) -> None:
        """Connect and subscribe; once back, nothing that is sent is missed.

        TransportError where the broker is away, refuses or stays silent, ConfigError for unusable files.
        """
        self.close()
        self._dropped += self._mailbox.dropped
        mailbox = self._mailbox = Mailbox(max_bytes=self._config.queue_bytes)
        try:
            self._client = self._connect(self._link.opens(), mailbox)
        except BaseException:
            self._link.failed()
            raise
        self._link.holds()
        self._counts["opens"] += 1

    def _connect(self, broker: Broker, mailbox: Mailbox) -> paho.Client:
        """A client that is connected and subscribed, and fills the mailbox."""
        client = make_client_of(GatheringClient, broker, role=f"source-{self.name}")
        where = f"mqtt {broker.address}"
        subscriptions = [(topic, self._config.qos) for topic in self._routes.topics]
        answered = threading.Event()

        def on_connect(client: paho.Client, *_: Any) -> None:
            if subscriptions and failed(client.subscribe(subscriptions)[0]):
                mailbox.end(TransportError(f"{where}: cannot subscribe"))

        def on_subscribe(client: paho.Client, userdata: object, mid: int, reasons: Sequence[Any], *_: Any) -> None:
            refused = [reason for reason in reasons if reason.is_failure]
            if refused:
                topics = ", ".join(self._routes.topics)
                why = f"refused the subscription: {explain(refused[0])}; topics: {topics}"
                mailbox.end(TransportError(f"{where}: {why}"))
            answered.set()

        def on_disconnect(client: paho.Client, userdata: object, flags: object, reason: Any, *_: Any) -> None:
            mailbox.end(self._link.losses.ended(reason, now_s=time.monotonic()))
            answered.set()

        def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
            try:
                topic = message.topic
            except UnicodeDecodeError:
                topic = UNREADABLE
            mailbox.put(Message(topic, bytes(message.payload), message.retain, time.monotonic(), time.time()))

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_disconnect = on_disconnect
        client.on_message = on_message
        client.on_published = lambda messages: mailbox.put_all(received(messages))
        connect(client, broker, max_packet_bytes=self._config.max_payload_bytes + PACKET_OVERHEAD_BYTES)
        if subscriptions and not answered.wait(broker.connect_timeout_s):
            silence = f"no answer to the subscription within {broker.connect_timeout_s:g} s"
            mailbox.end(TransportError(f"{where}: {silence}"))
        if mailbox.ended is not None:
            disconnect(client)
            raise mailbox.ended
        return client

    def read(self, timeout_s: float) -> list[Item]:
        """Items of the messages that arrived, waiting up to `timeout_s` for one; TransportError once disconnected."""
        if self._client is None:
            raise TransportError(f"mqtt {self._link.broker.address}: is not open")
        if (why := self._link.renewal()) is not None:
            raise why
        items: list[Item] = []
        for message in self._mailbox.take(timeout_s):
            self._counts["messages"] += 1
            self._counts["bytes"] += len(message.payload)
            items += self._understand(message)
        missed = self._dropped + self._mailbox.dropped - self._reported
        if missed:
            self._reported += missed
            items.append(SourceFault("queue_full", f"{missed} messages came faster than they could be read"))
        self._counts["faults"] += sum(isinstance(item, SourceFault) for item in items)
        return items

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._link.ended()
            disconnect(client)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should mend of a connection that works, or that another client takes."""
        return self._link.notices(connected=self._client is not None)

    def reroute(self, routes: Sequence[Route]) -> None:
        """Hear other topics from now on; of those that stay no message is missed, and their sessions go on."""
        before, self._routes = self._routes, Routes(tuple(routes))
        stay = set(self._routes.routes)
        self._exact.clear()
        self._gone = Routes(tuple(route for route in before.routes if route not in stay))
        self._first_session = secrets.randbits(32)  # of routes that are new, or come again
        self._batches = {key: reader for key, reader in self._batches.items() if key[1] in stay}
        self._owners = {route: owner for route, owner in self._owners.items() if route in stay}
        for topic, reader in list(self._frames.items()):
            strange = set(before.of_topic(topic)) - set(reader.routes.routes)  # whose own topic is another
            reader.reroute(Routes(tuple(route for route in self._routes.of_topic(topic) if route not in strange)))
        gone = sorted(set(before.topics) - set(self._routes.topics))
        new = [(topic, self._config.qos) for topic in self._routes.topics if topic not in before.topics]
        if self._client is not None and gone:
            self._client.unsubscribe(gone)
        if self._client is not None and new and failed(self._client.subscribe(new)[0]):
            self._mailbox.end(TransportError(f"mqtt {self._link.broker.address}: cannot subscribe"))

    def counters(self) -> Counters:
        """Messages, bytes, faults, opens, messages dropped unread, and the frames' counters summed over topics."""
        counts = self._counts | {"dropped_queue": self._dropped + self._mailbox.dropped}
        for reader in self._frames.values():
            for key, count in reader.counters().items():
                if key != "faults":  # counted above, once
                    counts[key] = counts.get(key, 0) + count
        return counts

    def _understand(self, message: Message) -> list[Item]:
        return [_on_topic(item, message.topic) for item in self._items(message)]

    def _items(self, message: Message) -> list[Item]:
        payload, topic = message.payload, message.topic
        if len(payload) > self._config.max_payload_bytes:
            return [SourceFault("oversize", f"{len(payload)} bytes; raise max_payload_bytes, or send shorter batches")]
        reader = self._exact.get(topic)
        if reader is not None and payload[:1] >= FIRST_OF_FRAMES:
            return reader.feed(decode_frame(payload), arrival_s=message.arrival_s, wall_s=message.wall_s)
        routes = self._routes.of_topic(topic)
        if not routes and self._gone.of_topic(topic):
            return []  # sent before the broker knew that we hear it no more
        if not routes:
            return [SourceFault("no_route", f"no sensor is configured for topic {topic!r}")]
        if not payload:
            return []  # how MQTT deletes a retained message
        if payload[:1] >= FIRST_OF_FRAMES and all(route.mapping is None for route in routes):
            return self._read_frame(message, routes)
        device, what = sparkplug_topic(topic)
        if what in SILENT_MESSAGES:
            return []
        items: list[Item] = []
        for route in routes:
            if (why := self._not_its_own(route, device)) is not None:
                items.append(SourceFault("second_sender", why, route.sensor))
                continue
            batches = self._batches.get((device, route))
            if batches is None:
                if len(self._batches) >= MAX_TOPICS:
                    return [SourceFault("too_many_topics", f"more than {MAX_TOPICS}; {topic!r} is left out")]
                batches = self._batches[device, route] = BatchReader(route, first_session=self._first_session)
            items += batches.feed(
                payload,
                arrival_s=message.arrival_s,
                wall_s=message.wall_s,
                retained=message.retained,
                is_birth=what in BIRTHS,
            )
        return items

    def _not_its_own(self, route: Route, topic: str) -> str | None:
        """Why a topic that a route's pattern fits is not this sensor's."""
        return self._owners.setdefault(route, Owner(topic)).feed(topic, route.topic or "")

    def _read_frame(self, message: Message, routes: tuple[Route, ...]) -> list[Item]:
        strange = {r: why for r in routes if r.device is None and (why := self._not_its_own(r, message.topic))}
        if len(strange) == len(routes):
            return [SourceFault("second_sender", why, route.sensor) for route, why in strange.items()]
        routes = tuple(route for route in routes if route not in strange)
        reader = self._frames.get(message.topic)
        if reader is None:
            if len(self._frames) >= MAX_TOPICS:
                return [SourceFault("too_many_topics", f"more than {MAX_TOPICS}; {message.topic!r} is left out")]
            reader = self._frames[message.topic] = FrameReader(Routes(routes))
        if all(route.topic == message.topic for route in routes):
            self._exact[message.topic] = reader
        return reader.feed(decode_frame(message.payload), arrival_s=message.arrival_s, wall_s=message.wall_s)


def _on_topic(item: Item, topic: str) -> Item:
    return replace(item, where=topic) if isinstance(item, SourceFault) else item
