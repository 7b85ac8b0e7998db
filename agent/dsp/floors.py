"""The level around each bin of a spectrum, in blocks and between them: what stands above it, and what makes it even."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.dsp.moments import mean_of
from agent.types import Vector

_LN2 = np.float32(np.log(2.0))
_SMALLEST = np.float32(1e-30)


def above_floor(power: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """log(1 + power / local mean) along the last axis of (..., bins).

    The local mean is taken robustly, median / ln 2 (that of exponentially distributed noise power) per block of `width`
    bins, and interpolated in the logarithm between the blocks' centres.
    """
    bins = power.shape[-1]
    blocked = _in_blocks(power, width)
    middle = blocked.shape[-1] // 2
    medians = np.partition(blocked, middle, axis=-1)[..., middle]
    floor = _between(np.log(np.maximum(medians, _SMALLEST) / _LN2), bins, blocked.shape[-1])
    np.negative(floor, out=floor)
    heights: NDArray[np.float32] = np.exp(floor, out=floor)
    heights *= power
    heights += np.float32(1)  # log1p would take ten times as long for digits that no floor is known to
    return np.log(heights, out=heights)


def evening_gain(power: Vector, width: int) -> Vector:
    """(bins,) by which amplitudes are multiplied so that their power (bins,) is even in blocks of about `width`."""
    blocked = _in_blocks(power, width)
    level = np.float32(-0.5) * np.log(np.maximum(mean_of(blocked), _SMALLEST))
    gain: Vector = np.exp(_between(level, len(power), blocked.shape[-1]))
    return gain


def _in_blocks(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """(..., blocks, size) of about `width` bins each; what is left at the end belongs to none."""
    bins = values.shape[-1]
    blocks = max(1, bins // width)
    size = bins // blocks
    return values[..., : blocks * size].reshape(*values.shape[:-1], blocks, size)


def _between(levels: NDArray[np.float32], bins: int, size: int) -> NDArray[np.float32]:
    """(..., bins) from levels (..., blocks) at the centres of blocks of `size`: linear between them, level beyond."""
    blocks, half = levels.shape[-1], size // 2
    end = half + (blocks - 1) * size
    result = np.empty((*levels.shape[:-1], bins), np.float32)
    result[..., :half] = levels[..., :1]
    result[..., end:] = levels[..., -1:]
    weight, rest = _weights(size)
    cells = result[..., half:end].reshape(*levels.shape[:-1], blocks - 1, size)
    np.add(levels[..., :-1, None] * rest, levels[..., 1:, None] * weight, out=cells)
    return result


@lru_cache(maxsize=64)
def _weights(size: int) -> tuple[Vector, Vector]:
    """Of the next block and of this one, for the bins from one block's centre to the next one's."""
    weight = ((np.arange(size) + size // 2 + 0.5) / size - 0.5).astype(np.float32)
    return weight, np.float32(1) - weight
