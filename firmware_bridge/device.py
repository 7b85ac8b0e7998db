"""A firmware that exists only here: samples in g go in, the frames a real device would send come out.

No I/O and no clock: time is the sample count, so what is said depends on the samples and the seed alone, never on how
the samples were handed over. Everything that can go wrong on a device goes wrong here on demand, and is counted as
SPEC.md demands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_bridge.frames import (
    Data,
    Flag,
    Format,
    Frame,
    Hello,
    Log,
    ResetCause,
    Status,
    StreamDescription,
    descriptor_crc,
    frame_bytes,
)
from firmware_bridge.numbers import payload_of

Said: TypeAlias = Frame | bytes
"""A frame, or raw bytes that only a serial line carries: half a frame, a boot message."""

_BOOT_S = 0.0015
_LIMIT = 2**15 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The device: one stream of 16-bit acceleration."""

    rate_hz: float = 26_667.0  # declared
    axes: tuple[str, ...] = ("x", "y", "z")
    scale_nano_g: int = 488_281  # 16 g over 15 bits
    full_scale_mg: int = 16_000
    bandwidth_hz: int = 6_300
    block_samples: int = 256
    hello_s: float = 5.0
    status_s: float = 1.0
    queue_bytes: int = 40_960  # what waits for the line; 250 ms of this stream
    uid: bytes = b"virtual" + bytes(9)
    sensor: str = "virtual"
    stream_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """What is wrong with the device; rates are events per second of device time."""

    clock_error: float = 0.0  # of the sensor's oscillator: 0.04 samples 4 % too fast
    jitter_us: int = 0  # a time stamp is late by up to this
    clock: Literal["good", "none", "frozen"] = "good"  # the clock behind t_us
    fifo_overruns: float = 0.0
    queue_stalls: float = 0.0  # blocks that find the queue full
    resets: float = 0.0


@dataclass(slots=True)
class Life:
    """A device's memory from one boot to the next."""

    session: int
    next_hello_s: float
    next_status_s: float
    produced: int = 0
    dropped_fifo: int = 0
    dropped_queue: int = 0
    frames_sent: int = 0
    queue_high_bytes: int = 0
    flags: int = 0  # for the next block


