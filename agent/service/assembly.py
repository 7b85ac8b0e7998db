"""Phase one: everything a config names is built and tested, and nothing is opened; `check` is this and no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent import ports
from agent.alerting.window_rules import DecisionConfig
from agent.bundle.encoder import load_encoder, tried_encoder
from agent.bundle.load import Bundle, load_bundle
from agent.config.hearing import remarks_on_hearing
from agent.config.keys import Config, SourceConfig
from agent.config.resolve import decisions, routes, sensor_setups, trust_of
from agent.machine import SensorSetup
from agent.messages.compose import Speaker
from agent.messages.topics import Topics
from agent.ports import Encoder, Sink, Source
from agent.sinks import BROKER, SINKS
from agent.sinks.mqtt import MqttSink
from agent.sources import KINDS
from agent.transport.mqtt import Broker


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything `run` needs, not yet connected to the outside world."""

    config: Config
    bundle: Bundle
    runtime: str
    encoder: Encoder
    setups: dict[str, SensorSetup]
    decisions: dict[str, DecisionConfig]
    sources: tuple[Source, ...]
    sinks: dict[str, Sink]  # that of [broker] first
    topics: Topics
    speaker: Speaker
    notices: tuple[str, ...] = ()  # what shows once config and bundle are seen together, and stops nothing
    refusals: tuple[str, ...] = ()  # of those, why a runtime that would be preferred cannot be used


class Elsewhere:
    """Stands for the encoder where only other processes judge windows."""

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        raise AssertionError("no window is judged in this process")


def assemble(config: Config, *, running: Parts | None = None, runtime: str | None = None, judges: bool = True) -> Parts:
    """Build and self-test; BundleError or ConfigError names what to mend.

    The bundle and its encoder are those of what is `running` where they are the same; nothing of that is touched.
    A `runtime` that is named has passed its trial already. `judges` False: windows are judged in other processes.
    """
    bundle = load_bundle(config.agent.bundle, trust=trust_of(config))
    if running is not None and _is_same(bundle, config, running):
        bundle, runtime, encoder, refusals = running.bundle, running.runtime, running.encoder, running.refusals
    else:
        if runtime is None:
            runtime, encoder, refusals = tried_encoder(bundle, config.agent.runtime)
        else:
            (runtime, encoder), refusals = load_encoder(bundle, runtime), ()
        encoder = encoder if judges else Elsewhere()
    setups = sensor_setups(config)
    topics = Topics(config.publish.base_topic, config.agent.id)
    return Parts(
        config=config,
        bundle=bundle,
        runtime=runtime,
        encoder=encoder,
        setups=setups,
        decisions=decisions(config),
        sources=sources_of(config),
        sinks=sinks_of(config, topics),
        topics=topics,
        speaker=speaker_of(config, bundle, setups),
        notices=refusals + tuple(remarks_on_hearing(config, bundle.spec)),
        refusals=refusals,
    )


def with_bundle_of(parts: Parts, other: Parts) -> Parts:
    """The same config with the bundle, the runtime and the encoder of other parts."""
    return replace(
        parts,
        bundle=other.bundle,
        runtime=other.runtime,
        encoder=other.encoder,
        speaker=speaker_of(parts.config, other.bundle, parts.setups),
        notices=other.refusals + tuple(remarks_on_hearing(parts.config, other.bundle.spec)),
        refusals=other.refusals,
    )


def speaker_of(config: Config, bundle: Bundle, setups: dict[str, SensorSetup]) -> Speaker:
    """Who puts what this bundle finds into words."""
    return Speaker(
        agent=config.agent.id,
        site=config.agent.site,
        language=config.agent.language,
        descriptions=bundle.descriptions,
        setups=setups,
        calibration=bundle.calibration,
    )


def _is_same(bundle: Bundle, config: Config, running: Parts) -> bool:
    """Whether a bundle is the one that runs, in a runtime that the config still wants: its files are those of its
    manifest, which has their hashes."""
    is_wanted = config.agent.runtime == running.config.agent.runtime or config.agent.runtime == running.runtime
    return is_wanted and bundle.manifest == running.bundle.manifest


def sources_of(config: Config) -> tuple[Source, ...]:
    """The sources, built and not opened; one that needs a broker and names none hears the one we publish to."""
    return tuple(source_of(config, source.name) for source in config.sources)


def source_of(config: Config, name: str) -> Source:
    """One source of the config, built and not opened."""
    (source,) = (source for source in config.sources if source.name == name)
    settings = settings_of_source(config, source)
    made: Source = ports.load(KINDS, source.kind)(settings, routes(config)[name], name=name)
    return made


def settings_of_source(config: Config, source: SourceConfig) -> Any:
    """The keys of a source, with the broker that it hears where it names none."""
    settings = source.settings
    if not KINDS[source.kind].has_broker:
        return settings
    broker = config.broker if settings.broker is None else settings.broker
    return msgspec.structs.replace(settings, broker=own_client(broker, config))


def sinks_of(config: Config, topics: Topics) -> dict[str, Sink]:
    """Name -> sink, built and not opened: the broker that we publish to, then every `[[sinks]]` entry."""
    sinks: dict[str, Sink] = {BROKER: MqttSink(settings_of_sink(config, BROKER), availability=topics.availability)}
    for sink in config.sinks:
        settings = settings_of_sink(config, sink.name)
        sinks[sink.name] = ports.load(SINKS, sink.kind)(settings, availability=topics.availability)
    return sinks


def settings_of_sink(config: Config, name: str) -> Any:
    """The keys of a sink, or of the broker that we publish to."""
    if name == BROKER:
        return own_client(config.broker, config)
    (settings,) = (sink.settings for sink in config.sinks if sink.name == name)
    if getattr(settings, "language", "") is None:
        return msgspec.structs.replace(settings, language=config.agent.language)
    return own_client(settings, config, role=f"-{name}") if isinstance(settings, Broker) else settings


def own_client(broker: Broker, config: Config, *, role: str = "") -> Broker:
    """`broker` with a client id of this agent's own, unless the operator chose one: brokers evict the older of two."""
    if broker.client_id != Broker().client_id:
        return broker
    return msgspec.structs.replace(broker, client_id=f"textvib-{config.agent.id}{role}")
