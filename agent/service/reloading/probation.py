"""A bundle that was exchanged while the agent runs is watched for a while: whether it computes, and whether it raises
more alerts than a plant has faults.

What is judged wrong ends the watch at once, and the bundle before it is taken back. A single alert proves nothing
against it: the machine may be damaged. Where there are few machines only faults of computing count.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from agent.ports import Encoder
from agent.service.assembly import Parts
from agent.types import Alert, Diagnosis, Output

WATCHED_WINDOWS = 200
"""Judged windows, over all sensors, after which it has proved itself."""

WATCHED_S = 600.0
"""Seconds after which it has, if any window was judged."""

STORM = 3
"""So many alerts at least, of so large a share of the bearings, are a storm."""
STORM_SHARE = 0.5


class WatchedEncoder:
    """An encoder whose faults are noted, not raised."""

    def __init__(self, encoder: Encoder, *, size: int) -> None:
        self._encoder, self._size = encoder, size
        self.fault: str | None = None
        self.is_trusted = False  # its faults are those of any encoder again

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        """As the encoder's; zeros where it is at fault."""
        if self.is_trusted:
            return self._encoder.embed(codes)
        try:
            embedding = self._encoder.embed(codes)
        except Exception as error:  # a runtime raises its own types
            self.fault = self.fault or f"its encoder fails: {type(error).__name__}: {error}"
            return np.zeros(self._size, np.int8)
        if embedding.shape != (self._size,) or embedding.dtype != np.int8 or not embedding.any():
            self.fault = self.fault or f"its encoder gives what is no embedding ({embedding.dtype} {embedding.shape})"
            return np.zeros(self._size, np.int8)
        return embedding


class Probation:
    """The watch over one bundle; `proven` are the parts with the bundle before it."""

    def __init__(
        self,
        proven: Parts,
        *,
        encoder: WatchedEncoder,
        bearings: int,
        windows: int = WATCHED_WINDOWS,
        seconds: float = WATCHED_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`bearings`: that are watched; a machine without any counts as one."""
        self.proven = proven
        self._encoder = encoder
        self._bearings, self._windows, self._seconds = bearings, windows, seconds
        self._clock, self._since_s = clock, clock()
        self._judged = 0
        self._raised: set[tuple[str, str | None]] = set()
        self._ids: set[str] = set()

    def fault(self, outputs: Iterable[Output]) -> str | None:
        """Why what a pipeline put out was not computed; None where it was."""
        if self._encoder.fault is not None:
            return self._encoder.fault
        for output in outputs:
            if isinstance(output, Diagnosis):
                figures = [match.probability for match in output.matches]
                figures += [] if output.deviation is None else [output.deviation]
                if not all(map(math.isfinite, figures)):
                    return f"its figures of {output.sensor} are no numbers"
        return None

    def see(self, outputs: Iterable[Output]) -> str | None:
        """What a pipeline put out and is said; why the bundle is no good, None as long as nothing is against it."""
        for output in outputs:
            if isinstance(output, Diagnosis):
                self._judged += output.running and output.quality is None
            elif isinstance(output, Alert) and output.event == "raised":
                self._raised.add((output.sensor, output.bearing))
                self._ids.add(output.id)
        if len(self._raised) >= max(STORM, STORM_SHARE * self._bearings):
            return f"it raised alerts of {len(self._raised)} of {self._bearings} bearings"
        return None

    def has_raised(self, alert: Alert) -> bool:
        """Whether an alert was raised under the watched bundle."""
        return alert.id in self._ids

    def trust(self) -> None:
        """The watch is over."""
        self._encoder.is_trusted = True

    @property
    def is_over(self) -> bool:
        """Whether it has proved itself."""
        is_late = self._clock() - self._since_s >= self._seconds
        return self._judged >= self._windows or (is_late and self._judged > 0)
