"""What becomes of a pipeline's outputs, in which order: an alert is on the disk before anybody hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from one_alert import ALERT, DIAGNOSIS

from agent.diagnosis.matching import Descriptions
from agent.machine import Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.messages.topics import Topics
from agent.service.announcer import Announcer
from agent.service.publisher import Message
from agent.types import Alert, State, StateChange

TOPICS = Topics("textvib", "edge")
SETUP = SensorSetup("pump_de", Machine("pump"))
SPEAKER = Speaker(
    agent="edge",
    site=None,
    language="en",
    descriptions=Descriptions(("healthy", "outer_race"), np.eye(2, dtype=np.float32), (True, True), {}),
    setups={"pump_de": SETUP},
)


@dataclass
class Journal:
    """Stands for the store and for the outbox, and keeps what either was given in one order."""

    stored: tuple[Alert, ...] = ()
    troubles: tuple[str, ...] = ()
    entries: list[Alert | Message] = field(default_factory=list)

    def save_alert(self, alert: Alert) -> bool:
        self.entries.append(alert)
        return True

    def open_alerts(self) -> tuple[Alert, ...]:
        return self.stored

    def put(self, message: Message) -> None:
        self.entries.append(message)

    @property
    def order(self) -> list[str]:
        """Events stored, and topics published to."""
        return [entry.event if isinstance(entry, Alert) else entry.topic for entry in self.entries]


def announcer(journal: Any, *, diagnoses: bool = True) -> Announcer:
    config = SimpleNamespace(publish=SimpleNamespace(diagnoses=diagnoses))
    parts: Any = SimpleNamespace(topics=TOPICS, speaker=SPEAKER, config=config)
    inbox: Any = SimpleNamespace(balance=lambda sensor: None, is_overloaded=lambda sensor: False)
    return Announcer(parts, store=journal, inbox=inbox, outboxes=journal)


def desk(*, orphans: bool = False) -> Any:
    change = StateChange("pump_de", State.HEALTHY, None, 0.0, None)
    healthy = SimpleNamespace(baselines={})
    pipeline = SimpleNamespace(restore=lambda alerts: tuple(alerts) if orphans else (), healthy=healthy)
    return SimpleNamespace(change=change, last=DIAGNOSIS, pipeline=pipeline)


@pytest.mark.parametrize("event", ["raised", "updated", "cleared"])
def test_an_alert_is_stored_before_it_is_published(event: Any) -> None:
    journal = Journal()
    announcer(journal).announce(desk(), [replace(ALERT, event=event)])
    assert journal.order == [event, TOPICS.event, TOPICS.alert("pump_de", "de")]


def test_an_open_alert_is_retained_until_it_is_cleared() -> None:
    journal = Journal()
    announcer(journal).announce(desk(), [ALERT, replace(ALERT, event="cleared")])
    shown = [m for m in journal.entries if isinstance(m, Message) and m.topic == TOPICS.alert("pump_de", "de")]
    assert all(message.retain for message in shown)
    assert msgspec.json.decode(shown[0].payload)["id"] == ALERT.id
    assert shown[1].payload == b""


def test_outputs_are_announced_in_their_order_and_diagnoses_only_if_wanted() -> None:
    outputs = [DIAGNOSIS, ALERT, StateChange("pump_de", State.FAULT, "outer_race", 0.0, None)]
    spoken, quiet = Journal(), Journal()
    announcer(spoken).announce(desk(), outputs)
    announcer(quiet, diagnoses=False).announce(desk(), outputs)
    rest = ["raised", TOPICS.event, TOPICS.alert("pump_de", "de"), TOPICS.state("pump_de")]
    assert spoken.order == [TOPICS.diagnosis("pump_de"), *rest]
    assert quiet.order == rest


def test_an_alert_from_before_a_restart_is_shown_again_and_stored_no_second_time() -> None:
    journal = Journal(stored=(ALERT,))
    announcer(journal).take_up_alerts({"pump_de": desk()})
    assert journal.order == [TOPICS.alert("pump_de", "de"), TOPICS.state("pump_de")]


@pytest.mark.parametrize("desks", [{}, {"pump_de": desk(orphans=True)}])
def test_an_alert_whose_bearing_is_gone_is_forgotten_before_it_is_taken_from_the_broker(desks: Any) -> None:
    journal = Journal(stored=(ALERT,))
    announcer(journal).take_up_alerts(desks)
    assert journal.order[:2] == ["cleared", TOPICS.alert("pump_de", "de")]
    emptied = journal.entries[1]
    assert isinstance(emptied, Message)
    assert emptied.payload == b""
