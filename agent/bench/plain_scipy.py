"""The same questions put to scipy the plain way, on the same samples: what `bench` compares a window with."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from agent.bench.signal import RATE_HZ
from agent.bench.timing import microseconds

if TYPE_CHECKING:
    from agent.types import Samples

TURNS = 7


def measure_scipy(
    samples: Samples, bands_hz: Sequence[tuple[float, float]], window: Callable[[], object]
) -> dict[str, Any]:
    """Microseconds that plain scipy takes, and by how much `window`, all that comes of one, is faster, in turn.

    scipy is no package of the edge; where it is missing nothing is compared.
    """
    if importlib.util.find_spec("scipy") is None:
        return {}

    def plain() -> None:
        analyse_plainly(samples, RATE_HZ, bands_hz)

    plain()  # imports
    turns = [(microseconds(plain), microseconds(window)) for _ in range(TURNS)]
    return {
        "scipy_us": round(median(scipy_us for scipy_us, _ in turns), 1),
        "times_faster_than_scipy": round(median(scipy_us / window_us for scipy_us, window_us in turns), 2),
    }


def analyse_plainly(samples: Samples, rate_hz: float, bands_hz: Sequence[tuple[float, float]]) -> None:
    """Welch's spectrum of samples (n, axes), and per band a Butterworth band-pass, its Hilbert envelope and the
    spectrum of that: no features, no speed, no verdict."""
    import numpy as np
    from scipy import signal

    signal.welch(samples, rate_hz, nperseg=8192, axis=0)
    for band in bands_hz:
        filtered = signal.sosfilt(signal.butter(4, band, "bandpass", fs=rate_hz, output="sos"), samples, axis=0)
        envelope = np.abs(signal.hilbert(filtered, axis=0))
        signal.periodogram(envelope, rate_hz, "hann", axis=0)
