"""What the sensors of `bench --capacity` say, made once before anything is timed: the same for each of them.

Three axes at 25.6 kHz, as frames (a device's 16-bit counts) or as JSON (its samples in g, with a count of the batches).
A piece is complete when its last sample was made; a sensor says it then and not before.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from agent.bench.signal import RATE_HZ, noise_and_harmonics


@dataclass(frozen=True)
class Way:
    """How sensors reach the agent; `kind` is that of the source."""

    kind: str
    text: str
    samples: int  # of a piece
    as_json: bool = False
    has_lines: bool = False  # one for each sensor; else all come over the broker


WAYS = {
    "mqtt": Way("mqtt", "MQTT, frames of 4 KiB", 680),
    "mqtt_json": Way("mqtt", "MQTT, JSON batches of 0.1 s", 2560, as_json=True),
    "serial": Way("serial", "serial, frames of 256 samples in pieces of 1 ms", 256, has_lines=True),
}
"""By the name that `--source` takes."""

SAID_ANEW_S = 1.0  # JSON batches repeat after so long, under another count
MILLISECOND_S = 0.001


@dataclass(frozen=True)
class Speech:
    """What one sensor says: the messages of `pieces[k]` are complete `(k + 1) * piece_s` after it began."""

    pieces: list[tuple[bytes, ...]]
    samples: int  # of a piece

    @property
    def piece_s(self) -> float:
        return self.samples / RATE_HZ

    def due_s(self, end: int) -> float:
        """Seconds after the beginning at which the piece is complete that brings the sample before `end`."""
        return -(-end // self.samples) * self.piece_s

    def by_millisecond(self) -> list[bytes]:
        """The same bytes as a UART brings them: those of each millisecond."""
        lengths = [sum(map(len, piece)) for piece in self.pieces]
        ends = [0, *itertools.accumulate(lengths)]
        wire = b"".join(itertools.chain.from_iterable(self.pieces))
        cuts = [0]
        for step in range(1, round(len(self.pieces) * self.piece_s / MILLISECOND_S) + 1):
            whole, part = divmod(step * MILLISECOND_S / self.piece_s, 1.0)
            k = int(whole)
            cuts.append(ends[k] + round(part * lengths[k]) if k < len(lengths) else len(wire))
        return [wire[first:last] for first, last in itertools.pairwise(cuts)]


def speech(way: Way, seconds: float) -> Speech:
    """What a sensor says in `seconds`."""
    count = int(seconds * RATE_HZ) // way.samples
    if way.as_json:
        return Speech(_batches(count, way.samples), way.samples)
    return Speech(_frames(count, way.samples, on_wire=way.has_lines), way.samples)


def _batches(count: int, samples: int) -> list[tuple[bytes, ...]]:
    import msgspec
    import numpy as np

    values = np.round(noise_and_harmonics(SAID_ANEW_S).astype(np.float64), 5)
    repeated = len(values) // samples
    bodies = [
        msgspec.json.encode(dict(zip("xyz", values[k * samples : (k + 1) * samples].T.tolist(), strict=True)))[1:]
        for k in range(repeated)
    ]
    return [(b'{"rate_hz":%d,"unit":"g","seq":%d,%s' % (RATE_HZ, k, bodies[k % repeated]),) for k in range(count)]


def _frames(count: int, samples: int, *, on_wire: bool) -> list[tuple[bytes, ...]]:
    """Data frames, each with what a device says before it; over MQTT each is a message."""
    from firmware_bridge.device import Profile, VirtualSensor
    from firmware_bridge.frames import Data, encode, frame_bytes

    device = VirtualSensor(Profile(rate_hz=RATE_HZ, block_samples=samples))
    said = device.produce(noise_and_harmonics(count * samples / RATE_HZ + 0.01)[: count * samples])
    pieces: list[tuple[bytes, ...]] = []
    together: list[bytes] = []
    for frame in said:
        if isinstance(frame, bytes):  # what a line carries beside frames
            continue
        together.append(frame_bytes(frame) if on_wire else encode(frame))
        if isinstance(frame, Data):
            pieces.append(tuple(together))
            together = []
    return pieces
