"""What the benchmarks listen to: noise and the harmonics of a shaft."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.types import Samples

RATE_HZ = 25_600.0
RPM = 1797.0


def noise_and_harmonics(seconds: float, *, rate_hz: float = RATE_HZ) -> Samples:
    """Noise and shaft harmonics in g, (n, 3)."""
    import numpy as np

    rng = np.random.default_rng(0)
    n = round(seconds * rate_hz)
    t = np.arange(n) / rate_hz
    turning = 0.1 * np.sin(2 * np.pi * RPM / 60 * t) + 0.05 * np.sin(4 * np.pi * RPM / 60 * t)
    samples: Samples = (rng.normal(0, 0.05, (n, 3)) + turning[:, None]).astype(np.float32)
    return samples
