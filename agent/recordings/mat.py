"""What a MATLAB file's contents mean: arrays by dotted name, which of them is asked for, and its rate and speed.

A name that leaves a choice is refused with a list of what there is. scipy reads the file itself; it is imported on use.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.recordings.channels import (
    MAX_FILE_BYTES,
    MAX_VALUES,
    Numbers,
    chosen_columns,
    columns_of,
    names_of_axes,
)
from agent.recordings.mat_structure import check_structure
from agent.recordings.recording import Recording, as_float32

MAX_ARRAYS = 4096
MAX_DEPTH = 8
RATE_NAMES = ("samplefrequency", "samplingfrequency", "samplerate", "samplingrate", "fs", "sr")
INTERVAL_NAMES = ("increment", "dt", "deltat", "sampleinterval", "samplinginterval", "sampleperiod", "samplingperiod")
"""In seconds, as measuring equipment writes them beside the values."""


def read(path: Path, variable: str | None) -> Recording:
    """A variable, or several as axes; every array of the file where `variable` is None and that leaves no choice."""
    leaves = leaves_of(_load_mat(path))
    values, names = choose(path, leaves, variable)
    rate_hz, rpm = rate_and_rpm(leaves, names[0])
    notes = [] if variable == names[0] else [f"variable {' + '.join(names)}"]
    notes += [f"{rate_hz:g} Hz from the file"] if rate_hz is not None else []
    notes += [f"{rpm:g} rpm from the file"] if rpm is not None else []
    return Recording(
        path=path,
        samples=as_float32(values),
        rate_hz=rate_hz,
        rpm=rpm,
        unit="raw",
        axes=names_of_axes(path, values.shape[1]),
        notes=tuple(notes),
    )


def _load_mat(path: Path) -> dict[str, Any]:
    """The contents of a `.mat` file; ImportError where scipy is not installed."""
    from scipy.io import loadmat, whosmat

    try:
        check_structure(memoryview(path.read_bytes()), max_bytes=MAX_FILE_BYTES)
        size = sum(math.prod(shape) for _, shape, _ in whosmat(path))
        if size > MAX_VALUES:
            raise RecordingError(
                f"{path}: holds {size} values, at most {MAX_VALUES} are read; cut it into shorter pieces"
            )
        contents = loadmat(path, chars_as_strings=False)
    except RecordingError:
        raise
    except NotImplementedError as error:
        raise RecordingError(f"{path}: is a MATLAB 7.3 (HDF5) file; save it again with save(..., '-v7')") from error
    except Exception as error:  # scipy raises nearly anything on a damaged file
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise RecordingError(f"{path}: is damaged or no MATLAB file ({detail})") from error
    return dict(contents)


def leaves_of(contents: Mapping[str, Any]) -> dict[str, Numbers]:
    """Every real numeric array by its dotted name; `contents` is as scipy.io.loadmat returns it."""
    leaves: dict[str, Numbers] = {}
    for name, value in contents.items():
        if not name.startswith("__"):
            _collect(name, value, leaves, depth=0)
    return leaves


def choose(path: Path, leaves: Mapping[str, Numbers], variable: str | None) -> tuple[Numbers, tuple[str, ...]]:
    """The arrays that `variable` names (`*` where None), side by side as (n, channels), and their full names.

    `NAME:2` is the second column of a table, and `2` that of the only array there is.
    """
    arrays = {name: leaf for name, leaf in leaves.items() if leaf.size > 1}
    chosen = [_one_part(path, part.strip(), arrays) for part in (variable or "*").split("+")]
    names, parts = tuple(name for name, _ in chosen), [part for _, part in chosen]
    if len({len(part) for part in parts}) > 1:
        lengths = ", ".join(f"{name} {len(part)}" for name, part in zip(names, parts, strict=True))
        raise RecordingError(f"{path}: variables of unequal length cannot be axes of one sensor ({lengths})")
    return np.concatenate(parts, axis=1), names


def rate_and_rpm(leaves: Mapping[str, Numbers], variable: str) -> tuple[float | None, float | None]:
    """Sample rate in Hz and speed in rpm, where one scalar says so; None where none does or several disagree."""
    signals = {_root(name) for name, leaf in leaves.items() if leaf.size > 1} - {_root(variable)}
    scalars = {  # a struct that holds signals speaks of those alone
        name: float(leaf.reshape(-1)[0])
        for name, leaf in leaves.items()
        if leaf.size == 1 and _root(name) not in signals
    }
    rate_hz = _scalar(scalars, lambda name: _bare_name(name) in RATE_NAMES)
    if rate_hz is None and (step_s := _scalar(scalars, lambda name: _bare_name(name) in INTERVAL_NAMES)) is not None:
        rate_hz = float(f"{1 / step_s:.6g}") if MIN_RATE_HZ <= 1 / step_s <= MAX_RATE_HZ else None
    rpm = _scalar(_of_same_test(scalars, variable), lambda name: name.lower().endswith("rpm"))
    return rate_hz, rpm


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


def _root(name: str) -> str:
    return name.partition(".")[0]


def _bare_name(name: str) -> str:
    return re.sub(r"[_ ]", "", name.rpartition(".")[2].lower())


def _one_part(path: Path, part: str, arrays: Mapping[str, Numbers]) -> tuple[str, Numbers]:
    """Name and columns of what a person named: an array, or one column of a table."""
    wanted, _, number = part.rpartition(":")
    if not number.isdecimal() or part in arrays or (not wanted and len(arrays) != 1):
        wanted, number = part, ""
    name = _one_name(path, wanted or "*", arrays)
    table = columns_of(path, name, arrays[name])
    return name, chosen_columns(path, table, number) if number else table


def _one_name(path: Path, pattern: str, arrays: Mapping[str, Numbers]) -> str:
    if pattern in arrays:
        return pattern
    found = [name for name in arrays if fnmatch.fnmatchcase(name, pattern)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{name} {'x'.join(map(str, arrays[name].shape))}" for name in (found or arrays)) or "none"
    if not found:
        raise RecordingError(f"{path}: has no variable {pattern!r}; there are: {there}")
    raise RecordingError(f"{path}: {len(found)} variables fit {pattern!r}; name one of: {there}")


def _scalar(scalars: Mapping[str, float], is_named: Callable[[str], bool]) -> float | None:
    """The one value under such a name; None where there is none, or where they disagree."""
    values = {value for name, value in scalars.items() if is_named(name) and math.isfinite(value) and value > 0}
    return values.pop() if len(values) == 1 else None


def _of_same_test(scalars: Mapping[str, float], variable: str) -> Mapping[str, float]:
    """Scalars that share the variable's leading name (X105_DE_time, X105RPM); all of them where none does."""
    prefix = re.match(r"[A-Za-z]+\d+", variable)
    near = {name: value for name, value in scalars.items() if prefix and name.startswith(prefix[0])}
    return near or scalars
