"""Lines as sketches print them: bytes in, rows and refusals out, by one idea of a table. Pure, and nothing is raised.

Here bytes become lines: bounded, the first one not believed because it may be cut, garbage and a device's own errors
told apart. What a line is then follows from the table that many of them settle; rows that are held meanwhile are not
lost, nor are the spoilt ones among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agent.sources.questions import question_text
from agent.tables.lines import bare, fields_of, without_units
from agent.tables.names import sense_of
from agent.tables.rows import Heard, Other, Row, Spoilt
from agent.tables.stream import TableReader
from agent.tables.values import Question, Table, Told

MAX_LINE = 512  # bytes; a line that is longer is none
LEFT_OUT = "left_out"  # kind of the notice of what is no sample

_NUMBER = re.compile(
    r"(?:^|[\s,;|:=>(\[{])[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][+-]?\d+)?(?=$|[\s,;|)\]}a-zA-Z%°])", re.ASCII
)
"""A number that stands alone, its unit aside: `0.12`, `ax:0,12`, `9.81g`, and not `ax2`."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LOG = re.compile(r"([EWIDV]) \(\d+\) ")  # as ESP-IDF prints them
_ERROR = re.compile(r"(?:ERR|ERROR)\b")
_KINDS = {
    "is not finite": "not_finite",
    "has no time that can be read": "time",
}
"""What the table says of a spoilt line -> the kind of the refusal; all else is garbage, or of another width."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One sample: an acceleration per axis in the table's unit, and its time and count as they were printed."""

    table: Table
    values: tuple[float, ...]
    stamp: float | None
    count: float | None = None
    rpm: float | None = None  # of the shaft, where a column says it


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is no row; `samples` is 1 where a row stood in its place."""

    kind: str
    detail: str
    samples: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that the table's reader was given. `fault`: what it is, should it turn out to be no row."""

    text: str
    has_number: bool = False
    fault: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _AsAxes:
    """A table whose chosen columns stand in `order` of the one that was settled."""

    table: Table
    order: tuple[int, ...]


