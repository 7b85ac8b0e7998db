"""A machine that vibrates for as long as it is listened to: samples in g, in any portions.

Blocks have one internal length, whatever is asked for, so the samples never depend on how they are fetched.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .events import Floats
from .machine import DIRECTIONS, REFERENCE_RPM, BearingGeometry, Condition, Rig, Sensor
from .machinery_tones import MachineryTones
from .path import (
    Response,
    colour_response,
    contact_response,
    modal_response,
    running_background_g,
    sensor_response,
)
from .rolling import RollingContact
from .shaft import Shaft
from .shocks import FrameShocks
from .tones import ShaftTones, residual_g

BLOCK_S = 0.16
INTERNAL_HZ = 32_000.0  # forces are made at least this fast, so that slow sensors filter what they cannot follow


def _check_rpm(rpm: float) -> None:
    if not 0 <= rpm <= 100_000:
        raise ValueError(f"rpm {rpm} is outside 0..100000")


class VibrationSource:
    """One sensor on one machine.

    `rig`, `condition`, `sensor` and `geometry` say what is heard, `rpm` is the speed asked of the shaft, `rate_hz` the
    true sample rate (20 Hz to 100 kHz) and `seed` decides everything random. ValueError outside these limits.
    """

    def __init__(
        self,
        rig: Rig,
        condition: Condition,
        *,
        sensor: Sensor,
        geometry: BearingGeometry,
        rpm: float,
        rate_hz: float,
        seed: int | np.random.SeedSequence,
    ) -> None:
        if not 20 <= rate_hz <= 100_000:
            raise ValueError(f"rate_hz {rate_hz} is outside 20..100000")
        _check_rpm(rpm)
        self._rig, self._sensor, self._rate_hz = rig, sensor, rate_hz
        self._size = 2 ** max(4, round(math.log2(BLOCK_S * rate_hz)))
        self._finer = 2 ** max(0, math.ceil(math.log2(INTERNAL_HZ / rate_hz)))
        root = np.random.default_rng(seed)
        streams = root.spawn(6)
        self._shaft = Shaft(rpm, drift=rig.speed_drift, jitter=rig.speed_jitter, run_up_s=rig.run_up_s, rng=streams[0])
        self._contact = RollingContact(geometry, streams[1])
        self._shocks = FrameShocks(rig, streams[2])
        self._tones = ShaftTones(rig, streams[3])
        self._machinery = MachineryTones(rig, root.spawn(1)[0]) if rig.machinery else None
        self._ambience, self._electronics = streams[4], streams[5]
        self._channels = [DIRECTIONS.index(axis) for axis in sensor.axes]
        self._hz: Floats = np.arange(self._size + 1) * (rate_hz / (2 * self._size))
        delay = self._size // 16  # room for the sensor's linear-phase filter to ring before an impact
        self._heard = sensor_response(self._hz, sensor, rate_hz) * np.exp(-2j * np.pi * self._hz * delay / rate_hz)
        self._frame: Response = modal_response(self._hz, rig.frame_path) * self._heard
        self._colour: Response = colour_response(self._hz, rig.background_slope) * self._heard
        self._path: Response = modal_response(self._hz, rig.bearing_path) * self._heard
        self._tail = np.zeros((3, self._size))
        self._condition = condition
        self._block()  # fills the ringing of what happened before the first sample
        self._ready: NDArray[np.float32] = np.zeros((0, len(self._channels)), dtype=np.float32)

    @property
    def rpm(self) -> float:
        """True shaft speed now, as a tacho would tell it."""
        return self._shaft.rpm

    @property
    def mean_rpm(self) -> float:
        """True shaft speed since the start on average, up to one internal block ahead of the samples handed out."""
        return 60 * self._shaft.angle / self._shaft.elapsed_s

    @property
    def condition(self) -> Condition:
        return self._condition

    def change(self, *, condition: Condition | None = None, rpm: float | None = None) -> None:
        """Damage, repair or re-speed the machine; heard from the next internal block on, within 0.23 s."""
        if condition is not None:
            self._condition = condition
        if rpm is not None:
            _check_rpm(rpm)
            self._shaft.target_rpm = rpm

    def next(self, n: int) -> NDArray[np.float32]:
        """The next n samples in g, (n, channels)."""
        parts, held = [self._ready], len(self._ready)
        while held < n:
            parts.append(self._block())
            held += self._size
        whole = np.concatenate(parts)
        self._ready = whole[n:]
        return whole[:n].copy()

    def _block(self) -> NDArray[np.float32]:
        rig, condition, size = self._rig, self._condition, self._size
        fine_hz = self._rate_hz * self._finer
        angles = self._shaft.turn(size * self._finer, fine_hz)
        rpm = self._shaft.rpm
        contact = self._contact.force(angles, fine_hz, rig=rig, condition=condition)
        shocks = self._shocks.force(angles, fine_hz, condition=condition, shaft_g=residual_g(rig, rpm))
        spectrum = self._spectrum(contact) * (self._path * contact_response(self._hz, condition.contact_us))
        spectrum += self._spectrum(shocks) * self._frame
        spectrum += np.fft.rfft(self._background(rpm), 2 * size) * self._colour
        ringing = np.fft.irfft(spectrum, 2 * size)
        heard = ringing[:, :size] + self._tail
        self._tail = ringing[:, size:]
        tones = self._tones.amplitudes(condition, rpm)
        tones *= sensor_response(self._tones.frequencies(rpm), self._sensor, self._rate_hz)[:, None]
        coarse = angles[:: self._finer]
        heard += self._tones.block(coarse, self._rate_hz, amplitudes=tones).T
        if self._machinery is not None:
            heard += self._machinery_heard(self._machinery, coarse, rpm)
        return self._digitise(heard)

    def _machinery_heard(self, machinery: MachineryTones, angles: Floats, rpm: float) -> Floats:
        """(3, n) of what stands around, as the sensor hears it."""
        set_rpm = self._shaft.target_rpm
        response = sensor_response(np.abs(machinery.frequencies(rpm, set_rpm)), self._sensor, self._rate_hz)
        amplitudes = machinery.amplitudes(rpm) * response[:, None]
        return machinery.block(angles, self._rate_hz, set_rpm=set_rpm, amplitudes=amplitudes).T

    def _spectrum(self, force: Floats) -> Response:
        """Of a force at the fine rate, up to the Nyquist frequency of the coarse one."""
        whole = np.fft.rfft(force, 2 * self._size * self._finer)
        return np.asarray(whole[: self._size + 1] / self._finer)

    def _background(self, rpm: float) -> Floats:
        level = running_background_g(self._rig, rpm / REFERENCE_RPM)
        if self._condition.fault == "looseness":
            level *= 10 ** (self._condition.floor_db / 20)
        return level * math.sqrt(self._rate_hz / 2) * self._ambience.standard_normal((3, self._size))

    def _digitise(self, heard: Floats) -> NDArray[np.float32]:
        """(3, n) true acceleration -> (n, channels) as the sensor reports it."""
        sensor, rng = self._sensor, self._electronics
        samples = heard.T[:, self._channels]
        if sensor.dc_coupled:
            samples += np.array([0.0, 1.0, 0.0])[self._channels]
        samples += sensor.noise_ug_rthz * 1e-6 * math.sqrt(self._rate_hz / 2) * rng.standard_normal(samples.shape)
        spikes = rng.poisson(sensor.spikes_per_s * self._size / self._rate_hz)
        struck = rng.integers(0, self._size, spikes)
        samples[struck] += sensor.spike_g * rng.standard_normal((spikes, samples.shape[1]))
        step = sensor.full_scale_g / 2 ** (sensor.bits - 1)
        codes = np.round(samples / step).clip(-(2 ** (sensor.bits - 1)), 2 ** (sensor.bits - 1) - 1)
        return np.asarray(codes * step, dtype=np.float32)
