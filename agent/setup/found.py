"""Something that was heard to send, and the config by which `explain` would read it, as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from agent.explain.finding import Finding
from agent.messages.notices import in_language
from agent.messages.words import Language, say
from agent.sources import KINDS
from agent.transport.broker import Broker

Carried: TypeAlias = Literal["samples", "figures", "speed", "nothing"]


@dataclass(frozen=True, slots=True)
class Found:
    """A serial port (`broker` None) or a topic of a broker."""

    finding: Finding
    broker: Broker | None = None

    @property
    def what(self) -> str:
        """The port or the topic, by which it is chosen."""
        return self.finding.what

    @property
    def proposal(self) -> dict[str, Any]:
        """The tables that `explain` proposes; none where it does not know what it is."""
        return _tables_in(self.finding.config)

    @property
    def source(self) -> dict[str, Any]:
        """Keys of the source that hears it, without its name."""
        (source,) = self.proposal["sources"]
        return {key: value for key, value in source.items() if key != "name"}

    @property
    def sensor(self) -> dict[str, Any]:
        """Keys of the sensor that it is, without source and machine, which are not known yet."""
        (sensor,) = self.proposal["sensors"].values()
        return {key: value for key, value in sensor.items() if key not in ("source", "machine")}

    @property
    def speed(self) -> dict[str, Any]:
        """Keys of a machine's speed, of what carries one; without its source."""
        (machine,) = self.proposal["machines"].values()
        return {key: value for key, value in machine["speed"].items() if key != "source"}

    @property
    def carries(self) -> Carried:
        """What it would be good for."""
        proposal = self.proposal
        if "machines" in proposal:
            return "speed"
        if "sensors" not in proposal:
            return "nothing"
        return "figures" if "quantity" in self.sensor else "samples"

    @property
    def wants_rate(self) -> bool:
        """Whether nothing says at which rate it samples, or only the pace of what arrives."""
        return self._may_lack and (self.finding.rate_hz is None or "rate_hz" in self.sensor)

    @property
    def wants_unit(self) -> bool:
        """Whether nothing says in which unit its samples are."""
        return self._may_lack and self.finding.unit is None

    @property
    def wants_quantity(self) -> bool:
        """Whether nothing says of what its figures are."""
        return self.carries == "figures" and bool(self.finding.questions)

    @property
    def _may_lack(self) -> bool:
        """Whether it sends samples without a frame around them, which would say their rate and unit."""
        has_frames = KINDS[self.source["kind"]].hears == "frames" if self.carries == "samples" else False
        return self.carries == "samples" and not has_frames and "device" not in self.sensor


@lru_cache(maxsize=256)
def _tables_in(config: str) -> dict[str, Any]:
    return tomllib.loads(config)


def in_words(found: Found, language: Language) -> str:
    """What it is, on one line: what it says it is, its axes, rate and unit."""
    finding = found.finding
    parts = [in_language(finding.dialect, language)]
    if finding.axes:
        parts.append(" ".join(finding.axes))
    if finding.rate_hz is not None and found.carries == "samples":
        parts.append(f"{finding.rate_hz:g} Hz")
    if finding.unit is not None:
        parts.append(finding.unit)
    if found.carries == "nothing":
        return parts[0]
    return f"{say(f'setup.carries_{found.carries}', language)}: {', '.join(parts)}"


def doubts(found: Found, language: Language) -> tuple[str, ...]:
    """What `explain` asks of it and no question of the setup answers."""
    asked = found.finding.questions
    if found.wants_rate:
        asked = tuple(one for one in asked if "rate_hz" not in one or "vibration" in one)
    return () if found.wants_quantity else tuple(in_language(one, language) for one in asked)
