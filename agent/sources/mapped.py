"""Messages read by a mapping: fields found by their paths, as numbers, times and words. Nothing is raised or guessed.

Rows with times of their own are cut where some are missing, so that a gap in a message is a gap in the sample count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec

from agent.sources.sent import MAX_SAMPLES, Sent, Unread
from agent.sources.sparkplug import SparkplugError, SparkplugReader
from agent.sources.unknown_keys import named
from agent.tables.facts import facts_of_pairs
from agent.tables.numbers import number_of
from agent.tables.units import unit_sense
from agent.transport.mapping import AXIS_FIELDS, Mapping
from agent.transport.paths import MISSING, AmbiguousError, find, steps_of
from agent.types import AXES

SINCE_1970 = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (1e9, 1.0))
"""Least count since 1970 in a unit, and that unit in seconds: from 2001 to 2286 only one of them fits."""
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LOCAL_S = 1e9  # taken from a local time, which is no Unix time: it only tells what came when
LEAST_ROWS = 8  # from which their times say a rate
GAP = 1.5  # usual steps, from which rows are missing


class _UnreadableError(Exception):
    """A field that cannot be read."""

    def __init__(self, kind: str, key: str, detail: str) -> None:
        super().__init__(detail)
        self.unread = Unread(kind, f"{key} {detail}", key)


class MappedReader:
    """The messages of one topic, or of one Sparkplug device."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._steps = {
            name: tuple(steps_of(path) for path in mapping.paths(name))
            for name in mapping.__struct_fields__
            if name in _FIELDS
        }
        self._sparkplug = SparkplugReader() if mapping.format == "sparkplug_b" else None

    def read(self, payload: bytes, *, quantity: str | None) -> list[Sent] | Unread:
        """What a message says of `quantity`, None for samples."""
        try:
            document = self._sparkplug.read(payload) if self._sparkplug else _decoded(payload)
        except SparkplugError as error:
            return Unread("sparkplug", f"is no Sparkplug B payload: {error}")
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            return Unread("json", f"is no JSON: {error}")
        try:
            return self._sent(document, quantity)
        except _UnreadableError as error:
            return error.unread

    def _sent(self, document: Any, quantity: str | None) -> list[Sent]:
        sender = self._find(document, "sender")
        said = None if sender is MISSING or sender is None else _word(sender, "sender")
        if quantity is not None:
            name = "speed" if quantity == "rpm" else "value"
            value = self._figure(document, name)
            if name == "speed":
                return [Sent(rpm=value, sender=said)]
            unit = self._find(document, "value_unit")
            times = self._times(document)
            t = times[-1] if times and times[-1] >= LOCAL_S else None
            return [Sent(value=_in_unit_of(quantity, value, unit), sender=said, t=t)]
        axes = self._axes(document)
        times = self._times(document)
        seq = self._one(document, "seq")
        unit = self._find(document, "unit")
        sent = Sent(
            axes=axes,
            unit=self._mapping.scaled_unit or (None if unit is MISSING else _word(unit, "unit")),
            rate_hz=self._rate(document),
            seq=None if seq is None or not 0 <= seq < 2**53 else int(seq),
            sender=said,
        )
        return _placed(sent, times)

    def _find(self, document: Any, name: str) -> Any:
        """What the first of a field's paths finds."""
        for steps in self._steps[name]:
            try:
                found = find(document, steps)
            except AmbiguousError as error:
                raise _UnreadableError("mapping", name, f"is not one: {error}") from None
            if found is not MISSING:
                return found
        return MISSING

    def _axes(self, document: Any) -> dict[str, list[float]]:
        found = {name: self._find(document, name) for name in AXIS_FIELDS if self._steps[name]}
        lacking = [name for name, value in found.items() if value is MISSING]
        if lacking and (len(lacking) == len(found) or not self._mapping.axes_may_lack):
            raise self._lacking(document, lacking[0])
        there = {axis: found[axis] for axis in AXES if axis in found and axis not in lacking}
        return {axis: _numbers(value, axis, self._mapping.factor(axis)) for axis, value in there.items()}

    def _figure(self, document: Any, name: str) -> float:
        found = self._find(document, name)
        if found is MISSING:
            raise self._lacking(document, name)
        return _numbers(found, name, self._mapping.factor(name))[-1]  # of several the latest

    def _one(self, document: Any, name: str) -> float | None:
        """A number that may be said once or with every row alike."""
        found = self._find(document, name)
        if found is MISSING or found is None:
            return None
        numbers = _numbers(found, name, self._mapping.factor(name))
        if name != "seq" and len(set(numbers)) > 1:
            raise _UnreadableError("mapping", name, f"differs within one message ({numbers[0]:g}, {numbers[1]:g})")
        return numbers[0]

    def _rate(self, document: Any) -> float | None:
        found = self._find(document, "rate")
        if isinstance(found, str) and number_of(found) is None:
            hz = facts_of_pairs([("rate", found)]).rate_hz
            if hz is None:
                raise _UnreadableError("mapping", "rate", f"{found[:40]!r} is no sample rate")
            return hz
        return self._one(document, "rate")

    def _times(self, document: Any) -> list[float]:
        """Seconds of every time that is there."""
        found = self._find(document, "time")
        if found is MISSING or found is None:
            return []
        return [_seconds(one, self._mapping.time_unit) for one in (found if isinstance(found, list) else [found])]

    def _lacking(self, document: Any, name: str) -> _UnreadableError:
        paths = " or ".join(self._mapping.paths(name))
        fields = document.get("metrics", document) if self._sparkplug else document
        there = f"; it holds {named(list(fields))}" if isinstance(fields, dict) and fields else ""
        return _UnreadableError("field_missing", name, f"stands at {paths}, and the message has nothing there{there}")


