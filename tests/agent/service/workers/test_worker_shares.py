"""Sensors that hang together are heard by one process, all others by weight; and shares move as little as they can."""

from __future__ import annotations

from typing import Any

import pytest

from agent.config.keys import AgentConfig, Config, MachineConfig, SensorConfig, SourceConfig, SpeedConfig
from agent.service.workers.shares import groups_of, share_of, shared, workers_of
from agent.sources.mqtt import MqttConfig
from agent.sources.serial import SerialConfig
from agent.transport.mqtt import Broker

OTHER = Broker(host="elsewhere", client_id="mine")


def config_of(
    sensors: dict[str, dict[str, Any]], *, workers: Any = "auto", speeds: dict[str, Any] | None = None
) -> Config:
    """With a source of many topics and two ports; each sensor has a machine of its own, unless it names one."""
    told = {
        name: SensorConfig(**{"source": "plant", "machine": name, "topic": f"t/{name}", **keys})
        for name, keys in sensors.items()
    }
    machines = {sensor.machine: MachineConfig(speed=(speeds or {}).get(sensor.machine)) for sensor in told.values()}
    return Config(
        agent=AgentConfig(id="gw", workers=workers),
        sources=(
            SourceConfig(name="plant", kind="mqtt", settings=MqttConfig()),
            SourceConfig(
                name="other", kind="mqtt", settings=MqttConfig(broker=Broker(host="elsewhere", client_id="mine"))
            ),
            SourceConfig(name="port0", kind="serial", settings=SerialConfig(port="/dev/ttyUSB0")),
            SourceConfig(name="port1", kind="serial", settings=SerialConfig(port="/dev/ttyUSB1")),
        ),
        machines=machines,
        sensors=told,
    )


def names(count: int) -> dict[str, dict[str, Any]]:
    return {f"s{number:02}": {} for number in range(count)}


def test_every_sensor_has_one_process_and_each_gets_its_part():
    shares = shared(config_of(names(64)), 4)
    assert sorted(sensor for share in shares for sensor in share) == sorted(names(64))
    assert {len(share) for share in shares} == {16}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"source": "port0", "topic": None, "stream": 0}, {"source": "port0", "topic": None, "stream": 1}),
        ({"topic": "same", "device": "aa"}, {"topic": "same", "device": "bb"}),
        ({"topic": "hall/+/x"}, {"topic": "hall/a/x"}),
    ],
)
def test_what_one_reader_or_one_topic_brings_stays_together(one, other):
    found = groups_of(config_of({"a": one, "b": other, "c": {}}))
    assert {group.sensors for group in found} == {frozenset("ab"), frozenset("c")}


def test_sensors_of_a_machine_stay_together_where_its_speed_is_told():
    same = {"a": {"machine": "m"}, "b": {"machine": "m"}, "c": {"topic": "speeds/m"}}
    told = SpeedConfig(topic="speeds/m", source="plant")
    assert {group.sensors for group in groups_of(config_of(same, speeds={"m": told}))} == {frozenset("abc")}
    nominal = SpeedConfig(rpm=1500)
    assert len(groups_of(config_of(same, speeds={"m": nominal}))) == 3


def test_a_sensor_more_moves_none_and_one_less_neither():
    before = shared(config_of(names(20)), 3)
    more, less = shared(config_of(names(23)), 3, before=before), shared(config_of(names(17)), 3, before=before)
    for was, now in zip(before, more, strict=True):
        assert was <= now
    for was, now in zip(before, less, strict=True):
        assert now <= was


def test_sensors_that_come_to_hang_together_go_to_one_process():
    before = (frozenset({"a"}), frozenset({"b"}))
    joined = {"a": {"topic": "same", "device": "aa"}, "b": {"topic": "same", "device": "bb"}}
    assert shared(config_of(joined), 2, before=before) == (frozenset("ab"), frozenset())


@pytest.mark.parametrize(
    ("sensors", "cores", "expected"),
    [
        (names(16), 4, 1),  # one process bears them
        (names(17), 4, 2),
        (names(64), 4, 4),
        (names(64), 1, 1),
        (names(64), 2, 2),
        ({name: {"rate_hz": 1600.0} for name in names(64)}, 4, 1),
        ({name: {"quantity": "velocity_rms_mm_s"} for name in names(200)}, 4, 1),
        ({name: {"source": "port0", "topic": None, "stream": n} for n, name in enumerate(names(40))}, 4, 1),
    ],
)
def test_auto_takes_as_many_as_are_needed_and_have_a_core(sensors, cores, expected):
    assert workers_of(config_of(sensors), cores=cores) == expected


def test_as_many_as_were_asked_for_but_none_without_sensors():
    assert workers_of(config_of(names(2), workers=1)) == 1
    assert workers_of(config_of(names(5), workers=3), cores=1) == 3
    assert workers_of(config_of(names(2), workers=8)) == 2


def test_a_share_has_its_sensors_their_machines_and_the_sources_of_both():
    speeds = {"a": SpeedConfig(topic="speeds/a", source="other")}
    config = config_of({"a": {}, "b": {"source": "port1", "topic": None, "stream": 0}}, speeds=speeds)
    share = share_of(config, frozenset({"a"}), 0)
    assert (set(share.sensors), set(share.machines)) == ({"a"}, {"a"})
    assert [source.name for source in share.sources] == ["plant", "other"]
    assert share.sinks == ()


def test_each_process_has_client_ids_of_its_own():
    config = config_of({"a": {}, "b": {"source": "other"}})
    ids = set()
    for number in range(3):
        share = share_of(config, frozenset("ab"), number)
        ids |= {share.broker.client_id, share.sources[1].settings.broker.client_id}
    assert len(ids) == 6
    assert "mine" in ids
