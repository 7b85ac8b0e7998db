"""What each route answers: words, days, and the windows that raised an alert."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_agent import SETUP, FakeAgent, diagnosis, window
from one_alert import ALERT
from starlette.testclient import TestClient

from agent.config.web import Listening
from agent.diagnosis.witness import Circumstances
from agent.errors import ConfigError, TransportError
from agent.messages.words import LANGUAGES, table
from agent.recordings.kept import About, Kept, KeptWindow
from agent.recordings.kept_writer import setup_row, to_file
from agent.service.alert_requests import Acknowledge, Close
from agent.service.control import Cancel, Commission
from agent.service.looking_back.history_file import FILE, HistoryFile
from agent.service.looking_back.past import Whence, event_of
from agent.service.watching.confirmed import confirmed_in
from agent.service.watching.ring_folder import FOLDER, name_of
from agent.service.watching.trend_file import Key, TrendFile
from agent.types import Speed
from agent.web.app import app_of
from agent.web.asking import AWAY
from agent.web.languages import preferred
from agent.web.past_alerts import found
from agent.web.settings import Settings
from agent.web.static_files import FOLDER as STATIC

URL = "http://127.0.0.1:8640"
OURS = {"Origin": URL, "Content-Type": "application/json"}


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent()


@pytest.fixture
def client(agent: FakeAgent, tmp_path: Path) -> Iterator[TestClient]:
    app = app_of(Settings(tmp_path, Listening("127.0.0.1", 8640)), agent)
    with TestClient(app, base_url=URL, follow_redirects=False) as made:
        yield made


def keep_window(folder: Path) -> bytes:
    seen = window()
    about: dict[str, Any] = {"alert": "a1b2", "agent": "gw", "sensor": "pump_de", "bearing": "de", "machine": "pump"}
    about |= {"fault": "outer_race", "probability": 0.6, "wall_s": 1.0, "raised_by": 0, "version": "1", "bundle": "b"}
    about |= {"bundle_sha256": "", "runtime": "onnx", "detect_at": 1.0, "name_at": 0.5}
    under = Circumstances(Speed(1500.0, "config"), True, False, {})
    kept = KeptWindow(seen, 0, under, (diagnosis("de"), diagnosis("nde")))
    content = to_file(Kept(About(**about), SETUP, seen.samples, (kept,)))
    (folder / FOLDER).mkdir()
    (folder / FOLDER / name_of(1, "a1b2")).write_bytes(content)
    return content


def test_the_window_that_raised_an_alert_is_drawn_and_handed_out(client, tmp_path):
    content = keep_window(tmp_path)
    told = client.get("/alerts/a1b2/window?sensor=pump_de").json()
    assert (told["name"], told["bearing"]) == ("00000001-a1b2.vbw", "de")
    assert told["picture"]["envelope"]["values"]
    answer = client.get("/alerts/a1b2/file")
    assert answer.content == content
    assert answer.headers["content-disposition"] == 'attachment; filename="00000001-a1b2.vbw"'


def test_a_window_that_is_not_there_or_damaged_is_said(client, tmp_path):
    assert client.get("/alerts/a1b2/window?sensor=pump_de").status_code == 404
    keep_window(tmp_path)
    path = tmp_path / FOLDER / name_of(1, "a1b2")
    path.write_bytes(path.read_bytes()[:500])
    assert client.get("/alerts/a1b2/window?sensor=pump_de").status_code == 409


def test_days_come_with_their_slope_and_the_date_of_a_limit(client, tmp_path):
    file = TrendFile(tmp_path, years=10, max_bytes=10**9)
    for number in range(60):
        rising = round(math.log(0.3 * math.exp(0.015 * number)) / 0.02)
        file.add({(Key("pump_de", "de", "deviation", 76), 20_000 + number): {rising: 100}}, today=20_001 + number)
    file.close()
    (one,) = client.get("/sensors/pump_de/trend").json()["trends"]
    assert one["days"][0] == 20_000 * 86_400
    assert len(one["days"]) == len(one["low"]) == len(one["middle"]) == 60
    assert "%" in one["moves"]
    assert "2024-" in one["reached"]
    (korean,) = client.get("/sensors/pump_de/trend", headers={"Accept-Language": "ko"}).json()["trends"]
    assert korean["name"] == "정상 대비 편차"


def end_alerts(folder: Path, count: int, *, sensor: str = "pump_de") -> None:
    file = HistoryFile(folder)
    for n in range(1, count + 1):
        alert = replace(ALERT, id=f"{sensor}{n}", sensor=sensor)
        ended = replace(alert, event="cleared", reason="closed", by="Kim", wall_s=2e9)
        for seq, one in ((2 * n, alert), (2 * n + 1, ended)):
            file.note(one, event_of(one, seq), Whence("gw", None, "1", "b", "0" * 64, setup_row(SETUP)))
    file.note(replace(ALERT, id="open"), event_of(ALERT, 500), Whence("gw", None, "1", "b", "0" * 64, None))
    file.close()


def test_past_alerts_are_listed_some_at_a_time_of_all_sensors_or_one(client, tmp_path):
    assert client.get("/alerts/past").json() == {"alerts": [], "titles": {}, "before": None}
    end_alerts(tmp_path, 12)
    end_alerts(tmp_path, 1, sensor="fan")
    first = client.get("/alerts/past").json()
    rest = client.get(f"/alerts/past?before={first['before']}").json()
    assert [len(one["alerts"]) for one in (first, rest)] == [10, 3]
    assert rest["before"] is None
    assert len({one["id"] for told in (first, rest) for one in told["alerts"]} - {"open"}) == 13
    (one,) = client.get("/alerts/past?sensor=fan", headers={"Accept-Language": "ko"}).json()["alerts"]
    assert one["events"][1]["by"] == "Kim"
    assert "종료" in one["events"][1]["what"]
    assert "외륜" in one["text"]["title"]
    assert (one["kept"], one["closed"], one["machine"]) == (False, 2e9, "pump")
    for wrong in ("x", "-1", str(1 << 63), "²"):
        assert client.get(f"/alerts/past?before={wrong}").status_code == 400


def test_a_report_is_shown_under_a_policy_that_lets_it_do_nothing(client, tmp_path):
    assert client.get("/alerts/fan1/report").status_code == 404
    end_alerts(tmp_path, 1, sensor="fan")
    answer = client.get("/alerts/fan1/report", headers={"Accept-Language": "ko"})
    assert "경보 보고서" in answer.text
    policy = answer.headers["content-security-policy"]
    assert {"sandbox", "frame-ancestors 'none'", "default-src 'none'"} <= set(policy.split("; "))
    assert "script" not in policy
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert client.get("/alerts/f/report").status_code == 404  # the whole id
    assert client.get("/alerts/past").headers["content-security-policy"].startswith("default-src 'none'; script-src")


def test_the_window_of_a_past_alert_is_drawn_without_its_agent(client, agent, tmp_path):
    agent.trouble = TransportError(AWAY)
    keep_window(tmp_path)
    file = HistoryFile(tmp_path)
    file.note(replace(ALERT, id="a1b2"), event_of(ALERT, 1), Whence("gw", None, "1", "b", "0" * 64, None))
    assert client.get("/alerts/a1b2/window?sensor=").json()["picture"]["envelope"]["values"]


def test_a_history_that_cannot_be_read_is_said(client, tmp_path):
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    for path in ("/alerts/past", "/alerts/a/report"):
        assert client.get(path).status_code == 409


def test_without_days_there_are_none(client):
    assert client.get("/sensors/pump_de/trend").json()["trends"] == []


@pytest.mark.parametrize("path", ["/alerts/a1b2/window", "/sensors/pump_de/trend"])
def test_an_agent_that_is_away_is_said(client, agent, path):
    agent.trouble = TransportError(AWAY)
    assert client.get(path).status_code == 503


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ({"command": "commission", "sensor": "pump_de", "windows": 20}, Commission("pump_de", windows=20)),
        ({"command": "cancel_commission", "sensor": "pump_de"}, Cancel("pump_de")),
    ],
)
def test_a_wish_goes_to_the_agent_and_its_remarks_come_back(client, agent, wish, asked):
    agent.answered = lambda request: {"remarks": ["mind"]}
    assert client.post("/ask", json=wish, headers=OURS).json() == {"ok": True, "remarks": ["mind"], "before": None}
    assert agent.asked == [asked]


def said_of_past(client, folder: Path, *, kept: bool) -> tuple[int, str | None]:
    """What comes of a word on an alert that has ended, and what is shown of it then."""
    end_alerts(folder, 1, sensor="fan")
    if kept:
        (folder / FOLDER).mkdir()
        (folder / FOLDER / name_of(1, "fan1")).write_bytes(b"windows")
    wish = {"command": "acknowledge", "alert": "fan1", "by": "Kim", "was": "misalignment"}
    answer = client.post("/ask", json=wish, headers=OURS)
    told = client.get("/alerts/past", headers={"Accept-Language": "ko"}).json()
    assert "정렬" in told["titles"]["misalignment"]
    return answer.status_code, told["alerts"][0]["was"]


def test_what_an_alert_of_the_past_was_is_kept_beside_its_windows_where_no_agent_answers(client, agent, tmp_path):
    agent.trouble = TransportError(AWAY)
    assert said_of_past(client, tmp_path, kept=True) == (200, "misalignment")
    word = confirmed_in(tmp_path / FOLDER)["fan1"]
    assert (word.by, word.is_told) == ("Kim", False)
    other = {"command": "acknowledge", "alert": "fan1", "was": "ball"}
    assert client.post("/ask", json=other, headers=OURS).json()["before"] == "misalignment"
    open_one = {"command": "acknowledge", "alert": "open", "was": "ball"}
    assert client.post("/ask", json=open_one, headers=OURS).status_code == 503  # for its agent alone
    alone = {"command": "acknowledge", "alert": "fan1"}
    assert client.post("/ask", json=alone, headers=OURS).status_code == 503


def test_what_the_agent_refuses_to_keep_is_kept_by_nobody(client, agent, tmp_path):
    agent.trouble = ConfigError("no such alert")
    assert said_of_past(client, tmp_path, kept=True) == (409, None)
    assert confirmed_in(tmp_path / FOLDER) == {}


def test_a_word_that_replaces_another_says_which(client, agent):
    agent.answered = lambda request: {"alert": "a", "kept": True, "before": "imbalance"}
    wish = {"command": "acknowledge", "alert": "a", "was": "misalignment"}
    assert client.post("/ask", json=wish, headers=OURS).json() == {"ok": True, "remarks": [], "before": "imbalance"}


def test_a_word_on_a_past_alert_stands_among_its_events_and_changes_not_when_it_ended(client, tmp_path):
    end_alerts(tmp_path, 1, sensor="fan")
    (before,) = client.get("/alerts/past").json()["alerts"]
    past = found(tmp_path, "fan1")
    judged = replace(past.last, event="cleared", reason="judged", was="imbalance", by="Kim", wall_s=4e9)
    file = HistoryFile(tmp_path)
    file.note(judged, event_of(judged, past.seq + 1), past.whence)
    file.close()
    (after,) = client.get("/alerts/past").json()["alerts"]
    assert after["closed"] == before["closed"] != 4e9
    assert after["events"][:-1] == before["events"]
    assert after["events"][-1]["what"].endswith("Found to be: Rotor imbalance.")
    assert (after["events"][-1]["by"], after["was"]) == ("Kim", "imbalance")


def test_without_windows_there_is_nothing_to_say_a_word_of(client, agent, tmp_path):
    agent.trouble = TransportError(AWAY)
    assert said_of_past(client, tmp_path, kept=False) == (503, None)
    assert confirmed_in(tmp_path / FOLDER) == {}


def test_a_word_on_an_open_alert_goes_to_the_agent_and_what_is_no_name_nowhere(client, agent):
    for command, kind in (("acknowledge", Acknowledge), ("close", Close)):
        wish = {"command": command, "alert": "a", "by": None, "was": "seal_rubs"}
        (remark,) = client.post("/ask", json=wish, headers=OURS).json()["remarks"]
        assert remark.startswith("seal_rubs is a name of your own")
        assert agent.asked[-1] == kind("a", None, "seal_rubs")
        evil = {**OURS, "Origin": "http://evil"}
        assert client.post("/ask", json=wish, headers=evil).status_code == 403
    asked = len(agent.asked)
    for wrong, said in (
        *((wrong, "is no name of a fault") for wrong in ("Seal rubs", "", "../x")),
        ("unknown", "is reserved"),
    ):
        wish = {"command": "close", "alert": "a", "was": wrong}
        answer = client.post("/ask", json=wish, headers=OURS)
        assert answer.status_code == 409
        assert said in answer.json()["error"]
        assert "; give one of healthy, " in answer.json()["error"]
    assert len(agent.asked) == asked


def test_what_the_agent_refuses_is_said_in_the_language_of_who_asked(client, agent):
    agent.trouble = ConfigError("pump_de: refused")
    answer = client.post("/ask", json={"command": "close", "alert": "a"}, headers=OURS)
    assert (answer.status_code, answer.json()) == (409, {"error": "pump_de: refused"})
    agent.trouble = TransportError(AWAY)
    answer = client.post("/ask", json={"command": "close", "alert": "a"}, headers={**OURS, "Accept-Language": "ko"})
    assert (answer.status_code, answer.json()) == (503, {"error": "응답하는 에이전트가 없습니다"})


def test_the_language_is_chosen_and_kept(client):
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="ko">' in client.get("/", headers={"Accept-Language": "ko-KR"}).text
    answer = client.post("/language", content="ko", headers={"Origin": URL})
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert '<html lang="ko">' in client.get("/").text
    assert client.post("/language", content="de", headers={"Origin": URL}).json() == {"ok": False}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("de,fr", "en"),
        ("de, ko;q=0.5, en;q=0.4", "ko"),
        ("en;q=0.8,ko;q=0.9", "ko"),
        ("ko;q=x, en", "en"),
        ("*", "en"),
    ],
)
def test_the_language_wanted_most_is_taken(accepted, language):
    assert preferred(accepted) == language


def test_scripts_say_nothing_that_the_table_has_not_and_leave_none_of_it_unsaid(client):
    scripts = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js") if "uplot" not in path.name)
    documents = "".join(path.read_text(encoding="utf-8") for path in (STATIC.parent).glob("*.py"))
    words = client.get("/words/ko").json()["page"]
    assert words.keys() == table()["page"].keys()
    built = {f"shelf_{time}" for time in ("1h", "8h", "1d", "7d")} | {"severity_warning", "severity_alarm"}
    built |= {f"health_{name}" for name in ("sensors", "sources", "sinks")}
    built |= {f"{name}_over_time" for name in ("deviation", "velocity", "likeness")}
    unsaid = [code for code in words if f'"{code}"' not in scripts + documents and code not in built]
    assert unsaid == []
    for call in scripts.split('say("')[1:]:
        code = call.partition('"')[0]
        assert code in words, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_there_in_every_language(client, language):
    told = client.get(f"/words/{language}").json()
    assert told["language"] == language
    assert told["state"].keys() == table()["state"].keys()


def test_a_browser_that_asks_for_no_language_is_answered_in_the_agents(agent, tmp_path):
    app = app_of(Settings(tmp_path, Listening("127.0.0.1", 8640), language="ko"), agent)
    with TestClient(app, base_url=URL) as made:
        assert '<html lang="ko">' in made.get("/").text
        assert '<html lang="ko">' in made.get("/login", headers={"Accept-Language": "de"}).text
        assert '<html lang="en">' in made.get("/", headers={"Accept-Language": "en-GB"}).text
