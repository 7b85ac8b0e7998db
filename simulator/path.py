"""From forces to the sensor: structural resonances, noise colour and the sensor's own low-pass, as frequency responses.

A path has unit power gain on its loudest axis, so that levels are stated once, at the source.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .events import Floats
from .machine import Resonance, Rig, Sensor

BAND_HZ = 20_000.0  # levels are RMS figures below this
LOWEST_HZ = 10.0  # where coloured noise stops rising
ROLL_OFF = 4  # order of the sensor's low-pass
TAPER = 0.45  # of the rate: from here to Nyquist the converter's filter closes

Response = NDArray[np.complex128]


def modal_response(hz: Floats, resonances: Sequence[Resonance]) -> Response:
    """Sum of damped modes, (3, len(hz)), scaled to unit power gain below `BAND_HZ` on its loudest axis."""
    grid = np.arange(0.0, BAND_HZ, 5.0)
    power = np.sum(np.abs(_modes(grid, resonances)) ** 2, axis=1) * 5.0
    return np.asarray(_modes(hz, resonances) / np.sqrt(power.max()))


def colour_response(hz: Floats, slope: float) -> Floats:
    """Amplitude response that turns white noise of unit power into noise whose power falls as 1/f**slope."""
    grid = np.arange(LOWEST_HZ, BAND_HZ, 5.0)
    power = np.sum(grid**-slope) * 5.0
    return np.asarray(np.maximum(hz, LOWEST_HZ) ** (-slope / 2) / np.sqrt(power))


def contact_response(hz: Floats, contact_us: float) -> Floats:
    """Amplitude spectrum of a bell-shaped impact of that duration (full width at half maximum), 1 at 0 Hz."""
    return np.asarray(np.exp(-((np.pi * hz * contact_us * 1e-6) ** 2) / (4 * np.log(2))))


def sensor_response(hz: Floats, sensor: Sensor, rate_hz: float) -> Floats:
    """Amplitude response of sensor and converter: Butterworth, -3 dB at the bandwidth, and nothing beyond Nyquist."""
    butterworth = 1 / np.sqrt(1 + (hz / sensor.bandwidth_hz) ** (2 * ROLL_OFF))
    closing = ((hz / rate_hz - TAPER) / (0.5 - TAPER)).clip(0, 1)
    return np.asarray(butterworth * np.cos(np.pi / 2 * closing) ** 2)


def running_background_g(rig: Rig, loudness: float) -> float:
    """RMS of the background at a share of the reference speed: some of it comes from neighbours and never stops."""
    return rig.background_g * (rig.background_idle + (1 - rig.background_idle) * loudness)


def _modes(hz: Floats, resonances: Sequence[Resonance]) -> Response:
    total = np.zeros((3, len(hz)), dtype=np.complex128)
    for mode in resonances:
        damped = 2j * mode.damping * mode.hz * hz
        total += np.array(mode.gains)[:, None] * (damped / (mode.hz**2 - hz**2 + damped))
    return total
