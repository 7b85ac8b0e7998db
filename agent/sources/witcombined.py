"""WitMotion's combined frame: 0x55 0x61 and nine little-endian int16, acceleration, angular velocity and angle. Pure.

It has no checksum, so a frame is believed where the header stands before and behind it, in step with others; a byte
that arrives wrong within one is a wrong sample, which only another header could show. WTVB01-BT transmitters send the
same header over 28 bytes of velocities, which are told by their length. Source: WITMOTION's Wit-Motion protocol for
WT901BLE, BWT901 and WT9011DCL, as read by fastriver (zenn.dev, wt901blecl) and witmotion-react-native 1.0.1; lengths of
WTVB01-BT50 from its manual as published.
"""

from __future__ import annotations

import struct
from typing import Final, Literal

from agent.sources.witframes import Acceleration, WitFault

HEADER = b"\x55\x61"
SIZE = 20
VIBRATION_SIZE = 28
LEAST = 4  # headers in step before a length is believed
MOST_BYTES = 4096
INSIST_BYTES = 16 * SIZE  # without a frame, after which the length is sought anew


class Combined:
    """What is said of frames that hold no samples."""

    VIBRATION: Final = (
        "frames 55 61 of 28 bytes: a WTVB01-BT, which sends velocities and no samples; "
        "its RS-485 model is a modbus source (profile wtvb01_485)"
    )


class CombinedDecoder:
    """What one line has said since it was opened; `family` is None until headers come in step."""

    def __init__(self) -> None:
        self.frames = 0
        self.family: Literal["motion", "vibration"] | None = None
        self._buffer = bytearray()
        self._skipped = 0  # bytes since the last frame
        self._is_told = False

    def feed(self, data: bytes) -> list[Acceleration | WitFault]:
        """What became certain with these bytes; a frame waits for the header behind it."""
        self._buffer += data
        if self.family is None and not self._find_step():
            del self._buffer[:-MOST_BYTES]
            return []
        if self.family == "vibration":
            self._buffer.clear()
            told, self._is_told = self._is_told, True
            return [] if told else [WitFault("wrong_family", Combined.VIBRATION)]
        return self._read()

    def _find_step(self) -> bool:
        """Whether headers stand in step, and so tell which family sends; what stood before them goes."""
        at = -1
        while (at := self._buffer.find(HEADER, at + 1)) >= 0:
            for size in (SIZE, VIBRATION_SIZE):
                end = at + (LEAST - 1) * size + len(HEADER)
                if end <= len(self._buffer) and all(self._is_header(at + k * size) for k in range(LEAST)):
                    self.family = "motion" if size == SIZE else "vibration"
                    del self._buffer[:at]
                    return True
        return False

    def _is_header(self, at: int) -> bool:
        return self._buffer[at : at + 2] == HEADER

    def _read(self) -> list[Acceleration | WitFault]:
        results: list[Acceleration | WitFault] = []
        at = 0
        while len(self._buffer) - at >= SIZE + len(HEADER):
            if not (self._is_header(at) and self._is_header(at + SIZE)):
                at, self._skipped = at + 1, self._skipped + 1
                continue
            missing = round(self._skipped / SIZE)
            if self._skipped:
                results.append(WitFault("frame", f"{self._skipped} bytes that are no frame", missing))
            x, y, z = struct.unpack_from("<hhh", self._buffer, at + 2)
            results.append(Acceleration((x, y, z), None, missing))
            self.frames += 1
            at, self._skipped = at + SIZE, 0
        del self._buffer[:at]
        if self._skipped > INSIST_BYTES:
            self.family, self._skipped = None, 0
        return results
