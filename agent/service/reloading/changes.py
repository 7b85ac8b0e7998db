"""What a config that is read again changes, by comparing what it and the running one resolve to.

What is not listed goes on untouched. A source whose routes alone change takes them up while it is open, where its kind
can; any other change makes it anew, and the sensors that it brings lose what comes meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent import ports
from agent.config.keys import Config
from agent.config.resolve import routes
from agent.service.assembly import Parts, settings_of_sink, settings_of_source
from agent.sinks import BROKER
from agent.sources import KINDS
from agent.transport.routes import Route


@dataclass(frozen=True, slots=True)
class Changed:
    """What there is more, less, and other than before, by name."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.added or self.removed or self.renewed)


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be done to get from one config to another."""

    sensors: Changed
    sources: Changed
    rerouted: tuple[str, ...]  # sources that stay open
    sinks: Changed
    bundle: bool
    words: bool  # how it speaks: language, site, names

    @property
    def any(self) -> bool:
        return bool(
            self.sensors.any or self.sources.any or self.rerouted or self.sinks.any or self.bundle or self.words
        )

    def lines(self, before: Parts, after: Parts) -> Iterator[str]:
        """What is done, for who asked for it."""
        for what, changed in (("sensor", self.sensors), ("source", self.sources), ("sink", self.sinks)):
            yield from (f"{what} {name}: added" for name in changed.added)
            yield from (f"{what} {name}: removed" for name in changed.removed)
            yield from (f"{what} {name}: changed" for name in changed.renewed)
        for name in self.sources.renewed:
            for sensor in sorted(set(_sensors_of(name, before.config)) & set(_sensors_of(name, after.config))):
                if sensor not in self.sensors.renewed:
                    yield f"sensor {sensor}: loses what comes while its source {name} is made anew"


def changes_between(before: Parts, after: Parts) -> Changes:
    """What `after` changes of what runs as `before`."""
    old, new = before.config, after.config
    sources, rerouted = _sources(old, new)
    return Changes(
        sensors=_changed(_sensors(before), _sensors(after)),
        sources=sources,
        rerouted=rerouted,
        sinks=_changed(_sinks(old), _sinks(new)),
        bundle=after.bundle is not before.bundle or after.runtime != before.runtime,
        words=_words(old) != _words(new),
    )


def needs_restart(old: Config, new: Config) -> list[str]:
    """Keys that say who the agent is, and cannot change while it runs."""
    keys = {
        "agent.id": (old.agent.id, new.agent.id),
        "agent.state_dir": (old.agent.state_dir, new.agent.state_dir),
        "agent.workers": (old.agent.workers, new.agent.workers),
        "publish.base_topic": (old.publish.base_topic, new.publish.base_topic),
        "[ring]": (old.ring, new.ring),
        "[metrics]": (old.metrics, new.metrics),
        "[web]": (old.web, new.web),
        "[log]": (old.log, new.log),
    }
    return [
        f"{key}: cannot change from {was!r} to {will!r} while the agent runs; put it back, or restart the agent"
        for key, (was, will) in keys.items()
        if was != will
    ]


def _sources(old: Config, new: Config) -> tuple[Changed, tuple[str, ...]]:
    def settings(config: Config) -> dict[str, Any]:
        return {source.name: (source.kind, settings_of_source(config, source)) for source in config.sources}

    changed = _changed(settings(old), settings(new))
    was, will = routes(old), routes(new)
    others = [name for name in will if name in was and name not in changed.renewed]
    rerouted = [name for name in others if was[name] != will[name]]
    kinds = {source.name: source.kind for source in new.sources}
    able = tuple(name for name in rerouted if issubclass(ports.load(KINDS, kinds[name]), ports.Rerouted))
    renewed = (*changed.renewed, *(name for name in rerouted if name not in able))
    return Changed(changed.added, changed.removed, renewed), able


def _sinks(config: Config) -> dict[str, Any]:
    own = {BROKER: settings_of_sink(config, BROKER)}
    return {name: (setting, config.publish.commands) for name, setting in own.items()} | {
        sink.name: (sink.kind, settings_of_sink(config, sink.name), config.publish.commands) for sink in config.sinks
    }


def _sensors(parts: Parts) -> dict[str, Any]:
    config = parts.config
    by_sensor: dict[str, list[Route]] = {}
    for found in routes(config).values():
        for route in found:
            by_sensor.setdefault(route.sensor, []).append(route)
    return {
        sensor: (
            parts.setups[sensor],
            parts.decisions[sensor],
            one.source,
            [route for route in by_sensor.get(sensor, ()) if route.quantity != "rpm"],
        )
        for sensor, one in config.sensors.items()
    }


def _sensors_of(source: str, config: Config) -> list[str]:
    return [sensor for sensor, one in config.sensors.items() if one.source == source]


def _words(config: Config) -> tuple[object, ...]:
    return config.agent.language, config.agent.site, config.publish.diagnoses, config.publish.queue, config.notices


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Changed:
    return Changed(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        renewed=tuple(name for name in new if name in old and new[name] != old[name]),
    )
