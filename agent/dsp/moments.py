"""Means and moments in single precision, each a few calls: on arrays of a window's size the calls are what costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.types import Vector

_SMALLEST = np.float32(1e-20)


def mean_of(values: NDArray[np.float32]) -> Vector:
    """Mean along the last axis, as `ndarray.mean` computes it, without its detour through Python."""
    mean: Vector = np.add.reduce(values, axis=-1) / np.float32(values.shape[-1])
    return mean


def moments(samples: NDArray[np.float32]) -> tuple[Vector, Vector, Vector]:
    """RMS, kurtosis and crest factor per axis of samples (axes, n) without their mean."""
    n = np.float32(samples.shape[1])
    second, fourth, highest = np.array([_powers(row) for row in samples], np.float32).T
    variance = np.maximum(second / n, _SMALLEST)
    return np.sqrt(variance), fourth / n / variance**2, np.sqrt(highest / variance)


def _powers(row: Vector) -> tuple[np.float32, np.float32, np.float32]:
    """Sums of squares and of fourth powers, and the highest square; row by row it all stays in the cache."""
    square = row * row
    return np.add.reduce(square), np.dot(square, square), np.maximum.reduce(square)
