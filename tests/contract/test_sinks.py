"""What every sink promises, checked on each kind with the real thing behind it: a Mosquitto, this process's memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from receivers import MailReceiver, WebReceiver
from waiting import until

from agent.ports import Delivering, Message, Sink, load
from agent.service.outbox import Outbox
from agent.service.publisher import Publisher
from agent.sinks import SINKS
from agent.sinks.email import EmailConfig, EmailSink
from agent.sinks.memory import MemoryConfig, MemorySink
from agent.sinks.mqtt import MqttSink
from agent.sinks.webhook import WebhookConfig, WebhookSink
from agent.transport.mqtt import Broker

AVAILABILITY = "textvib/gw/availability"
TRANSLATORS = {"sparkplug", "opcua"}
"""Kinds that tell of messages in a world's own terms; what they promise is tested beside them."""


class MqttRig:
    """A broker, and somebody who subscribed before the sink was there."""

    def __init__(self, start: Callable[..., object]) -> None:
        broker = start()
        self.sink: Sink = MqttSink(Broker(host=broker.host, port=broker.port), availability=AVAILABILITY)
        self._broker = broker
        self._heard: list[tuple[str, bytes]] = []
        self._client = self._subscriber(self._heard)

    def arrived(self) -> list[tuple[str, bytes]]:
        """Topic and payload of everything that came, in its order."""
        return list(self._heard)

    def kept(self) -> dict[str, bytes]:
        """What somebody is told who comes late."""
        late: list[tuple[str, bytes]] = []
        client = self._subscriber(late)
        client.publish("textvib/last", b"", qos=1)  # comes after all that is retained
        until(lambda: any(topic == "textvib/last" for topic, _ in late))
        client.disconnect()
        client.loop_stop()
        return dict(late[: [topic for topic, _ in late].index("textvib/last")])

    def tidy(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _subscriber(self, heard: list[tuple[str, bytes]]) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        ready = threading.Event()
        client.on_connect = lambda client, *_: client.subscribe("textvib/#", qos=1)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _c, _d, message: heard.append((message.topic, message.payload))
        client.connect(self._broker.host, self._broker.port)
        client.loop_start()
        assert ready.wait(5)
        return client


class MemoryRig:
    """The sink itself says what it has."""

    def __init__(self, start: Callable[..., object]) -> None:
        self.sink: Sink = MemorySink(MemoryConfig(), availability=AVAILABILITY)

    def arrived(self) -> list[tuple[str, bytes]]:
        return [(message.topic, message.payload) for message in self.sink.messages]

    def kept(self) -> dict[str, bytes]:
        return self.sink.retained

    def tidy(self) -> None:
        pass


RIGS = {"mqtt": MqttRig, "memory": MemoryRig}


class WebhookRig:
    """A web server, whose posts are the bodies of events."""

    def __init__(self) -> None:
        self.receiver = WebReceiver()
        self.sink: Sink = WebhookSink(WebhookConfig(url=self.receiver.url), availability=AVAILABILITY)

    def told(self) -> list[str]:
        return [headers["Idempotency-Key"] for _, headers, _ in self.receiver.posts]


class EmailRig:
    """A mail server."""

    def __init__(self) -> None:
        self.receiver = MailReceiver()
        keys = {"sender": "box@example.com", "recipients": ("kim@example.com",), "security": "none"}
        config = EmailConfig(host="localhost", port=self.receiver.port, **keys)  # type: ignore[arg-type]
        self.sink: Sink = EmailSink(config, availability=AVAILABILITY)

    def told(self) -> list[str]:
        return [
            mail["Message-ID"].partition("@")[0].removeprefix("<").replace(".a.", "/") for mail in self.receiver.mails
        ]


TELLERS = {"webhook": WebhookRig, "email": EmailRig}


@pytest.fixture(params=TELLERS)
def teller(request: pytest.FixtureRequest) -> Iterator[WebhookRig | EmailRig]:
    made = TELLERS[request.param]()
    yield made
    made.sink.close()
    made.receiver.close()


def test_a_sink_that_tells_people_is_told_events_once_and_in_their_order(teller: WebhookRig | EmailRig) -> None:
    assert isinstance(teller.sink, Sink)
    assert isinstance(teller.sink, Delivering)
    assert not teller.sink.publish(Message("textvib/gw/event", b"{}", qos=1, kind="event"))
    outbox, stop = Outbox(limit=100), threading.Event()
    publisher = Publisher(teller.sink, outbox, stop=stop)
    thread = threading.Thread(target=publisher.run, daemon=True)
    thread.start()
    for seq in range(1, 9):
        event = b'{"agent": "gw", "id": "a", "event": "raised", "text": "x"}'
        outbox.put(Message("textvib/gw/sensor/a/state", b"{}", retain=True, qos=1, kind="state"))
        outbox.put(Message("textvib/gw/event", event, qos=1, kind="event", seq=seq))
    until(lambda: outbox.waiting == 0 and len(teller.told()) == 8)
    stop.set()
    outbox.wake()
    thread.join(10)
    assert not thread.is_alive()
    assert teller.told() == [f"gw/{seq}" for seq in range(1, 9)]
    assert teller.sink.read_back(("#",)) == {}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, start_mosquitto) -> Iterator[MqttRig | MemoryRig]:
    made = RIGS[request.param](start_mosquitto)
    yield made
    made.sink.close()
    made.tidy()


