"""The rows of a settled table, piece by piece, as a recording; and what it cannot tell, as a refusal.

What a file says twice must agree. Nothing but the samples themselves is kept of a long one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.recordings.channels import MAX_VALUES
from agent.recordings.recording import Piece, Recording
from agent.recordings.speeds import SpeedColumn, Speeds, range_of
from agent.tables.long_series import LongSeries
from agent.tables.rows import Rows
from agent.tables.told import contradiction
from agent.tables.values import Question, Settles, Table, Told
from agent.types import Samples

MOST_SPOILT = 0.05  # of the rows
MOST_SPOILT_ROWS = 1 << 20  # after which no further ones are awaited
SAME_SPEED = 0.12  # relative: what may be one speed, once nominal and once measured
MOST_NAMES = 600  # characters of a list of columns

ANSWERS: Final[dict[Settles, str]] = {
    "columns": "name the columns that are acceleration (--channel, like 2+3+4)",
    "time_column": "correct its time, or leave it out and give the sample rate (--rate-hz)",
    "rate": "correct what is wrong, or leave it out and give the sample rate (--rate-hz)",
    "unit": "give the unit (--unit)",
    "decimal": "write decimals with a point, or columns with a semicolon between them",
}
"""What a person does about each kind of question."""


class Content:
    """The rows of a table, chunk by chunk, as samples: float32, in g or V where the table has a unit.

    `row` is what its rows are called, and `where` what says its facts.
    """

    def __init__(self, path: Path, table: Table, *, row: str = "row", where: str = "file") -> None:
        self.notes: list[str] = []
        self._series = LongSeries(table)
        self._path = path
        self._table = table
        self._row = row
        self._where = where
        self._rows = self._spoilt = self._others = 0
        self._first_spoilt = ""
        self._speed = SpeedColumn()
        self._bytes = bytearray()  # grows in place, which a list of arrays to be joined does not

    def feed(self, rows: Rows, *, first: int) -> None:
        """The next rows, the first of them at `first` (from 0) in the file; RecordingError where they are too many."""
        if rows.first_spoilt is not None and not self._first_spoilt:
            at, why = rows.first_spoilt
            self._first_spoilt = f"{self._row} {first + at + 1} {why}"
        self._rows += len(rows.values)
        self._spoilt += rows.spoilt
        self._others += rows.others
        most = MAX_VALUES // len(self._table.chosen)
        if self._rows > most:
            raise RecordingError(f"{self._path}: has more than {most} {self._row}s; cut it into shorter pieces")
        if self._spoilt > MOST_SPOILT_ROWS:
            raise RecordingError(f"{self._path}: {self._first_spoilt}, and so do {self._spoilt} others")
        if rows.rpm is not None:
            self._speed.feed(rows.rpm[np.isfinite(rows.values).all(axis=1)])
        self._keep(self._series.feed(rows))

    def end(self) -> Recording:
        """All of it; RecordingError where too few rows are samples, or the table contradicts itself."""
        self._keep(self._series.end())
        if self._spoilt > MOST_SPOILT * self._rows:
            raise RecordingError(
                f"{self._path}: {self._first_spoilt}; each row must hold {self._table.width} values, and "
                f"{self._spoilt} of {self._rows} do not"
            )
        if self._spoilt:
            self.notes.append(f"{self._spoilt} of {self._rows} rows hold no sample: {self._first_spoilt}")
        if self._others and not self._table.left_out:
            self.notes.append(f"{self._others} lines of another kind left out")
        table, series = self._table, self._series
        if (question := contradiction(table, Told(), measured_hz=series.rate_hz)) is not None:
            raise refusal(self._path, question)
        rpm, speeds = self._rpm()
        return Recording(
            path=self._path,
            samples=self._samples(),
            rate_hz=series.rate_hz if series.rate_hz is not None else table.facts.rate_hz,
            rpm=rpm,
            speeds=speeds,
            unit="g" if table.unit in ("g", "m/s2") else "raw",
            axes=table.axes,
            pieces=(Piece(0, 0), *(Piece(row, start) for row, start in series.gaps)),
            notes=(*self.notes, *self._found()),
            written_unit=table.unit,
        )

    def _rpm(self) -> tuple[float | None, Speeds]:
        """What its column says of the speed, or else its preamble; RecordingError where the two differ."""
        written, (rpm, speeds) = self._table.facts.rpm, self._speed.end()
        name = "" if self._table.speed is None else self._table.columns[self._table.speed].name
        if speeds:
            low, high = range_of(speeds)
            self.notes.append(f"the speed moves from {low:.0f} to {high:.0f} rpm, and is followed (column {name})")
            return None, speeds
        if rpm is not None and written is not None and abs(written / rpm - 1) > SAME_SPEED:
            raise RecordingError(
                f"{self._path}: says two speeds, {written:g} rpm and {rpm:g} rpm (column {name}); correct the wrong one"
            )
        if rpm is not None:
            self.notes.append(f"{rpm:g} rpm from column {name}")
        return rpm if rpm is not None else written, ()

    def _samples(self) -> Samples:
        return np.frombuffer(self._bytes, np.float32).reshape(-1, len(self._table.chosen))

    def _keep(self, values: np.ndarray[tuple[int, int], np.dtype[np.float64]] | Question) -> None:
        if isinstance(values, Question):
            raise refusal(self._path, values)
        if self._table.unit == "m/s2":
            values = values / STANDARD_GRAVITY
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused when it is judged
            self._bytes += np.ascontiguousarray(values, np.float32).tobytes()

    def _found(self) -> Iterator[str]:
        """What was taken from the file, and what was left out of it."""
        table, series = self._table, self._series
        if table.time is not None:
            name, rate_hz = table.columns[table.time].name, series.rate_hz
            yield f"{rate_hz:g} Hz from column {name}" if rate_hz else "time column of unknown unit"
        if series.rate_hz is None and table.facts.rate_hz is not None:
            yield f"{table.facts.rate_hz:g} Hz from the {self._where}"
        if table.facts.rpm is not None and table.speed is None:
            yield f"{table.facts.rpm:g} rpm from the {self._where}"
        if series.gaps:
            yield f"{len(series.gaps)} gaps in time" if len(series.gaps) > 1 else "a gap in time"
        if series.wraps:
            yield f"its clock went round {series.wraps} times"
        if table.unit is not None:
            yield f"unit {table.unit} from the {'header' if self._row == 'line' else 'file'}"
        for left in table.left_out:
            yield f"left out: {left.what:.80} {left.reason:.80}"


def refusal(path: Path, question: Question) -> RecordingError:
    """A question as the one line that a person reads, with the option that answers it."""
    parts = [f"{path}: {question.text:.{MOST_NAMES}}"]
    if question.settles != "none":
        parts.append(ANSWERS[question.settles])
    if question.volts:
        parts.append("where volts are of an accelerometer, give its sensitivity (--sensitivity, like 100mV/g)")
    if question.columns:
        names = ", ".join(question.columns)
        parts.append(f"there are: {names if len(names) <= MOST_NAMES else names[:MOST_NAMES] + '...'}")
    return RecordingError("; ".join(parts))
