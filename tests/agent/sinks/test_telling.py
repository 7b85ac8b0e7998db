"""What people are told of events, and of which they are not."""

from __future__ import annotations

import msgspec
import pytest

from agent.messages.words import LANGUAGES, table
from agent.ports import Message
from agent.sinks.telling import Telling, note_of
from agent.types import AlertReason

ALERT = {
    "schema": "textvib/alert/1",
    "agent": "gw",
    "site": "Ulsan",
    "sensor": "p2",
    "machine": "pump2",
    "machine_name": "Pump 2",
    "position": "drive end",
    "id": "7-abc",
    "event": "raised",
    "severity": "alarm",
    "bearing": "de",
    "text": {"title": "Outer race fault", "sentence": "Bearing outer race fault, 93 %.", "advice": "Plan a change."},
    "opened": "2026-11-26T10:00:00Z",
    "deviation": 4.2,
    "seq": 3,
}


def message(kind: str = "event", **changes: object) -> Message:
    return Message("textvib/gw/event", msgspec.json.encode(ALERT | changes), qos=1, kind=kind, seq=3)


def test_an_alert_is_a_headline_and_what_to_do() -> None:
    note = note_of(message(), Telling())
    assert note is not None
    assert note.headline == "[ALARM] Ulsan · Pump 2 · drive end · de: Outer race fault"
    assert note.body.splitlines() == [
        "Bearing outer race fault, 93 %.",
        "Plan a change.",
        "",
        "machine: Pump 2",
        "sensor: p2",
        "bearing: de",
        "since: 2026-11-26 10:00:00+00:00",
        "deviation from its healthy state: 4.2 times the limit",
        "agent: gw",
        "alert: 7-abc",
        "To note that you have seen it: textvib-agent acknowledge 7-abc",
    ]


def test_a_clearing_says_why_and_asks_for_nothing() -> None:
    note = note_of(message(event="cleared", reason="closed", by="kim"), Telling(language="ko"))
    assert note is not None
    assert note.headline.startswith("[해제] ")
    assert "담당자가 종료했습니다. 기계가 정상이라는 뜻은 아닙니다. (kim)" in note.body
    assert "acknowledge" not in note.body


def test_what_an_alert_was_found_to_be_is_told_as_such() -> None:
    note = note_of(message(event="cleared", reason="judged", by="kim", was="ball"), Telling(tell="all", language="ko"))
    assert note is not None
    assert note.headline.startswith("[원인 확인] ")
    assert "실제 원인: 베어링 볼(전동체) 결함" in note.body
    note = note_of(message(event="updated", reason="acknowledged", was="씰마모"), Telling(tell="all"))
    assert note is not None
    assert "found to be: 씰마모" in note.body


def test_maintenance_is_told() -> None:
    told = {"agent": "gw", "machine": "pump2", "event": "raised", "text": "No speed has been told.", "severity": None}
    note = note_of(Message("t", msgspec.json.encode(told), kind="event"), Telling(severity="alarm"))
    assert note is not None
    assert note.headline == "[MAINTENANCE] pump2: No speed has been told."


@pytest.mark.parametrize(
    ("changes", "telling", "is_told"),
    [
        ({"severity": "warning"}, Telling(severity="alarm"), False),
        ({"severity": "warning"}, Telling(), True),
        ({"event": "updated"}, Telling(), True),
        ({"event": "updated", "reason": "worse"}, Telling(), True),
        ({"event": "updated", "reason": "acknowledged"}, Telling(), False),
        ({"event": "updated", "reason": "clock_corrected"}, Telling(), False),
        ({"event": "updated", "reason": "acknowledged"}, Telling(tell="all"), True),
        ({"event": "cleared", "reason": "state_lost"}, Telling(), True),
        ({"event": "cleared", "reason": "judged"}, Telling(), False),
        ({"event": "cleared", "reason": "judged"}, Telling(tell="all"), True),
    ],
)
def test_what_is_news(changes: dict[str, object], telling: Telling, is_told: bool) -> None:
    assert (note_of(message(**changes), telling) is not None) is is_told


@pytest.mark.parametrize("kind", ["state", "diagnosis", "health", "alert", "maintenance", "answer"])
def test_only_events_are_told(kind: str) -> None:
    assert note_of(message(kind), Telling(tell="all")) is None


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"[1]", b'{"text": 5}', b'{"event": null}'])
def test_an_event_that_cannot_be_read_is_told_as_it_is(payload: bytes) -> None:
    note = note_of(Message("t", payload, kind="event"), Telling())
    assert note is not None
    assert "\n" not in note.headline


def test_an_event_of_a_newer_agent_is_told() -> None:
    note = note_of(message(event="updated", reason="sold", more={"x": 1}), Telling(tell="all"))
    assert note is not None
    assert "sold" in note.body


def test_no_name_begins_a_header_or_moves_a_cursor() -> None:
    note = note_of(message(machine_name="x\r\nBcc: all@example.com\x1b[2J", by="\n\n"), Telling())
    assert note is not None
    assert note.headline == "[ALARM] Ulsan · x Bcc: all@example.com [2J · drive end · de: Outer race fault"
    assert all(line.isprintable() for line in note.body.splitlines())


def test_every_reason_has_words() -> None:
    for reason in AlertReason.__args__:  # type: ignore[attr-defined]  # of a Literal
        assert set(table()["because"][reason]) == set(LANGUAGES), reason
