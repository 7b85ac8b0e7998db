"""Which of a file's arrays is asked for: by name, by glob, by the number of a column, or because there is no other.

Names are dotted or slashed paths; `NAME:2` is the second column of a table, and `2` that of the only array there is.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.recordings.channels import MAX_CHANNELS, numbers_of_columns
from agent.tables.columns import WHAT
from agent.tables.names import sense_of

MOST_COLUMNS = 64  # of vectors side by side
MAY_BE_SIGNAL = ("acceleration", "unknown", "time", "counter", "text")
"""Roles by name that contents may contradict; MATLAB's import calls a column VarName6, which is no remark."""


class Leaf(Protocol):
    """An array in memory, or one that is read from its file where it is asked for a slice."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def size(self) -> int: ...
    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A vector, or a table with few channels whichever way it lies, and the columns of it that are asked for."""

    name: str
    leaf: Leaf
    chosen: tuple[int, ...]

    @property
    def rows(self) -> int:
        return max(self.leaf.shape)

    @property
    def width(self) -> int:
        return 1 if len(self.leaf.shape) == 1 else min(self.leaf.shape)

    def read(self, at: int, end: int) -> NDArray[Any]:
        """Rows `at` to `end`, shape (end - at, width)."""
        shape = self.leaf.shape
        if len(shape) == 1:
            return np.asarray(self.leaf[at:end]).reshape(-1, 1)
        return np.asarray(self.leaf[:, at:end]).T if shape[0] < shape[1] else np.asarray(self.leaf[at:end])


def chosen_parts(path: Path, there: Mapping[str, Leaf], variable: str | None) -> list[Part]:
    """What a person named, in that order; RecordingError where it is not there, or lengths differ."""
    parts = [_one_part(path, one.strip(), there) for one in (variable or "*").split("+")]
    if len({part.rows for part in parts}) > 1:
        lengths = ", ".join(f"{part.name} {part.rows}" for part in parts)
        raise RecordingError(f"{path}: variables of unequal length cannot be axes of one sensor ({lengths})")
    return parts


def parts_of_all(path: Path, there: Mapping[str, Leaf]) -> list[Part]:
    """The only array, or vectors of one group and length as a table; RecordingError lists what there is to choose.

    What is called another quantity than acceleration leaves no choice, nor does time beside a table of its length.
    """
    groups = {group_of(name) for name in there}
    lengths = {max(leaf.shape) for leaf in there.values()}
    vectors = all(leaf.size == max(leaf.shape) and _is_real(leaf) for leaf in there.values())
    if len(there) > 1 and len(there) <= MOST_COLUMNS and vectors and len(groups) == len(lengths) == 1:
        return [_whole(path, name, leaf) for name, leaf in there.items()]
    signals = [name for name in there if not _is_time(name) and other_quantity(name) is None]
    if len(signals) == 1:
        part = _whole(path, signals[0], there[signals[0]])
        return [part, *time_beside(path, there, [part])]
    name = _one_name(path, "*", there)
    return [_whole(path, name, there[name])]


def other_quantity(name: str) -> str | None:
    """What an array is called for sure where that is no acceleration, as the end of a sentence."""
    sense = sense_of(last_of(name))
    may_be = sense.strength != "sure" or sense.role in MAY_BE_SIGNAL
    return None if may_be else f"is {WHAT[sense.role]} by its name"


def time_beside(path: Path, there: Mapping[str, Leaf], parts: Sequence[Part]) -> list[Part]:
    """Vectors of time as long as what is asked for, which stand in the same group."""
    group, rows, taken = group_of(parts[0].name), parts[0].rows, {part.name for part in parts}
    beside = [name for name in there if name not in taken and group_of(name) == group]
    found = [
        _whole(path, name, there[name])
        for name in beside
        if there[name].size == rows and _is_real(there[name]) and _is_time(name)
    ]
    return found[:1]


def last_of(name: str) -> str:
    """The last part of a dotted or slashed name."""
    return re.split(r"[./]", name)[-1]


def group_of(name: str) -> str:
    """All but the last part of a dotted or slashed name."""
    return name[: len(name) - len(last_of(name))].rstrip("./")


def root_of(name: str) -> str:
    """The first part of a dotted or slashed name."""
    return re.split(r"[./]", name)[0]


def _is_time(name: str) -> bool:
    sense = sense_of(last_of(name))
    return sense.role == "time" and sense.strength == "sure"


def _is_real(leaf: Leaf) -> bool:
    return leaf.dtype.kind in "iuf"


def _whole(path: Path, name: str, leaf: Leaf) -> Part:
    shape = leaf.shape
    if not _is_real(leaf) or len(shape) not in (1, 2) or not leaf.size:
        called = name or "the array"
        raise RecordingError(f"{path}: {called} is no vector or table of real numbers ({leaf.dtype}, {shape})")
    part = Part(name, leaf, ())
    if part.width > MAX_CHANNELS:
        called = name or "the array"
        raise RecordingError(f"{path}: {called} is {shape[0]} x {shape[1]}; no side is a number of channels")
    return Part(name, leaf, tuple(range(part.width)))


def _one_part(path: Path, asked: str, there: Mapping[str, Leaf]) -> Part:
    """The array that a person named, or one column of a table."""
    wanted, _, number = asked.rpartition(":")
    if not number.isdecimal() or asked in there or (not wanted and len(there) != 1):
        wanted, number = asked, ""
    name = _one_name(path, wanted or "*", there)
    part = _whole(path, name, there[name])
    return Part(name, part.leaf, numbers_of_columns(path, part.width, number)) if number else part


def _one_name(path: Path, pattern: str, there: Mapping[str, Leaf]) -> str:
    if pattern in there:
        return pattern
    found = [name for name in there if fnmatch.fnmatchcase(name, pattern)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{name} {'x'.join(map(str, there[name].shape))}" for name in (found or there)) or "none"
    if not found:
        raise RecordingError(f"{path}: has no variable {pattern!r}; there are: {listed:.600}")
    if pattern == "*":
        raise RecordingError(f"{path}: holds {len(found)} variables; name one (--channel): {listed:.600}")
    raise RecordingError(f"{path}: {len(found)} variables fit {pattern!r}; name one of (--channel): {listed:.600}")
