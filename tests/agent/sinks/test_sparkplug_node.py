"""What an edge node says, held against a host that follows every rule of numbers and births."""

from __future__ import annotations

import pytest
import told
from sparkplug_host import Payload, StrictHost

from agent.ports import Message
from agent.sinks.sparkplug_node import DEVICE, NODE, EdgeNode
from agent.sources.sparkplug import SparkplugReader

NOW_MS = 1_772_352_000_000


class Talk:
    """A node that was born, and its host."""

    def __init__(self, number: int = 7) -> None:
        self.node = EdgeNode("plant", "gw", root=told.ROOT)
        self.host = StrictHost("plant", "gw")
        self.will = self.node.death(number, now_ms=NOW_MS)
        self.be_born()

    def be_born(self) -> None:
        for said in self.node.births(now_ms=NOW_MS):
            self.host.hear(*said)

    def says(self, *messages: Message) -> list[str]:
        """Kinds of what is said."""
        before = len(self.host.kinds)
        for message in messages:
            for said in self.node.take(message, now_ms=NOW_MS):
                self.host.hear(*said)
        assert self.host.faults == []
        return self.host.kinds[before:]

    def values(self, sensor: str = "p2") -> dict[str, object]:
        return self.host.devices[sensor].values


def test_a_sensor_is_born_with_all_its_metrics_and_tells_what_changes_alone() -> None:
    talk = Talk()
    assert talk.says(told.state()) == ["DBIRTH"]
    assert list(talk.values()) == [row.name for row in DEVICE]
    assert talk.values()["State"] == "healthy"
    assert talk.values()["Since"] == 1_795_687_200_000
    assert talk.values()["Velocity RMS"] is None
    assert talk.says(told.state()) == []
    assert talk.says(told.window()) == ["DDATA"]
    figures = {name: talk.values()[name] for name in ("Fault", "Probability", "Sentence", "Velocity RMS", "ISO Zone")}
    assert list(figures.values()) == ["outer_race", 0.81, "바깥 궤도가 상했습니다.", 3.25, "B"]
    assert talk.says(told.window(bearing="nde", fault="ball")) == []  # the state's figures are of the other bearing


def test_an_alert_is_an_event_and_stands_while_it_is_open() -> None:
    talk = Talk()
    talk.says(told.state())
    assert talk.says(told.event(seq=9), told.alert(seq=9)) == ["DDATA", "DDATA"]
    assert (talk.values()["Event/Number"], talk.values()["Event/Kind"]) == (9, "raised")
    assert (talk.values()["Alert/Open"], talk.values()["Alert/Fault"]) == (True, "outer_race")
    assert talk.says(told.event(seq=10, event="cleared", reason="recovered"), told.ended()) == ["DDATA", "DDATA"]
    assert (talk.values()["Alert/Open"], talk.values()["Alert/ID"]) == (False, None)
    assert talk.values()["Event/Reason"] == "recovered"


def test_the_gravest_of_several_alerts_is_shown() -> None:
    talk = Talk()
    other = told.alert(severity="warning", seq=99, fault="ball")
    other = Message(other.topic.replace("/de", "/nde"), other.payload, retain=True, qos=1)
    talk.says(told.state(), told.alert(seq=5), other)
    assert (talk.values()["Alert/Count"], talk.values()["Alert/Fault"]) == (2, "outer_race")


def test_what_waited_while_nobody_was_there_is_of_the_past() -> None:
    old = told.event(seq=2, time="2026-02-01T00:00:00Z")  # a month before the birth
    talk = Talk()
    assert talk.says(old) == ["DBIRTH", "DDATA", "DDEATH"]
    talk.says(told.state())
    assert talk.says(old) == ["DDATA"]
    (past,) = talk.host.devices["p2"].history
    assert (past["Event/Number"], past["Event/Alert"]) == (2, "7-abc")
    assert talk.says(told.event(time="2026-03-01T10:00:00Z")) == ["DDATA"]
    assert len(talk.host.devices["p2"].history) == 1


