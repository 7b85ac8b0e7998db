"""Windows of many recordings as arrays: all that training, calibration and scoring need to know of the data.

A row is one window heard for one bearing. Strings stay out of the learning: only `labels` are targets, the others say
which windows may share a side of a split and whose healthy state may serve as reference.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Table:
    """n windows with d features."""

    values: NDArray[np.float32]  # (n, d), 0 where unknown
    known: NDArray[np.bool_]  # (n, d)
    labels: NDArray[np.str_]  # fault ids
    groups: NDArray[np.str_]  # the unit that never sits on both sides of a split
    machines: NDArray[np.str_]
    recordings: NDArray[np.str_]
    rpm: NDArray[np.float32]  # NaN where unknown
    baseline: NDArray[np.bool_]  # teaches the healthy baseline and is never scored
    half: NDArray[np.int8]  # 0 or 1: first or second half of its recording; or NEITHER_HALF
    impulses: NDArray[np.float32]  # the spread that signs rest on, off the ends of windows; NaN where unknown
    doubted: NDArray[np.bool_]  # the spectrum contradicts the speed that was given

    def __len__(self) -> int:
        return len(self.values)

    @property
    def families(self) -> NDArray[np.str_]:
        """(n,) the family of each row's machine: what stands before the first dash of its name."""
        return np.array([machine.split("-")[0] for machine in self.machines.tolist()], dtype=np.str_)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Table:
        return Table(*(getattr(self, field.name)[rows] for field in fields(self)))


def join(tables: Sequence[Table]) -> Table:
    """One table of all rows."""
    return Table(*(np.concatenate([getattr(t, field.name) for t in tables]) for field in fields(Table)))


def save(table: Table, path: Path, *, beside: Mapping[str, NDArray[Any]] | None = None) -> None:
    """A kill leaves the whole file or none, and so does another run that writes the same.

    `beside` are arrays of other names that `load` leaves alone.
    """
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        opened = part.open("wb")
    except OSError as error:  # said of the file that was asked for: nobody knows the other
        raise OSError(error.errno, error.strerror, str(path)) from error
    with opened as file:
        arrays: dict[str, Any] = {field.name: getattr(table, field.name) for field in fields(Table)}
        arrays |= beside or {}
        np.savez_compressed(file, **arrays)
    part.replace(path)


def load(path: Path) -> Table:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # numpy leaves a damaged one open
        return Table(*(arrays[field.name] for field in fields(Table)))
