"""Keys of a mapping that say where a topic's messages put rate, time, unit and scale, as far as these show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.explain.reading import Arrived, sent_of
from agent.sources.mapped import MappedReader
from agent.sources.sent import Unread
from agent.tables.choice import Choice
from agent.tables.facts import facts_of_pairs
from agent.tables.numbers import number_of
from agent.tables.values import Facts
from agent.transport.mapping import Mapping

SAME = 1e-6  # relative
PARTS = ("rate", "unit", "time", "seq", "sender")


def mapped(parts: dict[str, str], messages: Sequence[Arrived], facts: Facts) -> dict[str, Any]:
    """Keys for all but the axes; a time whose unit nothing shows is left out."""
    keys: dict[str, Any] = {part: path for part, path in parts.items() if part in PARTS}
    if "time" in keys:
        probe = MappedReader(Mapping(x=keys["time"], time=keys["time"])).read(messages[0].payload, quantity=None)
        if isinstance(probe, Unread) and probe.key == "time":
            keys["time_unit"] = "ms"
    if "rate" in keys and facts.rate_hz is not None:
        said = sent_of(messages[:1], Mapping(x=keys["rate"], rate=keys["rate"]))
        figure = said[0].rate_hz if said else None
        if figure is not None and (scale := _scale(figure, facts.rate_hz)) != 1:
            keys["rate_scale"] = scale
    return keys


def scaled(choice: Choice) -> dict[str, Any]:
    """The scale of axes in another unit than g or m/s2."""
    scales = {choice.columns[k].scale for k in choice.chosen}
    scale = scales.pop() if len(scales) == 1 else 1.0
    return {"scale": scale, "scaled_unit": choice.unit} if choice.unit is not None and scale != 1.0 else {}


def is_rate(name: str, value: str) -> bool:
    """Whether a figure of this name is a rate, and no interval: twice as much is twice the rate. Words say it, too."""
    number = number_of(value)
    if number is None:
        return True
    once, twice = (facts_of_pairs([(name, f"{factor * number:.12g}")]).rate_hz for factor in (1, 2))
    return once is not None and twice is not None and twice > once


def _scale(figure: float, rate_hz: float) -> float:
    """What a figure is multiplied by to be Hz."""
    return next((scale for scale in (1e3, 1e6) if abs(figure * scale / rate_hz - 1) < SAME), 1.0)
