"""The sensors of `bench --capacity`, in a process of their own: what they say is made beforehand, sending it is all.

`python -m agent.bench.capacity_sender WAY SENSORS SECONDS HOST:PORT` says the names of the lines, where there are any,
and "ready", reads when to begin (monotonic seconds) from its input, and speaks. Sensors begin one after the other
within half a second, as sensors of a plant that know nothing of each other. At its end it says how many bytes found a
line's buffer in the kernel full, as in an overrun.
"""

from __future__ import annotations

import heapq
import os
import socket
import sys
import time
import tty
from collections.abc import Sequence
from dataclasses import dataclass

from agent.bench.capacity_signal import MILLISECOND_S, WAYS, Speech, speech

SPREAD_MS = 500
TICK_S = 0.002
HELD_BYTES = 1 << 16
"""What the kernel holds of a UART behind the terminal's own buffer, at least; of a pseudo-terminal it holds less."""

CONNECT = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x00\x00\x06cap-tx"  # 3.1.1, clean, without keep-alive
PUBLISH = 0x30


def begin_ms(sensor: int, sensors: int) -> int:
    """Milliseconds after the beginning at which a sensor begins to speak."""
    return sensor * SPREAD_MS // sensors


def topic_of(sensor: int) -> str:
    return f"bench/sensor/s{sensor}"


def main(way: str, sensors: int, seconds: float, broker: str) -> int:
    """Speak; the bytes that were lost on the way out."""
    said = speech(WAYS[way], seconds)
    lost = _over_lines(said, sensors) if WAYS[way].has_lines else _over_broker(said, sensors, broker)
    sys.stdin.readline()  # until nobody listens any more
    return lost


def _begins_s() -> float:
    print("ready", flush=True)
    return float(sys.stdin.readline())


def _over_lines(said: Speech, sensors: int) -> int:
    pieces = said.by_millisecond()
    ends = [os.openpty() for _ in range(sensors)]  # which stay open while this process is there
    for master, slave in ends:
        tty.setraw(slave)
        os.set_blocking(master, False)
        print(os.ttyname(slave), flush=True)
    begun_s = _begins_s()
    lines = [_Uart(master, begin_ms(k, sensors)) for k, (master, _) in enumerate(ends)]
    step, last = 0, len(pieces) + SPREAD_MS
    while step < last:
        due = min(last, int((time.monotonic() - begun_s) / MILLISECOND_S))
        for now in range(step, due):
            for line in lines:
                if 0 <= now - line.begin_ms < len(pieces):
                    line.bring(pieces[now - line.begin_ms])
        step = max(step, due)
        time.sleep(MILLISECOND_S)
    return sum(line.lost for line in lines)


@dataclass
class _Uart:
    """One line, with what waits for room in its terminal."""

    master: int
    begin_ms: int
    waiting: bytes = b""
    lost: int = 0

    def bring(self, piece: bytes) -> None:
        if self.waiting:
            room = HELD_BYTES - len(self.waiting)
            self.lost += max(0, len(piece) - room)
            piece = self.waiting + piece[:room]
        try:
            self.waiting = piece[os.write(self.master, piece) :]
        except BlockingIOError:
            self.waiting = piece


def _over_broker(said: Speech, sensors: int, broker: str) -> int:
    host, _, port = broker.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10.0) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(CONNECT)
        if line.recv(4)[-1:] != b"\0":
            raise SystemExit(f"the broker at {broker} lets nobody in without a name")
        line.settimeout(None)
        heads = [topic_of(k).encode() for k in range(sensors)]
        begun_s = _begins_s()
        due = [(begun_s + begin_ms(k, sensors) / 1000 + said.piece_s, k, 0) for k in range(sensors)]
        heapq.heapify(due)
        while due:
            now_s = time.monotonic()
            batch: list[bytes] = []
            while due and due[0][0] <= now_s:
                at_s, sensor, number = due[0]
                batch += [
                    part for message in said.pieces[number] for part in (_head(heads[sensor], len(message)), message)
                ]
                if number + 1 < len(said.pieces):
                    heapq.heapreplace(due, (at_s + said.piece_s, sensor, number + 1))
                else:
                    heapq.heappop(due)
            if batch:
                line.sendall(b"".join(batch))
            time.sleep(TICK_S)
    return 0


def _head(topic: bytes, payload_bytes: int) -> bytes:
    """What goes before a message: its kind, its length and its topic."""
    return bytes((PUBLISH,)) + _length(2 + len(topic) + payload_bytes) + len(topic).to_bytes(2, "big") + topic


def _length(size: int) -> bytes:
    """As MQTT writes it, seven bits at a time."""
    found = bytearray()
    while True:
        size, low = divmod(size, 128)
        found.append(low | (0x80 if size else 0))
        if not size:
            return bytes(found)


def _from_arguments(arguments: Sequence[str]) -> int:
    way, sensors, seconds, broker = arguments
    return main(way, int(sensors), float(seconds), broker)


if __name__ == "__main__":
    print(_from_arguments(sys.argv[1:]), flush=True)
