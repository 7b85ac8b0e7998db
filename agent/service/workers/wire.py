"""Messages over a stream socket: four bytes of length, then MessagePack; whole, in order, and bounded.

No I/O here: bytes in, messages out. What is longer than the bound, or is no message, ends the connection.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from agent.errors import TransportError

MAX_BYTES = 64 << 20
"""Of one message: the state of one sensor, with what was set aside and a day of lessons."""
HEAD_BYTES = 4

Spoken = TypeVar("Spoken")


def framed(message: object) -> bytes:
    """As it goes over the socket; ValueError where it is too long."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_BYTES:
        raise ValueError(f"a message of {len(body)} bytes is longer than {MAX_BYTES}")
    return len(body).to_bytes(HEAD_BYTES, "big") + body


class Unframer(Generic[Spoken]):
    """Bytes as they come, messages as they are whole."""

    def __init__(self, kind: type[Spoken]) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Spoken]:
        """The messages that are whole now; TransportError where the next one is none."""
        self._bytes += data
        found: list[Spoken] = []
        at = 0
        try:
            while (end := self._end(at)) is not None:
                found.append(self._decoder.decode(bytes(self._bytes[at + HEAD_BYTES : end])))
                at = end
        except (msgspec.MsgspecError, RecursionError, TransportError) as error:
            if not found:
                raise TransportError(f"a message that cannot be read: {error}") from None
        del self._bytes[:at]
        return found

    def _end(self, at: int) -> int | None:
        """Where the message ends that begins at a byte; None where it is not all there."""
        if len(self._bytes) - at < HEAD_BYTES:
            return None
        size = int.from_bytes(self._bytes[at : at + HEAD_BYTES], "big")
        if size > MAX_BYTES:
            raise TransportError(f"{size} bytes are more than {MAX_BYTES}")
        end = at + HEAD_BYTES + size
        return end if end <= len(self._bytes) else None
