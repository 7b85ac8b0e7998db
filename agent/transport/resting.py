"""For how long a reader lets things gather before it takes them: a moment, and never in a rhythm.

A rhythm that nearly fits the sender's would let the least delay creep from one reading to the next, and what creeps
reads as a rate. Drawn at random, each delay comes at every place, so the line under the arrivals stays where it was.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Hashable, Iterable, Iterator

REST_S = 0.02
"""Of three axes at 25.6 kHz as 16-bit numbers, 3.1 kB: less than a terminal's buffer in the kernel holds (4 KiB)."""

LONG_REST_S = 0.05
"""Where the other side holds what comes for as long as it takes, and all that speak have been heard for a while."""

SPREAD = 0.25

YOUNG_S = 10.0
"""What has spoken for less is heard more often: without stamps its clock rests on the few readings so far."""

YOUNG_SHARE, MANY = 1 / 8, 32
"""Of a rest, while up to so many are young: for more of them it would cost too much."""

SILENCE_S = 2.0
MOST_KNOWN = 4096


def rests(rest_s: float = REST_S) -> Iterator[float]:
    """Seconds to rest, one after the other, within a quarter of `rest_s` around it."""
    draw = random.Random().uniform
    while True:
        yield draw((1 - SPREAD) * rest_s, (1 + SPREAD) * rest_s)


def share_of_rest(young: int) -> float:
    """For which part of a rest to rest where so many are young."""
    return min(1.0, max(YOUNG_SHARE, young / MANY)) if young else 1.0


class Speakers:
    """Who has been heard for a while, and whether all have that speak now; times are of one clock, in seconds."""

    def __init__(self) -> None:
        self._heard_s: dict[Hashable, float] = {}
        self._young_until_s: deque[float] = deque(maxlen=MANY)  # of each, in order

    def feed(self, names: Iterable[Hashable], now_s: float) -> None:
        """These have spoken. Who was silent may have begun anew."""
        for name in names:
            if now_s - self._heard_s.get(name, -SILENCE_S) >= SILENCE_S:
                self._young_until_s.append(now_s + YOUNG_S)
                if len(self._heard_s) >= MOST_KNOWN:
                    self._heard_s.clear()
            self._heard_s[name] = now_s

    def rest(self, drawn_s: float, now_s: float) -> float:
        """How long to rest, of a rest drawn around `REST_S`."""
        young = self._young_until_s
        while young and young[0] <= now_s:
            young.popleft()
        return drawn_s * (share_of_rest(len(young)) if young else LONG_REST_S / REST_S)
