"""What readers of several formats do alike: bounds on size, and columns of a table as the axes of a sensor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.types import AXES

Numbers = NDArray[Any]

MAX_FILE_BYTES = 2 << 30
MAX_VALUES = 1 << 28  # samples times axes: 1 GiB as float32
MAX_CHANNELS = 16


def names_of_axes(path: Path, count: int) -> tuple[str, ...]:
    """x, y, z in the order of the channels; RecordingError where there are more than that."""
    if count > len(AXES):
        raise RecordingError(f"{path}: has {count} channels; choose up to {len(AXES)} (--channel, like 1+2+3)")
    return AXES[:count]


def chosen_columns(path: Path, values: Numbers, variable: str | None) -> Numbers:
    """Columns by number from 1, as in "2+3"; all of them where `variable` is None."""
    if variable is None or variable == "*":
        return values
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in variable.split("+")]
    if not all(1 <= number <= values.shape[1] for number in numbers):
        raise RecordingError(f"{path}: has no channel {variable!r}; channels are numbered 1 to {values.shape[1]}")
    return values[:, [number - 1 for number in numbers]]


def columns_of(path: Path, name: str, array: Numbers) -> Numbers:
    """A vector or a table with few channels as (n, channels), whichever way it lies."""
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or not array.size:
        raise RecordingError(f"{path}: {name} is no vector or table of real numbers ({array.dtype}, {array.shape})")
    table = array.reshape(-1, 1) if array.ndim == 1 else array
    table = table.T if table.shape[0] < table.shape[1] else table
    if table.shape[1] > MAX_CHANNELS:
        raise RecordingError(f"{path}: {name} is {array.shape[0]} x {array.shape[1]}; no side is a number of channels")
    return table
