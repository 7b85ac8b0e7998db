"""Sensors added from a browser: what is asked, what is written, that the agent takes it over, and who may not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_agent import FakeAgent
from mqtt_clients import client_of, leave
from real_mosquitto import Mosquitto
from starlette.testclient import TestClient

from agent.config.load import check_config
from agent.config.watching_keys import WebConfig
from agent.config.web import Listening, problems_of
from agent.errors import TransportError
from agent.messages.words import Language
from agent.service.control import Reload, Reloading
from agent.web.app import app_of
from agent.web.asking import AWAY
from agent.web.settings import Settings

URL = "http://127.0.0.1:8640"
OURS = {"Origin": URL, "Content-Type": "application/json"}
TOPIC = "websetup/acc"
CONFIG = """# kept
[agent]
id = "gw"
[broker]
host = "{host}"
[[sources]]
name = "plant"
kind = "mqtt"
[machines.fan]
[sensors.fan]
source = "plant"
machine = "fan"
topic = "plant/fan"
"""
ANSWERS = [
    ("sensors.0.watch", TOPIC),
    *((f"sensors.0.{key}", text) for key, text in [("machine", "Pump"), ("end", "de"), ("sensor", "pump")]),
    *((f"sensors.0.{key}", text) for key, text in [("speed", "fixed"), ("rpm", "1480"), ("bearing", "6205")]),
    ("sensors.0.iso_group", "unknown"),
]


@pytest.fixture(scope="module")
def address(mosquitto: Mosquitto) -> Iterator[str]:
    """Of a broker that keeps a message of a sensor."""
    client = client_of(mosquitto)
    said = json.dumps({"rate_hz": 1000, "unit": "g", "x": [0.1, -0.2, 0.3, 0.1] * 50})
    client.publish(TOPIC, said, retain=True, qos=1).wait_for_publish(10)
    yield f"{mosquitto.host}:{mosquitto.port}"
    client.publish(TOPIC, b"", retain=True)
    leave(client)


def page(folder: Path, agent: FakeAgent, *, language: Language = "en") -> TestClient:
    path = folder / "agent.toml"
    settings = Settings(folder, Listening("127.0.0.1", 8640), setup_file=path, listen_s=0.3, language=language)
    return TestClient(app_of(settings, agent), base_url=URL, follow_redirects=False)


@pytest.fixture
def config(address: str, tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(host=address))
    return path


def post(client: TestClient, what: str, **told: Any) -> dict[str, Any]:
    return dict(client.post(f"/setup/{what}", json=told, headers=OURS).json())


def reloads(problems: list[str]) -> FakeAgent:
    agent = FakeAgent()
    ended = {"code": 0, "done": [], "told": [], "problems": problems}
    agent.answered = lambda asked: {"number": 1} if isinstance(asked, Reload) else {"ended": ended}
    return agent


def test_a_sensor_is_added_from_a_browser_and_the_agent_takes_it_over(config: Path, tmp_path: Path) -> None:
    agent = reloads([])
    with page(tmp_path, agent) as client:
        assert "Set up" in client.get("/").text
        found = post(client, "search")
        assert [(one["what"], one["carries"]) for one in found["found"] if one["what"] == TOPIC] == [(TOPIC, "samples")]
        asked = post(client, "ask", answers=ANSWERS[:1])
        assert asked["question"]["name"] == "sensors.0.machine"
        assert asked["question"]["choices"] == [["fan", "fan"]]
        wrong = post(client, "ask", answers=[*ANSWERS[:5], ("sensors.0.rpm", "fast")])
        assert (wrong["question"]["name"], wrong["problem"]) == ("sensors.0.rpm", "fast is no number.")
        # Whatever else sends on this broker may be asked about next.
        drafted = post(client, "ask", answers=[*ANSWERS, ("sensors.0.more", "no")])["draft"]
        assert drafted["good"]
        assert "[sensors.pump]" in drafted["text"]
        assert "[[sources]]" not in drafted["text"]
        told = post(client, "write", answers=[*ANSWERS, ("sensors.0.more", "no")])
    assert told["reloaded"]
    assert "taken it over" in told["told"][1]
    assert agent.asked == [Reload(), Reloading(1)]
    assert config.read_text().startswith("# kept\n")
    loaded, problems = check_config(config)
    assert problems == []
    assert loaded is not None
    assert set(loaded.sensors) == {"fan", "pump"}


def test_a_config_that_the_agent_refuses_is_as_it_was(config: Path, tmp_path: Path) -> None:
    before = config.read_text()
    with page(tmp_path, reloads(["bundle: is no good"])) as client:
        post(client, "search")
        told = post(client, "write", answers=[*ANSWERS, ("sensors.0.more", "no")])
    assert "bundle: is no good" in told["error"]
    assert config.read_text() == before


def test_without_an_agent_it_is_said_how_it_is_started(address: str, tmp_path: Path) -> None:
    agent = FakeAgent()
    agent.trouble = TransportError(AWAY)
    with page(tmp_path, agent, language="ko") as client:
        korean = {**OURS, "Accept-Language": "ko"}
        client.post("/setup/search", json={"broker": address}, headers=korean)
        answers = [*ANSWERS, ("sensors.0.more", "no"), ("agent_id", "gw")]
        left = ("language", "publish_broker", "base_topic", "home_assistant", "alerts", "page")
        answers += [(key, "") for key in ("publish_username", *left)]
        asked = client.post("/setup/ask", json={"answers": answers}, headers=korean).json()
        assert asked["draft"]["verdict"][-1].startswith("이상 없음")
        told = client.post("/setup/write", json={"answers": answers}, headers=korean).json()
    assert "에이전트 시작" in told["told"][1]
    assert check_config(tmp_path / "agent.toml")[1] == []


def test_what_the_page_may_not_write_is_shown_with_the_reason(config: Path, tmp_path: Path) -> None:
    before = config.read_text()
    (tmp_path / f".agent.toml.{os.getpid()}.new").write_text("")  # as a folder that cannot be written
    with page(tmp_path, FakeAgent()) as client:
        post(client, "search")
        told = post(client, "write", answers=[*ANSWERS, ("sensors.0.more", "no")])
    assert "[sensors.pump]" in told["by_hand"]
    assert "may not write" in told["told"][0]
    assert config.read_text() == before


def test_what_was_not_found_cannot_be_watched(config: Path, tmp_path: Path) -> None:
    with page(tmp_path, FakeAgent()) as client:
        for name in ("/etc/passwd", TOPIC):  # before anything was looked for
            assert "Give one of" in post(client, "ask", answers=[("sensors.0.watch", name)])["problem"]
        assert "error" in post(client, "write", answers=ANSWERS)


@pytest.mark.parametrize("what", ["search", "ask", "write"])
def test_only_a_page_of_ours_sets_anything_up(what: str, config: Path, tmp_path: Path) -> None:
    before = config.read_text()
    with page(tmp_path, FakeAgent()) as client:
        for headers, content, status in [
            ({"Content-Type": "application/json"}, b"{}", 403),
            ({**OURS, "Origin": "http://evil.example"}, b"{}", 403),
            ({"Origin": URL, "Content-Type": "text/plain"}, b"{}", 415),
            (OURS, b'{"path": "/etc/x"}', 400),
            (OURS, b"[" * 5000, 400),
            (OURS, b" " * (1 << 17), 413),
        ]:
            assert client.post(f"/setup/{what}", content=content, headers=headers).status_code == status
    assert config.read_text() == before


def test_without_leave_there_is_no_setup(tmp_path: Path) -> None:
    with TestClient(app_of(Settings(tmp_path, Listening("127.0.0.1", 8640)), FakeAgent()), base_url=URL) as client:
        assert 'href="#/setup" hidden' in client.get("/").text
        assert client.post("/setup/search", json={}, headers=OURS).status_code == 404


def test_a_page_that_may_add_sensors_asks_for_a_password(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    assert "name this config itself" in "".join(problems_of(WebConfig(setup_file=str(path))))
    path.touch()
    (problem,) = problems_of(WebConfig(setup_file=str(path)))
    assert problem.startswith("web.setup_file: who may add sensors is asked for a password")
    (tmp_path / "p").write_text("long enough\n")
    assert [*problems_of(WebConfig(setup_file=str(path), password_file=str(tmp_path / "p")))] == []
