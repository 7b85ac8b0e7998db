"""What is said of an alert that is over: kept, noted, published once, and nothing retained is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from line_bundle import BUNDLE, SETUP
from one_alert import ALERT

from agent.bundle.manifest import identity_of
from agent.errors import ConfigError, TransportError, WordError
from agent.messages.notices import is_known
from agent.messages.payloads import AlertPayload
from agent.messages.topics import Topics
from agent.ports import Message
from agent.recordings.kept_writer import setup_row
from agent.service.alert_requests import Acknowledge, Close, Shelve, Unshelve
from agent.service.control import Answer
from agent.service.keeping.store import Store, open_store
from agent.service.looking_back.history import History
from agent.service.looking_back.history_file import HistoryFile, past_alerts
from agent.service.looking_back.past import Whence, event_of
from agent.service.past_words import PastWords
from agent.service.watching.confirmed import Confirmed, confirm, confirmed_in
from agent.service.watching.ring_folder import FOLDER, name_of, put

WHENCE = Whence("gw", "Plant", "0.9", "test 1", identity_of(BUNDLE.manifest), setup_row(SETUP))
OVER = "0123abcd"


@dataclass
class Office:
    """A state folder with one alert that is over; whoever hears answers with `answered`."""

    words: PastWords
    store: Store
    folder: Path
    said: list[Message] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    answered: Callable[[Any], Answer] | None = None

    def ask(self, request: Any) -> Future[Answer]:
        self.asked.append(request)
        answer: Future[Answer] = Future()
        if self.answered is None:
            answer.set_exception(ConfigError(f"alert: {request.alert!r} is not an open alert; open: none"))
        else:
            try:
                answer.set_result(self.answered(request))
            except (ConfigError, TransportError) as error:
                answer.set_exception(error)
        return answer

    def say(self, *args: Any, close: bool = False) -> Answer:
        answer = self.words.ask((Close if close else Acknowledge)(*args))
        self.words.turn()
        return answer.result(timeout=0)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(message.payload) for message in self.said]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    agent = SimpleNamespace(state_dir=str(tmp_path), id="gw", site=None)
    parts: Any = SimpleNamespace(
        topics=Topics("textvib", "gw"),
        speaker=SimpleNamespace(language="en"),
        config=SimpleNamespace(agent=agent),
        bundle=BUNDLE,
        setups={},
    )
    store = open_store(tmp_path)
    for _ in range(7):
        store.numbers.next_seq()
    house: Any = SimpleNamespace(parts=parts, store=store, history=History(parts))
    made = Office(cast("Any", None), store, tmp_path)
    outboxes: Any = SimpleNamespace(names=("broker", "mail"), put=made.said.append)
    made.words = PastWords(house, outboxes=outboxes, ask=made.ask, wake=lambda: None)
    file = HistoryFile(tmp_path)
    raised = replace(ALERT, id=OVER)
    file.note(raised, event_of(raised, 1), WHENCE)
    ended = replace(raised, event="cleared", reason="recovered", wall_s=2e9)
    file.note(ended, event_of(ended, 2), WHENCE)
    file.close()
    return made


def keep_windows(folder: Path, alert: str = OVER) -> None:
    (folder / FOLDER).mkdir(exist_ok=True)
    put(folder / FOLDER, name_of(1, alert), b"windows")


def test_a_word_is_an_event_that_says_cleared_again_and_shows_nothing(office: Office) -> None:
    answer = office.say("0123", "Kim", "씰마모")
    assert answer == {
        "alert": OVER,
        "over": True,
        "kept": False,
        "before": None,
        "sensor": ALERT.sensor,
        "bearing": ALERT.bearing,
    }
    (message,), (event,) = office.said, office.events
    assert (message.topic, message.retain, message.qos, message.seq) == ("textvib/gw/event", False, 1, event["seq"])
    assert (event["event"], event["reason"], event["was"], event["by"]) == ("cleared", "judged", "씰마모", "Kim")
    assert (event["id"], event["seq"], event["machine"]) == (OVER, 8, SETUP.machine.id)
    assert msgspec.json.decode(message.payload, type=AlertPayload).text.title
    for sink in ("broker", "mail"):  # on the disk before it was handed on, and gone once it is acknowledged
        assert [one.seq for one in office.store.sinks.waiting(sink)] == [8]
        assert office.store.sinks.retained(sink) == {}


def test_it_is_noted_with_each_word_before_it_and_ended_when_it_ended(office: Office) -> None:
    assert office.say(OVER, None, "imbalance")["before"] is None
    assert office.say(f"{ALERT.sensor}/{ALERT.bearing}", "Lee", "misalignment", close=True)["before"] == "imbalance"
    (past,) = past_alerts(office.folder)
    assert [(one.reason, one.was, one.by) for one in past.events[1:]] == [
        ("recovered", None, None),
        ("judged", "imbalance", None),
        ("judged", "misalignment", "Lee"),
    ]
    assert past.closed
    assert past.end is not None
    assert past.end.wall_s == 2e9


def test_the_same_word_twice_is_said_once(office: Office) -> None:
    for _ in range(2):
        assert office.say(OVER, None, "ball")["before"] is None
    assert len(office.said) == 1


def test_it_is_kept_beside_the_windows_where_they_are(office: Office) -> None:
    keep_windows(office.folder)
    assert office.say(OVER, "Kim", "ball")["kept"]
    assert office.say(OVER, "Kim", "cage")["before"] == "ball"
    word = confirmed_in(office.folder / FOLDER)[OVER]
    assert (word.was, word.is_told, [one.was for one in word.before]) == ("cage", True, ["ball"])


def test_of_windows_alone_a_word_is_kept_and_nothing_published(office: Office) -> None:
    keep_windows(office.folder, "99ff")
    assert office.say("99", None, "ball") == {"alert": "99ff", "over": True, "kept": True, "before": None}
    assert office.said == []


def test_who_hears_is_asked_first_and_refuses_what_is_not_of_the_past(office: Office) -> None:
    office.answered = lambda request: {"alert": "open"}
    assert office.say("open", None, "ball") == {"alert": "open"}
    office.answered = None
    for alert, said in (("zz", "there is no alert 'zz'"), ("", "is empty")):
        with pytest.raises(ConfigError, match=said):
            office.say(alert, None, "ball")

    def busy(request: Any) -> Answer:
        raise TransportError("busy")

    office.answered = busy
    with pytest.raises(TransportError):
        office.say(OVER, None, "ball")
    assert office.said == []


def refusal(office: Office, request: Any) -> WordError:
    asked = office.words.ask(request)
    office.words.turn()
    with pytest.raises(WordError) as refused:
        asked.result(timeout=0)
    assert is_known(str(refused.value), "ko")
    return refused.value


def test_what_else_is_asked_of_an_alert_that_is_over_is_refused_for_that(office: Office) -> None:
    for request in (
        Acknowledge("0123"),
        Close(f"{ALERT.sensor}/{ALERT.bearing}"),
        Unshelve(OVER),
        Shelve(OVER, duration="8h"),
    ):
        assert str(refusal(office, request)).startswith(f"alert: {OVER} ({ALERT.sensor}/{ALERT.bearing}) is over since")
    file = HistoryFile(office.folder)
    for event in (ALERT, replace(ALERT, event="cleared", reason="recovered")):
        file.note(replace(event, id="0123eeee"), event_of(event, 3), WHENCE)
    file.close()
    several = str(refusal(office, Acknowledge("0123")))
    assert "'0123' is the beginning of several, and all are over; alerts kept: " in several
    assert all(alert in several for alert in (OVER, "0123eeee"))
    assert f"{OVER} (" in str(refusal(office, Close(OVER)))  # told whole, it is one
    with pytest.raises(ConfigError, match="not an open alert"):
        office.say("zz")
    assert office.said == []


def test_an_open_alert_whose_word_is_refused_is_not_taken_for_a_past_one(office: Office) -> None:
    file = HistoryFile(office.folder)
    again = replace(ALERT, id="77aa")
    file.note(again, event_of(again, 5), WHENCE)
    file.close()
    with pytest.raises(ConfigError, match="not an open alert"):
        office.say("77aa", None, "ball")


def test_words_that_were_kept_while_no_agent_ran_are_published_at_the_start_once(office: Office) -> None:
    keep_windows(office.folder)
    confirm(office.folder / FOLDER, OVER, Confirmed("씰마모", "Kim", 1.0, is_told=False))
    confirm(office.folder / FOLDER, "88bb", Confirmed("ball"))
    for _ in range(2):
        office.words.begin()
        office.words.turn()
    assert office.asked == [Acknowledge(OVER, "Kim", "씰마모")]
    assert [event["was"] for event in office.events] == ["씰마모"]
