"""WitMotion's standard protocol (WT901, JY901, HWT905): bytes in, accelerations and refusals out. Pure and bounded.

A frame is 11 bytes: 0x55, a type, four little-endian int16, and the low byte of the sum of the ten before. 0x55 stands
in data, too, and an 8-bit sum is weak, so a frame is believed where it follows another or another follows it, and its
figures must be possible. Source: WITMOTION/WitStandardProtocol_JY901, Arduino_sdk/wit_c_sdk.c and REG.h (2024-08-29).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = 0x55
SIZE = 11
ACCELERATION = 0x51
TYPES = range(0x50, 0x60)  # time, acceleration, gyroscope, angle, ..., register read-back
STEP_G = 16 / 32768  # the protocol's scale, whatever range the sensor is set to
PLAUSIBLE_C = (-50.0, 125.0)
MAX_TEMPERATURE_STEP_C = 5.0  # between two frames of a chip that weighs grams
INSIST = 5  # frames in a row that agree on another temperature, or on another order of types, are right
LONGEST_CYCLE = 16


@dataclass(frozen=True, slots=True)
class Acceleration:
    """One sample: integer counts of STEP_G per axis x, y, z; `missing` samples were lost before it."""

    counts: tuple[int, int, int]
    temperature_c: float
    missing: int = 0


@dataclass(frozen=True, slots=True)
class WitFault:
    """Bytes or figures that were refused."""

    kind: str
    detail: str
    samples: int = 0


def checksum(frame: bytes) -> int:
    """The low byte of the sum of a frame's first ten bytes."""
    return sum(frame[: SIZE - 1]) & 0xFF


def frame_of(kind: int, words: tuple[int, int, int, int]) -> bytes:
    """A frame as the sensor sends it."""
    body = struct.pack("<BBhhhh", HEADER, kind, *words)
    return body + bytes([checksum(body)])


class WitDecoder:
    """What one line has said since it was opened."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_step = False  # the last frame ended where the buffer begins
        self._skipped = 0  # bytes since the last frame
        self._cycle = _Cycle()
        self._warmth = _Warmth()
        self.frames = 0

    def feed(self, data: bytes) -> list[Acceleration | WitFault]:
        """What became certain with these bytes; at most two frames wait for their successors."""
        self._buffer += data
        heard: list[Acceleration | WitFault] = []
        at = 0
        while (length := self._frame_at(at)) is not None:
            if length == 0:
                self._skipped += 1
                self._in_step = False
                at += 1
                continue
            heard += self._frame(bytes(self._buffer[at : at + SIZE]))
            self._in_step = True
            at += SIZE
        del self._buffer[:at]
        return heard

    def _frame_at(self, at: int) -> int | None:
        """SIZE where a frame begins, 0 where none does, None where more bytes must come to tell."""
        buffer = self._buffer
        if len(buffer) - at < 1:
            return None
        if buffer[at] != HEADER:
            return 0
        if len(buffer) - at < SIZE:
            return None
        if not _is_frame(buffer, at):
            return 0
        if self._in_step:
            return SIZE
        if len(buffer) - at < 2 * SIZE:
            return None
        return SIZE if _is_frame(buffer, at + SIZE) else 0

    def _frame(self, frame: bytes) -> list[Acceleration | WitFault]:
        skipped, self._skipped = self._skipped, 0
        kind = frame[1]
        missing = self._cycle.missing_before(kind, lost_frames=round(skipped / SIZE))
        heard: list[Acceleration | WitFault] = []
        if skipped:
            heard.append(WitFault("checksum", f"{skipped} bytes that are no frame", missing))
        if missing is None:
            return [*heard, WitFault("frame_type", f"type {kind:02x} out of turn")]
        self.frames += 1
        if kind != ACCELERATION:
            return heard
        x, y, z, warmth = struct.unpack_from("<hhhh", frame, 2)
        if not self._warmth.believes(warmth / 100):
            self._cycle.owed += 1
            return [*heard, WitFault("implausible", f"{warmth / 100} degrees C", 1)]
        owed, self._cycle.owed = self._cycle.owed, 0
        return [*heard, Acceleration((x, y, z), warmth / 100, owed)]


def _is_frame(buffer: bytearray, at: int) -> bool:
    frame = buffer[at : at + SIZE]
    return frame[0] == HEADER and frame[1] in TYPES and frame[SIZE - 1] == checksum(frame)
