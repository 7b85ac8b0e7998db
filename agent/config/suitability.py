"""Whether a sensor's keys suit the kind of source it hangs on, and what it cannot show however well it works.

Problems stop the agent; remarks are told by `check` and in health, so that nobody waits for what cannot come.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.config.keys import Config, SensorConfig, SourceConfig
from agent.diagnosis.evidence import VELOCITY_BAND_HZ
from agent.sources.transmitters import PROFILES

VELOCITY_RATE_HZ = 2 * VELOCITY_BAND_HZ[1]
"""Below this rate velocity, on which ISO 20816-3 zones rest, cannot be had."""

ONE_SENSOR = ("serial_csv", "witmotion")
ON_PORTS = ("serial", "serial_csv", "witmotion", "modbus")
SUITS = {
    "stream": ("serial", "mqtt", "replay"),
    "device": ("serial", "mqtt", "replay"),
    "topic": ("mqtt",),
    "address": ("modbus",),
}
"""Key of a sensor that finds its data -> kinds of source in which it can find any."""

FINDS_BY = {
    "serial": "use stream = 0 and device = ...",
    "modbus": "use address = ...",
    "mqtt": "use topic = ...",
    "replay": "use stream = 0 and device = ..., or nothing",
    "serial_csv": "the port has one sensor; remove the key",
    "witmotion": "the port has one sensor; remove the key",
}


def problems_of(config: Config) -> list[str]:
    """Keys that can find nothing, keys that are missing, and ports that are named twice."""
    kinds = {source.name: source.kind for source in config.sources}
    problems = [*_ports_named_twice(config)]
    for sensor_id, sensor in config.sensors.items():
        kind = kinds.get(sensor.source)
        if kind is None:
            continue
        where = f"sensors.{sensor_id}"
        problems += [
            f"{where}.{key}: a {kind} source has none; {FINDS_BY[kind]}"
            for key, suited in SUITS.items()
            if getattr(sensor, key) is not None and kind not in suited
        ]
        if kind == "witmotion" and sensor.rate_hz is None:
            problems.append(f"{where}.rate_hz: missing; the protocol declares none, give the rate set in the sensor")
        if kind in ONE_SENSOR and sensor.quantity is not None:
            problems.append(f"{where}.quantity: a {kind} source gives samples; remove the key")
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
        profile = PROFILES.get(source.settings.profile or "") if source.kind == "modbus" else None
        if profile is not None:
            doubt = f"; {profile.doubt}" if profile.doubt else ""
            remarks.append(
                f"sources.{source.name}.profile: not verified on hardware (from: {profile.source}){doubt}; "
                "compare its figures with the maker's own software once"
            )
    for sensor_id, sensor in config.sensors.items():
        remarks += _remarks_on_sensor(f"sensors.{sensor_id}", sensor, sources.get(sensor.source), config)
    return remarks


def gives_samples(sensor: SensorConfig, source: SourceConfig) -> bool:
    """False for a transmitter, which sends figures."""
    return source.kind != "modbus" and sensor.quantity is None


def _remarks_on_sensor(where: str, sensor: SensorConfig, source: SourceConfig | None, config: Config) -> Iterator[str]:
    if source is None:
        return
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
    elif sensor.rate_hz is not None and sensor.rate_hz < VELOCITY_RATE_HZ:
        yield (
            f"{where}.rate_hz: below {VELOCITY_RATE_HZ:g} Hz no ISO zone can be given; "
            "severity is the deviation from the healthy baseline"
        )
    elif sensor.rate_hz is None and source.kind == "serial_csv":
        yield (
            f"{where}.rate_hz: not given; it is measured if the sketch prints a time column of known unit, "
            "else every row is refused"
        )


def _ports_named_twice(config: Config) -> Iterator[str]:
    seen: dict[str, str] = {}
    for source in config.sources:
        if source.kind not in ON_PORTS:
            continue
        port = source.settings.port
        if port in seen:
            yield f"sources.{source.name}.port: {port} is the port of {seen[port]!r}, too; a port has one reader"
        seen.setdefault(port, source.name)


def _crowded(config: Config) -> Iterator[str]:
    for source in config.sources:
        there = [sensor_id for sensor_id, sensor in config.sensors.items() if sensor.source == source.name]
        if source.kind in ONE_SENSOR and len(there) > 1:
            yield f"sensors.{there[1]}.source: {source.name!r} has one sensor, and that is {there[0]!r}"
