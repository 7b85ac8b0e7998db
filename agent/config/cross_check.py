"""Every reference from one table of a config to another: does what is named exist, can it do what is asked of it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from agent.alerting.window_rules import DecisionConfig
from agent.bearings.catalogue import SEARCHED, catalogue, entry_of
from agent.bearings.given import inside_of, is_name
from agent.bearings.part_numbers import SeveralBearingsError
from agent.config.decoding import decode, meant_by, near
from agent.config.keys import BearingConfig, Config, GeometryConfig, MachineConfig, SensorConfig, SpeedConfig
from agent.config.mappings import problems_of_mappings
from agent.config.resolve import routes, trust_of
from agent.config.shared_identities import problems_of_identities
from agent.config.suitability import problems_of as problems_of_kinds
from agent.config.suitability import remarks_on
from agent.config.watched import problems_of as problems_of_metrics
from agent.config.watched import remarks_on as remarks_on_metrics
from agent.config.web import problems_of as problems_of_web
from agent.config.web import remarks_on as remarks_on_web
from agent.errors import ConfigError
from agent.machine import BallCount
from agent.messages.topics import WHOLE_MACHINE
from agent.sinks.key_pairs import Paired, problem_of_pair
from agent.sinks.telling import Teller
from agent.sources import KINDS
from agent.transport.broker import Broker
from agent.transport.broker import problems_of as problems_of_broker
from agent.transport.broker import remarks_on as remarks_on_broker
from agent.transport.routes import problems_of as problems_of_routes
from agent.transport.secrets import problems_of_files, problems_of_secrets

EXTRA_DESIGNATIONS = (
    "balls, ball_mm, pitch_mm and angle_deg, or orders, from the maker's data sheet, or add [bearings.NAME]"
)


def cross_check(config: Config, raw: Mapping[str, Any], problems: list[str]) -> list[str]:
    """Adds every broken reference to `problems`; returns notices, which stop nothing.

    What a section names that is missing or no table is not known, and no reference to it is broken.
    """
    notices: list[str] = []
    names = {"sources": _names_of_sources(raw), "machines": _names_of_machines(raw)}
    for machine_id, machine in config.machines.items():
        _check_machine(machine_id, machine, config=config, sources=names["sources"], problems=problems, notices=notices)
    for sensor_id, sensor in config.sensors.items():
        _check_sensor(sensor_id, sensor, config=config, names=names, problems=problems, notices=notices)
    _check_routes(config, problems)
    problems.extend(problems_of_kinds(config))
    notices.extend(remarks_on(config))
    problems.extend(_untrusted(config))
    problems.extend((*problems_of_metrics(config.metrics), *problems_of_web(config.web)))
    notices.extend((*remarks_on_metrics(config.metrics), *remarks_on_web(config.web)))
    for where, broker in _brokers(config):
        found = [*problems_of_broker(broker, where), *problems_of_secrets(broker, where)]
        problems.extend(found)
        notices.extend([] if found else remarks_on_broker(broker, where))
    for where, sink in _tellers(config):
        unread = problems_of_files(sink.files, where)
        problems.extend(unread)
        if not unread and isinstance(sink, Paired) and (unfit := problem_of_pair(sink)) is not None:
            problems.append(f"{where}.{unfit}")
        notices.extend(f"{where}: {remark}" for remark in sink.remarks)
    problems.extend(problems_of_mappings(config))
    problems.extend(problems_of_identities(config))
    if raw.get("sensors") == {}:
        problems.append("sensors: none is defined; add [sensors.ID]")
    return notices


def _names_of_sources(raw: Mapping[str, Any]) -> Set[str] | None:
    told = raw.get("sources")
    if not isinstance(told, list):
        return None
    return {one["name"] for one in told if isinstance(one, dict) and isinstance(one.get("name"), str)}


def _names_of_machines(raw: Mapping[str, Any]) -> Set[str] | None:
    told = raw.get("machines")
    return told.keys() if isinstance(told, dict) else None


def _untrusted(config: Config) -> tuple[str, ...]:
    """What is wrong with the keys of who may sign bundles."""
    try:
        trust_of(config)
    except ConfigError as error:
        return error.problems
    return ()


def _brokers(config: Config) -> Iterator[tuple[str, Broker]]:
    """Every broker that the config names, with its table."""
    yield "broker", config.broker
    for source in config.sources:
        if KINDS[source.kind].has_broker and source.settings.broker is not None:
            yield f"sources.{source.name}.broker", source.settings.broker
    for sink in config.sinks:
        if isinstance(sink.settings, Broker):
            yield f"sinks.{sink.name}", sink.settings


def _tellers(config: Config) -> Iterator[tuple[str, Teller]]:
    """Every sink that names files of its own, with its table."""
    for sink in config.sinks:
        if isinstance(sink.settings, Teller):
            yield f"sinks.{sink.name}", sink.settings


def _check_machine(
    machine_id: str,
    machine: MachineConfig,
    *,
    config: Config,
    sources: Set[str] | None,
    problems: list[str],
    notices: list[str],
) -> None:
    where = f"machines.{machine_id}"
    speed = machine.speed
    if speed is None:
        notices.append(f"{where}.speed: not given; bearing lines cannot be placed and matching knows less")
    elif speed.source is not None:
        _check_speed_topic(f"{where}.speed", speed, config=config, sources=sources, problems=problems)
    for bearing_id, bearing in machine.bearings.items():
        place = f"{where}.bearings.{bearing_id}"
        if bearing_id == WHOLE_MACHINE:
            problems.append(
                f"{place}: {WHOLE_MACHINE!r} is the name under which the whole machine is published; rename it"
            )
        if bearing.shaft is not None and bearing.shaft not in machine.shafts:
            problems.append(
                f"{place}.shaft: there is no shaft {bearing.shaft!r}; {near(bearing.shaft, machine.shafts)}"
            )
        _check_geometry(f"{place}.geometry", bearing, config=config, problems=problems, notices=notices)


def _check_speed_topic(
    where: str, speed: SpeedConfig, *, config: Config, sources: Set[str] | None, problems: list[str]
) -> None:
    if sources is not None and speed.source not in sources:
        problems.append(f"{where}.source: there is no source {speed.source!r}; {near(str(speed.source), sources)}")
        return
    kind = next((KINDS[source.kind] for source in config.sources if source.name == speed.source), None)
    if kind is None:  # it cannot be used, and that is said
        return
    if speed.topic is not None and "topic" not in kind.finds_by:
        hearing = " or ".join(kind for kind, row in KINDS.items() if "topic" in row.finds_by)
        problems.append(f"{where}.source: {speed.source!r} is no {hearing} source; only those hear topics")
    if speed.topic is None and kind.hears != "rows":
        printing = " or ".join(kind for kind, row in KINDS.items() if row.hears == "rows")
        problems.append(
            f"{where}.source: {speed.source!r} is no {printing} source, whose lines have columns; give topic, too"
        )


def _check_geometry(
    where: str, bearing: BearingConfig, *, config: Config, problems: list[str], notices: list[str]
) -> None:
    name = bearing.geometry
    told = config.bearings[name] if isinstance(name, str) and name in config.bearings else name
    if name is None and bearing.orders is None and bearing.balls is None:
        notices.append(f"{where}: not given; faults of this bearing cannot be told by their lines")
    elif bearing.balls is not None or (isinstance(told, GeometryConfig) and isinstance(told.inside, BallCount)):
        notices.append(f"{where}: a number of balls alone; its lines are known approximately, and name nothing")
    elif isinstance(told, str):
        _check_name(where, told, config, problems, notices)


def _check_name(where: str, name: str, config: Config, problems: list[str], notices: list[str]) -> None:
    """A bearing by its part number, or as on the command line."""
    try:
        inside = inside_of(name, config.tables)
    except SeveralBearingsError as error:
        problems.append(f"{where}: {error}")
        return
    except ValueError as error:
        meant = meant_by(name, [*catalogue(), *config.tables, *config.bearings])
        if is_name(name):
            hint = f"did you mean {meant!r}?" if meant else "`textvib-agent bearings` lists those that are known"
            problems.append(f"{where}: unknown bearing {name!r}; {hint}; otherwise give {EXTRA_DESIGNATIONS}")
        else:
            problems.append(f"{where}: {error}")
        return
    entry = entry_of(name, config.tables)
    if isinstance(inside, BallCount):
        notices.append(f"{where}: a number of balls alone; its lines are known approximately, and name nothing")
    elif entry is not None and not entry.exact:
        differ = max(entry.spread, SEARCHED)
        notices.append(
            f"{where}: {name} is taken as built by {entry.source}; other makers differ by up to {differ:.1%}"
        )


def _check_sensor(
    sensor_id: str,
    sensor: SensorConfig,
    *,
    config: Config,
    names: Mapping[str, Set[str] | None],
    problems: list[str],
    notices: list[str],
) -> None:
    where = f"sensors.{sensor_id}"
    sources, machines = names["sources"], names["machines"]
    if sources is not None and sensor.source not in sources:
        problems.append(f"{where}.source: there is no source {sensor.source!r}; {near(sensor.source, sources)}")
    if machines is not None and sensor.machine not in machines:
        problems.append(f"{where}.machine: there is no machine {sensor.machine!r}; {near(sensor.machine, machines)}")
    machine = config.machines.get(sensor.machine)
    for index, bearing in enumerate(sensor.bearings or ()):
        if machine is not None and bearing not in machine.bearings:
            known = near(bearing, machine.bearings)
            problems.append(f"{where}.bearings[{index}]: {sensor.machine} has no bearing {bearing!r}; {known}")
    if sensor.bearings is not None and len(set(sensor.bearings)) < len(sensor.bearings):
        problems.append(f"{where}.bearings: names a bearing twice; name each once")
    if sensor.decision:
        decode(DecisionConfig, sensor.decision, where=f"{where}.decision", problems=problems)


def _check_routes(config: Config, problems: list[str]) -> None:
    for name, found in routes(config).items():
        problems.extend(problems_of_routes(found, f"sources.{name}"))
