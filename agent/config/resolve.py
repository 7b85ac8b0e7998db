"""What a config means: the setup of every sensor, its decision keys, and the routes through every source.

Resolves without failing what `agent.config.cross_check` has let pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from agent.alerting.window_rules import SNAPSHOT_COUNTS, DecisionConfig
from agent.bearings.given import inside_of
from agent.bundle.signature import Trust, trust_in
from agent.config.decoding import UNUSABLE, decode
from agent.config.keys import BearingConfig, Config, GeometryConfig, MachineConfig, SensorConfig
from agent.config.mappings import whole
from agent.machine import BallCount, Bearing, Inside, Machine, Mounting, SensorSetup
from agent.transport.routes import Route


def sensor_setups(config: Config) -> dict[str, SensorSetup]:
    """Sensor id -> everything the pipeline needs to know of its machine beforehand."""
    return {sensor_id: _setup(sensor_id, sensor, config) for sensor_id, sensor in config.sensors.items()}


def decisions(config: Config) -> dict[str, DecisionConfig]:
    """Sensor id -> `[decision]` with that sensor's own overrides.

    Where neither counts otherwise than by default, snapshots are counted by SNAPSHOT_COUNTS.
    """
    merged, usual = {}, DecisionConfig()
    for sensor_id, sensor in config.sensors.items():
        override = decode(DecisionConfig, sensor.decision, where="", problems=[])
        keys = set(sensor.decision) if override is not UNUSABLE else set()
        changes = {key: getattr(override, key) for key in keys}
        if sensor.snapshot_every_s is not None:
            told = {key for key in SNAPSHOT_COUNTS if getattr(config.decision, key) != getattr(usual, key)}
            changes = {key: count for key, count in SNAPSHOT_COUNTS.items() if key not in told} | changes
        merged[sensor_id] = msgspec.structs.replace(config.decision, **changes)
    return merged


def trust_of(config: Config) -> Trust | None:
    """Whose bundles are taken, None: anybody's; ConfigError where the keys are no good."""
    bundle = config.bundle
    if bundle.trusted_keys is None:
        return None
    return trust_in(Path(bundle.trusted_keys), is_required=bundle.require_signature)


def routes(config: Config) -> dict[str, tuple[Route, ...]]:
    """Source name -> what in it belongs to which sensor, or to which machine's speed."""
    found: dict[str, list[Route]] = {source.name: [] for source in config.sources}
    for source, route in [*_sensor_routes(config), *_speed_routes(config)]:
        if source in found:
            found[source].append(route)
    return {source: tuple(entries) for source, entries in found.items()}


def _sensor_routes(config: Config) -> Iterator[tuple[str, Route]]:
    for sensor_id, sensor in config.sensors.items():
        yield (
            sensor.source,
            Route(
                sensor=sensor_id,
                device=sensor.device,
                stream=sensor.stream,
                address=sensor.address,
                topic=sensor.topic,
                quantity=sensor.quantity,
                axis=sensor.axis,
                rate_hz=sensor.rate_hz,
                unit=sensor.unit,
                full_scale=sensor.full_scale,
                mapping=whole(sensor.mapping),
                snapshots=sensor.snapshot_every_s is not None,
            ),
        )


def _speed_routes(config: Config) -> Iterator[tuple[str, Route]]:
    for machine_id, machine in config.machines.items():
        if machine.speed is not None and machine.speed.source is not None:
            speed = machine.speed
            mapping = whole(speed.mapping)
            yield machine.speed.source, Route(sensor=machine_id, topic=speed.topic, quantity="rpm", mapping=mapping)


def _setup(sensor_id: str, sensor: SensorConfig, config: Config) -> SensorSetup:
    machine = config.machines[sensor.machine]
    chosen = machine.bearings if sensor.bearings is None else sensor.bearings
    return SensorSetup(
        sensor=sensor_id,
        machine=_machine(sensor.machine, machine),
        bearings=tuple(_bearing(bearing_id, machine, config) for bearing_id in chosen),
        position=sensor.position,
        axis_roles=tuple(sensor.axes.items()),
        idle_below_g=sensor.idle_below_g,
        snapshot_every_s=sensor.snapshot_every_s,
    )


def _machine(machine_id: str, machine: MachineConfig) -> Machine:
    known = Machine(
        id=machine_id,
        name=machine.name,
        mounting=Mounting(group=machine.iso_group, foundation=machine.foundation),
    )
    speed = machine.speed
    if speed is None:
        return known
    if speed.topic is not None:
        return replace(known, rpm_range=speed.estimate, speed_source="topic")
    if speed.estimate is not None:
        return replace(known, rpm_range=speed.estimate, speed_source="estimate")
    tolerance = known.rpm_tolerance if speed.tolerance is None else speed.tolerance
    return replace(known, rpm=speed.rpm, rpm_tolerance=tolerance, speed_source="config")


def _bearing(bearing_id: str, machine: MachineConfig, config: Config) -> Bearing:
    bearing = machine.bearings[bearing_id]
    ratio = machine.shafts[bearing.shaft].ratio if bearing.shaft is not None else 1.0
    return Bearing(id=bearing_id, geometry=_inside(bearing, config), ratio=ratio)


def _inside(bearing: BearingConfig, config: Config) -> Inside | None:
    named = bearing.geometry
    if bearing.orders is not None:
        return bearing.orders.orders
    if bearing.balls is not None:
        return BallCount(bearing.balls)
    if isinstance(named, GeometryConfig):
        return named.inside
    if named is None:
        return None
    if named in config.bearings:
        return config.bearings[named].inside
    try:
        return inside_of(named, config.tables)
    except ValueError:  # the cross check has said so
        return None