def test_a_sensor_that_is_lost_or_leaves_dies_and_may_come_back() -> None:
    talk = Talk()
    talk.says(told.state(), told.window())
    assert talk.says(told.state(state="lost")) == ["DDATA", "DDEATH"]
    assert talk.says(told.state(state="lost", reason_text="no data"), told.window()) == []
    assert talk.says(told.event(reason="acknowledged", event="updated")) == ["DBIRTH", "DDATA", "DDEATH"]
    assert talk.says(told.state()) == ["DBIRTH"]
    assert talk.says(told.removed()) == ["DDEATH"]
    assert talk.says(told.removed(), told.ended(), told.window()) == []
    talk.be_born()
    assert talk.host.devices == {}


def test_numbers_go_round_and_a_birth_begins_them_again() -> None:
    talk = Talk(number=256 + 5)
    assert talk.host.births == [5]
    talk.says(told.state())
    for number in range(300):
        assert talk.says(told.state(deviation=number / 7)) == ["DDATA"]
    talk.be_born()
    assert talk.host.kinds[-2:] == ["NBIRTH", "DBIRTH"]
    assert talk.values()["Deviation"] == pytest.approx(299 / 7)
    assert talk.host.faults == []
    talk.host.hear(*talk.will)
    assert (talk.host.node, talk.host.faults) == (None, [])


def test_the_agent_itself_is_the_node() -> None:
    talk = Talk()
    assert talk.says(told.health(notices=["disk full"])) == ["NDATA"]
    assert talk.says(told.health(notices=["disk full"])) == []
    assert talk.says(told.maintenance()) == ["NDATA"]
    assert talk.host.node is not None
    assert set(talk.host.node.types) == {"bdSeq", "Node Control/Rebirth", *(row.name for row in NODE)}
    assert talk.host.node.values["Notices"] == "disk full"
    assert talk.host.node.values["Maintenance/Sentence"] == "The speed is told no more."


def test_what_is_taken_down_is_not_said_to_be_over() -> None:
    talk = Talk()
    talk.says(told.state(), told.alert(), told.health(open_alerts=["7-abc"]))
    emptied = [Message(f"{told.ROOT}/{topic}", b"", retain=True, qos=1) for topic in ("alert/p2/de", "health")]
    assert talk.says(*emptied) == []
    assert talk.says(told.removed()) == ["DDEATH"]
    assert talk.host.node is not None
    assert talk.host.node.values["Open Alerts"] == 1


def test_a_birth_denies_nothing_that_is_not_known_yet() -> None:
    talk = Talk()
    assert talk.host.node is not None
    assert {talk.host.node.values[name] for name in ("Open Alerts", "State Kept", "Maintenance/Number")} == {None}
    of_device: dict[str, object] = {}
    for said in talk.node.take(told.event(seq=9), now_ms=NOW_MS):
        talk.host.hear(*said)
        of_device = of_device or dict(talk.values())
    names = ("Alert/Open", "Alert/Count", "Alert/Acknowledged", "Event/Number")
    assert [of_device[name] for name in names] == [None] * 4
    talk.says(told.state())
    assert (talk.values()["Alert/Open"], talk.values()["Alert/Count"]) == (False, 0)


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b'{"state": 5}', b'{"time": "yesterday"}', b"{" * 5000])
def test_a_message_that_cannot_be_read_breaks_no_rule(payload: bytes) -> None:
    talk = Talk()
    talk.says(told.state())
    for topic in ("sensor/p2/state", "sensor/p2/diagnosis", "alert/p2/de", "event", "maintenance", "health", "x"):
        talk.says(Message(f"{told.ROOT}/{topic}", payload, qos=1, kind="event"))
    talk.says(Message("elsewhere", payload), told.state(title="ok"))


def test_what_is_written_our_own_reader_reads() -> None:
    node = EdgeNode("plant", "gw", root=told.ROOT)
    node.death(0, now_ms=NOW_MS)
    node.births(now_ms=NOW_MS)
    ((_, said),) = node.take(told.state(), now_ms=NOW_MS)
    read = SparkplugReader().read(said)
    assert (read["seq"], read["timestamp"], read["metrics"]["Title"]) == (1, NOW_MS, "Healthy")
    (unit,) = [one.properties for one in Payload.FromString(said).metrics if one.name == "Velocity RMS"]
    assert (list(unit.keys), unit.values[0].string_value) == (["engUnit"], "mm/s")
