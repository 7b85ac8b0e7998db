"""Whether a sensor's keys suit the kind of source it hangs on, and what it cannot show however well it works.

Problems stop the agent; remarks are told by `check` and in health, so that nobody waits for what cannot come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.config.keys import Config, SensorConfig, SourceConfig
from agent.diagnosis.evidence import VELOCITY_BAND_HZ
from agent.sources import KINDS

VELOCITY_RATE_HZ = 2 * VELOCITY_BAND_HZ[1]
"""Below this rate velocity, on which ISO 20816-3 zones rest, cannot be had."""

FINDING_KEYS = tuple(dict.fromkeys(key for row in KINDS.values() for key in row.finds_by))
"""Keys of a sensor that find its data in some kind of source."""


def problems_of(config: Config) -> list[str]:
    """Keys that can find nothing, keys that are missing, and ports that are named twice."""
    kinds = {source.name: source.kind for source in config.sources}
    problems = [*_ports_named_twice(config)]
    for sensor_id, sensor in config.sensors.items():
        kind = kinds.get(sensor.source)
        if kind is None:
            continue
        where, row = f"sensors.{sensor_id}", KINDS[kind]
        problems += [
            f"{where}.{key}: a {kind} source has none; {row.advice}"
            for key in FINDING_KEYS
            if getattr(sensor, key) is not None and key not in row.finds_by
        ]
        problems += _without(where, sensor, row.needs)
        if row.sends == "samples" and sensor.quantity is not None:
            problems.append(f"{where}.quantity: a {kind} source gives samples; remove the key")
        if sensor.snapshot_every_s is not None and (sensor.quantity is not None or row.sends == "figures"):
            problems.append(
                f"{where}.snapshot_every_s: a sensor of figures sends no snapshots of samples; remove the key"
            )
    return [*problems, *_crowded(config)]


def remarks_on(config: Config) -> list[str]:
    """What each sensor cannot show, and what was not verified."""
    sources = {source.name: source for source in config.sources}
    remarks = []
    named = {sensor.source for sensor in config.sensors.values()}
    named |= {machine.speed.source for machine in config.machines.values() if machine.speed and machine.speed.source}
    for source in config.sources:
        if source.name not in named:
            remarks.append(f"sources.{source.name}: no sensor names it; nothing it says is used")
        remarks += [f"sources.{source.name}.{remark}" for remark in getattr(source.settings, "remarks", ())]
    for sensor_id, sensor in config.sensors.items():
        remarks += _remarks_on_sensor(f"sensors.{sensor_id}", sensor, sources.get(sensor.source), config)
    return remarks


def gives_samples(sensor: SensorConfig, source: SourceConfig) -> bool:
    """False for a transmitter, which sends figures."""
    return KINDS[source.kind].sends != "figures" and sensor.quantity is None


def _remarks_on_sensor(where: str, sensor: SensorConfig, source: SourceConfig | None, config: Config) -> Iterator[str]:
    if source is None:
        return
    row = KINDS[source.kind]
    if not gives_samples(sensor, source):
        if sensor.quantity == "temperature_c":
            yield f"{where}: temperature alone judges nothing"
            return
        yield f"{where}: sends RMS figures and no samples; ISO zone and trend are all it can show, no fault is named"
        machine = config.machines.get(sensor.machine)
        if machine is not None and (machine.iso_group is None or machine.foundation is None):
            yield (
                f"machines.{sensor.machine}: has no iso_group and foundation, without which {where} "
                "has no zone and can raise no alert"
            )
        return
    yield from _without(where, sensor, row.wants)
    if sensor.rate_hz is not None and sensor.rate_hz < VELOCITY_RATE_HZ:
        yield (
            f"{where}.rate_hz: below {VELOCITY_RATE_HZ:g} Hz no ISO zone can be given; "
            "severity is the deviation from the healthy baseline"
        )


def _without(where: str, sensor: SensorConfig, keys: Mapping[str, str]) -> list[str]:
    """What to say of each of these keys that the sensor lacks."""
    return [f"{where}.{key}: {text}" for key, text in keys.items() if getattr(sensor, key) is None]


def _ports_named_twice(config: Config) -> Iterator[str]:
    seen: dict[str, str] = {}
    for source in config.sources:
        if not KINDS[source.kind].is_on_port:
            continue
        port = source.settings.port
        if port in seen:
            yield f"sources.{source.name}.port: {port} is the port of {seen[port]!r}, too; a port has one reader"
        seen.setdefault(port, source.name)


def _crowded(config: Config) -> Iterator[str]:
    for source in config.sources:
        there = [sensor_id for sensor_id, sensor in config.sensors.items() if sensor.source == source.name]
        if KINDS[source.kind].has_one_sensor and len(there) > 1:
            yield f"sensors.{there[1]}.source: {source.name!r} has one sensor, and that is {there[0]!r}"
