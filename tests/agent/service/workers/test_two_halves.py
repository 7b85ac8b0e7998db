"""The half that hears and the half that keeps and tells, joined over a socket pair: as with one process."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from kept_alerts import opened
from one_alert import ALERT, DIAGNOSIS

from agent.alerting.alerts import Decision
from agent.alerting.window_rules import DecisionConfig
from agent.diagnosis.matching import Descriptions
from agent.machine import Bearing, Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.messages.topics import Topics
from agent.ports import Message
from agent.service.announcer import Announcer
from agent.service.doubts_told import ToldDoubts
from agent.service.keeping.learnt_rows import UnderWay
from agent.service.keeping.sensor_state import Marks, SensorState
from agent.service.keeping.store import Store, open_store
from agent.service.outbox import Outbox
from agent.service.outboxes import Outboxes
from agent.service.registrar import Interrupted, Learnt, Registrar
from agent.service.registry import Registry
from agent.service.workers.link import Link
from agent.service.workers.remote import RemoteRegistrar
from agent.service.workers.said import do
from agent.service.workers.spoken import Standing, Up
from agent.service.workers.wire import Unframer, framed
from agent.types import State, StateChange

TOPICS = Topics("textvib", "edge")
SETUP = SensorSetup("pump_de", Machine("pump"), (Bearing("de"),))
PARTS: Any = SimpleNamespace(
    topics=TOPICS,
    speaker=Speaker(
        agent="edge",
        site=None,
        language="en",
        descriptions=Descriptions(("healthy", "outer_race"), np.eye(2, dtype=np.float32), (True, True), {}),
        setups={"pump_de": SETUP},
    ),
    config=SimpleNamespace(publish=SimpleNamespace(diagnoses=True, home_assistant=None)),
    setups={"pump_de": SETUP},
)
ROW = SensorState(
    agent="edge",
    sensor="pump_de",
    wall_s=1.0,
    boot="b",
    at_s=2.0,
    features="f",
    marks=Marks(place="p", bearings={"de": "m"}),
)


@dataclass
class Halves:
    """The registrar as the half that hears has it, and what the other half has of it."""

    registrar: Registrar
    store: Store
    outbox: Outbox
    settle: Any  # returns once the other half has dealt with all

    def told(self) -> list[Message]:
        self.settle()
        found = []
        while (message := self.outbox.take(0.0)) is not None:
            found.append(message)
            self.outbox.answer(message)
            self.outbox.settled()
        return found


@pytest.fixture(params=["one process", "a socket"])
def halves(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Halves]:
    store, outbox = open_store(tmp_path), Outbox(limit=100)
    registry = Registry(PARTS, store=store, outboxes=Outboxes({"broker": outbox}))
    if request.param == "one process":
        yield Halves(registry, store, outbox, lambda: None)
        return
    ours, theirs = socket.socketpair()
    link = Link(ours, leave=lambda code: None)
    remote = RemoteRegistrar(link, boot=registry.boot, standing=Standing(is_kept=True, troubles=()))
    serving = threading.Thread(target=serve, args=(theirs, registry), daemon=True)
    threads = [
        threading.Thread(target=link.speak, daemon=True),
        threading.Thread(target=lambda: link.hear(lambda message: remote.hear(message)), daemon=True),  # type: ignore[arg-type]
        serving,
    ]
    for thread in threads:
        thread.start()
    yield Halves(remote, store, outbox, lambda: remote.known("pump_de", features="f"))
    link.end()
    ours.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)
    ours.close()
    theirs.close()


def serve(connection: socket.socket, registry: Registry) -> None:
    """As the crew does it."""
    incoming: Unframer[Up] = Unframer(Up)  # type: ignore[arg-type]  # a union, of which mypy has no type
    while data := connection.recv(65536):
        for message in incoming.feed(data):
            if (reply := do(message, registry)) is not None:
                connection.sendall(framed(reply))


def desk() -> Any:
    decision = Decision("pump_de", DecisionConfig())
    pipeline = SimpleNamespace(decision=decision, healthy=SimpleNamespace(baselines={}))
    change = StateChange("pump_de", State.FAULT, "outer_race", 0.0, None)
    return SimpleNamespace(change=change, last=DIAGNOSIS, pipeline=pipeline, doubts=ToldDoubts())


def announcer(halves: Halves) -> Announcer:
    inbox: Any = SimpleNamespace(balance=lambda sensor: None, is_overloaded=lambda sensor: False)
    return Announcer(PARTS, registrar=halves.registrar, inbox=inbox)


def test_what_pipelines_put_out_is_told_once_alerts_with_their_numbers(halves: Halves) -> None:
    speaks, watched = announcer(halves), desk()
    raised = speaks.stamp(ALERT)
    outputs = [DIAGNOSIS, raised, watched.change, replace(raised, event="updated", reason="acknowledged")]
    speaks.announce(watched, outputs)
    told = halves.told()
    events = [json.loads(message.payload) for message in told if message.topic == TOPICS.event]
    assert [(event["id"], event["event"], event["seq"]) for event in events] == [
        (raised.id, "raised", 1),
        (raised.id, "updated", 2),
    ]
    assert sum(message.topic == TOPICS.diagnosis("pump_de") for message in told) == 1
    assert sum(message.topic == TOPICS.state("pump_de") for message in told) == 1
    assert [alert.id for alert in opened(halves.store)] == [raised.id]
    assert opened(halves.store)[0] == outputs[-1]
    known = halves.registrar.known("pump_de", features="f")
    assert known.alerts == (outputs[-1],)
    assert known.seq == 2


def test_what_was_learnt_is_kept_with_the_alerts_that_end_by_it(halves: Halves) -> None:
    registrar = halves.registrar
    registrar.say_alert(ALERT)
    learnt = Learnt(
        row=ROW,
        baselines={"de": b"new", "": b"whole"},
        aside={"de": b"old"},
        alerts=(replace(ALERT, event="cleared", reason="repaired"),),
        begun=UnderWay(b"begun"),
        seq=40,
    )
    assert registrar.learn(learnt) is True
    registrar.add_lessons("pump_de", [b"one", b"two"])
    known = registrar.known("pump_de", features="f")
    assert (known.baselines, known.aside) == ({"de": b"new", "": b"whole"}, {"de": b"old"})
    assert (known.row, known.alerts) == (ROW, ())
    assert registrar.under_way("pump_de", features="f") == Interrupted(b"begun", (b"one", b"two"))
    assert registrar.known("pump_de", features="another").baselines == {}
    events = [json.loads(message.payload) for message in halves.told() if message.topic == TOPICS.event]
    assert [(event["event"], event["reason"], event["seq"]) for event in events] == [
        ("raised", None, 1),
        ("cleared", "repaired", 41),
    ]
    registrar.give_up("pump_de")
    assert registrar.under_way("pump_de", features="f") is None


def test_rows_and_notices_pass(halves: Halves) -> None:
    registrar = halves.registrar
    counted = msgspec.structs.replace(ROW, seq=7)
    registrar.save_rows([counted])
    registrar.notice("pump_de: commission it again")
    assert registrar.known("pump_de", features="f").row == counted
    assert "pump_de: commission it again" in halves.store.notices
    registrar.unsay("pump_de")
    halves.settle()
    assert "pump_de: commission it again" not in halves.store.notices
