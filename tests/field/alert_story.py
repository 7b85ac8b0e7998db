"""What a broker was told by an agent that is killed again and again, and whether that is a true story."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from waiting import until


class Subscriber:
    """Hears everything, from before the first life to after the last; also of a broker that is started anew."""

    def __init__(self, broker: Any, topic: str = "killed/#") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.ready = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_disconnect = lambda *_: self.ready.clear()
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert self.ready.wait(10)

    def until_all_is_heard(self) -> None:
        self.client.publish("killed/end", b"1", qos=1)
        until(lambda: any(topic == "killed/end" for topic, _ in self.heard))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Story(NamedTuple):
    """In figures."""

    alerts: int
    heard: int
    repeats: int


def retained(broker: Any) -> set[str]:
    """Topics on which something is retained."""
    late = Subscriber(broker)
    late.client.publish("killed/last", b"", qos=1)
    until(lambda: any(topic == "killed/last" for topic, _ in late.heard))
    late.close()
    return {topic for topic, payload in late.heard if payload}


def proved(subscriber: Subscriber, broker: Any, folder: Path) -> Story:
    """Nothing that was told as kept is lost, no number has two contents, each alert is raised and then cleared once,
    and nothing is left at the broker."""
    committed = (folder / "committed").read_text().split()
    heard = [payload for topic, payload in subscriber.heard if topic == "killed/gw/event"]
    by_seq: dict[int, set[bytes]] = defaultdict(set)
    first_heard: list[dict[str, Any]] = []
    for payload in heard:
        event = json.loads(payload)
        if event["seq"] not in by_seq:
            first_heard.append(event)
        by_seq[event["seq"]].add(payload)
    assert [seq for seq, payloads in by_seq.items() if len(payloads) > 1] == []
    assert [event["seq"] for event in first_heard] == sorted(by_seq)
    story = [(event["id"], event["event"]) for event in first_heard]
    ids = list(dict.fromkeys(alert for alert, _ in story))
    assert story == [(alert, event) for alert in ids for event in ("raised", "cleared")]
    assert set(committed) <= set(ids)
    assert len(ids) > 0
    # no alert, and no state of a sensor that the last config did not name
    assert retained(broker) == {"killed/gw/availability", "killed/gw/sensor/pump_de/state"}
    return Story(alerts=len(ids), heard=len(heard), repeats=len(heard) - len(by_seq))
