"""WitMotion's standard protocol (WT901, JY901, HWT905, JY61): bytes in, accelerations and refusals out. Pure, bounded.

A frame is 11 bytes: 0x55, a type, four little-endian int16, and the low byte of the sum of the ten before. 0x55 stands
in data, too, and an 8-bit sum is weak, so a frame is believed where it follows another or another follows it, and its
figures must be possible. An acceleration's fourth word is its temperature: hundredths of a degree, or the count of an
MPU-6050 (JY61), whichever can be. Source: WITMOTION/WitStandardProtocol_JY901, Arduino_sdk/wit_c_sdk.c and REG.h
(2024-08-29).
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
HUNDREDTHS = (0.01, 0.0)
MPU_6050 = (1 / 340, 36.25)  # as the JY61 is read; the chip alone has 36.53 at 0, which matters to nobody here
TEMPERATURES = (HUNDREDTHS, MPU_6050)
"""Degrees per count, and degrees at 0."""
MAX_TEMPERATURE_STEP = 500  # counts between two frames of a chip that weighs grams: 5 degrees, or 1.5 of an MPU-6050
INSIST = 5  # frames in a row that agree on another temperature, or on another order of types, are right
LONGEST_CYCLE = 16


@dataclass(frozen=True, slots=True)
class Acceleration:
    """One sample: integer counts of STEP_G per axis x, y, z; `missing` samples were lost before it."""

    counts: tuple[int, int, int]
    temperature_c: float | None  # None: the frame holds none
    missing: int = 0


@dataclass(frozen=True, slots=True)
class WitFault:
    """Bytes or figures that were refused."""

    kind: str
    detail: str
    samples: int = 0


def checksum(frame: bytes | bytearray) -> int:
    """The low byte of the sum of a frame's first ten bytes."""
    return sum(frame[: SIZE - 1]) & 0xFF


def frame_of(kind: int, words: tuple[int, int, int, int]) -> bytes:
    """A frame as the sensor sends it."""
    body = struct.pack("<BBhhhh", HEADER, kind, *words)
    return body + bytes([checksum(body)])


class WitDecoder:
    """What one line has said since it was opened."""

    def __init__(self) -> None:
        self.frames = 0
        self._buffer = bytearray()
        self._in_step = False  # the last frame ended where the buffer begins
        self._skipped = 0  # bytes since the last frame
        self._owed = 0  # samples lost since the last one
        self._cycle = _Cycle()
        self._warmth = _Warmth()

    def feed(self, data: bytes) -> list[Acceleration | WitFault]:
        """What became certain with these bytes; at most two frames wait for what follows them."""
        self._buffer += data
        results: list[Acceleration | WitFault] = []
        at = 0
        while (length := self._frame_at(at)) is not None:
            if length:
                results += self._frame(bytes(self._buffer[at : at + SIZE]))
            else:
                self._skipped += 1
            self._in_step = length > 0
            at += length or 1
        del self._buffer[:at]
        return results

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
        self._owed += missing or 0
        results: list[Acceleration | WitFault] = []
        if skipped >= SIZE or (skipped and self.frames):  # less at the start is a frame cut by the port's opening
            results.append(WitFault("checksum", f"{skipped} bytes that are no frame", missing or 0))
        if missing is None:
            return [*results, WitFault("frame_type", f"type {kind:02x} out of turn")]
        self.frames += 1
        if kind != ACCELERATION:
            return results
        x, y, z, warmth = struct.unpack_from("<hhhh", frame, 2)
        celsius = self._warmth.celsius(warmth)
        if celsius is None:
            self._owed += 1
            return [*results, WitFault("implausible", f"{warmth / 100} degrees C", 1)]
        owed, self._owed = self._owed, 0
        return [*results, Acceleration((x, y, z), celsius, owed)]


class _Cycle:
    """The order in which types follow each other, and by it the accelerations that are missing."""

    def __init__(self) -> None:
        self._order: tuple[int, ...] = ()  # begins with ACCELERATION; empty: not known yet
        self._next = 0
        self._recent: list[int] = []  # since the last acceleration
        self._candidate: tuple[int, ...] = ()
        self._strangers = 0  # frames of no known type, not yet two rounds ago
        self._known = 0  # frames since the last of them

    def missing_before(self, kind: int, *, lost_frames: int) -> int | None:
        """Accelerations lost before this frame, about `lost_frames` frames after the last; None: out of turn."""
        if not self._order:
            self._learn(kind, lost_frames)
            return 0
        if kind not in self._order:
            self._strangers, self._known = self._strangers + 1, 0
            if self._strangers >= INSIST:
                self._order, self._recent, self._candidate, self._strangers = (), [], (), 0
            return None
        length, place = len(self._order), self._order.index(kind)
        self._known += 1
        if self._known > 2 * length:
            self._strangers = 0
        least = (place - self._next) % length
        lost = least + length * max(0, round((lost_frames - least) / length))
        # The acceleration is first in the order: of the lost places, the multiples of the length were accelerations.
        missing = -(-(self._next + lost) // length) - -(-self._next // length)
        self._next = (place + 1) % length
        return missing

    def _learn(self, kind: int, lost_frames: int) -> None:
        """Two equal rounds without a loss are the order."""
        if lost_frames or len(self._recent) > LONGEST_CYCLE:
            self._recent, self._candidate = [], ()
        if kind == ACCELERATION:
            if self._recent and tuple(self._recent) == self._candidate:
                self._order, self._next = self._candidate, 1 % len(self._candidate)
            self._candidate, self._recent = tuple(self._recent), []
        if kind == ACCELERATION or self._recent:
            self._recent.append(kind)


class _Warmth:
    """A chip's temperature hardly moves from one frame to the next, and is possible by the scale of its family."""

    def __init__(self) -> None:
        self._families: tuple[tuple[float, float], ...] = (
            TEMPERATURES  # the first of them explains all that was believed
        )
        self._last: int | None = None
        self._other: list[int] = []

    def celsius(self, count: int) -> float | None:
        """Degrees of a frame's fourth word; None where the frame is not to be believed."""
        possible = tuple(family for family in self._families if _is_warmth(count, family))
        if not possible:
            return None
        if self._last is not None and abs(count - self._last) > MAX_TEMPERATURE_STEP:
            if self._other and abs(count - self._other[-1]) > MAX_TEMPERATURE_STEP:
                self._other = []
            self._other.append(count)
            if len(self._other) < INSIST:
                return None
        self._last, self._other = count, []
        self._families = possible
        return _celsius(count, possible[0])


def _celsius(count: int, family: tuple[float, float]) -> float:
    return count * family[0] + family[1]


def _is_warmth(count: int, family: tuple[float, float]) -> bool:
    return PLAUSIBLE_C[0] <= _celsius(count, family) <= PLAUSIBLE_C[1]


def _is_frame(buffer: bytearray, at: int) -> bool:
    frame = buffer[at : at + SIZE]
    return frame[0] == HEADER and frame[1] in TYPES and frame[SIZE - 1] == checksum(frame)
