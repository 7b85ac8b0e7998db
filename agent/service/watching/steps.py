"""Samples in half the memory: as the 16-bit steps that they came in, where nothing is lost by that.

Whether it is lost is looked at, sample by sample and bit by bit; what is anything else stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.types import Samples


@dataclass(frozen=True, slots=True)
class Steps:
    """Samples that give themselves back to the last bit; `step` None: they are kept as they came."""

    kept: NDArray[np.int16] | Samples  # (axes, n)
    step: np.float32 | None

    def __len__(self) -> int:
        return int(self.kept.shape[1])

    @property
    def samples(self) -> Samples:
        """(n, axes)"""
        if self.step is None:
            return np.ascontiguousarray(self.kept.T, np.float32)
        return np.multiply(self.kept.T, self.step, dtype=np.float32, order="C")


def in_steps(samples: Samples, step: float | None) -> Steps:
    """`samples` (n, axes), copied; `step`: of the converter, in their unit, where it is known."""
    axes = samples.T  # a windower cuts along axes: rows that lie in one piece
    if step is not None:
        with np.errstate(all="ignore"):  # what is no number, or too large for its step, is not the same afterwards
            single = np.float32(step)
            counts = np.rint(axes / single).astype(np.int16)
            again = np.multiply(counts, single, dtype=np.float32)
        if np.array_equal(again.view(np.int32), axes.view(np.int32)):
            return Steps(counts, single)
    return Steps(axes.copy(), None)
