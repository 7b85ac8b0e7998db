"""How far an interview is: what was found, what was answered, and what a question must know of both, as values.

An answer is text under a dotted key, as it stands in a file of answers: `language`, `sensors.0.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.messages.words import Language
from agent.setup.found import Found
from agent.transport.broker import Broker

YES, NO, UNKNOWN, OPEN = "yes", "no", "unknown", ""
"""Answers of many questions; `OPEN`: there is none."""


@dataclass(frozen=True, slots=True)
class Interview:
    """`existing` are the tables of the config that is added to; empty, where there is none yet."""

    folder: Path  # of the config
    language: Language = "en"
    found: tuple[Found, ...] = ()
    existing: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)  # in the order in which they were given
    agent_id: str = "gateway-1"
    state_dir: str | None = None  # None: the agent's own default
    broker: Broker | None = None  # that was heard, with what it takes to be let in
    secrets: Path | None = None  # folder of passwords that were told, until the config is written

    @property
    def is_new(self) -> bool:
        """Whether the config is written anew, or added to."""
        return not self.existing

    @property
    def sensors(self) -> int:
        """How many sensors are asked about so far."""
        return 1 + sum(key.endswith(".more") and text == YES for key, text in self.answers.items())

    def at(self, sensor: int) -> Spot:
        """The interview as a question of one sensor sees it."""
        return Spot(self, sensor)

    def answered(self, key: str, text: str) -> Interview:
        """With one answer more, or another one in its place."""
        others = {name: said for name, said in self.answers.items() if name != key}
        return replace(self, answers={**others, key: text})

    def taken_back(self) -> Interview:
        """Without the latest answer."""
        return replace(self, answers=dict([*self.answers.items()][:-1]))


@dataclass(frozen=True, slots=True)
class Spot:
    """An interview where it is about one sensor, by its number from 0; answers of the agent are seen from any."""

    interview: Interview
    sensor: int = 0

    def of(self, key: str) -> str:
        """The answer to a question about this sensor; "" where there is none."""
        return self.interview.answers.get(f"sensors.{self.sensor}.{key}", OPEN)

    def told(self, key: str) -> str:
        """The answer to a question about the agent."""
        return self.interview.answers.get(key, OPEN)

    @property
    def found(self) -> Found | None:
        """What this sensor is, once it has been chosen."""
        wanted = self.of("watch")
        return next((one for one in self.interview.found if one.what == wanted), None)

    @property
    def left(self) -> tuple[Found, ...]:
        """What may be watched, less that which other sensors of this interview are."""
        others = {self.interview.at(n).of("watch") for n in range(self.interview.sensors) if n != self.sensor}
        useful = (one for one in self.interview.found if one.carries in ("samples", "figures"))
        return tuple(one for one in useful if one.what not in others)