_FIELDS = ("x", "y", "z", "time", "rate", "seq", "sender", "unit", "value", "value_unit", "speed")


def _decoded(payload: bytes) -> Any:
    """JSON, or else the text itself: some senders put a bare word or number."""
    text = payload.strip()
    if text[:1] in (b"{", b"["):
        return msgspec.json.decode(text)
    return text.decode("utf-8").strip('"')


def _numbers(found: Any, key: str, factor: float) -> list[float]:
    values = found if isinstance(found, list) else [found]
    if not values or len(values) > MAX_SAMPLES:
        raise _UnreadableError("mapping", key, f"holds {len(values)} values, and 1 to {MAX_SAMPLES} are read")
    numbers = []
    for at, value in enumerate(values):
        number = number_of(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            place = f" at {at + 1} of {len(values)}" if len(values) > 1 else ""
            raise _UnreadableError("mapping", key, f"is no number{place}, but {_shown(value)}")
        numbers.append(float(number) * factor if abs(number) < 1e300 else math.inf)
    return numbers


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)[:40]


def _word(found: Any, key: str) -> str:
    words = {str(one) for one in found} if isinstance(found, list) else {str(found)}
    if len(words) != 1:
        raise _UnreadableError("mapping", key, f"differs within one message ({', '.join(sorted(words)[:3])})")
    return words.pop()[:40]


def _seconds(value: Any, unit: str | None) -> float:
    number = number_of(value) if isinstance(value, str) else value
    if isinstance(value, str) and number is None:
        return _seconds_of_text(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise _UnreadableError("mapping", "time", f"is no time, but {_shown(value)}")
    if unit is not None:
        return float(number) * SECONDS[unit]
    for least, second in SINCE_1970:
        if number >= least:
            return float(number) * second
    raise _UnreadableError("mapping", "time", f"{number:g} does not show its unit; set time_unit")


def _seconds_of_text(text: str) -> float:
    """A date and time; one without a zone is local, and lies before all Unix times that are believed."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _UnreadableError("mapping", "time", f"{text[:40]!r} is no time") from None
    if stamp.tzinfo is not None:
        return stamp.timestamp()
    return stamp.replace(tzinfo=UTC).timestamp() - LOCAL_S


def _in_unit_of(quantity: str, value: float, unit: Any) -> float:
    """A figure in the unit of its quantity, from the unit that the message says."""
    if unit is MISSING or unit is None:
        return value
    word = _word(unit, "value_unit").strip().lower()
    known = _UNITS[quantity]
    if word not in known:
        raise _UnreadableError("unit", "value_unit", f"{word!r} is none of {', '.join(known)} for {quantity}")
    factor, offset = known[word]
    return value * factor + offset


_CELSIUS = {"c": (1.0, 0.0), "°c": (1.0, 0.0), "degc": (1.0, 0.0), "celsius": (1.0, 0.0), "k": (1.0, -273.15)}
_UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "temperature_c": _CELSIUS | dict.fromkeys(("f", "°f", "degf", "fahrenheit"), (1 / 1.8, -32 / 1.8)),
    "velocity_rms_mm_s": {"mm/s": (1.0, 0.0), "cm/s": (10.0, 0.0), "m/s": (1e3, 0.0)}
    | dict.fromkeys(("in/s", "ips"), (25.4, 0.0)),
    "acceleration_rms_g": {
        name: (sense.scale / (1.0 if sense.base == "g" else 9.80665), 0.0)
        for name in ("g", "mg", "m/s2", "m/s^2", "m/s²", "mm/s2")
        if (sense := unit_sense(name)) is not None
    },
}
"""Quantity -> unit as it is written -> factor and offset to the quantity's own."""


def _placed(sent: Sent, times: Sequence[float]) -> list[Sent]:
    """The samples with the time of the first; in pieces, where the rows' own times show that some are missing."""
    count = sent.count
    if len(times) != count or count < 2:
        return [_at(sent, times[0] if times else None)]
    steps = [b - a for a, b in pairwise(times)]
    if min(steps) < 0:
        raise _UnreadableError("mapping", "time", "runs backwards within one message")
    if max(steps) == 0:
        return [_at(sent, times[0])]
    usual = median(steps)
    cuts = [0, *(k + 1 for k, step in enumerate(steps) if usual > 0 and step > GAP * usual), count]
    if len(cuts) > 2 and len(cuts) - 2 > count // LEAST_ROWS:  # their clock ticks too coarsely to show a gap
        cuts = [0, count]
    whole = [step for step in steps if len(cuts) == 2 or step <= GAP * usual]
    rows_hz = float(f"{len(whole) / sum(whole):.3g}") if count >= LEAST_ROWS and sum(whole) > 0 else None
    lost = [round(steps[first - 1] / usual) - 1 if first else None for first in cuts[:-1]]
    pieces = zip(pairwise(cuts), lost, strict=True)
    return [_piece(sent, first, end, times[first], rows_hz, missing) for (first, end), missing in pieces]


def _at(sent: Sent, t0: float | None) -> Sent:
    return _piece(sent, 0, sent.count, t0, None, None)


def _piece(sent: Sent, first: int, end: int, t0: float | None, rows_hz: float | None, missing: int | None) -> Sent:
    return Sent(
        axes={axis: values[first:end] for axis, values in sent.axes.items()}
        if first or end < sent.count
        else sent.axes,
        unit=sent.unit,
        t0=t0,
        rate_hz=sent.rate_hz,
        rows_hz=rows_hz,
        missing=missing,
        seq=sent.seq if not first else None,
        sender=sent.sender,
    )
