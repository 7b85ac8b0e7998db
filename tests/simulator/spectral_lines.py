"""Lines of a spectrum against their surroundings, with scipy as the oracle that the simulator itself never uses."""

from __future__ import annotations

import numpy as np
from scipy import signal

TOLERANCE = 0.015
SEGMENT_S = 2.0


def spectrum(samples, rate_hz):
    """Averaged power spectrum of one axis: (frequencies, power)."""
    return signal.welch(samples.astype(np.float64), rate_hz, nperseg=int(SEGMENT_S * rate_hz))


def envelope_spectrum(samples, rate_hz, band):
    """The same of the squared envelope in a band."""
    narrow = signal.butter(4, band, "bandpass", fs=rate_hz, output="sos")
    power = np.abs(signal.hilbert(signal.sosfiltfilt(narrow, samples.astype(np.float64)))) ** 2
    return spectrum(power - power.mean(), rate_hz)


def above_floor_db(hz, power, at_hz):
    """Highest bin within +-1.5 % of a frequency over the median of its wider surroundings."""
    near = np.abs(hz - at_hz) <= max(TOLERANCE * at_hz, 1.0)
    around = (np.abs(hz - at_hz) <= max(0.15 * at_hz, 8.0)) & ~near
    return 10 * np.log10(power[near].max() / np.median(power[around]))
