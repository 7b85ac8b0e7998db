"""Lines of numbers as sketches print them: bytes in, rows and refusals out. Pure, bounded, and nothing is raised.

Commas, semicolons, tabs and spaces all separate. The first line may be cut and is not believed; a layout is believed
once three lines agree on it or a header says it; names and units are taken from a header and never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.recordings.column_names import axis_of, is_time, seconds_of, unit_of
from agent.types import AXES

MAX_LINE = 512  # bytes; a line that is longer is none
AGREE = 3  # lines of one width that make a layout
CHANGE = 8  # lines of another width that make a new one
PLAIN_WIDTHS = {1: 1, 2: 2, 3: 3, 6: 3, 9: 3}
"""Columns without a header -> how many of them are acceleration: with gyroscope and compass, the first three."""

_SEPARATORS = re.compile(r"[,;\t ]+")
_LABEL = re.compile(r"(?<![\w.])[^\W\d][\w. /\[\]()²-]*[:=]\s*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LOG = re.compile(r"([EWIDV]) \(\d+\) ")  # as ESP-IDF prints them
_ERROR = re.compile(r"(?:ERR|ERROR)\b")

Unit = Literal["g", "m/s2"]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a row are."""

    width: int
    chosen: tuple[int, ...]
    axes: tuple[str, ...]
    unit: Unit | None = None  # as the header says
    time: int | None = None
    second: float | None = None  # seconds per unit of the time column, as the header says


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One sample: an acceleration per axis, and the time column as it was printed."""

    layout: Layout
    values: tuple[float, ...]
    stamp: float | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is no row; `samples` is 1 where a row stood in its place."""

    kind: str
    detail: str
    samples: int = 0


class LineReader:
    """What one serial line has printed since it was opened.

    `columns` and `time` name columns by header or by number from 1; None leaves them to the header, or to the width.
    """

    def __init__(self, *, columns: Sequence[int | str] | None = None, time: int | str | None = None) -> None:
        self.counts = {"lines": 0, "rows": 0, "lines_refused": 0, "lines_of_text": 0, "lines_cut": 0}
        self._columns = columns
        self._time = time
        self._buffer = bytearray()
        self._is_overlong = False
        self._is_first = True
        self._names: tuple[str, ...] = ()
        self._layout: Layout | None = None
        self._width_seen = (0, 0)  # the width that is not the layout's, and in how many lines running

    def restart(self) -> None:
        """The port was opened anew: what was half said is lost, and the next line may be cut."""
        self._buffer.clear()
        self._is_overlong = False
        self._is_first = True

    def feed(self, data: bytes) -> list[CsvRow | Refusal]:
        """The rows in what has arrived, and the lines that are none; text is only counted."""
        results: list[CsvRow | Refusal] = []
        for piece in data.splitlines(keepends=True) if data else ():
            self._buffer += piece[: MAX_LINE + 1 - len(self._buffer)]
            if len(self._buffer) > MAX_LINE:
                self._is_overlong = True
            if piece[-1:] not in (b"\n", b"\r"):
                continue
            line, overlong = bytes(self._buffer), self._is_overlong
            self._buffer.clear()
            self._is_overlong = False
            result = self._overlong() if overlong else self._line(line.strip(b"\r\n \t\0"))
            if isinstance(result, Refusal):
                self.counts["lines_refused"] += 1
            if result is not None:
                results.append(result)
        return results

    def _overlong(self) -> Refusal:
        self._is_first = False
        return Refusal("line_too_long", f"a line of more than {MAX_LINE} bytes", self._lost)

    @property
    def _lost(self) -> int:
        """What a spoilt line costs: nothing before there are rows."""
        return int(self._layout is not None)

    def _line(self, line: bytes) -> CsvRow | Refusal | None:
        if not line:
            return None
        self.counts["lines"] += 1
        is_first, self._is_first = self._is_first, False
        text = _COLOUR.sub("", line.decode("ascii", "replace"))
        if "\ufffd" in text or not text.replace("\t", "").isprintable():
            return None if is_first else Refusal("garbage", f"{line[:40]!r} is no text", self._lost)
        log = _LOG.match(text)
        if log or _ERROR.match(text):
            self.counts["lines_of_text"] += 1
            is_error = log is None or log[1] == "E"
            return Refusal("device_error", text[:120]) if is_error else None
        names, fields = _labelled(text)
        numbers = [_number(field) for field in fields]
        known = sum(number is not None for number in numbers)
        if not known:
            self._note_header(_header_of(text), is_first=is_first)
            return None
        if is_first:
            self.counts["lines_cut"] += 1
            return None
        if known < len(fields):
            if 2 * known < len(fields) or self._layout is None:
                self.counts["lines_of_text"] += 1
                return None
            return Refusal("garbage", f"{text[:40]!r} is not all numbers", self._lost)
        return self._row([number for number in numbers if number is not None], names)

    def _row(self, numbers: list[float], names: tuple[str, ...]) -> CsvRow | Refusal | None:
        if names and names != self._names:
            self._names, self._layout = names, None
        if not self._agrees(len(numbers)):
            if self._layout is None:
                return None
            kind = "short_line" if len(numbers) < self._layout.width else "long_line"
            return Refusal(kind, f"{len(numbers)} columns, not {self._layout.width}", 1)
        if self._layout is None:
            layout_or_problem = layout_of(len(numbers), self._names, columns=self._columns, time=self._time)
            if isinstance(layout_or_problem, str):
                return Refusal("columns", layout_or_problem)
            self._layout = layout_or_problem
        layout = self._layout
        values = tuple(numbers[k] for k in layout.chosen)
        stamp = None if layout.time is None else numbers[layout.time]
        if not all(map(math.isfinite, values)) or (stamp is not None and not math.isfinite(stamp)):
            return Refusal("not_finite", f"{values} is not all finite", 1)
        self.counts["rows"] += 1
        return CsvRow(layout, values, stamp)

    def _agrees(self, width: int) -> bool:
        """Whether a line of this width is a row; lines that keep disagreeing change what a row is."""
        expected = self._layout.width if self._layout else len(self._names) or None
        if width == expected:
            self._width_seen = (0, 0)
            return True
        seen, times = self._width_seen
        times = times + 1 if width == seen else 1
        self._width_seen = (width, times)
        if times < (CHANGE if expected else AGREE):
            return False
        self._layout = None
        if len(self._names) != width:
            self._names = ()
        self._width_seen = (0, 0)
        return True

    def _note_header(self, names: tuple[str, ...], *, is_first: bool) -> None:
        """A line of names alone is a header if it names an axis, or time, or what is asked for; else it is text."""
        configured = {str(column).lower() for column in (*(self._columns or ()), self._time) if isinstance(column, str)}
        known = [axis_of(name) is not None or is_time(name) or name.lower() in configured for name in names]
        if not any(known) or (is_first and not known[0]):
            self.counts["lines_of_text"] += 1
        elif names != self._names:
            self._names, self._layout = names, None


