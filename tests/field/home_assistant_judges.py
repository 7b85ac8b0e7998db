"""Run by a Python that has Home Assistant: what its own code makes of a discovery message and of a state.

From standard input a JSON object: `topic`, `config` (the message's text), `states` (texts of a sensor's state topic).
To standard output another: per component its platform and what it shows of each state; exits 1 with the reason where
Home Assistant would not take the message.
"""

import asyncio
import importlib
import json
import logging
import sys
import tempfile

from homeassistant.components.mqtt import discovery
from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template


async def judged(told):
    hass = HomeAssistant(tempfile.mkdtemp())
    found = discovery.TOPIC_MATCHER.fullmatch(told["topic"].removeprefix("homeassistant/"))
    if found is None or found["component"] != "device":
        sys.exit(f"{told['topic']} is no topic of a device")
    device = discovery._parse_device_payload(hass, told["config"], found["object_id"], found["node_id"])
    if not device:
        sys.exit("the message is refused")
    shown = {}
    for key, component in device["components"].items():
        platform = component.pop("platform")
        merged = discovery.MQTTDiscoveryPayload(component)
        discovery._merge_common_device_options(merged, device)
        merged.pop("components", None)
        schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA
        config = schema(merged)
        template = Template(config["value_template"].template, hass)
        shown[key] = [platform, *(template.async_render_with_possible_json_value(state) for state in told["states"])]
    await hass.async_stop(force=True)
    return shown


logging.basicConfig(stream=sys.stderr)
print(json.dumps(asyncio.run(judged(json.load(sys.stdin)))))
