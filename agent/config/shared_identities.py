"""Connections that would be one and the same to a broker, and throw each other out by turns and for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from agent.config.keys import Config
from agent.transport.broker import Broker, is_here


@runtime_checkable
class Grouped(Protocol):
    """The keys of a sink that is a node of a group."""

    @property
    def group(self) -> str:
        """Which hosts hear as one."""

    @property
    def node(self) -> str | None:
        """None: the agent's id."""


def problems_of_identities(config: Config) -> Iterator[str]:
    """One line for each that has what another has already."""
    yield from _client_ids(config)
    yield from _edge_nodes(config)


def _client_ids(config: Config) -> Iterator[str]:
    """A broker lets in the later of two clients with one id."""
    seen = {config.broker.client_id: "broker"} if config.broker.client_id != Broker().client_id else {}
    for sink in config.sinks:
        if not isinstance(sink.settings, Broker) or sink.settings.client_id == Broker().client_id:
            continue  # the default is made this agent's and this sink's own
        mine = sink.settings.client_id
        if mine in seen:
            yield f"sinks.{sink.name}.client_id: {mine!r} is that of {seen[mine]}, too; give each an id of its own"
        seen.setdefault(mine, f"sinks.{sink.name}")


def _edge_nodes(config: Config) -> Iterator[str]:
    """Of two nodes with one name a host hears the numbers mixed, and the death of one is that of both."""
    seen: dict[tuple[str, str, str], str] = {}
    for sink in config.sinks:
        settings = sink.settings
        if not (isinstance(settings, Broker) and isinstance(settings, Grouped)):
            continue
        group, node = settings.group, settings.node or config.agent.id
        names = [(place, group, node) for place in _places(settings)]
        other = next((seen[name] for name in names if name in seen), None)
        if other is not None:
            yield (
                f"sinks.{sink.name}.node: {group}/{node} is the group and node of {other} on the same broker, too;"
                " give each a node of its own"
            )
        for name in names:
            seen.setdefault(name, f"sinks.{sink.name}")


def _places(broker: Broker) -> Iterator[str]:
    """Where it may be connected; this computer has one name. An address that is none is complained about elsewhere."""
    for place in broker.places:
        try:
            end = place.endpoint
        except ValueError:
            continue
        yield f"{'localhost' if is_here(end.host) else end.host.lower()}:{end.port}"
