"""A small agent that is killed again and again: the real announcer, store, outbox, publisher and MQTT sink, no sensors.

`python killed_often.py DIR HOST PORT KILLS SEED`, with the root and its tests on PYTHONPATH: a machine that is damaged
until its alert is open and then repaired until it is cleared; now and then the config names another sensor than in the
life before. Everything that the store, the sink or SQLite does is a point in time, and each life ends with SIGKILL at
one of them; the last one lives until all is said. Under `unsynced.c` the power fails with it: what was not synchronised
is lost as `power_cut` draws it. Before each life "between" is said, and a line awaited. `DIR/committed` gets the id of
every alert whose raising was on the disk; the last line of the output is the report.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from one_alert import DIAGNOSIS
from power_cut import Disk

from agent.alerting.alerts import Decision
from agent.alerting.window_rules import DecisionConfig
from agent.diagnosis.matching import Descriptions
from agent.machine import Bearing, Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.messages.topics import Topics
from agent.ports import Heard, Message
from agent.service.announcer import Announcer
from agent.service.keeping.alert_rows import AlertRows, Said
from agent.service.keeping.refuge import Refuge
from agent.service.keeping.sink_rows import SinkRows
from agent.service.keeping.state_file import FILE_NAME
from agent.service.keeping.store import Store
from agent.service.outbox import Outbox
from agent.service.outboxes import Outboxes
from agent.service.publisher import Publisher
from agent.service.registry import Registry
from agent.sinks.mqtt import MqttSink
from agent.transport.mqtt import Broker
from agent.types import Alert, State, StateChange

TOPICS = Topics("killed", "gw")
SENSORS = ("pump_de", "fan_nde", "mill")
SPEAKER = Speaker(
    agent="gw",
    site=None,
    language="en",
    descriptions=Descriptions(("healthy", "outer_race"), np.eye(2, dtype=np.float32), (True, True), {}),
    setups={
        sensor: SensorSetup(sensor, Machine(sensor), (Bearing(DIAGNOSIS.bearing or "", None),)) for sensor in SENSORS
    },
)
LIFE_S = 20.0
HASTY = 0.2
"""Share of lives in which changes do not wait until the ones before were heard: their events pile up."""

OTHER_CONFIG = 0.3
"""Share of lives whose config was changed."""

MOST_WRITES = 600
"""After which the power fails at the latest, if nothing else ends a life before."""

LONGEST_LIFE = 160
"""Points after which a life ends at the latest: more than one alert from raise to clear has."""


class Life:
    """Counts the points of one process and ends it at the one that was drawn."""

    def __init__(self, ends_at: int, log: int) -> None:
        self._left, self._log = ends_at, log
        self.writes = 0  # after so many the power fails; 0: not by that
        self._lock = threading.Lock()

    def point(self, name: str) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.write(self._log, f"{name}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(Store):
    """The store, with points before and after each of its transactions and before each statement in them."""

    def __init__(self, folder: Path, life: Life) -> None:
        place = Refuge(folder / "state" / FILE_NAME)
        place.connection.set_trace_callback(lambda statement: life.point(" ".join(statement.split()[:3])))
        super().__init__(place)
        for notice in self.notices:
            _append(folder / "notices", notice)
        self.alerts = MortalAlerts(self, folder, life)
        self.sinks = MortalRows(self, life)


class MortalAlerts(AlertRows):
    """Its alerts, with a point after each commit."""

    def __init__(self, store: Store, folder: Path, life: Life) -> None:
        super().__init__(store.transactions, numbers=store.numbers)
        self._life = life
        self._committed = os.open(folder / "committed", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def commit(self, said: Said) -> bool:
        kept = super().commit(said)
        event = said.alert.event if said.alert else "cleared"
        if kept and event == "raised":
            os.write(self._committed, f"{said.event.alert}\n".encode())
        self._life.point(f"after commit of {event}")
        return kept


class MortalRows(SinkRows):
    """What it keeps for sinks, with points around each row that goes."""

    def __init__(self, store: Store, life: Life) -> None:
        super().__init__(store.transactions, numbers=store.numbers)
        self._life = life

    def settle(self, sink: str, messages: list[Message]) -> bool:
        self._life.point("before settle")
        settled = super().settle(sink, messages)
        self._life.point("after settle")
        return settled


class MortalSink(MqttSink):
    """The sink, with points around what it hands over and what it hears."""

    def __init__(self, broker: Broker, life: Life) -> None:
        super().__init__(broker, availability=TOPICS.availability)
        self._life = life

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        def told(refusal: str | None) -> None:
            self._life.point(f"before {message.kind} is heard")
            if heard is not None:
                heard(refusal)

        self._life.point(f"before {message.kind} is published")
        published = super().publish(message, told)
        self._life.point(f"after {message.kind} is published")
        return published


def live(folder: Path, broker: Broker, life: Life, *, sensor: str, hasty: bool, to_the_end: bool) -> None:
    """Alternate damage and repair, unless `hasty` only when everything before was heard; with `to_the_end` until the
    machine is well."""
    store = MortalStore(folder, life)
    outbox, stop = Outbox(limit=100, waiting=store.sinks.waiting("broker")), threading.Event()
    outboxes = Outboxes({"broker": outbox})
    found: list[tuple[str, Any]] = []
    publisher = Publisher(
        MortalSink(broker, life),
        outbox,
        stop=stop,
        rows=store.sinks,
        own=TOPICS.shown,
        found=lambda name, held: found.append((name, held)),
    )
    parts: Any = SimpleNamespace(
        topics=TOPICS,
        speaker=SPEAKER,
        config=SimpleNamespace(publish=SimpleNamespace(diagnoses=False, home_assistant=None)),
    )
    inbox: Any = SimpleNamespace(balance=lambda sensor: None, is_overloaded=lambda sensor: False)
    registry = Registry(parts, store=store, outboxes=outboxes)
    announcer = Announcer(parts, registrar=registry, inbox=inbox)
    learn(store, folder)
    decision = Decision(sensor, DecisionConfig(raise_after=3, clear_after=3), stamp=announcer.stamp)
    healthy = SimpleNamespace(baselines={})
    pipeline = SimpleNamespace(decision=decision, healthy=healthy)
    change = StateChange(sensor, State.HEALTHY, None, 0.0, None)
    doubts = SimpleNamespace(notices=lambda now_s: ())
    desk: Any = SimpleNamespace(pipeline=pipeline, change=change, last=None, doubts=doubts)
    thread = threading.Thread(target=publisher.run, daemon=True)
    thread.start()
    restored = [one.alert for one in store.alerts.open() if one.alert.sensor == sensor]
    registry.bulletin.take_up_alerts({sensor: SPEAKER.setups[sensor]})
    decision.restore(restored)
    announcer.announce_state(desk)
    deadline_s = time.monotonic() + LIFE_S
    bad = replace(DIAGNOSIS, sensor=sensor, deviation=9.0)
    good = replace(bad, deviation=0.2, fault="healthy")
    while time.monotonic() < deadline_s:
        while found:
            registry.bulletin.reconcile(*found.pop())
        is_open = bool(decision.open_alerts)
        if to_the_end and not is_open and outbox.waiting == 0 and publisher.connected:
            break
        if (is_open or not to_the_end) and (hasty or (publisher.connected and outbox.waiting == 0)):
            outputs = decision.feed(good if is_open else bad)
            announcer.announce(desk, [output for output in outputs if isinstance(output, Alert)])
        time.sleep(0.001)
    stop.set()
    outbox.wake()
    thread.join(5.0)
    store.close()


def learn(store: Store, folder: Path) -> None:
    """Another healthy state in each life, and none that was told as kept is ever missing."""
    told = (folder / "learnt").read_text().split() if (folder / "learnt").exists() else []
    kept = store.learnt.baselines("pump_de", features="f").get(None, b"0")
    if int(kept) < int((told or ["0"])[-1]):
        print(f"Error: {told[-1]} was learnt, {kept!r} is kept", file=sys.stderr, flush=True)
    following = str(int(kept) + 1)
    if store.learnt.save("pump_de", {None: following.encode()}, features="f"):
        _append(folder / "learnt", following)


def _append(path: Path, line: str) -> None:
    """A line at once, as nobody's power fails."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{line}\n".encode())
    os.close(file)


