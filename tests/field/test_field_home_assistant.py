"""The discovery message, judged by Home Assistant's own code in a Python of its own (`make home-assistant`)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.messages.home_assistant import discovery
from agent.messages.topics import Topics

JUDGE = Path(__file__).with_name("home_assistant_judges.py")
PYTHON = os.environ.get("TEXTVIB_HOME_ASSISTANT")
PLACE = {"sensor": "p2", "machine": "pump2", "machine_name": "펌프 2", "position": "drive end", "site": "Ulsan"}
FAULT = {"state": "fault", "title": "Fault", "reason_text": "Outer race", "open_alerts": ["7"], "deviation": 3.5}
LOST = {"state": "lost", "title": "No data", "reason_text": None, "open_alerts": [], "deviation": None, "speed": None}

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(PYTHON is None, reason="needs Home Assistant in a Python of its own: make home-assistant"),
]


def judged(config: bytes, topic: str) -> subprocess.CompletedProcess[str]:
    states = [json.dumps(FAULT | {"speed": {"rpm": 1480.0}}), json.dumps(LOST)]
    told = json.dumps({"topic": topic, "config": config.decode(), "states": states})
    return subprocess.run([PYTHON or "", JUDGE], input=told, capture_output=True, text=True, timeout=120, check=False)


def told() -> tuple[str, bytes]:
    topics = Topics("textvib", "gw-1")
    return discovery(PLACE, topics=topics, prefix="homeassistant", version="1.0", language="ko", expire_s=60)


def test_home_assistant_takes_it_and_shows_what_a_state_says() -> None:
    topic, config = told()
    done = judged(config, topic)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "state": ["sensor", "fault", "lost"],
        "verdict": ["sensor", "Outer race", "No data"],
        "alert": ["binary_sensor", "ON", "OFF"],
        "heard": ["binary_sensor", "ON", "OFF"],
        "deviation": ["sensor", "3.5", "None"],
        "speed": ["sensor", "1480.0", "None"],
    }


@pytest.mark.parametrize("broken", [{"device_class": "bearing"}, {"platform": "thermometer"}, {"expire_after": "soon"}])
def test_its_judgement_is_one(broken: dict[str, Any]) -> None:
    topic, config = told()
    device = json.loads(config)
    device["components"]["alert"] |= broken
    assert judged(json.dumps(device).encode(), topic).returncode != 0
