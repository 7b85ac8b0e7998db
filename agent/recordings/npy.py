"""NumPy arrays: a vector, or a table with few channels, or a structured one; alone or named in an `.npz`.

Pickles are refused, and what a file says of its sizes is held against the file before anything is read.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from agent.recordings.array_names import Leaf
from agent.recordings.arrays import Arrays, recording_of
from agent.recordings.asked import Asked
from agent.recordings.foreign import array_in, reading, weighed
from agent.recordings.recording import Recording

MOST_TEXT = 400  # characters of a word beside the arrays


def read(path: Path, asked: Asked) -> Recording:
    """An array whole; `asked` chooses columns by number from 1, or fields by name."""
    with reading(path, "plain .npy array", mend="save it with numpy.save, without objects"):
        array = npy_format.open_memmap(path, mode="r")
    return recording_of(path, Arrays(fields_of("", array)), asked)


def read_many(path: Path, asked: Asked) -> Recording:
    """The arrays of an `.npz`, of which scalars say rate, speed and unit."""
    leaves: dict[str, Leaf] = {}
    texts: list[tuple[str, str]] = []
    with reading(path, ".npz file of arrays"), zipfile.ZipFile(path) as archive:
        for member in weighed(path, archive):
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as file:
                array = array_in(path, name, file, member.file_size)
            if array.dtype.kind in "US" and array.size == 1 and array.dtype.itemsize <= 4 * MOST_TEXT:
                texts.append((name, _text(array)))
            elif array.dtype.names or array.dtype.kind in "iufc":
                leaves.update(fields_of(name, array))
    return recording_of(path, Arrays(leaves, pairs={"": texts}), asked)


def fields_of(name: str, array: np.ndarray[Any, Any]) -> dict[str, Leaf]:
    """An array by its name; a structured one by the dotted names of its fields."""
    if not array.dtype.names:
        return {name: array}
    return {
        f"{name}.{field}" if name else field: array[field]
        for field in array.dtype.names
        if array[field].dtype.kind in "iufc"
    }


def _text(array: np.ndarray[Any, Any]) -> str:
    value = array.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
