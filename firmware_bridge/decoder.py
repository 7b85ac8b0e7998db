"""A byte stream to frames and faults: no I/O, no clock, and never more than one frame's bytes in hand.

0x00 ends a frame and nothing else does, so a damaged frame costs itself alone: the next delimiter starts afresh.
"""

from __future__ import annotations

from firmware_bridge import cobs
from firmware_bridge.frames import MAX_WIRE, Fault, Frame, decode_frame

_TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n\x1b")
_SHOWN = 80


class Decoder:
    """Feed it bytes as they come, in pieces of any size; it hands back what they completed, in order."""

    def __init__(self) -> None:
        self._tail = bytearray()  # bytes after the last delimiter
        self._skipped = 0  # bytes thrown away since the last delimiter, because no frame is that long

    @property
    def held_bytes(self) -> int:
        """Bytes kept for later; at most MAX_WIRE."""
        return len(self._tail)

    def feed(self, data: bytes) -> list[Frame | Fault]:
        """Frames and faults that `data` completed; never raises, whatever the bytes."""
        first, *rest = data.split(b"\0")
        self._keep(first)
        if not rest:
            return []
        last = rest.pop()
        results = self._flush()
        results += [_understand(chunk) for chunk in rest if chunk]
        self._keep(last)
        return results

    def finish(self) -> list[Frame | Fault]:
        """No more bytes will come: what an unended frame left behind, as a fault."""
        size = len(self._tail) + self._skipped
        self._tail.clear()
        self._skipped = 0
        return [Fault("truncated", f"{size} bytes after the last delimiter", size)] if size else []

    def _keep(self, data: bytes) -> None:
        if self._skipped or len(self._tail) + len(data) > MAX_WIRE:
            self._skipped += len(self._tail) + len(data)
            self._tail.clear()
        else:
            self._tail += data

    def _flush(self) -> list[Frame | Fault]:
        """What the bytes before a delimiter amount to."""
        skipped, chunk = self._skipped, bytes(self._tail)
        self._skipped = 0
        self._tail.clear()
        if skipped:
            return [Fault("oversize", f"{skipped} bytes without a delimiter", skipped)]
        return [_understand(chunk)] if chunk else []


def _understand(chunk: bytes) -> Frame | Fault:
    size = len(chunk)
    if size > MAX_WIRE:
        return Fault("oversize", f"{size} bytes without a delimiter", size)
    body = cobs.decode(chunk)
    result = Fault("cobs", f"{size} bytes") if body is None else decode_frame(body)
    if not isinstance(result, Fault):
        return result
    if result.kind in ("cobs", "short", "crc") and _TEXT.issuperset(chunk):
        return Fault("text", chunk[:_SHOWN].decode("ascii").strip(), size)
    return Fault(result.kind, result.detail, size, result.stream_id, result.samples)
