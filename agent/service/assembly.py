"""Phase one: everything a config names is built and tested, and nothing is opened; `check` is this and no more."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from agent import ports
from agent.alerting.window_rules import DecisionConfig
from agent.bundle.encoder import load_encoder, tried_runtime
from agent.bundle.load import Bundle, load_bundle
from agent.config.hearing import remarks_on_hearing
from agent.config.keys import Config
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


def assemble(config: Config) -> Parts:
    """Build and self-test; BundleError or ConfigError names what to mend."""
    bundle = load_bundle(config.agent.bundle, trust=trust_of(config))
    tried, refusals = tried_runtime(bundle, config.agent.runtime)
    runtime, encoder = load_encoder(bundle, tried)
    setups = sensor_setups(config)
    agent = config.agent
    topics = Topics(config.publish.base_topic, agent.id)
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
        speaker=Speaker(
            agent=agent.id,
            site=agent.site,
            language=agent.language,
            descriptions=bundle.descriptions,
            setups=setups,
            calibration=bundle.calibration,
        ),
        notices=refusals + tuple(remarks_on_hearing(config, bundle.spec)),
    )


def sources_of(config: Config) -> tuple[Source, ...]:
    """The sources, built and not opened; one that needs a broker and names none hears the one we publish to."""
    return tuple(source_of(config, source.name) for source in config.sources)


def source_of(config: Config, name: str) -> Source:
    """One source of the config, built and not opened."""
    (source,) = (source for source in config.sources if source.name == name)
    settings = source.settings
    if KINDS[source.kind].has_broker:
        broker = config.broker if settings.broker is None else settings.broker
        settings = msgspec.structs.replace(settings, broker=own_client(broker, config))
    made: Source = ports.load(KINDS, source.kind)(settings, routes(config)[name], name=name)
    return made


def sinks_of(config: Config, topics: Topics) -> dict[str, Sink]:
    """Name -> sink, built and not opened: the broker that we publish to, then every `[[sinks]]` entry."""
    settings = own_client(config.broker, config)
    sinks: dict[str, Sink] = {BROKER: MqttSink(settings, availability=topics.availability)}
    for sink in config.sinks:
        settings = sink.settings
        if isinstance(settings, Broker):
            settings = own_client(settings, config, role=f"-{sink.name}")
        sinks[sink.name] = ports.load(SINKS, sink.kind)(settings, availability=topics.availability)
    return sinks


def own_client(broker: Broker, config: Config, *, role: str = "") -> Broker:
    """`broker` with a client id of this agent's own, unless the operator chose one: brokers evict the older of two."""
    if broker.client_id != Broker().client_id:
        return broker
    return msgspec.structs.replace(broker, client_id=f"textvib-{config.agent.id}{role}")
