"""MATLAB files: their variables as named arrays, structs by dots. scipy reads versions 4 to 7.2, h5py version 7.3."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.recordings.arrays import Arrays, recording_of
from agent.recordings.asked import Asked
from agent.recordings.channels import MAX_VALUES, Numbers
from agent.recordings.foreign import most_unpacked, reading
from agent.recordings.mat_structure import check_structure
from agent.recordings.recording import Recording

MAX_ARRAYS = 4096
MAX_DEPTH = 8
VERSION_73 = b"MATLAB 7.3"


def read(path: Path, asked: Asked) -> Recording:
    """A variable, or several as axes; every array of the file where none is asked for and that leaves no choice."""
    with path.open("rb") as file:
        if file.read(len(VERSION_73)) == VERSION_73:
            from agent.recordings.hdf5 import read_matlab

            return read_matlab(path, asked)
    contents = _load_mat(path)
    return recording_of(path, Arrays(leaves_of(contents), pairs={"": texts_of(contents)}), asked)


def _load_mat(path: Path) -> dict[str, Any]:
    """The contents of a `.mat` file; ImportError where scipy is not installed."""
    from scipy.io import loadmat, whosmat

    with reading(path, "MATLAB file"):
        content = path.read_bytes()
        check_structure(memoryview(content), max_bytes=most_unpacked(len(content)))
        size = sum(math.prod(shape) for _, shape, _ in whosmat(path))
        if size > MAX_VALUES:
            raise RecordingError(
                f"{path}: holds {size} values, at most {MAX_VALUES} are read; cut it into shorter pieces"
            )
        return dict(loadmat(path, chars_as_strings=False))


def leaves_of(contents: Mapping[str, Any]) -> dict[str, Numbers]:
    """Every real numeric array by its dotted name; `contents` is as scipy.io.loadmat returns it."""
    leaves: dict[str, Numbers] = {}
    for name, value in contents.items():
        if not name.startswith("__"):
            _collect(name, value, leaves, depth=0)
    return leaves


def texts_of(contents: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Variables that are words, as names and values."""
    return [
        (name, "".join(value.reshape(-1)[:64]))
        for name, value in contents.items()
        if not name.startswith("__") and isinstance(value, np.ndarray) and value.dtype.kind == "U"
    ]


def _collect(name: str, value: Any, leaves: dict[str, Numbers], *, depth: int) -> None:
    """Structs by their fields, cells and struct arrays by their number from 1, numbers as they are."""
    if depth > MAX_DEPTH or not isinstance(value, np.ndarray) or len(leaves) >= MAX_ARRAYS:
        return
    if value.dtype.names or value.dtype.kind == "O":
        for number, element in enumerate(value.reshape(-1)[:64], start=1):
            base = name if value.size == 1 else f"{name}({number})"
            if value.dtype.names:
                for field in value.dtype.names:
                    _collect(f"{base}.{field}", element[field], leaves, depth=depth + 1)
            else:
                _collect(base, element, leaves, depth=depth + 1)
    elif value.dtype.kind in "iuf":
        leaves[name] = value
