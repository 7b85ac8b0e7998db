"""What the demo's subscriber remembers of what it hears, and what its screen makes of that."""

from __future__ import annotations

import msgspec
import pytest

pytest.importorskip("rich")

from agent.demo.listener import Heard, _remember
from agent.demo.screen import Screen
from agent.messages.topics import Topics

TOPICS = Topics("textvib", "demo")
STATE = {"sensor": "motor_de", "state": "fault", "reason": None, "losses": {"produced": 1000, "lost_on_wire": 3}}
DIAGNOSIS = {
    "rate": {"hz": 27226.6, "origin": "device_time"},
    "nearest": [{"title": "Bearing outer race fault", "similarity": 0.8}],
}


def hear(heard: Heard, topic: str, payload: object) -> None:
    _remember(heard, TOPICS, topic, payload if isinstance(payload, bytes) else msgspec.json.encode(payload))


def test_the_newest_of_every_kind_is_remembered_and_events_in_order():
    heard = Heard()
    hear(heard, TOPICS.availability, b"online")
    for state in ({"state": "learning"}, STATE):
        hear(heard, TOPICS.state("motor_de"), state)
    for event in ("raised", "cleared"):
        hear(heard, TOPICS.event, {"event": event})
    assert (heard.availability, heard.state, heard.messages) == ("online", STATE, 5)
    assert [event["event"] for event in heard.events] == ["raised", "cleared"]


def test_an_emptied_alert_topic_is_an_alert_no_more():
    heard = Heard()
    topic = TOPICS.alert("motor_de", "de")
    hear(heard, topic, {"fault": "outer_race"})
    assert heard.retained_alerts == {topic: True}
    hear(heard, topic, b"")
    assert heard.retained_alerts == {topic: False}


def test_without_a_terminal_a_line_says_state_rate_and_what_is_nearest(capsys):
    heard = Heard(state=STATE, diagnosis=DIAGNOSIS)
    with Screen(heard) as screen:
        screen._last_line_s -= 60
        screen.refresh("damaged")
    told = capsys.readouterr().out
    assert "damaged" in told
    assert "fault" in told
    assert "27227 Hz (device time)" in told
    assert "Bearing outer race fault +0.80" in told
