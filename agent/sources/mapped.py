"""Messages read by a mapping: fields found by their paths, as numbers, times and words. Nothing is raised or guessed.

Rows with times of their own are cut where some are missing, so that a gap in a message is a gap in the sample count.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec

from agent.sources.field_values import LOCAL_S, UnreadableError, in_unit_of, numbers_of, seconds_of, word_of
from agent.sources.sent import Sent, Unread
from agent.sources.sparkplug import SparkplugError, SparkplugReader
from agent.sources.unknown_keys import named
from agent.tables.facts import facts_of_pairs
from agent.tables.numbers import number_of
from agent.transport.mapping import AXIS_FIELDS, Mapping
from agent.transport.paths import MISSING, AmbiguousError, find, steps_of
from agent.types import AXES

LEAST_ROWS = 8  # from which their times say a rate
GAP = 1.5  # usual steps, from which rows are missing


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
        except UnreadableError as error:
            return error.unread

    def _sent(self, document: Any, quantity: str | None) -> list[Sent]:
        sender = self._find(document, "sender")
        said = None if sender is MISSING or sender is None else word_of(sender, "sender")
        if quantity is not None:
            name = "speed" if quantity == "rpm" else "value"
            value = self._figure(document, name)
            if name == "speed":
                return [Sent(rpm=value, sender=said)]
            unit = self._find(document, "value_unit")
            times = self._times(document)
            t = times[-1] if times and times[-1] >= LOCAL_S else None
            return [Sent(value=in_unit_of(quantity, value, unit), sender=said, t=t)]
        axes = self._axes(document)
        times = self._times(document)
        seq = self._one(document, "seq")
        unit = self._find(document, "unit")
        sent = Sent(
            axes=axes,
            unit=self._mapping.scaled_unit or (None if unit is MISSING else word_of(unit, "unit")),
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
                raise UnreadableError("mapping", name, f"is not one: {error}") from None
            if found is not MISSING:
                return found
        return MISSING

    def _axes(self, document: Any) -> dict[str, list[float]]:
        found = {name: self._find(document, name) for name in AXIS_FIELDS if self._steps[name]}
        lacking = [name for name, value in found.items() if value is MISSING]
        if lacking and (len(lacking) == len(found) or not self._mapping.axes_may_lack):
            raise self._lacking(document, lacking[0])
        there = {axis: found[axis] for axis in AXES if axis in found and axis not in lacking}
        return {axis: numbers_of(value, axis, self._mapping.factor(axis)) for axis, value in there.items()}

    def _figure(self, document: Any, name: str) -> float:
        found = self._find(document, name)
        if found is MISSING:
            raise self._lacking(document, name)
        return numbers_of(found, name, self._mapping.factor(name))[-1]  # of several the latest

    def _one(self, document: Any, name: str) -> float | None:
        """A number that may be said once or with every row alike."""
        found = self._find(document, name)
        if found is MISSING or found is None:
            return None
        numbers = numbers_of(found, name, self._mapping.factor(name))
        if name != "seq" and len(set(numbers)) > 1:
            raise UnreadableError("mapping", name, f"differs within one message ({numbers[0]:g}, {numbers[1]:g})")
        return numbers[0]

    def _rate(self, document: Any) -> float | None:
        found = self._find(document, "rate")
        if isinstance(found, str) and number_of(found) is None:
            hz = facts_of_pairs([("rate", found)]).rate_hz
            if hz is None:
                raise UnreadableError("mapping", "rate", f"{found[:40]!r} is no sample rate")
            return hz
        return self._one(document, "rate")

    def _times(self, document: Any) -> list[float]:
        """Seconds of every time that is there."""
        found = self._find(document, "time")
        if found is MISSING or found is None:
            return []
        return [seconds_of(one, self._mapping.time_unit) for one in (found if isinstance(found, list) else [found])]

    def _lacking(self, document: Any, name: str) -> UnreadableError:
        paths = " or ".join(self._mapping.paths(name))
        fields = document.get("metrics", document) if self._sparkplug else document
        there = f"; it holds {named(list(fields))}" if isinstance(fields, dict) and fields else ""
        return UnreadableError("field_missing", name, f"stands at {paths}, and the message has nothing there{there}")


_FIELDS = ("x", "y", "z", "time", "rate", "seq", "sender", "unit", "value", "value_unit", "speed")


def _decoded(payload: bytes) -> Any:
    """JSON, or else the text itself: some senders put a bare word or number."""
    text = payload.strip()
    if text[:1] in (b"{", b"["):
        return msgspec.json.decode(text)
    return text.decode("utf-8").strip('"')


def _placed(sent: Sent, times: Sequence[float]) -> list[Sent]:
    """The samples with the time of the first; in pieces, where the rows' own times show that some are missing."""
    count = sent.count
    if len(times) != count or count < 2:
        return [_at(sent, times[0] if times else None)]
    steps = [b - a for a, b in pairwise(times)]
    if min(steps) < 0:
        raise UnreadableError("mapping", "time", "runs backwards within one message")
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
