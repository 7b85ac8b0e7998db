"""An array of a bundle, held against what it must be before memory is taken for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.errors import BundleError
from agent.npy import NpyError, read_array


def array_of(
    path: Path, content: bytes, *, dtype: type[np.generic], shape: tuple[int | None, ...], finite: bool = True
) -> NDArray[Any]:
    """The array in the `content` of file `path`; a None in `shape` fits any number. BundleError where it is another."""
    try:
        values = read_array(io.BytesIO(content), size=len(content))
    except NpyError as error:
        raise BundleError(f"{path}: {error}; export the bundle again") from error
    fits = len(values.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, values.shape, strict=True)
    )
    if values.dtype != dtype or not fits or values.size == 0:
        raise BundleError(f"{path}: {values.dtype} {values.shape}, expected {np.dtype(dtype)} {shape}; export it again")
    if finite and not np.isfinite(values).all():
        raise BundleError(f"{path}: holds values that are not finite; export the bundle again")
    return values
