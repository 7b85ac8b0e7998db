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
    return values[:, list(numbers_of_columns(path, values.shape[1], variable))]


def numbers_of_columns(path: Path, width: int, asked: str) -> tuple[int, ...]:
    """Indexes of columns that are asked for by number from 1, as in "2+3"; RecordingError where there are fewer."""
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in asked.split("+")]
    if not all(1 <= number <= width for number in numbers):
        raise RecordingError(f"{path}: has no channel {asked!r}; channels are numbered 1 to {width}")
    return tuple(number - 1 for number in numbers)
