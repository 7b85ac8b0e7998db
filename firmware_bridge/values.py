"""What a firmware says, as frozen values: one class per frame type, and Fault for what could not be understood.

Field names are those of SPEC.md; integers stay integers (nano-g, milli-hertz, micro-seconds), so nothing is rounded
between a sensor's register and the receiver's float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeAlias

MAX_BODY = 8192
"""Longest frame in bytes, header and CRC included, before stuffing."""
MAX_AXES = 8
MAX_STREAMS = 8
MAX_COUNT = 2**53
"""Sample indices, counters and microseconds stay below this, so that a double holds each of them exactly."""
MAX_LOG_BYTES = 200
DEVICE_STREAM = 0xFF
"""The stream id of frames that speak for the whole device."""
INCOMPATIBLE = 0x80
"""Set in a type that a receiver must not ignore."""


class FrameType(IntEnum):
    HELLO = 1
    DATA = 2
    STATUS = 3
    LOG = 4


class Format(IntEnum):
    """How one number of a DATA payload is stored; little-endian two's complement."""

    I16 = 1
    I24 = 2
    I32 = 3

    @property
    def width_bytes(self) -> int:
        return self.value + 1


class Flag(IntFlag):
    """What a device says about one block; bits 6 and 7 must be 0."""

    FIFO_OVERRUN = 0x01  # the sensor's own FIFO ran over just before this block
    GAP = 0x02  # sample_index jumped since this stream's previous block
    CLIPPED = 0x04  # n_clipped > 0
    HW_TIME = 0x08  # t_us was captured by hardware, not by software after the fact
    SELF_TEST = 0x10  # the sensor shakes itself: not the machine's vibration
    BUS_REPAIRED = 0x20  # a bus error was seen and the samples were read again


class ResetCause(IntEnum):
    UNKNOWN = 0
    POWER_ON = 1
    BROWN_OUT = 2
    WATCHDOG = 3
    SOFTWARE = 4
    PIN = 5
    FAULT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDescription:
    """What one stream's numbers mean; everything but `rate_measured_mhz` is under `desc_crc`."""

    stream_id: int
    axes: tuple[str, ...]  # one letter each, in the order of the payload
    rate_nominal_mhz: int
    scale_nano_g: int  # per LSB; 0: unknown, the numbers have no unit
    rate_measured_mhz: int = 0  # 0: not measured by the device
    full_scale_mg: int = 0  # 0: unknown
    bandwidth_hz: int = 0  # -3 dB; 0: unknown
    time_error_ppm: int = 0  # of the clock behind t_us; 0: unknown
    block_samples: int = 0  # usual n_samples of a DATA frame; 0: varies
    bits: int = 0  # resolution of the converter; 0: unknown
    quantity: int = 1  # 1: acceleration; no other is defined
    sensor: str = ""
    extra: bytes = b""  # fields that a later minor version appended

    @property
    def rate_hz(self) -> float:
        """Nominal samples per second."""
        return self.rate_nominal_mhz / 1000

    @property
    def scale_g(self) -> float | None:
        """g per LSB, None where the device does not know it."""
        return self.scale_nano_g * 1e-9 if self.scale_nano_g else None

    @property
    def full_scale_g(self) -> float | None:
        return self.full_scale_mg / 1000 if self.full_scale_mg else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who is speaking and what its streams mean; at boot, on reconfiguration and every few seconds."""

    seq: int
    session: int
    uid: bytes  # 16 bytes, padded with 0x00
    t_us: int | None
    streams: tuple[StreamDescription, ...]
    firmware: str = ""
    board: str = ""
    max_frame: int = MAX_BODY
    hello_ms: int = 5000
    status_ms: int = 1000
    extra: bytes = b""

    @property
    def device(self) -> str:
        """The unique id as people and topics write it: lower-case hex without the padding ("00" at least)."""
        return (self.uid.rstrip(b"\0") or b"\0").hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Consecutive samples of one stream, interleaved x, y, z, x, y, z ..."""

    seq: int
    session: int
    stream_id: int
    sample_index: int  # of the first sample; counts what the sensor produced, dropped samples included
    t_us: int | None  # device clock at the first sample
    n_samples: int
    n_axes: int
    format: Format
    desc_crc: int
    payload: bytes
    n_clipped: int = 0
    flags: int = 0

    @property
    def end(self) -> int:
        """Index of the sample after the last one."""
        return self.sample_index + self.n_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One stream's loss counters since its session began, and the device's state of health."""

    seq: int
    session: int
    stream_id: int
    produced: int  # samples; also the index of the next one
    t_us: int | None
    dropped_fifo: int = 0
    dropped_queue: int = 0
    queued: int = 0  # samples alive on the device, in no DATA frame sent before this STATUS
    frames_sent: int = 0
    queue_high_bytes: int = 0
    bus_errors: int = 0
    temperature_cc: int | None = None  # hundredths of a degree Celsius
    supply_mv: int = 0  # 0: unknown
    reset_cause: int = ResetCause.UNKNOWN
    extra: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A line of text for people; `level` as in syslog (3 error, 4 warning, 6 info, 7 debug)."""

    seq: int
    session: int
    level: int
    text: str
    t_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A sound frame of a type unknown here that its sender allows to be ignored."""

    type: int
    seq: int
    session: int
    stream_id: int
    flags: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes or a frame that were refused: a value to count, never an exception.

    `kind` is one of FAULT_KINDS. `samples` and `stream_id` are known only where the CRC held.
    """

    kind: str
    detail: str
    size: int = 0  # bytes refused, as they came: stuffed or not
    stream_id: int | None = None
    samples: int = 0


Frame: TypeAlias = Hello | Data | Status | Log | Extension

FAULT_KINDS = {
    "text": "printable text between frames, such as a boot message",
    "oversize": "more bytes without a delimiter than the longest frame has",
    "cobs": "not the result of byte stuffing",
    "short": "shorter than a header and its CRC",
    "crc": "the CRC does not fit",
    "version": "another major version, or not this protocol",
    "type": "a type that must not be ignored and is not known",
    "length": "the length does not fit the fields",
    "field": "a field holds what it must not",
    "truncated": "the bytes ended inside a frame",
    "before_hello": "a block or status of a session that has not said HELLO",
    "unknown_stream": "a stream that HELLO did not describe",
    "descriptor": "made under another stream description than HELLO's",
    "duplicate_device": "two devices speak on one line or topic",
}
