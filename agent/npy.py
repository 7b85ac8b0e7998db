"""Bytes of a `.npy` file as an array: what its header promises is held against the bytes before memory is taken.

numpy takes the memory first and looks afterwards; a header of a hundred bytes may promise a terabyte.
"""

from __future__ import annotations

import math
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray


class NpyError(ValueError):
    """Bytes that are no plain array, or not the one that they promise; the text goes on after a file's name."""


def read_array(file: IO[bytes], *, size: int, most_values: int | None = None) -> NDArray[Any]:
    """The array in `file`, of which no more than `size` bytes are read; it may be read-only.

    NpyError where it is damaged, holds Python objects, or has more than `most_values`.
    """
    try:
        version = npy_format.read_magic(file)
        read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, is_fortran, dtype = read_header(file)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, EOFError) as error:
        raise NpyError(f"is no array file ({' '.join(str(error).split()):.200})") from error
    if dtype.hasobject:
        raise NpyError("holds Python objects (a pickle), which are not read; save plain numbers")
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count * dtype.itemsize > size:
        raise NpyError(f"claims {count} values, more than it holds")
    if most_values is not None and count > most_values:
        raise NpyError(f"holds {count} values, more than {most_values}")
    content = file.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise NpyError(f"is cut short: {count} values are claimed, {len(content) // max(1, dtype.itemsize)} are there")
    array: NDArray[Any] = np.frombuffer(content, dtype, count)
    return array.reshape(shape, order="F" if is_fortran else "C")
