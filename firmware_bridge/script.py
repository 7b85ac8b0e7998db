"""A vibration to which things happen at given moments, on exactly the sample that was asked for.

Nothing here knows the simulator: a source is anything that can be asked for its next samples.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Vibration(Protocol):
    """Where samples come from: `simulator.VibrationSource`, or anything else that can be asked for the next ones."""

    def next(self, n: int) -> NDArray[np.float32]:
        """The next n samples in g, (n, axes)."""


class Script:
    """A vibration to which things happen at given moments: `acts` are (seconds from the start, what to do)."""

    def __init__(self, source: Vibration, acts: Sequence[tuple[float, Callable[[], None]]], *, rate_hz: float) -> None:
        self._source = source
        self._acts = deque((round(at_s * rate_hz), act) for at_s, act in sorted(acts, key=lambda act: act[0]))
        self._given = 0

    def next(self, n: int) -> NDArray[np.float32]:
        """The next n samples; an act falls on its own sample, however the samples are fetched."""
        parts = []
        end = self._given + n
        while self._acts and self._acts[0][0] < end:
            at, act = self._acts.popleft()
            parts.append(self._source.next(max(0, at - self._given)))
            self._given = max(self._given, at)
            act()
        parts.append(self._source.next(end - self._given))
        self._given = end
        return np.concatenate(parts)
