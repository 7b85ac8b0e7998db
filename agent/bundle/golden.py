"""Golden windows: the same samples from the same seed on every machine, by integer arithmetic alone.

Nothing here rounds: noise is SplitMix64 (Steele et al. 2014), the defect is a train of ringing impulses whose shape is
a table of integers, and the one division is by a power of two. So a bundle carries no recording, and a difference
in features or embeddings comes from the machine that computed them.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.limits import MAX_RPM
from agent.machine import Geometry
from agent.types import AXES, Rate, Stream, Window

COUNTS_PER_G = 4096
MAX_SAMPLES = 1 << 20

_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_RING = np.array(
    [
        900,
        2400,
        1500,
        -1300,
        -2000,
        -400,
        1300,
        1100,
        -300,
        -1100,
        -450,
        600,
        650,
        -100,
        -550,
        -280,
        260,
        350,
        -10,
        -270,
    ],
    dtype=np.int64,
)


class GoldenCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which window to make, and what the agent is told about the machine it stands for."""

    seed: int
    rate_hz: int
    axes: int = 1
    rpm: int | None = None
    geometry: Geometry | None = None
    impulse_every: int = 0  # samples between impulses of the simulated defect; 0: noise alone
    reference_seed: int | None = None  # the healthy reference is another window's features: same machine, no impulses


def golden_window(case: GoldenCase, window_s: float) -> Window:
    """The window of `case`: samples (n, axes) in g, full scale nowhere near."""
    problem = problem_of_case(case, window_s)
    if problem:
        raise ValueError(problem)
    n = round(window_s * case.rate_hz)
    counts = np.stack([_noise(case.seed, axis, n) for axis in range(case.axes)], axis=1)
    if case.impulse_every > 0:
        counts += _impulses(case.impulse_every, n)[:, np.newaxis] >> np.arange(case.axes)
    stream = Stream("golden", float(case.rate_hz), axes=AXES[: case.axes], unit="g", full_scale=16.0)
    samples = (counts.astype(np.float32) / np.float32(COUNTS_PER_G)).astype(np.float32)
    return Window(stream, 0, samples, Rate(float(case.rate_hz), "declared"), arrival_s=0.0, wall_s=None)


def problem_of_case(case: GoldenCase, window_s: float) -> str | None:
    """Why this window cannot be made, or its bearing cannot be; None if nothing is wrong."""
    n = window_s * case.rate_hz
    if not 1 <= n <= MAX_SAMPLES or not 1 <= case.axes <= len(AXES):
        return f"golden window of {n:g} samples and {case.axes} axes"
    if case.rpm is not None and not 0 < case.rpm <= MAX_RPM:
        return f"golden window at {case.rpm} rpm"
    shape = case.geometry
    if shape is not None and not (0 < shape.balls <= 1000 and 0 < shape.ball_mm < shape.pitch_mm):
        return "golden window of a bearing that cannot be built"
    return None


def values_of(case: GoldenCase, window_s: float) -> int:
    """Samples times axes that the case asks for, those of its reference too."""
    return round(window_s * case.rate_hz) * case.axes * (1 if case.reference_seed is None else 2)


def reference_window(case: GoldenCase, window_s: float) -> Window | None:
    """The window whose features are the healthy reference of `case`, where it has one."""
    if case.reference_seed is None:
        return None
    healthy = msgspec.structs.replace(case, seed=case.reference_seed, impulse_every=0)
    return golden_window(healthy, window_s)


def _noise(seed: int, axis: int, n: int) -> NDArray[np.int64]:
    """Counts of about -1020..1020, the sum of four bytes: nearly Gaussian."""
    start = np.uint64(((seed << 8) + axis) & 0xFFFF_FFFF_FFFF)
    state = (start << np.uint64(16)) + np.arange(1, n + 1, dtype=np.uint64) * _GOLDEN_GAMMA
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = state ^ (state >> np.uint64(31))
    quarters = [((state >> np.uint64(shift)) & np.uint64(0x1FF)).astype(np.int64) for shift in (0, 9, 18, 27)]
    total: NDArray[np.int64] = sum(quarters, np.zeros(n, dtype=np.int64)) - 1022
    return total


def _impulses(every: int, n: int) -> NDArray[np.int64]:
    train = np.zeros(n + len(_RING), dtype=np.int64)
    for start in range(every // 2, n, every):
        train[start : start + len(_RING)] += _RING
    return train[:n]