class VirtualSensor:
    """One device; `life` holds the counters of its present session and is replaced at every reset."""

    def __init__(self, profile: Profile, troubles: Troubles | None = None, *, seed: int = 0) -> None:
        self.profile = profile
        self.troubles = troubles or Troubles()
        self.true_rate_hz = profile.rate_hz * (1 + self.troubles.clock_error)
        self._rng = np.random.default_rng(seed)
        self._pending: NDArray[np.float64] = np.zeros((0, len(profile.axes)))
        self._skip = 0  # samples that the FIFO is about to lose
        self._cause = ResetCause.POWER_ON
        self._booted = False
        self.life = self._new_life(0)

    def produce(self, samples: ArrayLike, *, queue_bytes: int = 0) -> list[Said]:
        """What the device says about the next samples, (n, axes) in g, while `queue_bytes` still wait for the line."""
        said: list[Said] = [] if self._booted else self._boot()
        self._booted = True
        self.life.queue_high_bytes = max(self.life.queue_high_bytes, queue_bytes)
        size = self.profile.block_samples
        self._pending = np.concatenate((self._pending, np.asarray(samples, dtype=np.float64)))
        while len(self._pending):
            lost = min(self._skip, len(self._pending))
            if lost:
                self._skip -= lost
                self.life.produced += lost
                self.life.dropped_fifo += lost
                self.life.flags |= Flag.FIFO_OVERRUN | Flag.GAP
                self._pending = self._pending[lost:]
                continue
            if len(self._pending) < size:
                break
            block, self._pending = self._pending[:size], self._pending[size:]
            said += self._tell(block, crowded=queue_bytes >= self.profile.queue_bytes)
            said += self._suffer(block)
        return said

    def describe(self) -> StreamDescription:
        """The stream as HELLO describes it now."""
        profile = self.profile
        return StreamDescription(
            stream_id=profile.stream_id,
            axes=profile.axes,
            rate_nominal_mhz=round(profile.rate_hz * 1000),
            rate_measured_mhz=round(self.true_rate_hz * 1000) if self.life.produced >= self.true_rate_hz else 0,
            scale_nano_g=profile.scale_nano_g,
            full_scale_mg=profile.full_scale_mg,
            bandwidth_hz=profile.bandwidth_hz,
            time_error_ppm=30,
            block_samples=profile.block_samples,
            bits=16,
            sensor=profile.sensor,
        )

    def _boot(self) -> list[Said]:
        self.life = self._new_life((self.life.session + int(self._rng.integers(1, 2**16))) % 2**16)
        return [self._hello()]

    def _new_life(self, session: int) -> Life:
        return Life(session, next_hello_s=self.profile.hello_s, next_status_s=self.profile.status_s)

    def _tell(self, block: NDArray[np.float64], *, crowded: bool) -> list[Said]:
        """One full block: sent, or dropped whole; with the HELLO and STATUS that are due."""
        profile, n = self.profile, len(block)
        stalled = self._rng.random() < self.troubles.queue_stalls * n / self.true_rate_hz
        start, dropped = self.life.produced, crowded or stalled
        self.life.produced += n
        said: list[Said] = []
        if dropped:
            self.life.dropped_queue += n
        if not crowded and self._uptime_s(self.life.produced) >= self.life.next_hello_s:
            self.life.next_hello_s = self._uptime_s(self.life.produced) + profile.hello_s
            said.append(self._hello())
        if not crowded and self._uptime_s(self.life.produced) >= self.life.next_status_s:
            self.life.next_status_s = self._uptime_s(self.life.produced) + profile.status_s
            said.append(self._status(queued=0 if dropped else n))  # it overtakes the block that has just filled
        if dropped:
            self.life.flags |= Flag.GAP
            return said
        counts = np.rint(block / (profile.scale_nano_g * 1e-9))
        clipped = int(np.count_nonzero((np.abs(counts) >= _LIMIT).any(axis=1)))
        data = Data(
            seq=self._take_seq(),
            session=self.life.session,
            stream_id=profile.stream_id,
            sample_index=start,
            t_us=self._stamp(start),
            n_samples=n,
            n_axes=len(profile.axes),
            format=Format.I16,
            desc_crc=descriptor_crc(self.describe()),
            payload=payload_of(counts.clip(-_LIMIT - 1, _LIMIT).astype(np.int32), Format.I16),
            n_clipped=clipped,
            flags=self.life.flags | (Flag.CLIPPED if clipped else 0),
        )
        self.life.flags = 0
        return [*said, data]

    def _suffer(self, block: NDArray[np.float64]) -> list[Said]:
        """What befalls the device after a block."""
        per_block = len(block) / self.true_rate_hz
        overrun, reset = self._rng.random(2) < np.array([self.troubles.fifo_overruns, self.troubles.resets]) * per_block
        if overrun:
            self._skip = int(self._rng.integers(16, 513))
        if not reset:
            return []
        half = frame_bytes(Log(seq=self._take_seq(), session=self.life.session, level=3, text="watchdog"))[:-9]
        self._cause = ResetCause.WATCHDOG
        self._skip = 0
        return [half, b"\r\nrst: watchdog\r\n", *self._boot()]

    def _hello(self) -> Hello:
        return Hello(
            seq=self._take_seq(),
            session=self.life.session,
            uid=self.profile.uid,
            t_us=self._stamp(self.life.produced),
            streams=(self.describe(),),
            firmware="virtual",
            board="none",
            hello_ms=round(self.profile.hello_s * 1000),
            status_ms=round(self.profile.status_s * 1000),
        )

    def _status(self, *, queued: int) -> Status:
        return Status(
            frames_sent=self.life.frames_sent,
            seq=self._take_seq(),
            session=self.life.session,
            stream_id=self.profile.stream_id,
            produced=self.life.produced,
            t_us=self._stamp(self.life.produced),
            dropped_fifo=self.life.dropped_fifo,
            dropped_queue=self.life.dropped_queue,
            queued=queued,
            queue_high_bytes=self.life.queue_high_bytes,
            temperature_cc=3_150,
            supply_mv=3_300,
            reset_cause=self._cause,
        )

    def _uptime_s(self, index: int) -> float:
        return _BOOT_S + index / self.true_rate_hz

    def _stamp(self, index: int) -> int | None:
        late = int(self._rng.integers(0, self.troubles.jitter_us + 1))
        if self.troubles.clock == "good":
            return round(self._uptime_s(index) * 1e6) + late
        return None if self.troubles.clock == "none" else round(_BOOT_S * 1e6)

    def _take_seq(self) -> int:
        self.life.frames_sent += 1
        return (self.life.frames_sent - 1) % 2**16
