"""Tables of numbers as text, however they are written: read in pieces, so that a long one needs little memory.

What the lines are and which columns are acceleration, `agent.tables` says; what it cannot tell is refused with the
columns and the option that answers it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.recordings.channels import MAX_VALUES
from agent.recordings.recording import Piece, Recording
from agent.tables.encodings import PROBE, encoding_of
from agent.tables.long_series import LongSeries
from agent.tables.rows import Rows, Spoilt, read_line, read_lines
from agent.tables.settle import SAMPLE_LINES, settle
from agent.tables.told import contradiction
from agent.tables.values import Question, Settles, Table, Told
from agent.types import Samples

LINE_CHARACTERS = 1 << 16
CHUNK_LINES = 8192
MOST_SPOILT = 0.05  # of the rows
MOST_SPOILT_LINES = 1 << 20  # after which no further lines are awaited
MOST_NAMES = 600  # characters of a list of columns

ANSWERS: Final[dict[Settles, str]] = {
    "columns": "name the columns that are acceleration (--channel, like 2+3+4)",
    "time_column": "correct its time, or leave it out and give the sample rate (--rate-hz)",
    "rate": "correct what is wrong, or leave it out and give the sample rate (--rate-hz)",
    "unit": "give the unit (--unit)",
    "decimal": "write decimals with a point, or columns with a semicolon between them",
}
"""What a person does about each kind of question."""


def read(path: Path, variable: str | None) -> Recording:
    """A table whole; `variable` is a column's name or number from 1, several joined by `+`."""
    columns = None if variable in (None, "*") else tuple(part.strip() for part in (variable or "").split("+"))
    with path.open(encoding=_encoding(path), errors="replace") as file:
        lines = _lines_of(path, file)
        head = list(islice(lines, SAMPLE_LINES))
        table = settle([line.rstrip("\n") for line in head], Told(columns=columns))
        if isinstance(table, Question):
            raise _refusal(path, table)
        content = _Content(path, table)
        rows = chain(head[table.skip :], lines)
        while chunk := list(islice(rows, CHUNK_LINES)):
            content.feed(chunk)
    samples = content.end()
    series = content.series
    if (question := contradiction(table, Told(), measured_hz=series.rate_hz)) is not None:
        raise _refusal(path, question)
    return Recording(
        path=path,
        samples=samples,
        rate_hz=series.rate_hz if series.rate_hz is not None else table.facts.rate_hz,
        rpm=table.facts.rpm,
        unit="raw" if table.unit is None else "g",
        axes=table.axes,
        pieces=(Piece(0, 0), *(Piece(row, start) for row, start in series.gaps)),
        notes=(*content.notes, *_notes(table, series)),
        written_unit=table.unit,
    )


