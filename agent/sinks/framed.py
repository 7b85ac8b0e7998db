"""Values over a socket between two processes: MessagePack behind its length. A slow or lost peer is an OSError."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

import msgspec

MAX_FRAME_BYTES = 32 << 20
LEAST_WAIT_S = 0.001  # 0 would mean not to wait, and is another error

_LENGTH = struct.Struct("<I")


def packed(value: object) -> bytes:
    """A value as it is sent."""
    body = msgspec.msgpack.encode(value)
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """How many bytes follow; OSError where they are more than any value has."""
    length: int = _LENGTH.unpack(head)[0]
    if length > MAX_FRAME_BYTES:
        raise OSError(f"a message of {length} bytes")
    return length


class Framed:
    """The side that asks, and waits for each answer."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    def ask(self, value: object, *, within_s: float) -> Any:
        """The answer to a value; OSError where none came in time."""
        until_s = time.monotonic() + within_s
        self._peer.settimeout(within_s)
        self._peer.sendall(packed(value))
        length = length_of(self._read(_LENGTH.size, until_s))
        return msgspec.msgpack.decode(self._read(length, until_s))

    def close(self) -> None:
        self._peer.close()

    def _read(self, size: int, until_s: float) -> bytes:
        heard = bytearray()
        while len(heard) < size:
            self._peer.settimeout(max(LEAST_WAIT_S, until_s - time.monotonic()))
            piece = self._peer.recv(size - len(heard))
            if not piece:
                raise ConnectionResetError("the process has ended")
            heard += piece
        return bytes(heard)
