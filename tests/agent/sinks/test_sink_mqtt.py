"""The way out over a real Mosquitto: availability, last will, outages, refusals, and nothing lost that was promised."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mqtt_clients import client_of, leave
from waiting import until

from agent.errors import TransportError
from agent.ports import Message, Sink
from agent.service.outbox import Outbox
from agent.service.publisher import Publisher
from agent.sinks.mqtt import MqttSink
from agent.transport.mqtt import Broker
from agent.transport.retry import Outage

TOPIC = "textvib/gw/availability"


class Listener:
    """A subscriber of the test's own, with everything it heard."""

    def __init__(self, broker, topic: str = "textvib/#") -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._client = client_of(broker, topic, lambda m: self.heard.append((m.topic, m.payload, m.retain)))

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for heard, payload, _ in self.heard if heard == topic]

    def close(self) -> None:
        leave(self._client)


@pytest.fixture
def broker(start_mosquitto):
    started = start_mosquitto()
    started.password = None
    return started


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def start(broker, topic: str = "textvib/#") -> Listener:
        listeners.append(Listener(broker, topic))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()


def config_of(broker, **changes) -> Broker:
    return Broker(host=broker.host, port=broker.port, client_id="test", **changes)


def sink_for(broker, **changes) -> MqttSink:
    return MqttSink(config_of(broker, **changes), availability=TOPIC)


class HeldSink(MqttSink):
    """Opens only while the test lets it: what it sends to a broker before anybody listens is heard by nobody."""

    def __init__(self, broker) -> None:
        super().__init__(config_of(broker), availability=TOPIC)
        self.allowed = threading.Event()
        self.allowed.set()

    def open(self) -> None:
        assert self.allowed.wait(60)
        super().open()


