"""Plain NumPy arrays: a vector, or a table with few channels, without a rate or a unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.errors import RecordingError
from agent.recordings.channels import MAX_VALUES, chosen_columns, columns_of, names_of_axes
from agent.recordings.recording import Recording, as_float32


def read(path: Path, variable: str | None) -> Recording:
    """An array whole; `variable` chooses columns by number from 1."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise RecordingError(f"{path}: is no plain .npy array ({error}); save it with numpy.save") from error
    if array.size > MAX_VALUES:
        raise RecordingError(f"{path}: holds {array.size} values, at most {MAX_VALUES} are read; cut it shorter")
    samples = chosen_columns(path, columns_of(path, "the array", array), variable)
    return Recording(
        path=path,
        samples=as_float32(samples),
        rate_hz=None,
        rpm=None,
        unit="raw",
        axes=names_of_axes(path, samples.shape[1]),
    )