class LineReader:
    """What one serial line has printed since it was opened. `is_promising` while lines of numbers settle a table."""

    def __init__(self, told: Told | None = None) -> None:
        self.counts = {"lines": 0, "rows": 0, "lines_refused": 0, "lines_of_text": 0, "lines_cut": 0}
        self._told = told
        self._reader = TableReader(told)
        self._given: list[_Line | None] = []  # those whose answer is awaited; None: it was answered once before
        self._buffer = bytearray()
        self._is_overlong = False
        self._is_first = True
        self._numbers = {"log": 0, "bare": 0}  # lines that hold numbers, by whether a log's prefix stands before them
        self._question: Question | None = None
        self._is_left_out_told = False
        self._table: Table | None = None  # the reader's latest, and as its rows are handed on
        self._as_axes: _AsAxes | None = None

    @property
    def is_promising(self) -> bool:
        is_waiting = self._reader.table is None and self._reader.question is None
        return is_waiting and any(line is not None and line.has_number for line in self._given)

    def restart(self) -> None:
        """The port was opened anew: what was half said is lost, the next line may be cut, rows that wait are old."""
        self._buffer.clear()
        self._is_overlong = False
        self._is_first = True
        if self._reader.table is None:
            names = [line for line in self._given if line is not None and not line.has_number]
            self._reader, self._given = TableReader(self._told), []
            for line in names:  # a header, perhaps
                self._give(line)

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
            results += self._overlong() if overlong else self._line(line.strip(b"\r\n \t\0"))
        return self._counted(results)

    def settle(self) -> list[CsvRow | Refusal]:
        """The line has fallen silent: the rows that were held, if they are enough to settle a table."""
        return self._counted(self._answers(self._reader.settle()))

    def _counted(self, results: list[CsvRow | Refusal]) -> list[CsvRow | Refusal]:
        self.counts["rows"] += sum(isinstance(result, CsvRow) for result in results)
        notices = ("columns", LEFT_OUT)
        refused = [result for result in results if isinstance(result, Refusal) and result.kind not in notices]
        self.counts["lines_refused"] += len(refused)
        return results

    def _overlong(self) -> list[CsvRow | Refusal]:
        self._is_first = False
        return self._faulty("", Refusal("line_too_long", f"a line of more than {MAX_LINE} bytes"))

    def _line(self, line: bytes) -> list[CsvRow | Refusal]:
        if not line:
            return []
        self.counts["lines"] += 1
        is_first, self._is_first = self._is_first, False
        text = _COLOUR.sub("", line.decode("utf-8", "replace"))
        if "\ufffd" in text or not text.replace("\t", "").isprintable():
            return [] if is_first else self._faulty(text, Refusal("garbage", f"{line[:40]!r} is no text"))
        log, has_number = _LOG.match(text), (is_first or self._reader.table is None) and _has_number(text)
        if log is None and not _ERROR.match(text):
            self._numbers["bare"] += has_number
        elif log is None or log[1] == "E":
            self.counts["lines_of_text"] += 1
            return [Refusal("device_error", text[:120])]
        else:
            self._numbers["log"] += has_number or _has_number(text)
            if self._numbers["log"] <= self._numbers["bare"]:  # a log between the rows, and not rows in a log
                self.counts["lines_of_text"] += 1
                return []
        if is_first and (has_number or not _begins_with_a_name(text)):
            self.counts["lines_cut" if has_number else "lines_of_text"] += 1
            return []
        return self._give(_Line(text, has_number=has_number))

    def _faulty(self, text: str, fault: Refusal) -> list[CsvRow | Refusal]:
        """A line that cannot be read: where a table's row stood, or may have stood, it is a sample."""
        if self._reader.table is None and not self.is_promising:
            return [fault]
        return self._give(_Line(text or "?", fault=fault))

    def _give(self, line: _Line) -> list[CsvRow | Refusal]:
        self._given.append(line)
        results = self._answers(self._reader.feed([line.text]))
        if self._reader.table is None:
            held = self._reader.held
            self._given = [*[None] * (held - len(self._given)), *self._given[:held]]
        return results

    def _answers(self, heard: list[Heard]) -> list[CsvRow | Refusal]:
        """What the reader says now of the last lines that it was given; those before them led up to the table."""
        results = self._notices()
        table = self._reader.latest
        lines = [*[None] * (len(heard) - len(self._given)), *self._given[len(self._given) - len(heard) :]]
        if heard:
            self._given = []
        for line, said in zip(lines, heard, strict=True):
            if isinstance(said, Row) and table is not None:
                results.append(self._row(table, said))
            elif line is not None and (refusal := self._refusal(line, said)) is not None:
                results.append(refusal)
        return results

    def _row(self, table: Table, row: Row) -> CsvRow:
        if self._as_axes is None or table is not self._table:
            self._table, self._as_axes = (
                table,
                _as_axes(table, is_told=self._told is not None and bool(self._told.columns)),
            )
        values = tuple(row.values[k] for k in self._as_axes.order)
        return CsvRow(self._as_axes.table, values, row.stamp, row.count, row.rpm)

    def _refusal(self, line: _Line, said: Heard) -> Refusal | None:
        if line.fault is not None:
            return Refusal(line.fault.kind, line.fault.detail, 1)
        if isinstance(said, Spoilt):
            return Refusal(self._kind(line.text, said), f"{line.text[:40]!r} {said.why}", 1)
        self.counts["lines_of_text"] += isinstance(said, Other)
        return None

    def _kind(self, text: str, spoilt: Spoilt) -> str:
        table = self._reader.latest
        if not spoilt.is_misfit or table is None:
            return _KINDS.get(spoilt.why, "garbage")
        return "short_line" if len(fields_of(without_units(bare(text)), table.dialect)) < table.width else "long_line"

    def _notices(self) -> list[CsvRow | Refusal]:
        """What is asked, and what is left out of a table: each once."""
        table, question = self._reader.table, self._reader.question
        results: list[CsvRow | Refusal] = []
        if question is not None and question != self._question:
            results.append(Refusal("columns", question_text(question)))
        self._question = question
        if table is None:
            self._is_left_out_told = False
        elif not self._is_left_out_told:
            self._is_left_out_told = True
            if table.left_out:
                results.append(Refusal(LEFT_OUT, "; ".join(f"{left.what} {left.reason}" for left in table.left_out)))
        return results


def _as_axes(table: Table, *, is_told: bool) -> _AsAxes:
    """x before y before z, however they are printed; in the order told, where columns were told."""
    printed = range(len(table.chosen))
    order = tuple(printed if is_told else sorted(printed, key=lambda k: table.axes[k]))
    axes, chosen = tuple(table.axes[k] for k in order), tuple(table.chosen[k] for k in order)
    return _AsAxes(replace(table, axes=axes, chosen=chosen), order)


def _has_number(text: str) -> bool:
    return _NUMBER.search(bare(text)) is not None


def _begins_with_a_name(text: str) -> bool:
    """Whether a first line of words may be a header that is whole: its first word says what a column is."""
    first = re.split(r"[,;\t|]", text, maxsplit=1)[0] if re.search(r"[,;\t|]", text) else text.split(" ")[0]
    return sense_of(first.strip(' "#')).strength in ("sure", "weak")
