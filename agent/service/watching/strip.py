"""The latest windows of one sensor, in case that an alert comes, and those around an alert that came.

Windows overlap: of each only the samples that the one before it lacks are kept, as the windower holds them, so that a
strip costs what it lasts and shares that with the window under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from agent.diagnosis.witness import Circumstances
from agent.recordings.kept import KeptWindow
from agent.stream.steps import in_steps, samples_from
from agent.types import Diagnosis, Samples, Stretch, Window

NO_SAMPLES: Samples = np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class Seen:
    """A window without samples, but for those behind the first `shared`, which the one before it has, too."""

    window: Window
    shared: int
    behind: tuple[Stretch, ...]
    under: Circumstances
    diagnoses: tuple[Diagnosis, ...]

    @property
    def end(self) -> int:
        return self.window.start + self.length

    @property
    def length(self) -> int:
        """Samples of the whole window."""
        return self.shared + sum(int(stretch.shape[1]) for stretch in self.behind)


@dataclass(slots=True)
class Excerpt:
    """Windows around one alert, of which some are still to come."""

    seen: list[Seen]
    to_come: int
    began_s: float
    done: Callable[[Sequence[Seen]], None]
    is_open: bool = field(default=True)

    def add(self, seen: Seen) -> None:
        self.seen.append(seen)
        self.to_come -= 1
        if self.to_come <= 0:
            self.end()

    def end(self) -> None:
        """No more windows are waited for."""
        if self.is_open:
            self.is_open = False
            self.done(self.seen)


class Strip:
    """Up to `length` windows of one sensor."""

    def __init__(self, length: int) -> None:
        self._seen: deque[Seen] = deque(maxlen=length)
        self._excerpts: list[Excerpt] = []

    def add(self, window: Window, under: Circumstances, diagnoses: Sequence[Diagnosis]) -> None:
        """A window that was judged. Another stream, or a count that went back, ends what is under way."""
        last = self._seen[-1] if self._seen else None
        if last is not None and (window.stream != last.window.stream or window.start < last.window.start):
            self.end_excerpts()
            self._seen.clear()
            last = None
        shared = 0 if last is None else max(0, last.end - window.start)
        bare = replace(window, samples=NO_SAMPLES, held=())
        seen = Seen(bare, shared, _behind(window, shared), under, tuple(diagnoses))
        self._seen.append(seen)
        for excerpt in self._excerpts:
            excerpt.add(seen)
        self._excerpts = [excerpt for excerpt in self._excerpts if excerpt.is_open]

    @property
    def latest(self) -> Seen | None:
        return self._seen[-1] if self._seen else None

    def begin_excerpt(self, *, to_come: int, now_s: float, done: Callable[[Sequence[Seen]], None]) -> None:
        """Hand `done` all that is here and the next `to_come` windows, once they came or are waited for no more."""
        excerpt = Excerpt(list(self._seen), to_come, now_s, done)
        if to_come:
            self._excerpts.append(excerpt)
        else:
            excerpt.end()

    def end_excerpts(self, *, before_s: float | None = None) -> None:
        """Wait no more, by default at all, else in those that began before a time."""
        for excerpt in self._excerpts:
            if before_s is None or excerpt.began_s < before_s:
                excerpt.end()
        self._excerpts = [excerpt for excerpt in self._excerpts if excerpt.is_open]


def _behind(window: Window, shared: int) -> tuple[Stretch, ...]:
    """The samples of a window behind the first `shared`."""
    if not window.held:
        return (in_steps(window.samples[shared:].T.copy(), window.stream.step),)
    found: list[Stretch] = []
    for stretch in window.held:
        if shared < stretch.shape[1]:
            found.append(stretch[:, shared:])
        shared = max(0, shared - stretch.shape[1])
    return tuple(found)


def joined(strip: Sequence[Seen]) -> tuple[Samples, tuple[KeptWindow, ...]]:
    """Every sample once, and the windows in them; those at the beginning are left out of which samples are missing."""
    stream = strip[0].window.stream
    samples = np.empty((sum(seen.length - seen.shared for seen in strip), len(stream.axes)), np.float32)
    placed: list[tuple[Seen, int]] = []
    row = 0
    for seen in strip:
        if seen.shared <= row:  # after a gap a window shares none
            placed.append((seen, row - seen.shared))
        for stretch in seen.behind:
            count = stretch.shape[1]
            samples_from(stretch, stream.step, out=samples[row : row + count].T)
            row += count
    return samples, tuple(
        KeptWindow(
            replace(seen.window, samples=samples[at : at + seen.length]),
            at,
            seen.under,
            seen.diagnoses,
        )
        for seen, at in placed
    )