class Publishing:
    """A publisher running in a thread of its own."""

    def __init__(self, sink: MqttSink, *, limit: int = 100) -> None:
        self.outbox = Outbox(limit=limit)
        self.stop = threading.Event()
        self.publisher = Publisher(sink, self.outbox, stop=self.stop)
        self.thread = threading.Thread(target=self.publisher.run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.outbox.wake()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_it_announces_itself_and_says_goodbye_retained(broker, listen, protocol):
    sink = sink_for(broker, protocol=protocol)
    assert isinstance(sink, Sink)
    listener = listen(broker)
    sink.open()
    until(lambda: listener.payloads(TOPIC) == [b"online"])
    sink.close()
    sink.close()
    until(lambda: listener.payloads(TOPIC) == [b"online", b"offline"])
    late = listen(broker)
    until(lambda: (TOPIC, b"offline", True) in late.heard)


def test_an_agent_that_dies_is_offline_by_its_last_will(broker, listen):
    config = config_of(broker)
    child = os.fork()
    if child == 0:  # a process of its own, so that it can die without a goodbye
        sink = MqttSink(config, availability=TOPIC)
        sink.open()
        time.sleep(0.3)
        os._exit(9)
    listener = listen(broker)
    os.waitpid(child, 0)
    until(lambda: listener.payloads(TOPIC)[-1:] == [b"offline"])


def test_without_a_broker_it_is_a_transport_error_and_publishes_nothing(broker):
    sink = sink_for(broker)
    broker.stop()
    with pytest.raises(TransportError, match="cannot connect"):
        sink.open()
    assert not sink.connected
    assert not sink.publish(Message("textvib/x", b"1", qos=1))


def test_a_wrong_password_is_said_once_and_tried_again_with_growing_pauses(
    start_mosquitto, listen, monkeypatch, caplog
):
    broker = start_mosquitto(password="right")
    broker.password = "right"
    monkeypatch.setenv("SECRET", "open-sesame")
    caplog.set_level(logging.DEBUG)
    publishing = Publishing(sink_for(broker, username="agent", password_env="SECRET"))
    publishing.outbox.put(Message("textvib/x", b"kept", qos=1))
    until(lambda: publishing.publisher.outage.error is not None)
    assert "check username and password" in publishing.publisher.outage.error
    monkeypatch.setenv("SECRET", "right")
    listener = listen(broker)
    until(lambda: listener.payloads("textvib/x") == [b"kept"])
    publishing.end()
    complaints = [record for record in caplog.records if "check username and password" in record.message]
    assert len(complaints) == 1
    assert "open-sesame" not in caplog.text
    assert publishing.publisher.outage.count == 1


def test_a_broker_that_is_killed_gets_every_retained_value_again_and_no_event_is_lost(broker, listen):
    sink = HeldSink(broker)
    publishing = Publishing(sink)
    publishing.outbox.put(Message("textvib/state", b"healthy", retain=True))
    listener = listen(broker)
    until(lambda: listener.payloads("textvib/state") == [b"healthy"])
    sink.allowed.clear()
    broker.stop()
    publishing.outbox.put(Message("textvib/state", b"fault", retain=True))
    for number in range(20):
        publishing.outbox.put(Message("textvib/event", b"%d" % number, qos=1))
    until(lambda: not publishing.publisher.connected)
    broker.start()
    listener = listen(broker)
    sink.allowed.set()
    until(lambda: len(set(listener.payloads("textvib/event"))) == 20)
    until(lambda: listener.payloads("textvib/state")[-1:] == [b"fault"])
    until(lambda: listener.payloads(TOPIC)[-1:] == [b"online"])
    publishing.end()
    assert publishing.publisher.outage.count == 1
    assert publishing.publisher.dropped == 0


def test_events_handed_over_and_never_acknowledged_are_sent_again(broker, listen):
    sink = HeldSink(broker)
    publishing = Publishing(sink)
    until(lambda: publishing.publisher.connected)
    broker._process.send_signal(signal.SIGSTOP)  # takes bytes and answers nothing
    for number in range(23):
        publishing.outbox.put(Message("textvib/event", b"%d" % number, qos=1))
    time.sleep(0.2)
    sink.allowed.clear()
    broker.stop()
    broker.start()
    listener = listen(broker)
    sink.allowed.set()
    until(lambda: len(listener.payloads("textvib/event")) == 23, seconds=20)
    publishing.end()
    assert listener.payloads("textvib/event") == [b"%d" % number for number in range(23)]


def test_a_message_the_broker_refuses_is_counted(start_mosquitto, tmp_path, caplog):
    rules = tmp_path / "acl"
    rules.write_text("topic write textvib/gw/#\n")
    rules.chmod(0o644)
    broker = start_mosquitto(extra=f"acl_file {rules}")
    sink = sink_for(broker)
    sink.open()
    assert sink.publish(Message("elsewhere/x", b"1", qos=1))
    until(lambda: sink.refused == 1)
    assert sink.publish(Message("elsewhere/x", b"2", qos=1))
    until(lambda: sink.refused == 2)
    sink.close()
    assert len([record for record in caplog.records if "access rules" in record.message]) == 1


def test_what_still_waits_at_the_end_is_sent_before_the_goodbye(broker, listen):
    listener = listen(broker)
    sink = sink_for(broker)
    publishing = Publishing(sink, limit=1000)
    until(lambda: publishing.publisher.connected)
    for number in range(300):
        publishing.outbox.put(Message("textvib/event", b"%d" % number, qos=1))
    publishing.end()
    until(lambda: listener.payloads(TOPIC)[-1:] == [b"offline"])
    assert listener.payloads("textvib/event") == [b"%d" % number for number in range(300)]


def test_the_password_file_is_read_again_on_every_connection(tmp_path: Path, start_mosquitto, listen):
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    broker = start_mosquitto(password="right")
    sink = sink_for(broker, username="agent", password_file=str(secret))
    with pytest.raises(TransportError):
        sink.open()
    secret.write_text("right\n")
    sink.open()
    assert sink.connected
    sink.close()


# -------------------------------------------------------------------------------------------------------------- outage


def test_pauses_grow_from_one_second_to_thirty_and_are_never_quite_the_same():
    outage, gone = Outage("link", seed=1), TransportError("gone")
    pauses = [outage.failed(gone, now_s=float(number)) for number in range(40)]
    assert 1.0 <= pauses[0] <= 1.0
    assert all(1.0 <= pause <= 30.0 for pause in pauses)
    assert min(pauses[6:]) >= 15.0
    assert len(set(pauses[6:])) == len(pauses[6:])
    assert (outage.count, outage.error) == (1, "gone")


def test_an_outage_is_told_once_and_so_is_its_end(caplog):
    caplog.set_level(logging.INFO)
    outage, gone = Outage("link"), TransportError("gone")
    for number in range(5):
        outage.failed(gone, now_s=float(number))
    for number in range(10, 60):
        outage.works(now_s=float(number))
    assert [record.message for record in caplog.records] == [
        "link: gone; trying again with growing pauses",
        "link: back after 5 failures",
    ]
    assert outage.failed(gone, now_s=60.0) == 1.0
    assert len(caplog.records) == 3


def test_a_link_that_flaps_is_told_once_counted_each_time_and_tried_ever_more_rarely(caplog):
    outage, gone = Outage("link", seed=2), TransportError("evicted")
    now_s, pauses = 0.0, []
    for _ in range(20):
        outage.works(now_s=now_s)
        now_s += 0.5
        pauses.append(outage.failed(gone, now_s=now_s))
        now_s += pauses[-1]
    assert len(caplog.records) == 1
    assert outage.count == 20
    assert min(pauses[6:]) >= 15.0
