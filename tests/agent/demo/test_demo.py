"""What the demo's subscriber remembers of what it hears, and what its screen makes of that."""

from __future__ import annotations

import msgspec
import pytest

pytest.importorskip("rich")

from agent.demo.listener import Mailbox, _remember
from agent.demo.screen import Screen
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
