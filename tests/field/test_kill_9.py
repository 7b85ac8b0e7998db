"""kill -9 at every point at which something is written, said or heard: nothing lost, nothing twice, nothing left.

30 kills in every run of the tests; TEXTVIB_KILLS=1000 for as many as the published table has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from requirements import ROOT
from waiting import until

KILLS = int(os.environ.get("TEXTVIB_KILLS", "30"))
SECONDS_A_KILL = 3.0


class Subscriber:
    """Hears everything, from before the first life to after the last."""

    def __init__(self, broker: Any, topic: str = "killed/#") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        ready = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert ready.wait(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def retained(broker: Any) -> dict[str, bytes]:
    late = Subscriber(broker)
    late.client.publish("killed/last", b"", qos=1)
    until(lambda: any(topic == "killed/last" for topic, _ in late.heard))
    late.close()
    return {topic: payload for topic, payload in late.heard if payload}


@pytest.mark.slow
@pytest.mark.timeout(120 + SECONDS_A_KILL * KILLS)
def test_no_kill_loses_an_alert_gives_an_id_two_contents_or_leaves_a_ghost(
    start_mosquitto: Any, tmp_path: Path
) -> None:
    broker = start_mosquitto()
    subscriber = Subscriber(broker)
    program = [sys.executable, str(ROOT / "tests" / "field" / "killed_often.py")]
    done = subprocess.run(
        [*program, str(tmp_path), broker.host, str(broker.port), str(KILLS), "1"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        timeout=60 + SECONDS_A_KILL * KILLS,
    )
    report = json.loads(done.stdout.splitlines()[-1])
    subscriber.client.publish("killed/end", b"1", qos=1)
    until(lambda: any(topic == "killed/end" for topic, _ in subscriber.heard))
    subscriber.close()
    assert done.stderr.count("Error") == 0, done.stderr
    assert (report["killed"], report["last"]) == (KILLS, 0)

    committed = (tmp_path / "committed").read_text().split()
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
    assert len(ids) == len(set(ids)) > 0
    always = {"killed/gw/availability", "killed/gw/sensor/pump_de/state"}
    assert set(retained(broker)) == always  # no alert, and no state of a sensor that the last config did not name
    repeats = len(heard) - len(by_seq)
    print(f"{KILLS} kills at {len(report['points'])} kinds of points; {len(ids)} alerts, {len(heard)} events heard, of")
    print(f"them {repeats} repeats; alerts lost 0, ids with two contents 0, ghosts 0")
