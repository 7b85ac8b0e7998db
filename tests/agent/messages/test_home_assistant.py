"""What Home Assistant is told of a sensor, and that what it is told finds its figures in the state."""

from __future__ import annotations

from typing import Any

import jinja2
import msgspec
import pytest

from agent.messages.home_assistant import ENTITIES, discovery
from agent.messages.topics import Topics
from agent.messages.words import LANGUAGES, Language, table

TOPICS = Topics("plant/textvib", "gw-1")
PLACE = {"sensor": "p2", "machine": "pump2", "machine_name": "Pump 2", "position": "drive end", "site": "Ulsan"}


def told(language: Language = "en", **changes: object) -> tuple[str, dict[str, Any]]:
    topic, payload = discovery(
        PLACE | changes, topics=TOPICS, prefix="homeassistant", version="1.2.3", language=language, expire_s=60
    )
    return topic, msgspec.json.decode(payload)


def test_a_sensor_is_a_device_of_its_machine() -> None:
    topic, device = told()
    assert topic == "homeassistant/device/textvib_gw-1_p2/config"
    assert device["device"]["name"] == "Pump 2 drive end"
    assert device["device"]["suggested_area"] == "Ulsan"
    assert device["state_topic"] == "plant/textvib/gw-1/sensor/p2/state"
    assert device["availability"][0]["topic"] == "plant/textvib/gw-1/availability"
    assert {entity["expire_after"] for entity in device["components"].values()} == {60}
    assert len({entity["unique_id"] for entity in device["components"].values()}) == len(ENTITIES)


def test_names_fall_back_to_ids() -> None:
    _, device = told(machine_name=None, position=None, site=None)
    assert device["device"]["name"] == "pump2 p2"
    assert "suggested_area" not in device["device"]


def test_every_entity_has_a_name_in_every_language() -> None:
    assert {key: set(names) for key, names in table()["entity"].items()} == {key: set(LANGUAGES) for key in ENTITIES}
    assert told("ko")[1]["components"]["alert"]["name"] == "경보"


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (
            {"state": "fault", "title": "Fault", "reason_text": "Outer race", "open_alerts": ["7"]}
            | {"deviation": 3.5, "speed": {"rpm": 1480.2}},
            {"state": "fault", "verdict": "Outer race", "alert": "ON", "heard": "ON"}
            | {"deviation": "3.5", "speed": "1480.2"},
        ),
        (
            {
                "state": "lost",
                "title": "No data",
                "reason_text": None,
                "open_alerts": [],
                "deviation": None,
                "speed": None,
            },
            {
                "state": "lost",
                "verdict": "No data",
                "alert": "OFF",
                "heard": "OFF",
                "deviation": "None",
                "speed": "None",
            },
        ),
    ],
)
def test_its_templates_read_a_state(state: dict[str, Any], shown: dict[str, str]) -> None:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    for key, entity in ENTITIES.items():
        assert environment.from_string(entity["value_template"]).render(value_json=state) == shown[key], key
