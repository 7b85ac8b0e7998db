"""When what waits for a sink will reach its bound, if it goes on as in the last minutes."""

from __future__ import annotations

import math
from collections import deque

OVER_S = 600.0
"""Looked back for so long: events come in bursts, and a rate over seconds would cry wolf."""


class Filling:
    """Bytes that wait, noted now and then."""

    def __init__(self) -> None:
        self._noted: deque[tuple[float, int]] = deque()

    def note(self, now_s: float, waiting_bytes: int) -> None:
        self._noted.append((now_s, waiting_bytes))
        while len(self._noted) > 2 and now_s - self._noted[0][0] > OVER_S:
            self._noted.popleft()

    def seconds_left(self, most_bytes: int) -> float:
        """Until `most_bytes` wait; infinite where it does not grow, 0 where they do already."""
        if not self._noted:
            return math.inf
        (first_s, first), (last_s, last) = self._noted[0], self._noted[-1]
        if last >= most_bytes:
            return 0.0
        if last <= first or last_s <= first_s:
            return math.inf
        return (most_bytes - last) * (last_s - first_s) / (last - first)
