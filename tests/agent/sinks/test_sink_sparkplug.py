"""The edge node over a real Mosquitto, before a host that asks for a rebirth where any rule is broken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import told
from mqtt_clients import client_of, leave
from sparkplug_bytes import metric, payload
from sparkplug_host import StrictHost
from waiting import until

from agent.errors import TransportError
from agent.ports import Message
from agent.service.keeping.store import open_store
from agent.service.outbox import Outbox
from agent.service.publisher import Publisher
from agent.sinks.sparkplug import SparkplugConfig, SparkplugSink


@pytest.fixture
def group(request: pytest.FixtureRequest) -> str:
    """One of each test's own, at a broker that all share."""
    return request.node.name.replace("/", "-")[:100]


@pytest.fixture
def host(mosquitto, group: str) -> Iterator[StrictHost]:
    made = StrictHost(group, "gw")
    made.listen(mosquitto)
    yield made
    made.close()


@pytest.fixture
def make(mosquitto, group: str) -> Iterator[Callable[..., SparkplugSink]]:
    made: list[SparkplugSink] = []

    def make(**keys: object) -> SparkplugSink:
        config = SparkplugConfig(
            host=mosquitto.host,
            port=mosquitto.port,
            client_id=group[:60],
            group=group,
            **keys,  # type: ignore[arg-type]
        )
        made.append(SparkplugSink(config, availability=f"{told.ROOT}/availability"))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


def hand_over(sink: SparkplugSink, message: Message) -> threading.Event:
    """Set once the broker has it."""
    has = threading.Event()

    def heard(refusal: str | None) -> None:
        assert refusal is None
        has.set()

    assert sink.publish(message, heard)
    return has


def test_a_node_is_born_tells_and_dies_by_the_rules(make, host: StrictHost) -> None:
    sink = make()
    sink.open()
    hand_over(sink, told.health())
    hand_over(sink, told.state())
    assert hand_over(sink, told.event()).wait(10)
    host.await_kinds("NBIRTH", "NDATA", "DBIRTH", "DDATA")
    sink.close()
    host.await_kinds("NDEATH")
    sink.open()
    host.await_kinds("NBIRTH", "DBIRTH")
    assert host.births == [0, 1]


def test_a_rebirth_that_is_asked_for_comes_once_however_often_it_is_asked(make, host: StrictHost) -> None:
    sink = make()
    sink.open()
    hand_over(sink, told.state())
    host.await_kinds("NBIRTH", "DBIRTH")
    for odd in (b"", b"\xff" * 100, payload(), payload(metric("Node Control/Rebirth", 11, 14, 0)), b"\x00" * 70_000):
        host.command(odd)
    for _ in range(100):
        host.ask_rebirth()
    until(sink._asked.is_set, seconds=10)
    sink._born_s -= 1.0  # a second later
    sink.attend()
    sink.attend()
    host.await_kinds("DBIRTH", "NBIRTH", "DBIRTH")
    assert host.births == [0, 0]


def test_a_retained_or_foreign_command_is_not_heeded(make, mosquitto, group: str, host: StrictHost) -> None:
    asked = payload(metric("Node Control/Rebirth", 11, 14, 1))
    client = client_of(mosquitto)
    client.publish(f"spBv1.0/{group}/NCMD/gw", asked, qos=1, retain=True).wait_for_publish(10)
    sink = make()
    sink.open()
    assert hand_over(sink, told.event()).wait(10)  # behind whatever was retained
    assert not sink._asked.is_set()
    client.publish(f"spBv1.0/{group}/NCMD/gw", b"", qos=1, retain=True).wait_for_publish(10)
    leave(client)