def layout_of(
    width: int, names: tuple[str, ...], *, columns: Sequence[int | str] | None = None, time: int | str | None = None
) -> Layout | str:
    """The layout of rows of `width` numbers under a header (empty: none), or what is missing to tell it."""
    there = f"{width} columns" + (f" ({', '.join(names)})" if names else " and no header")
    clock = next((k for k, name in enumerate(names) if is_time(name)), None)
    if time is not None:
        clock = _find(time, names, width)
        if clock is None:
            return f"there is no time column {time!r} in {there}"
    if columns is not None:
        chosen = [_find(column, names, width) for column in columns]
    else:
        others = [k for k in range(width) if k != clock]
        axes = {axis_of(name): k for k, name in reversed(list(enumerate(names)))}
        chosen = [axes[axis] for axis in AXES if axis in axes]
        if not chosen:
            chosen = [*others[: PLAIN_WIDTHS.get(len(others), 0)]]
    found = tuple(k for k in chosen if k is not None)
    if not found or len(found) < len(chosen):
        return f'cannot tell which of {there} are acceleration; set columns = [1, 2, 3] or ["ax", "ay", "az"]'
    named = tuple(axis_of(names[k]) if names else None for k in found)
    units = {unit_of(names[k]) for k in found} if names else {None}
    return Layout(
        width=width,
        chosen=found,
        axes=tuple(axis for axis in named if axis) if len({*named} - {None}) == len(found) else AXES[: len(found)],
        unit=units.pop() if len(units) == 1 else None,
        time=clock,
        second=seconds_of(names[clock]) if names and clock is not None else None,
    )


def _find(column: int | str, names: tuple[str, ...], width: int) -> int | None:
    if isinstance(column, int):
        return column - 1 if 1 <= column <= width else None
    return next((k for k, name in enumerate(names) if name.lower() == column.lower()), None)


def _labelled(text: str) -> tuple[tuple[str, ...], list[str]]:
    """Fields, and their names where each has one beside it, as for a plotter: `ax:0.1,ay:0.2`."""
    if ":" not in text and "=" not in text:
        return (), [field for field in _SEPARATORS.split(text) if field]
    labels = [match[0].rstrip(":= \t").strip() for match in _LABEL.finditer(text)]
    fields = [field for field in _SEPARATORS.split(_LABEL.sub(" ", text)) if field]
    return (tuple(labels) if len(labels) == len(fields) else ()), fields


def _header_of(text: str) -> tuple[str, ...]:
    """Names may hold spaces where something else separates them: `ax [g], ay [g]`."""
    by = r"[,;\t]" if re.search(r"[,;\t]", text) else " +"
    return tuple(name for field in re.split(by, text) if (name := field.strip(' "#')))


def _number(field: str) -> float | None:
    try:
        return None if "_" in field else float(field)
    except ValueError:
        return None
