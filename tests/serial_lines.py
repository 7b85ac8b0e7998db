"""Ends of a serial line for tests: a pseudo-terminal behind a link, and a transmitter that answers on one."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import struct
import threading
import tty
from collections.abc import Iterable
from pathlib import Path


class Terminal:
    """A pseudo-terminal behind a link, as a by-id path is one: a new terminal may take its place."""

    def __init__(self, link: Path) -> None:
        self.path = str(link)
        self._link = link
        self._ends: tuple[int, ...] = ()

    def appear(self) -> None:
        self._ends = pty.openpty()
        tty.setraw(self._ends[1])
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._ends[1]))

    @property
    def our_end(self) -> int:
        return self._ends[0]

    def say(self, data: bytes) -> None:
        """From a thread of its own: a terminal holds 4 kB, then it waits for its reader."""
        threading.Thread(target=_write_all, args=(self._ends[0], data), daemon=True).start()

    def vanish(self) -> None:
        # The link goes first: the number of a closed terminal is given to whoever opens the next, in any process, and
        # a source that tries its port again would take that one's lock.
        self._link.unlink(missing_ok=True)
        for end in self._ends:
            with contextlib.suppress(OSError):
                os.close(end)
        self._ends = ()


def _write_all(end: int, data: bytes) -> None:
    with contextlib.suppress(OSError):  # the terminal went away
        while data:
            data = data[os.write(end, data) :]


class Transmitter:
    """A Modbus slave on our end of a terminal. `words`: register -> content; faults are switched on by attributes."""

    def __init__(
        self, terminal: Terminal, words: dict[int, int], *, addresses: Iterable[int] = (0x50,), function: int = 3
    ) -> None:
        self.words = words
        self.asked: list[bytes] = []
        self.answered = 0
        self.mute = 0  # so many requests are not answered
        self.garble = 0  # so many replies carry a wrong bit
        self.echo = False  # as some adapters do
        self.slow_s = 0.0
        self._end = terminal.our_end
        self._function = function
        self._addresses = set(addresses)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        heard = b""
        while not self._stop.is_set():
            try:
                if not select.select([self._end], [], [], 0.02)[0]:
                    continue
                heard += os.read(self._end, 256)
            except (OSError, ValueError):
                return
            while len(heard) >= 8:
                request, heard = heard[:8], heard[8:]
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        self.asked.append(request)
        address, function, first, count = struct.unpack(">BBHH", request[:6])
        if self.mute or address not in self._addresses:
            self.mute = max(0, self.mute - 1)
            return
        if function != self._function:
            reply = bytes([address, function | 0x80, 1])
        elif any(first + k not in self.words for k in range(count)):
            reply = bytes([address, function | 0x80, 2])
        else:
            body = struct.pack(f">{count}H", *(self.words[first + k] for k in range(count)))
            reply = bytes([address, function, 2 * count]) + body
        reply += _crc(reply)
        if self.garble:
            self.garble -= 1
            reply = reply[:3] + bytes([reply[3] ^ 0x04]) + reply[4:]
        self._stop.wait(self.slow_s)
        with contextlib.suppress(OSError):
            os.write(self._end, (request if self.echo else b"") + reply)
        self.answered += 1


def _crc(message: bytes) -> bytes:
    register = 0xFFFF
    for byte in message:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return struct.pack("<H", register)


def heard_at(data: bytes, *, sent_baud: int, heard_baud: int) -> bytes:
    """What a UART at one baud makes of bytes sent at another, back to back (8N1, least bit first, idle high)."""
    bits = [level for byte in data for level in (0, *(byte >> k & 1 for k in range(8)), 1)]
    ratio = sent_baud / heard_baud  # sent bits per heard bit
    heard = bytearray()
    at = 0.0
    while at < len(bits):
        if bits[int(at)]:
            at = int(at) + 1.0  # idle, up to the next edge
            continue
        points = [int(at + ratio * (k + 0.5)) for k in range(1, 9)]
        if points[-1] >= len(bits):
            break
        heard.append(sum(bits[point] << k for k, point in enumerate(points)))
        at += ratio * 9.5
    return bytes(heard)
