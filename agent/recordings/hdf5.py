"""HDF5 files (.h5, .hdf5, MATLAB 7.3): their data sets as named arrays, their attributes as what is said of these.

Only what lies in the file itself is read: links to other files, and data kept there, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.recordings.array_names import Leaf
from agent.recordings.arrays import Arrays, recording_of
from agent.recordings.asked import Asked
from agent.recordings.foreign import check_unpacked, reading
from agent.recordings.recording import Recording

MAX_LEAVES = 4096
MAX_DEPTH = 8
MOST_CELLS = 64  # of a MATLAB cell or struct array
MOST_ATTRIBUTES = 64
MOST_TEXT = 400  # characters
MAX_CHUNK_BYTES = 1 << 28  # unpacked whole, however few of its samples are asked for
UNIT_KEYS = ("unit", "units")
COLUMN_KEYS = ("columns", "channels", "channel_names", "labels", "names", "column_names", "axes")


def read(path: Path, asked: Asked) -> Recording:
    """A data set, or several as axes, by their paths in the file; `NAME:2` is the second column of one."""
    return _read(path, asked, mark="/")


def read_matlab(path: Path, asked: Asked) -> Recording:
    """The same of a MATLAB 7.3 file, with dots between a struct and its fields."""
    return _read(path, asked, mark=".")


def _read(path: Path, asked: Asked, *, mark: str) -> Recording:
    import h5py

    with reading(path, "HDF5 file"), h5py.File(path, "r") as file:
        found = _Found(path, file, mark)
        found.group("", file, depth=0)
        return recording_of(path, Arrays(found.leaves, found.units, found.columns, found.pairs), asked)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a data set of records."""

    records: Any
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def __getitem__(self, key: Any, /) -> Any:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        values = np.asarray(self.records.fields(self.name)[rows])
        return values[(slice(None), *rest)] if rest else values


@dataclass(slots=True)
class _Found:
    """What a file holds, as `Arrays` has it."""

    path: Path
    file: Any
    mark: str  # between the parts of a name
    leaves: dict[str, Leaf] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    pairs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def group(self, name: str, group: Any, *, depth: int) -> None:
        """A group and all below it."""
        import h5py

        self._attributes(name, group)
        is_frame = "pandas_type" in group.attrs
        for key in group:
            if depth >= MAX_DEPTH or len(self.leaves) >= MAX_LEAVES:
                return
            if key.startswith("#") or not isinstance(group.get(key, getlink=True), h5py.HardLink):
                continue
            child, full = group[key], f"{name}{self.mark}{key}" if name else key
            if isinstance(child, h5py.Group):
                self.group(full, child, depth=depth + 1)
            elif isinstance(child, h5py.Dataset) and not (is_frame and key.startswith("axis")):
                self._data_set(full, child, depth=depth)
                if is_frame and key.endswith("_values") and (items := key.replace("_values", "_items")) in group:
                    self.columns[full] = _words(group[items][:MOST_CELLS])

    def _data_set(self, name: str, data: Any, *, depth: int) -> None:
        self._attributes(name, data)
        kind = _word(data.attrs.get("MATLAB_class", ""))
        if data.shape is None or "MATLAB_empty" in data.attrs or data.is_virtual or data.external:
            return
        if data.dtype.kind == "O":
            self._references(name, data, depth=depth)
        elif kind == "char" or (data.dtype.kind == "S" and data.size == 1):
            text = "".join(map(chr, data[()].reshape(-1)[:MOST_TEXT])) if kind == "char" else _word(data[()].item())
            self._say(name, text)
        elif data.dtype.names:
            for part in data.dtype.names:
                inner = data.dtype[part]
                shape = (*data.shape, *inner.shape)
                self._keep(f"{name}{self.mark}{part}", _Field(data, part, shape, inner.base), data)
        elif data.dtype.kind in "iufc" and kind != "logical":
            self._keep(name, data, data)

    def _keep(self, name: str, leaf: Leaf, data: Any) -> None:
        if leaf.dtype.kind not in "iufc":
            return
        if data.chunks and np.prod(data.chunks, dtype=float) * data.dtype.itemsize > MAX_CHUNK_BYTES:
            raise RecordingError(f"{self.path}: {name} lies in chunks of more than {MAX_CHUNK_BYTES >> 20} MiB")
        check_unpacked(self.path, int(np.prod(leaf.shape, dtype=object)) * leaf.dtype.itemsize)
        self.leaves[name] = leaf

    def _references(self, name: str, data: Any, *, depth: int) -> None:
        """Cells and struct arrays by their number from 1; a text of variable length as a text."""
        import h5py

        if h5py.check_string_dtype(data.dtype) is not None:
            if data.size == 1:
                self._say(name, _word(data[()] if data.shape == () else data[()].reshape(-1)[0]))
            return
        if h5py.check_ref_dtype(data.dtype) is not h5py.Reference or depth >= MAX_DEPTH or data.size > MAX_LEAVES:
            return
        for number, reference in enumerate(data[()].reshape(-1)[:MOST_CELLS], start=1):
            if not reference:
                continue
            child, full = self.file[reference], name if data.size == 1 else f"{name}({number})"
            if isinstance(child, h5py.Group):
                self.group(full, child, depth=depth + 1)
            elif isinstance(child, h5py.Dataset):
                self._data_set(full, child, depth=depth + 1)

    def _say(self, name: str, text: str) -> None:
        group, _, key = name.rpartition(self.mark)
        self.pairs.setdefault(group, []).append((key, text[:MOST_TEXT]))

    def _attributes(self, name: str, holder: Any) -> None:
        for key, value in _attributes_of(holder):
            if key.lower() in COLUMN_KEYS and isinstance(value, list):
                self.columns[name] = value
            elif isinstance(value, str):
                self.pairs.setdefault(name, []).append((key, value))
                if key.lower() in UNIT_KEYS:
                    self.units[name] = value


def _attributes_of(holder: Any) -> Iterator[tuple[str, str | list[str]]]:
    """Attributes that are one number or word, as a word, or a list of words."""
    for key in list(holder.attrs)[:MOST_ATTRIBUTES]:
        if key.startswith("MATLAB_"):
            continue
        value = np.asarray(holder.attrs[key])
        if value.size == 1 and value.dtype.kind in "iufSUO":
            yield key, _word(value.reshape(-1)[0])
        elif value.ndim == 1 and value.dtype.kind in "SUO":
            yield key, _words(value[:MOST_CELLS])


def _words(values: Any) -> list[str]:
    return [_word(value) for value in np.asarray(values).reshape(-1)]


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")[:MOST_TEXT]
    return str(value)[:MOST_TEXT] if isinstance(value, str | int | float | np.number) else ""
