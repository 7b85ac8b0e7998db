"""Arrays on their way to a browser: little-endian float32 as base64, curves thinned so that no peak is lost."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


def packed(values: Floats) -> str:
    """Base64 of little-endian float32, which a browser makes a Float32Array of."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def packed_bytes(values: NDArray[np.uint8]) -> str:
    """Base64 of bytes."""
    return base64.b64encode(values.tobytes()).decode()


def lows_and_highs(values: Floats, columns: int) -> Floats:
    """(2 * columns,) lowest and highest by turns of `columns` equal parts of (n,); (n,) itself where that is less."""
    if len(values) <= 2 * columns:
        return values
    parts = _parts(len(values), columns)
    lows = np.minimum.reduceat(values, parts)
    highs = np.maximum.reduceat(values, parts)
    return np.stack((lows, highs), axis=1).ravel()


def highs(values: Floats, columns: int) -> Floats:
    """(columns,) highest of `columns` equal parts of (n,); (n,) itself where that is no more."""
    return values if len(values) <= columns else np.maximum.reduceat(values, _parts(len(values), columns))


def _parts(length: int, columns: int) -> NDArray[np.intp]:
    return (np.arange(columns) * length // columns).astype(np.intp)
