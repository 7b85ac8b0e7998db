"""Samples in half the memory: as the 16-bit counts that they came in, where nothing is lost by that.

Whether it is lost is looked at, sample by sample and bit by bit; what is anything else stays as it is.
"""

from __future__ import annotations

import numpy as np

from agent.types import Samples, Stretch


def in_steps(samples: Stretch, step: float | None) -> Stretch:
    """Samples (axes, n) as counts of `step`, that of the converter in their unit; else, or where None, themselves.

    What is counts already stays as it is.
    """
    if step is None or samples.dtype == np.int16:
        return samples
    with np.errstate(all="ignore"):  # what is no number, or too large for its step, is not the same afterwards
        single = np.float32(step)
        counts = np.rint(samples / single).astype(np.int16)
        again = np.multiply(counts, single, dtype=np.float32)
    is_same = bool((again.view(np.int32) == samples.view(np.int32)).all())
    return counts if is_same else samples


def samples_from(stretch: Stretch, step: float | None, *, out: Samples | None = None) -> Samples:
    """The samples (axes, n) that `in_steps` was given, to the last bit; in `out` where that is given."""
    if stretch.dtype == np.int16:
        assert step is not None, "counts come of a step"
        return np.multiply(stretch, np.float32(step), dtype=np.float32, out=out)
    if out is None:
        return stretch.astype(np.float32)
    out[:] = stretch
    return out