def test_nothing_is_said_while_the_primary_host_is_away(make, mosquitto, group: str, host: StrictHost) -> None:
    client, topic = client_of(mosquitto), f"spBv1.0/STATE/{group}"

    def say(*, online: bool, timestamp: int) -> None:
        state = json.dumps({"online": online, "timestamp": timestamp})
        client.publish(topic, state, qos=1, retain=True).wait_for_publish(10)

    sink = make(primary_host=group)
    say(online=False, timestamp=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.sinks.sparkplug.HOST_S", 0.05)
        with pytest.raises(TransportError, match=r"the primary host is away: spBv1\.0/STATE/"):
            sink.open()
        with pytest.raises(TransportError, match=r"the primary host is away: spBv1\.0/STATE/"):
            make(primary_host=group).try_out()
    assert host.kinds == []
    say(online=True, timestamp=6)
    make(primary_host=group).try_out()
    sink.open()
    host.await_kinds("NBIRTH")
    client.publish(topic, b"nonsense", qos=1).wait_for_publish(10)
    say(online=False, timestamp=3)  # older than what was said before
    assert hand_over(sink, told.event()).wait(10)
    assert sink.connected
    say(online=False, timestamp=7)
    until(lambda: not sink.connected, seconds=10)
    assert not sink.publish(told.event())
    sink.close()
    host.await_kinds("NDEATH")
    client.publish(topic, b"", qos=1, retain=True).wait_for_publish(10)
    leave(client)


def test_events_wait_for_a_broker_and_its_last_will_knows_the_birth(start_mosquitto, tmp_path: Path) -> None:
    """The whole way: outbox, publisher and store, a broker that is killed, and numbers that go on over a restart."""
    broker, stop = start_mosquitto(), threading.Event()
    broker.password = None
    store = open_store(tmp_path)
    config = SparkplugConfig(host=broker.host, port=broker.port, group="plant", node="box")

    heard = threading.Event()  # a host that begins to listen amid a birth would miss half of it
    heard.set()

    def next_once_heard() -> int:
        assert heard.wait(20)
        return store.sinks.next_connection("scada")

    def start() -> tuple[Publisher, Outbox, threading.Thread]:
        stop.clear()
        sink = SparkplugSink(config, availability=f"{told.ROOT}/availability")
        sink.number_connections(next_once_heard)
        outbox = Outbox(limit=10)
        publisher = Publisher(sink, outbox, stop=stop, name="scada")
        thread = threading.Thread(target=publisher.run)
        thread.start()
        return publisher, outbox, thread

    def end(thread: threading.Thread, outbox: Outbox) -> None:
        stop.set()
        outbox.wake()
        thread.join(20)

    host = StrictHost("plant", "box")
    host.listen(broker)
    publisher, outbox, thread = start()
    try:
        outbox.put(told.state())
        host.await_kinds("NBIRTH", "DBIRTH")
        heard.clear()
        broker.stop()
        until(lambda: not publisher.connected, seconds=10)
        outbox.put(told.event(ago_s=0.0))
        host.close()
        broker.start()
        host = StrictHost("plant", "box")
        host.listen(broker)
        heard.set()
        until(lambda: publisher.waiting == 0, seconds=20)
        until(lambda: "DDATA" in host.kinds, seconds=20)
        assert len(host.devices["p2"].history) == 1  # said while nobody was there
        end(thread, outbox)
        host.await_kinds("NDEATH")
        second = list(host.births)
        publisher, outbox, thread = start()
        until(lambda: len(host.births) > len(second), seconds=20)
        assert host.births[-1] == host.births[-2] + 1
        assert host.faults == []
    finally:
        end(thread, outbox)
        host.close()
        store.close()


def test_the_births_know_what_is_open(make, host: StrictHost) -> None:
    outbox, stop = Outbox(limit=10), threading.Event()
    for message in (told.state(state="fault"), told.alert(), told.health(open_alerts=["7-abc"]), told.event()):
        outbox.put(message)
    publisher = Publisher(make(), outbox, stop=stop)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    try:
        until(lambda: publisher.waiting == 0, seconds=10)
    finally:
        stop.set()
        outbox.wake()
        thread.join(20)
    host.await_kinds("NBIRTH", "DBIRTH", "DDATA", "NDEATH")  # of these the data is the event's


def test_it_is_tried_beside_one_that_runs(make, host: StrictHost) -> None:
    running, other = make(), make()
    running.open()
    other.try_out()
    assert running.connected
    running.close()
    host.await_kinds("NBIRTH", "NDEATH")
    with pytest.raises(TransportError):
        SparkplugSink(
            SparkplugConfig(host="127.0.0.1", port=1, group="g"), availability=f"{told.ROOT}/availability"
        ).try_out()


def test_a_broker_that_takes_nothing_up_stops_what_is_handed_over(make) -> None:
    sink = make()
    sink.open()
    assert hand_over(sink, told.state()).is_set()
    sink._proven = sink._said - 200
    assert not sink.publish(told.state(deviation=9.0))
