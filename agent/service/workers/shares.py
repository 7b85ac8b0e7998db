"""Which sensors a process hears: what hangs together stays together, the rest is shared by weight.

Sensors hang together where one reader brings them (a port, a recording), where one topic or pattern does, and where
their machine's speed is told. Shares follow from the config alone, and move as little as they can when it changes.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from agent.config.keys import Config, SensorConfig
from agent.service.assembly import own_client
from agent.sources import KINDS
from agent.transport.mqtt import Broker
from agent.transport.routes import overlap

USUAL_HZ = 25_600.0
"""Of a sensor whose sender declares its rate."""

ENOUGH_HZ = 16 * USUAL_HZ
"""Samples per second, of three axes, for which one process is taken: half of what one bore where it was measured."""

ROOM = 1.05
"""How much more than an equal part a process may get before a group goes to another one."""


class Group(NamedTuple):
    """Sensors that hang together."""

    sensors: frozenset[str]
    hz: float  # samples per second


def workers_of(config: Config, *, cores: int | None = None) -> int:
    """How many processes hear: as many as were asked for, or as are needed and have a core; 1: the agent's own."""
    groups = groups_of(config)
    if config.agent.workers == "auto":
        cores = len(os.sched_getaffinity(0)) if cores is None else cores
        wanted = min(cores, math.ceil(sum(group.hz for group in groups) / ENOUGH_HZ))
    else:
        wanted = config.agent.workers
    return max(1, min(wanted, len(groups)))


def shared(
    config: Config, workers: int, *, before: Sequence[frozenset[str]] | None = None
) -> tuple[frozenset[str], ...]:
    """The sensors of each process. A group of which a process heard any sensor `before` stays with it."""
    groups = sorted(groups_of(config), key=lambda group: (-group.hz, min(group.sensors)))
    loads, shares = [0.0] * workers, [set[str]() for _ in range(workers)]
    bound = ROOM * sum(group.hz for group in groups) / workers

    def take(group: Group, number: int) -> None:
        loads[number] += group.hz
        shares[number] |= group.sensors

    new = []
    for group in groups:
        heard = [number for number, sensors in enumerate(before or ()) if sensors & group.sensors]
        if heard:
            take(group, heard[0])
        else:
            new.append(group)
    for group in new:
        fitting = [number for number in range(workers) if loads[number] + group.hz <= bound]
        liked = max(fitting, key=lambda number: _liking(group, number)) if fitting else loads.index(min(loads))
        take(group, liked)
    return tuple(map(frozenset, shares))


def share_of(config: Config, sensors: frozenset[str], number: int) -> Config:
    """The config of the process of a number: its sensors alone, their machines, and the sources that bring either."""
    kept = {name: sensor for name, sensor in config.sensors.items() if name in sensors}
    machines = {sensor.machine for sensor in kept.values()}
    speeds = [machine.speed for name, machine in config.machines.items() if name in machines]
    wanted = {sensor.source for sensor in kept.values()} | {speed.source for speed in speeds if speed is not None}
    sources = tuple(source for source in config.sources if source.name in wanted)
    return msgspec.structs.replace(
        config,
        broker=_client_of(config.broker, config, number),
        sinks=(),
        sensors=kept,
        machines={name: machine for name, machine in config.machines.items() if name in machines},
        sources=tuple(
            msgspec.structs.replace(source, settings=_settings(source.kind, source.settings, config, number))
            for source in sources
        ),
    )


def groups_of(config: Config) -> list[Group]:
    """The sensors of a config by what they hang on."""
    known: dict[Hashable, str] = {}
    leaders = {sensor: sensor for sensor in config.sensors}

    def leader(sensor: str) -> str:
        while leaders[sensor] != sensor:
            sensor = leaders[sensor]
        return sensor

    for sensor in config.sensors:
        for thread in _threads(sensor, config):
            leaders[leader(sensor)] = leader(known.setdefault(thread, sensor))
    topics = [(thread, sensor) for thread, sensor in known.items() if isinstance(thread, _Topic)]
    for place, (one, sensor) in enumerate(topics):
        for other, neighbour in topics[:place]:
            if one.source == other.source and overlap(one.topic, other.topic):
                leaders[leader(sensor)] = leader(neighbour)
    members: dict[str, set[str]] = {}
    for sensor in config.sensors:
        members.setdefault(leader(sensor), set()).add(sensor)
    return [
        Group(frozenset(sensors), sum(_hz(config.sensors[sensor]) for sensor in sensors))
        for sensors in members.values()
    ]


class _Topic(NamedTuple):
    source: str
    topic: str


def _threads(sensor: str, config: Config) -> Iterator[Hashable]:
    """What a sensor hangs on: whoever hangs on one of these as well is heard by the same process."""
    one = config.sensors[sensor]
    yield _way(one.source, one.topic, config)
    speed = config.machines[one.machine].speed
    if speed is not None and speed.source is not None:
        yield "machine", one.machine
        yield _way(speed.source, speed.topic, config)


def _way(source: str, topic: str | None, config: Config) -> Hashable:
    """One topic, where a source can be heard by several processes, else the source as a whole."""
    kinds = {one.name: one.kind for one in config.sources}
    is_divisible = topic is not None and source in kinds and KINDS[kinds[source]].has_broker
    return _Topic(source, topic) if is_divisible and topic is not None else ("source", source)


def _hz(sensor: SensorConfig) -> float:
    if sensor.quantity is not None:
        return 1.0
    hz = USUAL_HZ if sensor.rate_hz is None else sensor.rate_hz
    return hz if sensor.snapshot_every_s is None else 0.1 * hz


def _liking(group: Group, number: int) -> bytes:
    """The same on every computer and in every life."""
    return hashlib.sha256(f"{min(group.sensors)} {number}".encode()).digest()


def _settings(kind: str, settings: Any, config: Config, number: int) -> Any:
    if not KINDS[kind].has_broker or settings.broker is None:
        return settings
    return msgspec.structs.replace(settings, broker=_client_of(settings.broker, config, number))


def _client_of(broker: Broker, config: Config, number: int) -> Broker:
    """With a client id of each process's own: a broker evicts the older of two of one id."""
    if number == 0:
        return broker
    named = own_client(broker, config)
    return msgspec.structs.replace(named, client_id=f"{named.client_id}-w{number + 1}")


def owners_of(shares: Sequence[frozenset[str]]) -> Mapping[str, int]:
    """Sensor -> number of its process."""
    return {sensor: number for number, sensors in enumerate(shares) for sensor in sensors}
