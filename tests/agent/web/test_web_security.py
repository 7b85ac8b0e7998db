"""Who is let in, from where, and with what: names, origins, passwords, paths, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_agent import FakeAgent
from starlette.testclient import TestClient

from agent.config.web import Listening
from agent.service.alert_requests import Acknowledge
from agent.web.app import app_of
from agent.web.guard import HEADERS, name_of
from agent.web.requests import MOST_BYTES
from agent.web.sessions import FREE_TRIES, IDLE_S, MOST_ADDRESSES, MOST_SESSIONS, MOST_TRIES, OVER_S, Sessions
from agent.web.settings import Settings
from agent.web.static_files import FILES, FOLDER

URL = "http://127.0.0.1:8640"
OURS = {"Origin": URL, "Content-Type": "application/json"}
ACKNOWLEDGE = '{"command": "acknowledge", "alert": "a1", "by": "Kim"}'
PASSWORD = "correct horse"


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent()


def client_of(agent: FakeAgent, tmp_path: Path, **settings: object) -> TestClient:
    told = {"state_dir": tmp_path, "listening": Listening("127.0.0.1", 8640), **settings}
    return TestClient(app_of(Settings(**told), agent), base_url=URL, follow_redirects=False)


@pytest.fixture
def client(agent: FakeAgent, tmp_path: Path) -> Iterator[TestClient]:
    with client_of(agent, tmp_path) as made:
        yield made


@pytest.fixture
def locked(agent: FakeAgent, tmp_path: Path) -> Iterator[TestClient]:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    with client_of(agent, tmp_path, password_file=str(tmp_path / "password")) as made:
        yield made


def enter(client: TestClient, password: str = PASSWORD) -> int:
    return client.post("/login", data={"password": password}, headers={"Origin": URL}).status_code


@pytest.mark.parametrize("path", ["/", "/login", "/static/main.js", "/static/none.js", "/words/ko", "/nothing"])
def test_every_answer_carries_the_policy(client, path):
    answer = client.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"]


def test_the_documents_hold_no_script_and_no_style_of_their_own(client):
    for path in ("/", "/login"):
        text = client.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert not re.search(r"\son\w+=", text)
        assert all(tag.startswith(' src="/static/') for tag in text.split("<script")[1:])
        assert "//" not in text.replace("<!doctype html>", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_only_a_page_of_ours_changes_anything(client, agent, headers, status):
    answer = client.post("/ask", content=ACKNOWLEDGE, headers={**OURS, **headers})
    assert answer.status_code == status
    assert agent.asked == ([Acknowledge("a1", "Kim")] if status == 200 else [])


def test_a_request_without_an_origin_changes_nothing(client, agent):
    answer = client.post("/ask", content=ACKNOWLEDGE, headers={"Content-Type": "application/json"})
    assert (answer.status_code, agent.asked) == (403, [])


@pytest.mark.parametrize("path", ["/ask", "/language", "/login", "/logout"])
def test_no_change_is_made_by_a_link(client, path):
    assert client.get(path).status_code in (200 if path == "/login" else 405, 405)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8640", 200),
        ("[::1]:8640", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("evil.example:8640", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ],
)
def test_another_name_for_this_computer_is_refused(client, host, status):
    assert client.get("/", headers={"Host": host}).status_code == status


def test_a_name_that_is_given_is_let_in_and_no_other(agent, tmp_path):
    (tmp_path / "password").write_text(PASSWORD)
    settings = {"hosts": ("vib.plant.lan",), "password_file": str(tmp_path / "password")}
    with client_of(agent, tmp_path, **settings) as client:
        assert client.get("/login", headers={"Host": "vib.plant.lan"}).status_code == 200
        assert client.get("/login", headers={"Host": "evil.example"}).status_code == 421


def test_a_name_is_read_without_its_port():
    names = ["a.b:80", "a.b", "[::1]:80", "[::1]", "1.2.3.4:8640"]
    assert [name_of(one) for one in names] == ["a.b", "a.b", "[::1]", "[::1]", "1.2.3.4"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/..%5capp.py",
        "/static/uplot.LICENSE.md",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/main.js%00.css",
        "/static/",
        "/words/..%2f..%2fwords",
        "/alerts/..%2f..%2fstate.sqlite/file",
        "/alerts/%2e%2e/file",
        "/alerts/a1/file",
    ],
)
def test_no_path_leads_out(client, path):
    assert client.get(path).status_code == 404


def test_every_file_of_the_table_is_there_and_small(client):
    sizes = {name: len(client.get(f"/static/{name}").content) for name in FILES}
    assert min(sizes.values()) > 100
    assert sum(sizes.values()) + len(client.get("/").content) + len(client.get("/words/ko").content) < 300_000
    assert {path.name for path in FOLDER.iterdir()} == {*FILES, "uplot.LICENSE.md"}


def test_a_file_that_the_browser_has_is_not_sent_again(client):
    first = client.get("/static/main.js")
    again = client.get("/static/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"command": "forget", "sensor": "a"}', b'{"command": "status"}'])
def test_what_is_no_wish_is_refused(client, agent, body):
    assert client.post("/ask", content=body, headers=OURS).status_code == 400
    assert agent.asked == []


def test_a_large_body_is_refused_however_it_is_declared(client, agent):
    def chunks() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 1024

    for content in (b" " * (MOST_BYTES + 1), chunks()):
        assert client.post("/ask", content=content, headers=OURS).status_code == 413
    assert agent.asked == []


def test_without_the_password_nothing_is_shown(locked, agent):
    assert locked.get("/").headers["location"] == "/login"
    for path in ("/events", "/alerts/a/window", "/alerts/a/file"):
        assert locked.get(path).status_code == 401
    assert locked.post("/ask", content=ACKNOWLEDGE, headers=OURS).status_code == 401
    assert agent.asked == []
    assert locked.get("/static/style.css").status_code == 200


def test_with_the_password_the_page_is_shown_until_one_leaves(locked):
    assert enter(locked, "wrong password") == 403
    answer = locked.post("/login", data={"password": PASSWORD}, headers={"Origin": URL})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert locked.get("/").status_code == 200
    token = locked.cookies["textvib_session"]
    assert locked.post("/logout", headers={"Origin": URL}).status_code == 200
    assert locked.get("/", headers={"Cookie": f"textvib_session={token}"}).status_code == 303


def test_who_guesses_is_kept_waiting(locked):
    assert [enter(locked, f"guess number {n}") for n in range(6)] == [403] * (FREE_TRIES + 1) + [429] * 2
    assert enter(locked) == 429


def test_the_wait_of_an_address_grows_and_each_try_is_one_line_of_the_log(tmp_path, caplog):
    file, now = tmp_path / "password", [0.0]
    file.write_text(PASSWORD)
    sessions = Sessions(str(file), clock=lambda: now[0])
    waits = []
    for _ in range(10):
        assert sessions.begin("wrong password", "10.0.0.7") is None
        waits.append(sessions.wait_s("10.0.0.7"))
        now[0] += OVER_S + 1
    assert waits == [0, 0, 0, 2, 4, 8, 16, 32, 60, 60]
    assert len(caplog.records) == len(waits)
    assert "10.0.0.7, 10 in a row" in caplog.text
    assert sessions.wait_s("10.0.0.8") == 0
    assert sessions.begin(PASSWORD, "10.0.0.7")
    for number in range(MOST_ADDRESSES + 9):
        assert sessions.begin("wrong password", f"a{number}") is None
        now[0] += OVER_S
    assert len(sessions._tries) == MOST_ADDRESSES


def test_of_many_addresses_together_nobody_is_let_in_for_a_while(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    sessions = Sessions(str(file), clock=lambda: 0.0)
    for number in range(MOST_TRIES):
        assert sessions.begin("wrong password", f"a{number}") is None
    assert sessions.begin(PASSWORD, "another") is None
    assert sessions.wait_s("another") == OVER_S


def test_over_https_the_cookie_is_never_sent_without(agent, tmp_path):
    (tmp_path / "password").write_text(PASSWORD)
    settings = {"password_file": str(tmp_path / "password"), "cert_file": "c", "key_file": "k"}
    with client_of(agent, tmp_path, **settings) as client:
        answer = client.post("/login", data={"password": PASSWORD}, headers={"Origin": URL})
        assert "secure" in answer.headers["set-cookie"].lower()


def test_a_session_ends_by_itself_and_there_are_only_so_many(tmp_path):
    file, now = tmp_path / "password", [0.0]
    file.write_text(PASSWORD)
    sessions = Sessions(str(file), clock=lambda: now[0])
    first = sessions.begin(PASSWORD)
    assert sessions.knows(first)
    now[0] = IDLE_S + 1
    assert not sessions.knows(first)
    tokens = []
    for _ in range(MOST_SESSIONS + 1):
        now[0] += 1.0
        tokens.append(sessions.begin(PASSWORD))
    assert not sessions.knows(tokens[0])
    assert all(map(sessions.knows, tokens[1:]))
    for _ in range(MOST_TRIES):
        assert sessions.begin("wrong password") is None
    assert sessions.begin(PASSWORD) is None
    now[0] += OVER_S + 1
    assert sessions.begin(PASSWORD)


def test_a_password_that_is_changed_holds_at_once(locked, tmp_path):
    (tmp_path / "password").write_text("another password")
    assert enter(locked) == 403
    assert enter(locked, "another password") == 303
