"""What Home Assistant is told of each sensor: a device whose figures it reads from the topics that are there anyway.

One retained message per sensor, as MQTT device discovery has it (Home Assistant 2024.11 and later):
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

from typing import Any

import msgspec

from agent.messages.topics import OFFLINE, ONLINE, Topics
from agent.messages.words import Language, say
from agent.types import State

ENTITIES: dict[str, dict[str, Any]] = {
    "state": {
        "platform": "sensor",
        "device_class": "enum",
        "options": [str(state) for state in State],
        "value_template": "{{ value_json.state }}",
        "icon": "mdi:sine-wave",
    },
    "verdict": {
        "platform": "sensor",
        "value_template": "{{ (value_json.reason_text or value_json.title)[:255] }}",
        "icon": "mdi:stethoscope",
    },
    "alert": {
        "platform": "binary_sensor",
        "device_class": "problem",
        "value_template": "{{ 'ON' if value_json.open_alerts else 'OFF' }}",
    },
    "heard": {
        "platform": "binary_sensor",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
        "value_template": "{{ 'OFF' if value_json.state == 'lost' else 'ON' }}",
    },
    "deviation": {
        "platform": "sensor",
        "state_class": "measurement",
        "suggested_display_precision": 2,
        "value_template": "{{ value_json.deviation }}",
        "icon": "mdi:chart-bell-curve-cumulative",
    },
    "speed": {
        "platform": "sensor",
        "state_class": "measurement",
        "unit_of_measurement": "rpm",
        "suggested_display_precision": 0,
        "value_template": "{{ value_json.speed.rpm if value_json.speed else None }}",
        "icon": "mdi:rotate-right",
    },
}
"""Key -> a component without what names it; null is shown as unknown."""


def discovery(
    place: dict[str, Any], *, topics: Topics, prefix: str, version: str, language: Language, expire_s: int
) -> tuple[str, bytes]:
    """Topic and payload of one sensor. `place`: as `payloads.Place`; figures older than `expire_s` are none."""
    sensor = place["sensor"]
    mine = f"textvib_{topics.agent}_{sensor}"
    names = (place["machine_name"] or place["machine"], place["position"] or sensor)
    device = {"identifiers": [mine], "name": " ".join(names), "manufacturer": "TextVib", "sw_version": version}
    if place["site"]:
        device["suggested_area"] = place["site"]
    told = {
        "device": device,
        "origin": {"name": "TextVib Edge", "sw_version": version},
        "availability": [
            {
                "topic": topics.availability,
                "payload_available": ONLINE.decode(),
                "payload_not_available": OFFLINE.decode(),
            }
        ],
        "state_topic": topics.state(sensor),
        "components": {
            key: entity
            | {"name": say(f"entity.{key}", language), "unique_id": f"{mine}_{key}", "expire_after": expire_s}
            for key, entity in ENTITIES.items()
        },
    }
    return f"{prefix}/device/{mine}/config", msgspec.json.encode(told)
