"""The rows of a long table in order, piece by piece: what `series_of` makes of all, without all of them in memory.

Each piece begins with the last sample before it, so that what is missing between two pieces shows as it does within.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.tables.rows import Rows
from agent.tables.series import Gaps, Series, Timed, series_of
from agent.tables.values import Question, Table

Floats = NDArray[np.float64]

LEAST_SAMPLES = 64  # of a piece: fewer do not show what is the usual step of a clock


class LongSeries:
    """State over the pieces. `gaps` holds (row, sample index), `missing` counts rows without a value."""

    def __init__(self, table: Table) -> None:
        self.gaps: Gaps = ()
        self.missing = 0
        self.wraps = 0
        self._table = table
        self._held: list[Rows] = []
        self._last: Rows | None = None  # the last sample given out, and the rows without a value behind it
        self._count = 0  # of samples given out
        self._index = 0  # of the last of them
        self._timed: Timed | None = None
        self._is_timed = True

    @property
    def rate_hz(self) -> float | None:
        """Of the time column, over all that was given out; None without one, or where nothing shows its unit."""
        return self._timed.rate_hz if self._is_timed and self._timed else None

    def feed(self, rows: Rows) -> Floats | Question:
        """Samples (n, axes) that are now known; some are held until the next call. A Question as of `series_of`."""
        if self._held and min(_samples(self._held), _samples([rows])) < LEAST_SAMPLES:
            self._held.append(rows)
            return self._none()
        held, self._held = self._held, [rows]
        return self._settled(held) if held else self._none()

    def end(self) -> Floats | Question:
        """No more rows will come: the samples that are left."""
        held, self._held = self._held, []
        return self._settled(held) if held else self._none()

    def _none(self) -> Floats:
        return np.empty((0, len(self._table.chosen)))

    def _settled(self, pieces: Sequence[Rows]) -> Floats | Question:
        carried = 0 if self._last is None else 1
        rows = _together([*([] if self._last is None else [self._last]), *pieces])
        found = series_of(self._table, rows, first_row=self._count - carried)
        if isinstance(found, Question):
            return found
        self._take(found, carried=carried)
        there = np.flatnonzero(~np.isnan(rows.values.sum(axis=1)))
        if len(there):
            self._last = _from(rows, int(there[-1]))
        return found.values[carried:]

    def _take(self, found: Series, *, carried: int) -> None:
        before = self._count - carried
        self.gaps += tuple((row + before, index + self._index) for row, index in found.gaps)
        self.missing += found.missing
        self.wraps += found.wraps
        self._index += found.steps
        self._count += len(found.values) - carried
        if found.timed is None:
            self._is_timed = False
        else:
            self._timed = found.timed if self._timed is None else self._timed + found.timed


def _samples(pieces: Sequence[Rows]) -> int:
    return sum(int(np.count_nonzero(~np.isnan(rows.values.sum(axis=1)))) for rows in pieces)


def _together(pieces: Sequence[Rows]) -> Rows:
    return Rows(
        np.concatenate([rows.values for rows in pieces]),
        _column([rows.stamps for rows in pieces]),
        _column([rows.counts for rows in pieces]),
    )


def _column(parts: Sequence[Floats | None]) -> Floats | None:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None


def _from(rows: Rows, start: int) -> Rows:
    """The rows from `start` on, as copies: the rest need not stay in memory."""
    stamps = None if rows.stamps is None else rows.stamps[start:].copy()
    counts = None if rows.counts is None else rows.counts[start:].copy()
    return Rows(rows.values[start:].copy(), stamps, counts)
