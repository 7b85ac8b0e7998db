"""The samples of which the next window is cut, each held once: by windows that overlap, and by whoever keeps them.

They lie in stretches of one hop. A stretch is 16-bit counts where its samples came so, and what is in it never changes,
so that it is handed on and not copied.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from agent.stream.steps import in_steps, samples_from
from agent.types import Samples, Stretch


class Held:
    """Consecutive samples of one stream; `step` of its converter, None where it sends no counts."""

    def __init__(self, axes: int, *, hop: int, step: float | None) -> None:
        self._axes, self._hop, self._step = axes, hop, step
        self._stretches: deque[Stretch] = deque()
        self._filled = 0

    def __len__(self) -> int:
        return self._filled

    def add(self, values: Stretch) -> None:
        """(axes, n) counts or samples that follow."""
        counts = in_steps(values, self._step)
        at, end = 0, values.shape[1]
        while at < end:
            place = self._filled % self._hop
            taken = min(self._hop - place, end - at)
            stretch = self._last_for(counts.dtype, place)
            into, added = stretch[:, place : place + taken], counts[:, at : at + taken]
            into[:] = added if stretch.dtype == added.dtype else samples_from(added, self._step)
            self._filled += taken
            at += taken

    def _last_for(self, kind: np.dtype[np.generic], place: int) -> Stretch:
        """The stretch that is being filled, able to take samples of a kind."""
        if place == 0:
            self._stretches.append(np.empty((self._axes, self._hop), kind))
        elif kind == np.float32 and self._stretches[-1].dtype == np.int16:
            counts = self._stretches.pop()
            whole = np.empty((self._axes, self._hop), np.float32)
            samples_from(counts[:, :place], self._step, out=whole[:, :place])
            self._stretches.append(whole)
        return self._stretches[-1]

    def samples(self, count: int) -> Samples:
        """The first `count` of them, (axes, count), the caller's own."""
        samples = np.empty((self._axes, count), np.float32)
        at = 0
        for stretch in self.stretches(count):
            samples_from(stretch, self._step, out=samples[:, at : at + stretch.shape[1]])
            at += stretch.shape[1]
        return samples

    def stretches(self, count: int) -> tuple[Stretch, ...]:
        """The same as they are held: to be read."""
        return tuple(
            _no_more_than_twice(stretch, count - at)
            for stretch, at in zip(self._stretches, range(0, count, self._hop), strict=False)
        )

    def drop_hop(self) -> None:
        """Forget those of the first hop, which must be full."""
        self._stretches.popleft()
        self._filled -= self._hop

    def clear(self) -> None:
        """Forget all."""
        self._stretches.clear()
        self._filled = 0


def _no_more_than_twice(stretch: Stretch, count: int) -> Stretch:
    """The first `count` samples of a stretch, which whoever keeps them keeps with it, unless they are a small part."""
    part = stretch[:, :count]
    return part if 2 * part.shape[1] >= stretch.shape[1] else part.copy()