def main(folder: Path, host: str, port: int, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    log = os.open(folder / "points", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    settings = Broker(host=host, port=port, client_id="killed")
    killed, sensor = 0, SENSORS[0]
    disk = Disk(folder / "state", Path(os.environ["UNSYNCED_LOG"])) if "UNSYNCED_LOG" in os.environ else None
    while killed < kills:
        print("between", flush=True)
        sys.stdin.readline()
        life, hasty = Life(draw.randint(1, LONGEST_LIFE), log), draw.random() < HASTY
        if disk is not None:
            life.writes = draw.randint(1, MOST_WRITES)
        sensor = draw.choice(SENSORS) if draw.random() < OTHER_CONFIG else sensor
        killed += one_life(folder, settings, life, sensor=sensor, hasty=hasty) == -signal.SIGKILL
        if disk is not None:
            disk.cut(draw)
    last = one_life(folder, settings, Life(-1, log), sensor=SENSORS[0], to_the_end=True)
    points = sorted(set((folder / "points").read_text().splitlines()))
    notices = (folder / "notices").read_text().splitlines() if (folder / "notices").exists() else []
    lost, torn = (disk.lost, disk.torn) if disk is not None else (0, 0)
    report = {"killed": killed, "last": last, "points": points, "notices": notices, "lost": lost, "torn": torn}
    print(json.dumps(report))


def one_life(
    folder: Path, broker: Broker, life: Life, *, sensor: str, hasty: bool = False, to_the_end: bool = False
) -> int:
    """How a forked process ended: its exit code, or minus its signal. No thread runs here while it is forked."""
    child = os.fork()
    if child == 0:
        try:
            os.environ["UNSYNCED_ENDS_AT"] = str(life.writes)
            live(folder, broker, life, sensor=sensor, hasty=hasty, to_the_end=to_the_end)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
