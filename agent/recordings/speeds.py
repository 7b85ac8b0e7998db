"""The shaft's speed as a column of a recording says it: one figure where it is steady, else how it moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.recordings.recording import Recording
from agent.types import Reading, SampleBlock

Floats = NDArray[np.float64]
Speeds: TypeAlias = tuple[tuple[int, float], ...]
"""(row, rpm): the speed from that row on; empty where it is steady, or nothing says it."""

ROWS = 64  # of which the median is kept
STEADY = 0.02  # relative: the reach of the search for lines


class SpeedColumn:
    """What the column says, chunk by chunk, of rows that are samples."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.int64]] = []
        self._rpm: list[Floats] = []
        self._at = 0

    def feed(self, rpm: Floats) -> None:
        """The next rows, shape (n,), NaN where one does not say it."""
        starts = np.arange(0, len(rpm), ROWS)
        whole = np.full(len(starts) * ROWS, np.nan)
        whole[: len(rpm)] = rpm
        pieces = whole.reshape(-1, ROWS)
        says = np.isfinite(pieces).any(axis=1)
        self._rows.append(self._at + starts[says])
        self._rpm.append(np.nanmedian(pieces[says], axis=1) if says.any() else np.empty(0))
        self._at += len(rpm)

    def end(self) -> tuple[float | None, Speeds]:
        """(rpm, how it moves): the one is None, or the other empty."""
        rows, rpm = (np.concatenate(parts) if parts else np.empty(0) for parts in (self._rows, self._rpm))
        if not len(rpm):
            return None, ()
        middle = float(np.median(rpm))
        if np.abs(rpm - middle).max() <= STEADY * middle:
            return float(f"{middle:.6g}"), ()
        return None, tuple((int(row), float(value)) for row, value in zip(rows, rpm, strict=True))


def range_of(speeds: Speeds) -> tuple[float, float]:
    """Lowest and highest rpm of a speed that moves."""
    rpm = [value for _, value in speeds]
    return min(rpm), max(rpm)


def with_speeds_of(whole: Recording, parts: Sequence[Recording]) -> Recording:
    """A recording that was put together of these, one after the other, with how their speeds move."""
    if not any(part.speeds for part in parts):
        return whole
    speeds, first = list[tuple[int, float]](), 0
    for part in parts:
        own = part.speeds or (((0, part.rpm),) if part.rpm is not None else ())
        speeds += [(row + first, rpm) for row, rpm in own]
        first += len(part.samples)
    return replace(whole, rpm=None, speeds=tuple(speeds))


def readings_beside(recording: Recording, blocks: Iterator[SampleBlock]) -> Iterator[Reading | SampleBlock]:
    """Its blocks, each after the speed that its rows say."""
    rows = np.array([row for row, _ in recording.speeds])
    rpm = np.array([value for _, value in recording.speeds])
    at = 0
    for block in blocks:
        if len(rows):
            there = rpm[(rows >= at) & (rows < at + len(block.samples))]
            if len(there):
                middle_s = block.arrival_s - len(block.samples) / block.stream.rate_hz / 2
                yield Reading(block.stream.sensor, "rpm", float(np.median(there)), middle_s)
        at += len(block.samples)
        yield block
