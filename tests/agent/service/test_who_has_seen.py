"""What people say one after another of an open alert: who has seen it stands, whoever else says something later."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from one_alert import ALERT

from agent.alerting.alerts import Decision
from agent.alerting.seen import seen_by
from agent.alerting.window_rules import DecisionConfig
from agent.errors import WordError
from agent.service.alert_requests import Acknowledge, Close, Shelve, Unshelve
from agent.service.answers import Answers
from agent.types import Alert

MINE = replace(ALERT, event="raised", acknowledged=False, by=None, reason=None)


class Asked:
    """An agent with one sensor and one open alert; `said` is what was announced."""

    def __init__(self, alert: Alert = MINE) -> None:
        self.decision = Decision(alert.sensor, DecisionConfig())
        self.decision.restore([alert])
        self.said: list[Alert] = []
        desk = SimpleNamespace(pipeline=SimpleNamespace(decision=self.decision), close=self.decision.close)
        config = SimpleNamespace(agent=SimpleNamespace(language="en"))
        everything: Any = SimpleNamespace(desks={alert.sensor: desk}, ring=None, parts=SimpleNamespace(config=config))
        announcer: Any = SimpleNamespace(
            announce_alert=self.said.append, announce=lambda _, said: self.said.extend(said)
        )
        nothing: Any = None
        self._answers = Answers(everything, announcer=announcer, teaching=nothing, tapes=nothing, share=nothing)

    def say(self, request: Any) -> Alert:
        self._answers.answer(request)
        return self.said[-1]


def test_a_later_word_without_a_name_keeps_who_has_seen_it() -> None:
    asked = Asked()
    first = asked.say(Acknowledge(MINE.id, "Kim"))
    assert (first.by, first.acknowledged_by) == ("Kim", "Kim")
    for request in (Acknowledge(MINE.id, None, "ball"), Shelve(MINE.id, duration="8h"), Unshelve(MINE.id)):
        later = asked.say(request)
        assert (later.by, later.acknowledged_by, later.acknowledged) == (None, "Kim", True)
    lent = asked.say(Shelve(MINE.id, by="Lee", duration="8h"))
    assert (lent.by, lent.acknowledged_by) == ("Lee", "Kim")
    again = asked.say(Acknowledge(MINE.id, "Park", "cage"))
    assert (again.by, again.acknowledged_by) == ("Park", "Park")
    ended = asked.say(Close(MINE.id))
    assert (ended.event, ended.by, ended.acknowledged_by) == ("cleared", None, "Park")


def test_who_saw_an_alert_of_before_that_was_kept_is_known_while_nothing_else_was_done() -> None:
    before = replace(MINE, acknowledged=True, by="Kim", reason="acknowledged")
    assert seen_by(before) == "Kim"
    assert seen_by(replace(before, reason="shelved")) is None
    assert seen_by(replace(before, acknowledged=False)) is None
    assert Asked(before).say(Acknowledge(MINE.id, None, "ball")).acknowledged_by == "Kim"
    assert Asked(before).say(Shelve(MINE.id, by="Lee", duration="8h")).acknowledged_by == "Kim"


def test_who_names_no_alert_or_sensor_is_asked_to_name_another() -> None:
    with pytest.raises(WordError, match=f"'zz' is not an open alert; open: {MINE.id}"):
        Asked().say(Acknowledge("zz"))
