"""The way from a device to its receiver, with the damage that happens on it; seeded, and it remembers what it did.

What it remembers (`frames_lost`, `frames_damaged`, `samples_lost`) is the truth that a receiver's counters are held
against.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from firmware_bridge.device import Said
from firmware_bridge.frames import Data, Frame, encode, frame_bytes


class Line:
    """A serial line or a broker that loses whole frames and flips bits.

    `frame_loss` is the probability that a frame vanishes, `bit_errors` the probability that a bit on the wire flips.
    """

    def __init__(self, *, frame_loss: float = 0.0, bit_errors: float = 0.0, seed: int = 0) -> None:
        if not (0 <= frame_loss <= 1 and 0 <= bit_errors <= 1):
            raise ValueError(f"{frame_loss:g} of the frames and {bit_errors:g} of the bits lost; both are from 0 to 1")
        self.frame_loss = frame_loss
        self.bit_errors = bit_errors
        self.frames_lost = 0
        self.frames_damaged = 0
        self.samples_lost = 0
        self._rng = np.random.default_rng(seed)

    def carry(self, said: Iterable[Said]) -> list[bytes]:
        """What arrives over a serial line, one piece per frame or stray bytes."""
        pieces = (
            item if isinstance(item, bytes) else self._damage(frame_bytes(item), item)
            for item in said
            if isinstance(item, bytes) or not self._loses(item)
        )
        return [piece for piece in pieces if piece]

    def publish(self, said: Iterable[Said]) -> list[bytes]:
        """What arrives over a broker, one message per frame; stray bytes do not travel there."""
        frames = (item for item in said if not isinstance(item, bytes))
        return [self._damage(encode(frame), frame) for frame in frames if not self._loses(frame)]

    def _loses(self, frame: Frame) -> bool:
        lost = bool(self._rng.random() < self.frame_loss)
        if lost:
            self.frames_lost += 1
            self._remember(frame)
        return lost

    def _damage(self, wire: bytes, frame: Frame) -> bytes:
        flips = int(self._rng.binomial(8 * len(wire), self.bit_errors)) if self.bit_errors else 0
        if not flips:
            return wire
        damaged = bytearray(wire)
        for bit in self._rng.choice(8 * len(wire), flips, replace=False):
            damaged[bit // 8] ^= 1 << (bit % 8)
        self.frames_damaged += 1
        self._remember(frame)
        return bytes(damaged)

    def _remember(self, frame: Frame) -> None:
        if isinstance(frame, Data):
            self.samples_lost += frame.n_samples
