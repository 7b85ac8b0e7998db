"""A question of a setup as a value, and the small functions that most of them are made of.

A question says when it is asked, what may be chosen, what is taken where nothing is said, and under which keys of the
config its answer lands: what `check` says of those is what is wrong with the answer. Its words stand in `[setup]` of
`words.toml`: `KEY` asks, `KEY_why` says why and what happens when it is left open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent.setup.interview import OPEN, Spot

Kind: TypeAlias = Literal["choice", "text", "number", "secret"]


def _always(spot: Spot) -> bool:
    return True


def _none(spot: Spot) -> tuple[str, ...]:
    return ()


def _open(spot: Spot) -> str | None:
    return OPEN


@dataclass(frozen=True, slots=True)
class Question:
    """`default` None: there is none, and it must be answered; "" leaves it open."""

    key: str
    kind: Kind = "text"
    of_sensor: bool = True
    is_asked: Callable[[Spot], bool] = _always
    choices: Callable[[Spot], tuple[str, ...]] = _none  # of a text: what may be meant
    default: Callable[[Spot], str | None] = _open
    places: Callable[[Spot], tuple[str, ...]] = _none  # dotted keys of the config, which `check` names
    is_taken: Callable[[Spot, str], bool] = lambda spot, text: False  # whether this very answer is somebody else's

    def name(self, sensor: int) -> str:
        """The dotted key of its answer."""
        return f"sensors.{sensor}.{self.key}" if self.of_sensor else self.key


def when(key: str, *wanted: str) -> Callable[[Spot], bool]:
    """Asked where the answer to another question about the sensor is one of these."""
    return lambda spot: spot.of(key) in wanted


def just(*choices: str) -> Callable[[Spot], tuple[str, ...]]:
    """Always these."""
    return lambda spot: choices


def first(*choices: str) -> Callable[[Spot], str | None]:
    """Always the first of these."""
    return lambda spot: choices[0]


def nothing(spot: Spot) -> str | None:
    """There is no default: it must be answered."""
    return None