class _Content:
    """The rows of a table, chunk by chunk, as samples: float32, in g where the table has a unit."""

    def __init__(self, path: Path, table: Table) -> None:
        self.notes: list[str] = []
        self.series = LongSeries(table)
        self._path = path
        self._table = table
        self._line = table.skip
        self._rows = self._spoilt = self._others = 0
        self._first_spoilt = ""
        self._bytes = bytearray()  # grows in place, which a list of arrays to be joined does not

    def feed(self, chunk: list[str]) -> None:
        """The next lines; RecordingError where they are too many, or too few of them rows of this table."""
        last = chunk[-1]
        if not last.endswith("\n") and isinstance(read_line(self._table, last), Spoilt):
            self.notes.append("the last line is cut short and left out")
            chunk = chunk[:-1]
        rows = read_lines(self._table, [line.rstrip("\n") for line in chunk])
        self._count(rows)
        self._line += len(chunk)
        self._keep(self.series.feed(rows))

    def end(self) -> Samples:
        """All samples, (n, axes)."""
        self._keep(self.series.end())
        if self._spoilt > MOST_SPOILT * self._rows:
            raise RecordingError(
                f"{self._path}: {self._first_spoilt}; each row must hold {self._table.width} values, and "
                f"{self._spoilt} of {self._rows} do not"
            )
        if self._spoilt:
            self.notes.append(f"{self._spoilt} of {self._rows} rows hold no sample: {self._first_spoilt}")
        if self._others and not self._table.left_out:
            self.notes.append(f"{self._others} lines of another kind left out")
        return np.frombuffer(self._bytes, np.float32).reshape(-1, len(self._table.chosen))

    def _count(self, rows: Rows) -> None:
        if rows.first_spoilt is not None and not self._first_spoilt:
            at, why = rows.first_spoilt
            self._first_spoilt = f"line {self._line + at + 1} {why}"
        self._rows += len(rows.values)
        self._spoilt += rows.spoilt
        self._others += rows.others
        most = MAX_VALUES // len(self._table.chosen)
        if self._rows > most:
            raise RecordingError(f"{self._path}: has more than {most} lines; cut it into shorter pieces")
        if self._spoilt > MOST_SPOILT_LINES:
            raise RecordingError(f"{self._path}: {self._first_spoilt}, and so do {self._spoilt} others")

    def _keep(self, values: np.ndarray[tuple[int, int], np.dtype[np.float64]] | Question) -> None:
        if isinstance(values, Question):
            raise _refusal(self._path, values)
        if self._table.unit == "m/s2":
            values = values / STANDARD_GRAVITY
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused when it is judged
            self._bytes += np.ascontiguousarray(values, np.float32).tobytes()


def _notes(table: Table, series: LongSeries) -> Iterator[str]:
    """What was taken from the file, and what was left out of it."""
    if table.time is not None:
        name, rate_hz = table.columns[table.time].name, series.rate_hz
        yield f"{rate_hz:g} Hz from column {name}" if rate_hz else "time column of unknown unit"
    if series.rate_hz is None and table.facts.rate_hz is not None:
        yield f"{table.facts.rate_hz:g} Hz from the lines before the table"
    if table.facts.rpm is not None:
        yield f"{table.facts.rpm:g} rpm from the lines before the table"
    if series.gaps:
        yield f"{len(series.gaps)} gaps in time"
    if series.wraps:
        yield f"its clock went round {series.wraps} times"
    if table.unit is not None:
        yield f"unit {table.unit} from the header"
    for left in table.left_out:
        yield f"left out: {left.what:.80} {left.reason:.80}"


def _refusal(path: Path, question: Question) -> RecordingError:
    parts = [f"{path}: {question.text:.{MOST_NAMES}}"]
    if question.settles != "none":
        parts.append(ANSWERS[question.settles])
    if question.columns:
        names = ", ".join(question.columns)
        parts.append(f"there are: {names if len(names) <= MOST_NAMES else names[:MOST_NAMES] + '...'}")
    return RecordingError("; ".join(parts))


def _encoding(path: Path) -> str:
    """How the file's bytes are characters, from its first and last ones."""
    with path.open("rb") as file:
        start = file.read(PROBE)
        file.seek(max(len(start), path.stat().st_size - PROBE))
        rest = file.read(PROBE).partition(b"\n")[2]
    encoding = encoding_of(start, rest)
    if encoding is None:
        raise RecordingError(f"{path}: is no text; save the table as text, or name a file of another kind")
    return encoding


def _lines_of(path: Path, file: TextIO) -> Iterator[str]:
    """Lines of bounded length, without empty ones at the end: a file without line ends is refused, not held."""
    blank = 0
    while line := file.readline(LINE_CHARACTERS):
        if len(line) == LINE_CHARACTERS and line[-1] != "\n":
            raise RecordingError(f"{path}: has a line of more than {LINE_CHARACTERS} characters; is it a table?")
        if line.isspace():
            blank += 1
            continue
        while blank:
            yield "\n"
            blank -= 1
        yield line