def test_every_kind_is_checked_here() -> None:
    assert set(RIGS) | set(TELLERS) | TRANSLATORS == set(SINKS)
    assert set(TELLERS) == {name for name, kind in SINKS.items() if kind.tells_people}
    for kind in SINKS:
        assert load(SINKS, kind).__name__ == f"{kind.title()}Sink"


def test_it_is_a_sink_and_was_built_without_touching_anything(rig) -> None:
    assert isinstance(rig.sink, Sink)
    assert not rig.sink.connected
    assert rig.sink.refused == 0
    assert not rig.sink.publish(Message("textvib/gw/event", b"1", qos=1))
    assert rig.arrived() == []


def test_it_says_online_and_offline_and_may_be_opened_and_closed_again(rig) -> None:
    for times in (1, 2):
        rig.sink.open()
        assert rig.sink.connected
        rig.sink.close()
        rig.sink.close()
        assert not rig.sink.connected
        until(lambda times=times: rig.arrived() == [(AVAILABILITY, b"online"), (AVAILABILITY, b"offline")] * times)
    assert not rig.sink.publish(Message("textvib/gw/event", b"1", qos=1))
    assert rig.kept() == {AVAILABILITY: b"offline"}


def test_messages_arrive_once_and_in_their_order(rig) -> None:
    rig.sink.open()
    events = [Message("textvib/gw/event", b"%d" % number, qos=1, kind="event") for number in range(15)]
    assert all(rig.sink.publish(message) for message in events)
    until(lambda: len(rig.arrived()) >= 16)
    assert rig.arrived() == [(AVAILABILITY, b"online"), *(("textvib/gw/event", message.payload) for message in events)]


def test_the_latest_retained_value_is_kept_and_an_empty_one_deletes_it(rig) -> None:
    rig.sink.open()
    for topic, payload in (("a", b"1"), ("b", b"1"), ("a", b"2"), ("b", b"")):
        assert rig.sink.publish(Message(f"textvib/gw/{topic}", payload, retain=True, qos=1))
    assert rig.sink.publish(Message("textvib/gw/c", b"1"))
    until(lambda: len(rig.arrived()) == 6)
    assert rig.kept() == {AVAILABILITY: b"online", "textvib/gw/a": b"2"}


def test_the_fate_of_each_message_is_told_once(rig) -> None:
    rig.sink.open()
    fates: list[tuple[int, str | None]] = []
    for number in range(10):
        message = Message("textvib/gw/event", b"%d" % number, qos=number % 2)
        assert rig.sink.publish(message, lambda refusal, number=number: fates.append((number, refusal)))
    until(lambda: len(fates) == 10)
    assert sorted(fates) == [(number, None) for number in range(10)]


def test_what_outlives_the_process_can_be_read_back(rig) -> None:
    rig.sink.open()
    for topic in ("alert/a/machine", "sensor/a/state", "sensor/a/diagnosis"):
        assert rig.sink.publish(Message(f"textvib/gw/{topic}", topic.encode(), retain=True, qos=1))
    until(lambda: len(rig.arrived()) == 4)
    held = rig.sink.read_back(("textvib/gw/alert/#", "textvib/gw/sensor/+/state"))
    assert held in ({}, {f"textvib/gw/{topic}": topic.encode() for topic in ("alert/a/machine", "sensor/a/state")})


def test_a_publisher_empties_its_outbox_into_it_and_says_goodbye(rig) -> None:
    outbox, stop = Outbox(limit=100), threading.Event()
    publisher = Publisher(rig.sink, outbox, stop=stop)
    thread = threading.Thread(target=publisher.run, daemon=True)
    thread.start()
    for number in range(50):
        outbox.put(Message("textvib/gw/event", b"%d" % number, qos=1))
    until(lambda: publisher.published == 50)
    stop.set()
    outbox.wake()
    thread.join(10)
    assert not thread.is_alive()
    until(lambda: rig.arrived()[-1:] == [(AVAILABILITY, b"offline")])
    assert [payload for topic, payload in rig.arrived() if topic != AVAILABILITY] == [b"%d" % n for n in range(50)]
    assert (publisher.dropped, publisher.waiting) == (0, 0)
