"""For how long a reader lets things gather before it takes them: a moment, and never in a rhythm.

A rhythm that nearly fits the sender's would let the least delay creep from one reading to the next, and what creeps
reads as a rate. Drawn at random, each delay comes at every place, so the line under the arrivals stays where it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

REST_S = 0.02
"""Of three axes at 25.6 kHz as 16-bit numbers, 3.1 kB: less than a terminal's buffer in the kernel holds (4 KiB)."""

SPREAD = 0.25


def rests(rest_s: float = REST_S) -> Iterator[float]:
    """Seconds to rest, one after the other, within a quarter of `rest_s` around it."""
    draw = random.Random().uniform
    while True:
        yield draw((1 - SPREAD) * rest_s, (1 + SPREAD) * rest_s)
