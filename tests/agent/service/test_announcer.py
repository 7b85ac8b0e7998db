"""What becomes of a pipeline's outputs, in which order: an alert is on the disk before anybody hears of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from kept_alerts import opened
from one_alert import ALERT, DIAGNOSIS

from agent.alerting.alerts import Decision
from agent.alerting.window_rules import DecisionConfig
from agent.config.keys import MachineConfig, SpeedConfig
from agent.diagnosis.matching import Descriptions
from agent.machine import Bearing, Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.messages.topics import Topics
from agent.ports import Message
from agent.service.announcer import Announcer
from agent.service.doubts_told import ToldDoubts
from agent.service.keeping.state_tables import Put
from agent.service.keeping.store import Store, open_store
from agent.service.looking_back.history import Unkept
from agent.service.maintenance import Silences
from agent.service.registry import Registry
from agent.service.shelves import take_back, until_by_alert
from agent.types import Alert, Speed, State, StateChange

TOPICS = Topics("textvib", "edge")
SETUP = SensorSetup("pump_de", Machine("pump"))
SPEAKER = Speaker(
    agent="edge",
    site=None,
    language="en",
    descriptions=Descriptions(("healthy", "outer_race"), np.eye(2, dtype=np.float32), (True, True), {}),
    setups={"pump_de": SETUP},
)


TOPIC = TOPICS.alert("pump_de", "de")


@dataclass
class Journal:
    """Stands for the outboxes, looks into the real store as each message comes, and keeps both in one order."""

    store: Store
    names: tuple[str, ...] = ("broker",)
    messages: list[Message] = field(default_factory=list)
    known: list[list[int]] = field(default_factory=list)  # the store's events when each message came

    def put(self, message: Message, *, only: str | None = None) -> None:
        self.messages.append(message)
        self.known.append([waiting.seq for waiting in self.store.sinks.waiting("broker")])

    def gone(self) -> dict[str, list[Message]]:
        return {}

    @property
    def order(self) -> list[str]:
        """Topics published to."""
        return [message.topic for message in self.messages]

    def on(self, topic: str) -> list[Any]:
        """The payloads on one topic."""
        return [json.loads(m.payload) if m.payload else None for m in self.messages if m.topic == topic]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(open_store(tmp_path))


def announcer(journal: Journal, *, diagnoses: bool = True, home_assistant: str | None = None) -> Spoken:
    parts = parts_with(diagnoses=diagnoses, home_assistant=home_assistant)
    inbox: Any = SimpleNamespace(balance=lambda sensor: None, is_overloaded=lambda sensor: False)
    outboxes: Any = journal
    return Spoken(parts, Registry(parts, store=journal.store, outboxes=outboxes), inbox)


class Spoken(Announcer):
    """Both halves of what is said, as one process has them."""

    def __init__(self, parts: Any, registry: Registry, inbox: Any) -> None:
        super().__init__(parts, registrar=registry, inbox=inbox)
        self.registry, self.bulletin = registry, registry.bulletin

    def take_up_alerts(self, desks: dict[str, Any]) -> None:
        """As at the start: alerts of who is there are taken up by them, the others end."""
        stored = [(one.alert.sensor, one.alert) for one in opened_rows(self.registry)]
        self.bulletin.take_up_alerts({sensor: one.setup for sensor, one in desks.items()})
        for sensor, one in desks.items():
            one.pipeline.restore([alert for of, alert in stored if of == sensor])
            self.announce_state(one)


def opened_rows(registry: Registry) -> Any:
    return registry._store.alerts.open()


def parts_with(*, diagnoses: bool = True, home_assistant: str | None = None) -> Any:
    publish = SimpleNamespace(diagnoses=diagnoses, home_assistant=home_assistant)
    config = SimpleNamespace(publish=publish)
    return SimpleNamespace(topics=TOPICS, speaker=SPEAKER, config=config, setups={})


def desk(*, orphans: bool = False) -> Any:
    change = StateChange("pump_de", State.HEALTHY, None, 0.0, None)
    decision = Decision("pump_de", DecisionConfig())

    setup = replace(SETUP, bearings=(Bearing("nde" if orphans else "de", None),))

    def restore(alerts: list[Alert]) -> None:
        decision.restore([] if orphans else alerts)

    healthy = SimpleNamespace(baselines={})
    pipeline = SimpleNamespace(restore=restore, decision=decision, healthy=healthy)
    return SimpleNamespace(change=change, last=DIAGNOSIS, pipeline=pipeline, doubts=ToldDoubts(), setup=setup)


def test_a_silent_speed_is_an_event_shown_until_it_is_told_again_and_no_longer_than_the_agent_runs(
    journal: Journal,
) -> None:
    machine = MachineConfig(speed=SpeedConfig(topic="t", source="s", maintenance_after_min=15.0))
    parts: Any = SimpleNamespace(
        config=SimpleNamespace(machines={"pump": machine}), speaker=SPEAKER, topics=TOPICS, sinks={"broker": None}
    )
    speaks, watched = announcer(journal), desk()
    watched.pipeline.setup = SETUP
    silences = Silences(parts, {"pump_de": watched}, registrar=speaks.registry)
    for at_s, doubt in ((100.0, "silent"), (1000.0, "silent"), (1010.0, None), (2000.0, "silent"), (3000.0, "silent")):
        speed = Speed(None, "unknown", doubt=doubt)
        watched.doubts.feed(replace(DIAGNOSIS, speed=speed, time_s=at_s, running=True))
        silences.look(at_s)
    told = journal.on("textvib/edge/maintenance")
    assert [(one["machine"], one["kind"], one["event"], one["seq"]) for one in told] == [
        ("pump", "speed_silent", event, seq) for seq, event in enumerate(("raised", "cleared", "raised"), 1)
    ]
    assert told[0]["text"].startswith("No speed has been told for 15 min while the machine runs.")
    assert journal.on("textvib/edge/maintenance/pump") == [told[0], None, told[2]]
    assert [waiting.seq for waiting in journal.store.sinks.waiting("broker")] == [1, 2, 3]
    announcer(journal).take_up_alerts({})  # as after a restart
    assert journal.on("textvib/edge/maintenance/pump")[-1] is None


@pytest.mark.parametrize("event", ["raised", "updated", "cleared"])
def test_an_alert_is_stored_with_its_event_before_it_is_published(event: Any, journal: Journal) -> None:
    announcer(journal).announce(desk(), [replace(ALERT, event=event)])
    assert journal.order == [TOPICS.event, TOPIC]
    assert journal.known[0] == [1]
    assert [kept.alert.event for kept in journal.store.alerts.open()] == ([] if event == "cleared" else [event])


def test_events_are_numbered_and_the_shown_alert_bears_the_number_of_its_event(journal: Journal) -> None:
    speaks = announcer(journal)
    speaks.announce(desk(), [ALERT, replace(ALERT, event="updated")])
    assert [event["seq"] for event in journal.on(TOPICS.event)] == [1, 2]
    assert [shown["seq"] for shown in journal.on(TOPIC)] == [1, 2]


def test_an_open_alert_is_retained_until_it_is_cleared(journal: Journal) -> None:
    announcer(journal).announce(desk(), [ALERT, replace(ALERT, event="cleared")])
    assert all(message.retain for message in journal.messages if message.topic == TOPIC)
    shown, emptied = journal.on(TOPIC)
    assert shown["id"] == ALERT.id
    assert emptied is None


def test_outputs_are_announced_in_their_order_and_diagnoses_only_if_wanted(tmp_path: Path) -> None:
    outputs = [DIAGNOSIS, ALERT, StateChange("pump_de", State.FAULT, "outer_race", 0.0, None)]
    spoken, quiet = Journal(open_store(tmp_path / "spoken")), Journal(open_store(tmp_path / "quiet"))
    announcer(spoken).announce(desk(), outputs)
    announcer(quiet, diagnoses=False).announce(desk(), outputs)
    rest = [TOPICS.event, TOPIC, TOPICS.state("pump_de")]
    assert spoken.order == [TOPICS.diagnosis("pump_de"), *rest]
    assert quiet.order == rest


def restarted(journal: Journal, tmp_path: Path) -> Journal:
    journal.store.close()
    return Journal(open_store(tmp_path))


def test_an_alert_from_before_a_restart_is_shown_again_as_it_was_and_no_event(journal: Journal, tmp_path: Path) -> None:
    announcer(journal).announce(desk(), [ALERT])
    again = restarted(journal, tmp_path)
    announcer(again).take_up_alerts({"pump_de": desk()})
    assert again.order == [TOPIC, TOPICS.state("pump_de")]
    assert again.on(TOPIC) == journal.on(TOPIC)


@pytest.mark.parametrize("desks", [{}, {"pump_de": desk(orphans=True)}])
def test_an_alert_that_nobody_watches_any_more_is_cleared_and_its_reason_said(
    desks: Any, journal: Journal, tmp_path: Path
) -> None:
    announcer(journal).announce(desk(), [ALERT])
    again = restarted(journal, tmp_path)
    announcer(again).take_up_alerts(desks)
    assert again.order[:2] == [TOPICS.event, TOPIC]
    (cleared,) = again.on(TOPICS.event)
    assert (cleared["id"], cleared["event"], cleared["reason"]) == (ALERT.id, "cleared", "not_configured")
    assert cleared["seq"] == 2
    assert set(again.on(TOPIC)) == {None}
    assert again.store.alerts.open() == ()


def test_an_alert_from_an_older_agent_whose_sensor_is_gone_is_cleared_as_well(journal: Journal, tmp_path: Path) -> None:
    announcer(journal).announce(desk(), [ALERT])
    ((*row, _, _),) = journal.store.transactions.rows("select sensor, bearing, id, value, seq, payload from alert")
    journal.store.transactions.write([Put("alert", [(*row, 0, None)])])
    again = restarted(journal, tmp_path)
    speaks = announcer(again)
    speaks.bulletin._speaker = replace(SPEAKER, setups={})
    speaks.take_up_alerts({})
    (cleared,) = again.on(TOPICS.event)
    assert (cleared["id"], cleared["reason"], cleared["machine"]) == (ALERT.id, "not_configured", "not_configured")


def test_every_topic_that_is_not_wanted_any_more_is_emptied(journal: Journal, tmp_path: Path) -> None:
    announcer(journal).take_up_alerts({"pump_de": desk(), "fan": gone_desk()})
    again = restarted(journal, tmp_path)
    announcer(again).take_up_alerts({"pump_de": desk()})
    assert again.on(TOPICS.state("fan")) == [None]
    assert len(again.on(TOPICS.state("pump_de"))) == 1
    emptied = [message for message in again.messages if not message.payload]
    again.store.sinks.settle("broker", emptied)
    last = restarted(again, tmp_path)
    announcer(last).take_up_alerts({"pump_de": desk()})
    assert last.order == [TOPICS.state("pump_de")]


def gone_desk() -> Any:
    return SimpleNamespace(
        change=StateChange("pump_de", State.HEALTHY, None, 0.0, None),
        last=None,
        pipeline=desk().pipeline,
        doubts=ToldDoubts(),
        setup=SETUP,
    )


# ------------------------------------------------------------------------------------------------------- a lost file


def test_an_alert_that_only_the_broker_knows_is_cleared_because_the_state_was_lost(
    journal: Journal, tmp_path: Path
) -> None:
    announcer(journal).announce(desk(), [ALERT])
    held = {TOPIC: journal.messages[-1].payload, TOPICS.state("fan"): b"{}", TOPICS.state("pump_de"): b"{}"}
    fresh = Journal(open_store(tmp_path / "fresh"))
    speaks = announcer(fresh)
    speaks.take_up_alerts({"pump_de": desk()})
    speaks.bulletin.reconcile("broker", held)
    (cleared,) = fresh.on(TOPICS.event)
    assert (cleared["id"], cleared["event"], cleared["reason"]) == (ALERT.id, "cleared", "state_lost")
    assert cleared["seq"] == 2  # above what was seen before
    assert fresh.on(TOPIC) == [None]
    assert fresh.on(TOPICS.state("fan")) == [None]
    assert None not in fresh.on(TOPICS.state("pump_de"))
    speaks.bulletin.reconcile("broker", held)
    assert len(fresh.on(TOPICS.event)) == 1


def test_an_alert_that_is_known_or_raised_meanwhile_stays(journal: Journal, tmp_path: Path) -> None:
    announcer(journal).announce(desk(), [ALERT])
    held = {TOPIC: journal.messages[-1].payload}
    known = announcer(journal)
    known.take_up_alerts({"pump_de": desk()})
    known.bulletin.reconcile("broker", held)
    assert len(journal.on(TOPICS.event)) == 1
    fresh = Journal(open_store(tmp_path / "fresh"))
    speaks = announcer(fresh)
    speaks.take_up_alerts({"pump_de": desk()})
    speaks.announce(desk(), [replace(ALERT, id="another")])
    speaks.bulletin.reconcile("broker", held)
    assert [(e["id"], e["event"]) for e in fresh.on(TOPICS.event)] == [("another", "raised"), (ALERT.id, "cleared")]
    assert [shown["id"] for shown in fresh.on(TOPIC)] == ["another"]


@pytest.mark.parametrize("payload", [b"{", b"[]", b'{"schema": "other", "id": "x"}', b"\xff", b"[" * 100_000])
def test_what_is_no_alert_on_an_alerts_topic_is_taken_away(payload: bytes, journal: Journal) -> None:
    speaks = announcer(journal)
    speaks.take_up_alerts({})
    speaks.bulletin.reconcile("broker", {TOPIC: payload})
    assert journal.order == [TOPIC]
    assert journal.on(TOPIC) == [None]


# ------------------------------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(("start", "is_corrected"), [("same", True), ("other", False)])
def test_when_an_alert_began_is_corrected_once_its_clock_is_known(
    start: str, is_corrected: bool, journal: Journal, tmp_path: Path, monkeypatch: Any
) -> None:
    clock: list[Any] = ["unknown", ("same", 1000.0)]
    monkeypatch.setattr("agent.service.announcer.clock_now", lambda: clock[0])
    monkeypatch.setattr("agent.service.bulletin.clock_now", lambda: clock[0])
    monkeypatch.setattr("agent.service.announcer.origin_now", lambda: clock[1])
    speaks = announcer(journal)
    stamped = speaks.stamp(ALERT)
    assert stamped.id != ALERT.id
    speaks.announce(desk(), [stamped])
    again = restarted(journal, tmp_path)
    speaks, seat = announcer(again), desk()
    speaks.take_up_alerts({"pump_de": seat})
    speaks.correct_clocks({"pump_de": seat})
    assert again.on(TOPICS.event) == []
    clock = ["synchronised", (start, 1000.0 + 3600.0)]
    for _ in range(2):
        speaks.correct_clocks({"pump_de": seat})
    if not is_corrected:  # the machine was started anew: nobody knows by how much that clock was wrong
        assert again.on(TOPICS.event) == []
        return
    (before,), (after,) = journal.on(TOPICS.event), again.on(TOPICS.event)
    assert (before["clock"], after["clock"]) == ("unknown", "synchronised")
    assert (after["event"], after["reason"]) == ("updated", "clock_corrected")
    assert moved_s(before["opened"], after["opened"]) == 3600.0
    (kept,) = again.store.alerts.open()
    assert ALERT.opened_wall_s is not None
    assert kept.alert.opened_wall_s == ALERT.opened_wall_s + 3600.0


def test_an_alert_comes_back_from_the_shelf_once_its_time_is_over(journal: Journal, monkeypatch: Any) -> None:
    now = [1_700_000_000.0]
    monkeypatch.setattr("agent.service.shelves.time.time", lambda: now[0])
    monkeypatch.setattr("agent.service.shelves.origin_now", lambda: ("boot", now[0] - 5.0))
    speaks, seat = announcer(journal), desk()
    seat.pipeline.decision.restore([ALERT])
    shelved = seat.pipeline.decision.shelve(ALERT, seconds=3600.0, wall_s=now[0], origin=None, by="Kim")
    speaks.announce_alert(shelved)
    for later_s in (0.0, 3599.0, 3600.0, 3601.0):
        now[0] = 1_700_000_000.0 + later_s
        take_back([seat], speaks)
    told = [(event["reason"], event["shelved_until"], event["by"]) for event in journal.on(TOPICS.event)]
    assert told == [("shelved", "2023-11-14T23:13:20Z", "Kim"), ("shelf_over", None, None)]
    assert list(until_by_alert([seat])) == []
    assert [alert.shelf for alert in opened(journal.store)] == [None]


def moved_s(before: str, after: str) -> float:
    return (datetime.fromisoformat(after) - datetime.fromisoformat(before)).total_seconds()


def test_home_assistant_is_told_of_each_sensor_for_as_long_as_it_is_configured(journal: Journal) -> None:
    told = "homeassistant/device/textvib_edge_pump_de/config"
    speaks = announcer(journal, home_assistant="homeassistant")
    speaks.take_up_alerts({"pump_de": desk()})
    (device,) = journal.on(told)
    assert device["state_topic"] == TOPICS.state("pump_de")
    assert journal.on(TOPICS.state("pump_de"))[-1]["open_alerts"] == []
    speaks.bulletin.adopt(parts_with(home_assistant="homeassistant"), new_sinks=())
    assert journal.on(told) == [device, None]


def test_home_assistant_forgets_what_an_earlier_life_told_it(journal: Journal) -> None:
    told = "homeassistant/device/textvib_edge_pump_de/config"
    announcer(journal, home_assistant="homeassistant").take_up_alerts({"pump_de": desk()})
    announcer(journal).take_up_alerts({"pump_de": desk()})
    assert [payload is None for payload in journal.on(told)] == [False, True]


def test_an_alert_is_noted_for_later_once_it_is_kept_and_before_it_is_handed_on(journal: Journal) -> None:
    noted: list[tuple[Alert | None, int, list[int], int]] = []

    class Noting(Unkept):
        def note(self, alert: Alert | None, event: Message) -> None:
            kept = [waiting.seq for waiting in journal.store.sinks.waiting("broker")]
            noted.append((alert, event.seq, kept, len(journal.messages)))

    parts, outboxes = parts_with(), cast("Any", journal)
    bulletin = Registry(parts, store=journal.store, outboxes=outboxes, history=Noting()).bulletin
    bulletin.say_alert(ALERT)
    assert noted == [(ALERT, 1, [1], 0)]
    bulletin.say_silence("pump", silent_s=900.0, over=False)
    assert [one[:2] for one in noted] == [(ALERT, 1), (None, 2)]
