"""What is known of one healthy machine, and the commissioning that may be under way to learn it.

After a repair the old state is set aside, not thrown away: it is gone for good only once the new one is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.commissioning import MAX_WINDOWS, Asked, Commissioning
from agent.diagnosis.lessons import Lesson
from agent.diagnosis.running import RUNNING_SHARE
from agent.types import Commissioned, Learning

Baselines: TypeAlias = Mapping[str | None, Baseline]
"""By bearing; None: the machine as a whole."""


class HealthyState:
    """Baselines are replaced, never changed: who holds them sees by identity that something was learnt or forgotten."""

    def __init__(self, baselines: Baselines, *, aside: Baselines | None = None) -> None:
        self.baselines: Baselines = dict(baselines)
        self.aside: Baselines = dict(aside or {})
        """The state before a repair, while that after it is not complete."""
        self.latest: Commissioned | None = None
        """How the latest commissioning ended; None before the first one, and while one is under way."""
        self._commissioning: Commissioning | None = None

    def baseline(self, bearing: str | None) -> Baseline:
        """Of one bearing; an empty one where nothing was learnt."""
        return self.baselines.get(bearing, Baseline())

    @property
    def windows_to_learn(self) -> int:
        """Windows that commissioning still waits for at least; 0 where none is under way."""
        return 0 if self._commissioning is None else self._commissioning.windows_left

    @property
    def progress(self) -> Learning | None:
        """How far commissioning is; None where none is under way."""
        return None if self._commissioning is None else self._commissioning.progress

    def idle_below(self, unheard: NDArray[np.bool_] | None = None) -> float | None:
        """RMS under which the machine stands still, in the unit that was learnt in; None where nothing was learnt, or
        only where features were known that are `unheard` (n,) now."""
        found = (baseline.running_rms(unheard) for baseline in self.baselines.values())
        learnt = [rms for rms in found if rms is not None]
        return RUNNING_SHARE * min(learnt) if learnt else None

    @property
    def speeds(self) -> tuple[float | None, ...]:
        """At which something was learnt, slowest first; None among them: at no known speed. Bearings differ in none."""
        return _speeds(self.baselines)

    def commission(self, windows: int, *, add: bool = False) -> None:
        """Let the next `windows` running, steady, good windows teach the baselines; until then it is learning.

        What was known of a speed is replaced, with `add` it is added to. ValueError outside MIN_WINDOWS..MAX_WINDOWS,
        or with `add`, to which few are something, too, outside 1..MAX_WINDOWS. Nothing is doubted.
        """
        if not (1 if add else MIN_WINDOWS) <= windows <= MAX_WINDOWS:
            raise ValueError(f"commissioning takes {MIN_WINDOWS} to {MAX_WINDOWS} windows, not {windows}")
        self.begin(Asked(windows, add=add))

    def begin(self, asked: Asked, *, after_repair: bool = False) -> None:
        """Commission as `asked`. What was known serves as reference meanwhile, not as limit; not after a repair."""
        if after_repair and self.baselines:
            self.aside, self.baselines = self.baselines, {}
        self._commissioning = Commissioning(asked)
        self.latest = None

    def abandon(self, reason: str) -> bool:
        """Forget what commissioning has collected; False where none is under way."""
        if self._commissioning is None:
            return False
        self.latest = Commissioned("abandoned", self._commissioning.progress.windows, reason=reason)
        self._commissioning = None
        return True

    def take_back(self) -> bool:
        """The state before a repair is that of the machine again; False where none is set aside."""
        if not self.aside:
            return False
        self.baselines, self.aside = self.aside, {}
        return True

    def forget(self, rpm: float | None = None) -> tuple[float | None, ...]:
        """Forget what was learnt at a speed, by default at all of them; the speeds that were forgotten."""
        before = _speeds(self.baselines) + _speeds(self.aside)
        if rpm is None:
            self.baselines, self.aside = {}, {}
        else:
            self.baselines, self.aside = _without(self.baselines, rpm), _without(self.aside, rpm)
        left = _speeds(self.baselines) + _speeds(self.aside)
        return tuple(dict.fromkeys(speed for speed in before if speed not in left))

    def take_new(self) -> list[Lesson]:
        """The lessons since it was last asked, of the commissioning under way."""
        return [] if self._commissioning is None else self._commissioning.take_new()

    def feed(self, lesson: Lesson) -> None:
        """A running, steady, good window: teaches where commissioning waits for it."""
        if self._commissioning is not None:
            self._commissioning.feed(lesson)
            self._end_if_done()

    def finish(self) -> None:
        """No more windows come: learn from those that did."""
        if self._commissioning is not None:
            self._commissioning.finish()
            self._end_if_done()

    def _end_if_done(self) -> None:
        done = self._commissioning
        if done is None or done.result is None:
            return
        progress = done.progress
        if done.result == "learnt":
            self.baselines, self.aside = done.teach(self.baselines), {}
        self.latest = Commissioned(
            done.result,
            progress.windows,
            done.doubts,
            progress.unsettled,
            unchecked=done.unchecked,
            asks=done.asks,
        )
        self._commissioning = None


def _speeds(baselines: Baselines) -> tuple[float | None, ...]:
    found = {cell.rpm for baseline in baselines.values() for cell in baseline.cells}
    return tuple(sorted(found, key=lambda rpm: -1.0 if rpm is None else rpm))


def _without(baselines: Baselines, rpm: float) -> Baselines:
    kept = {bearing: baseline.without(rpm) for bearing, baseline in baselines.items()}
    return {bearing: baseline for bearing, baseline in kept.items() if baseline.cells}
