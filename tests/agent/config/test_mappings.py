"""Mappings in a config: ready ones and own fields, and every mistake with its key and mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.load import check_config
from agent.config.resolve import routes

CONFIG = """
[agent]
id = "a"
[[sources]]
name = "plant"
kind = "mqtt"
[[sources]]
name = "line"
kind = "serial"
port = "/dev/ttyUSB0"
[machines.fan]
{speed}
[sensors.fan_de]
source = "plant"
machine = "fan"
topic = "plant/fan"
{sensor}
"""


def checked(tmp_path: Path, sensor: str = "", speed: str = "speed = { rpm = 1480 }"):
    path = tmp_path / "a.toml"
    path.write_text(CONFIG.format(sensor=sensor, speed=speed))
    return check_config(path)


def test_a_ready_mapping_own_fields_and_one_over_the_other_reach_the_route(tmp_path: Path) -> None:
    for given, x in (
        ('mapping = "thingsboard"', ("[*].values.x", "[*].x")),
        ('mapping = { x = "acc.x" }', "acc.x"),
        ('mapping = { like = "thingsboard", x = "a" }', "a"),
    ):
        config, problems = checked(tmp_path, given)
        assert problems == []
        assert config is not None
        (route,) = routes(config)["plant"]
        assert route.mapping is not None
        assert route.mapping.x == x
        assert (route.mapping.time_unit == "ms") == ("thingsboard" in given)


@pytest.mark.parametrize(
    ("sensor", "problem"),
    [
        (
            'mapping = "tasmotta"',
            "sensors.fan_de.mapping: there is no ready mapping 'tasmotta' (a table says the fields themselves); did",
        ),
        (
            'mapping = { like = "sparkplug" }',
            "sensors.fan_de.mapping.like: there is no ready mapping 'sparkplug' (a table",
        ),
        ('mapping = { x = "acc..x" }', "sensors.fan_de.mapping.x: 'acc..x' is no path from its character 4 on; write"),
        ('mapping = { x = "a", tims = "t" }', "sensors.fan_de.mapping.tims: unknown key; did you mean 'time'?"),
        (
            'mapping = { time = "t" }',
            "sensors.fan_de.mapping: maps none of x, y, z; say where it stands in the message",
        ),
        (
            'mapping = { x = "a", scale = 0 }',
            "sensors.fan_de.mapping.scale: 0.0 is no factor; give a number other than 0",
        ),
        (
            'mapping = { x = "a", rate_scale = 2 }',
            "sensors.fan_de.mapping.rate_scale: multiplies rate, of which none is",
        ),
        (
            'mapping = { x = "a", time_unit = "ms" }',
            "sensors.fan_de.mapping.time_unit: says something of time, of which",
        ),
        (
            'mapping = { x = "a", unit = "u", scaled_unit = "g" }',
            "sensors.fan_de.mapping.unit: and scaled_unit both say",
        ),
        ('mapping = { x = "a", speed = "n" }', "sensors.fan_de.mapping.speed: is the machine's; set topic, source and"),
        ('quantity = "temperature_c"\nmapping = { x = "a" }', "sensors.fan_de.mapping: maps none of value; say where"),
        ('quantity = "velocity_rms_mm_s"\nmapping = "tasmota"', "tasmota's value is temperature_c, and this sensor's"),
        ("mapping = 3", "sensors.fan_de.mapping: "),
    ],
)
def test_a_mistake_is_named_with_its_key_and_mend(tmp_path: Path, sensor: str, problem: str) -> None:
    _, problems = checked(tmp_path, sensor)
    assert len(problems) == 1
    assert problem in problems[0]


def test_a_speed_may_be_mapped_and_needs_its_topic(tmp_path: Path) -> None:
    good = 'speed = { topic = "d/1", source = "plant", mapping = { speed = "hz", speed_scale = 60 } }'
    config, problems = checked(tmp_path, speed=good)
    assert problems == []
    assert config is not None
    speeds = [route for route in routes(config)["plant"] if route.quantity == "rpm"]
    assert speeds[0].mapping is not None
    assert speeds[0].mapping.speed_scale == 60
    _, problems = checked(tmp_path, speed='speed = { rpm = 1480, mapping = { speed = "hz" } }')
    assert "machines.fan.speed: mapping says where a topic's messages put the speed; give topic" in problems[0]
    _, problems = checked(tmp_path, speed='speed = { topic = "d/1", source = "plant", mapping = { x = "a" } }')
    assert problems == [
        'machines.fan.speed.mapping: maps none of speed; say where it stands in the message, like speed = "a.b"'
    ]


def test_a_sparkplug_topic_needs_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(CONFIG.format(sensor="", speed="").replace('"plant/fan"', '"spBv1.0/plant/+/line/fan"'))
    _, problems = check_config(path)
    assert len(problems) == 1
    assert (
        'sensors.fan_de.mapping: missing; messages below spBv1.0/ are Sparkplug B: set mapping = "sparkplug_b"'
        in problems[0]
    )


def test_only_topics_are_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    text = CONFIG.format(sensor='mapping = { x = "a" }', speed="").replace('source = "plant"', 'source = "line"')
    path.write_text(text.replace('topic = "plant/fan"', ""))
    _, problems = check_config(path)
    assert problems == ["sensors.fan_de.mapping: 'line' hears no topics; remove it"]
