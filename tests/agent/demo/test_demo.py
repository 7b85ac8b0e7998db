"""What the demo's subscriber remembers of what it hears, and what its screen makes of that."""

from __future__ import annotations

import msgspec
import pytest

pytest.importorskip("rich")

from agent.demo.listener import Mailbox, _remember
from agent.demo.play import EVENTS, Play, events_of
from agent.demo.screen import Screen
from agent.demo.waiting import why_it_waits
from agent.errors import TransportError
from agent.faults import FAULTS_OF_BEARINGS, FAULTS_OF_DEGREE
from agent.messages.topics import Topics

TOPICS = Topics("textvib", "demo")
STATE = {"sensor": "motor_de", "state": "fault", "reason": None, "losses": {"produced": 1000, "lost_on_wire": 3}}
DIAGNOSIS = {
    "rate": {"hz": 27226.6, "origin": "device_time"},
    "nearest": [{"title": "Bearing outer race fault", "similarity": 0.8}],
}


def hear(mailbox: Mailbox, topic: str, payload: object) -> None:
    _remember(mailbox, TOPICS, topic, payload if isinstance(payload, bytes) else msgspec.json.encode(payload))


def test_the_newest_of_every_kind_is_remembered_and_events_in_order():
    mailbox = Mailbox()
    hear(mailbox, TOPICS.availability, b"online")
    for state in ({"state": "learning"}, STATE):
        hear(mailbox, TOPICS.state("motor_de"), state)
    for event in ("raised", "cleared"):
        hear(mailbox, TOPICS.event, {"event": event})
    assert (mailbox.availability, mailbox.state, mailbox.messages) == ("online", STATE, 5)
    assert [event["event"] for event in mailbox.events] == ["raised", "cleared"]


def test_an_emptied_alert_topic_is_an_alert_no_more():
    mailbox = Mailbox()
    topic = TOPICS.alert("motor_de", "de")
    hear(mailbox, topic, {"fault": "outer_race"})
    assert mailbox.retained_alerts == {topic: True}
    hear(mailbox, topic, b"")
    assert mailbox.retained_alerts == {topic: False}


def test_without_a_terminal_a_line_says_state_rate_and_what_is_nearest(capsys):
    mailbox = Mailbox(state=STATE, diagnosis=DIAGNOSIS)
    with Screen(mailbox) as screen:
        screen._last_line_s -= 60
        screen.refresh("damaged")
    told = capsys.readouterr().out
    assert "damaged" in told
    assert "fault" in told
    assert "27227 Hz (device time)" in told
    assert "Bearing outer race fault +0.80" in told


def test_only_a_damaged_bearing_is_replaced():
    assert set(EVENTS) == set(FAULTS_OF_DEGREE)
    assert {events_of(fault)[1] for fault in FAULTS_OF_BEARINGS} == {"the bearing is replaced"}
    assert not [fault for fault in FAULTS_OF_DEGREE if "bearing" in " ".join(events_of(fault))]


def status(**changes):
    sensor = {"data_age_s": 0.1, "windows": 0, "losses": {"produced": 900, "received": 500, "lost_on_wire": 400}}
    given = {"source": {"connected": True, "error": None}, "publishing": {"connected": True, "error": None}} | changes
    return {
        "health": {
            "sources": {"line": given["source"]},
            "publishing": given["publishing"],
            "sensors": {"motor_de": sensor | given.get("sensor", {})},
        },
        "states": {"motor_de": {"state": "lost", "reason_text": "no window is long enough without a gap"}},
    }


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (None, "the agent has not started"),
        (status(source={"connected": False, "error": "no such port"}), "not opened the source line (no such port)"),
        (status(publishing={"connected": False, "error": "refused"}), "not reached the broker (refused)"),
        (status(sensor={"data_age_s": None}), "the virtual sensor has not started"),
        (status(), "400 of 900 were lost, so that no window"),
        (status(sensor={"windows": 3}), "its sensor is lost (no window is long enough without a gap), after 3 windows"),
    ],
)
def test_what_is_waited_for_is_told_with_its_part_and_what_the_log_says(tmp_path, answer, part):
    log = tmp_path / "agent.log"
    told = why_it_waits(answer, "motor_de", log=log)
    assert part in told
    assert "log" not in told
    log.write_text("first\nERROR the last\n\n")
    told = why_it_waits(answer, "motor_de", log=log)
    assert "its log says: ERROR the last; " in told
    assert "\n" not in told


class Process:
    """An agent that runs, or has ended with a code."""

    def __init__(self, code=None):
        self.returncode = code

    def poll(self):
        return self.returncode


def test_why_it_waits_is_said_once_and_soon_and_why_an_agent_ended(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("agent.demo.play.TELL_AFTER_S", 0.0)
    looks = iter([False, False, False, True])
    log = tmp_path / "agent.log"
    log.write_text("CRITICAL agent.toml: no such port\n")
    with Screen(Mailbox()) as screen:
        play = Play(Mailbox(), screen, Process(), folder=tmp_path, log=log, sensor="motor_de")
        play.wait("a first diagnosis", lambda: next(looks))
        told = capsys.readouterr().out
        assert told.count("still waiting for a first diagnosis: the agent has not started") == 1
        ended = Play(Mailbox(), screen, Process(78), folder=tmp_path, log=log, sensor="motor_de")
        with pytest.raises(TransportError, match=r"ended with exit code 78: CRITICAL agent\.toml: no such port"):
            ended.wait("a first diagnosis", lambda: False)
