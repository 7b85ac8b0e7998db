"""Values of a message's fields as numbers, words, times and figures; what is none of these names its field."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from agent.limits import STANDARD_GRAVITY
from agent.sources.sent import MAX_SAMPLES, TIMES_TO_S, Unread
from agent.tables.numbers import number_of
from agent.tables.units import unit_sense
from agent.transport.paths import MISSING

SINCE_1970 = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (1e9, 1.0))
"""Least count since 1970 in a unit, and that unit in seconds: from 2001 to 2286 only one of them fits."""
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LOCAL_S = 1e9  # taken from a local time, which is no Unix time: it only tells what came when


class UnreadableError(Exception):
    """A field that cannot be read."""

    def __init__(self, kind: str, key: str, detail: str) -> None:
        super().__init__(detail)
        self.unread = Unread(kind, f"{key} {detail}", key)


def numbers_of(found: Any, key: str, factor: float) -> list[float]:
    """The numbers of a field, in quotes or not, times `factor`."""
    values = found if isinstance(found, list) else [found]
    if not values or len(values) > MAX_SAMPLES:
        raise UnreadableError("mapping", key, f"holds {len(values)} values, and 1 to {MAX_SAMPLES} are read")
    numbers = []
    for at, value in enumerate(values):
        number = number_of(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            place = f" at {at + 1} of {len(values)}" if len(values) > 1 else ""
            raise UnreadableError("mapping", key, f"is no number{place}, but {_shown(value)}")
        numbers.append(float(number) * factor if abs(number) < 1e300 else math.inf)
    return numbers


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)[:40]


def word_of(found: Any, key: str) -> str:
    """The word of a field, which every row may repeat."""
    words = {str(one) for one in found} if isinstance(found, list) else {str(found)}
    if len(words) != 1:
        raise UnreadableError("mapping", key, f"differs within one message ({', '.join(sorted(words)[:3])})")
    return words.pop()[:40]


def seconds_of(value: Any, unit: str | None) -> float:
    """A time in seconds: in `unit`, since 1970, or written out."""
    number = number_of(value) if isinstance(value, str) else value
    if isinstance(value, str) and number is None:
        return _seconds_of_text(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise UnreadableError("mapping", "time", f"is no time, but {_shown(value)}")
    if unit is not None:
        seconds = float(number) * SECONDS[unit]
        if not abs(seconds) < TIMES_TO_S:
            raise UnreadableError("mapping", "time", f"{number:g} {unit} is no time; correct time_unit")
        return seconds
    for least, second in SINCE_1970:
        if least <= number < TIMES_TO_S / second:
            return float(number) * second
    raise UnreadableError("mapping", "time", f"{number:g} does not show its unit; set time_unit")


def _seconds_of_text(text: str) -> float:
    """A date and time; one without a zone is local, and lies before all Unix times that are believed."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UnreadableError("mapping", "time", f"{text[:40]!r} is no time") from None
    if stamp.tzinfo is not None:
        return stamp.timestamp()
    return stamp.replace(tzinfo=UTC).timestamp() - LOCAL_S


def in_unit_of(quantity: str, value: float, unit: Any) -> float:
    """A figure in the unit of its quantity, from the unit that the message says."""
    if unit is MISSING or unit is None:
        return value
    word = word_of(unit, "value_unit").strip().lower()
    known = _UNITS[quantity]
    if word not in known:
        raise UnreadableError("unit", "value_unit", f"{word!r} is none of {', '.join(known)} for {quantity}")
    factor, offset = known[word]
    return value * factor + offset


_CELSIUS = {"c": (1.0, 0.0), "°c": (1.0, 0.0), "degc": (1.0, 0.0), "celsius": (1.0, 0.0), "k": (1.0, -273.15)}
_UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "temperature_c": _CELSIUS | dict.fromkeys(("f", "°f", "degf", "fahrenheit"), (1 / 1.8, -32 / 1.8)),
    "velocity_rms_mm_s": {"mm/s": (1.0, 0.0), "cm/s": (10.0, 0.0), "m/s": (1e3, 0.0)}
    | dict.fromkeys(("in/s", "ips"), (25.4, 0.0)),
    "acceleration_rms_g": {
        name: (sense.scale / (1.0 if sense.base == "g" else STANDARD_GRAVITY), 0.0)
        for name in ("g", "mg", "m/s2", "m/s^2", "m/s²", "mm/s2")
        if (sense := unit_sense(name)) is not None
    },
}
"""Quantity -> unit as it is written -> factor and offset to the quantity's own."""
