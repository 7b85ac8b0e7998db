"""Teaching a sensor what its machine looks like healthy: enough good windows become the baselines of its bearings.

Windows are kept until there are enough, since only then does it show in which the machine stood still; those teach
nothing and are not counted. Enough is a number that was told, or as many as it takes until the figures have settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.doubts import Examiner
from agent.diagnosis.lessons import Lesson, learn, while_running
from agent.diagnosis.settling import FEWEST, LEAST_S, MOST, SETTLED_BELOW, Yardstick, next_look, unsettled
from agent.dsp.speed_doubts import question_together
from agent.types import Doubt, Learning, SpeedQuestion

MAX_WINDOWS = 10_000
ENOUGH_WINDOWS = 20
"""Half of them weigh as much as the scatter that is typical of healthy machines. So many are looked at before anything
is doubted, too."""
DRIFTING = 1.0
"""Deviation of the newer windows from the older ones, in limits, from which false alerts are to be expected."""


def remarks_on(windows: int, *, window_s: float, hop_s: float) -> list[str]:
    """What somebody who told a number of windows to learn from should know."""
    if windows >= ENOUGH_WINDOWS:
        return []
    seconds = window_s + (windows - 1) * hop_s
    return [
        f"{windows} windows are {seconds:.3g} s of the machine: its ordinary changes are hardly among them, so "
        f"false alerts are likely; {ENOUGH_WINDOWS} or more are better, and without a number as many as it takes"
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """How somebody wants a machine to be learnt; what is given to look with decides what can be doubted and measured.

    Without `examiner` nothing is doubted; without `yardstick` a number of windows must be told.
    """

    windows: int | None = None  # None: until the figures have settled
    add: bool = False  # to what was known of a speed, instead of replacing it
    anyway: bool = False  # believe it whatever stands against it
    examiner: Examiner | None = None
    yardstick: Yardstick | None = None
    against: tuple[Doubt, ...] = ()  # what is known beforehand to stand against it, and is to be kept with it

    def __post_init__(self) -> None:
        if self.windows is not None and not 1 <= self.windows <= MAX_WINDOWS:
            raise ValueError(f"commissioning takes at most {MAX_WINDOWS} windows, not {self.windows}")
        if self.windows is None and self.yardstick is None:
            raise ValueError("windows: a number is needed where nothing measures whether the figures have settled")


class Commissioning:
    """Collects healthy windows of one sensor until there are enough, or something stands against believing them.

    A speed that is visited starts afresh, as after a repair, unless it is to `add`: the same healthy machine goes on.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._lessons: list[Lesson] = []
        self._new: list[Lesson] = []
        self._doubts: tuple[Doubt, ...] = ()
        self._unsettled: float | None = None
        self._next_look = ENOUGH_WINDOWS
        self._result: Literal["learnt", "refused"] | None = None

    @property
    def result(self) -> Literal["learnt", "refused"] | None:
        """None while more windows are wanted."""
        return self._result

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What stood against believing it when it was last looked; none where nobody looks."""
        return self._doubts

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Kinds of doubt for which what was collected gives nothing to look at."""
        return () if self._asked.examiner is None else self._asked.examiner.unchecked(self._lessons)

    @property
    def asks(self) -> SpeedQuestion | None:
        """Why the nominal speed is doubted, where enough of what was collected doubts it."""
        return question_together([lesson.asks for lesson in self._lessons])

    @property
    def windows_left(self) -> int:
        """At least so many; 0 where it has ended."""
        if self._result is not None:
            return 0
        return max(1, self._at_least - len(self._lessons))

    @property
    def progress(self) -> Learning:
        asked = self._asked.windows
        return Learning(
            windows=len(self._lessons),
            at_least=self._at_least,
            at_most=asked or MOST,
            unsettled=self._unsettled,
            seconds=sum(max(0.0, after.at_s - before.at_s) for before, after in pairwise(self._lessons)),
            at_least_s=0.0 if asked else LEAST_S,
        )

    @property
    def _at_least(self) -> int:
        return self._asked.windows or FEWEST

    def feed(self, lesson: Lesson) -> None:
        """One running, steady, good window."""
        self._lessons.append(lesson)
        self._new.append(lesson)
        count = len(self._lessons)
        is_last = count >= (self._asked.windows or MOST)
        if is_last or count >= self._next_look:
            self._next_look = next_look(count)
            self._look(is_last=is_last)

    def take_new(self) -> list[Lesson]:
        """The lessons since it was last asked, for who keeps them."""
        new, self._new = self._new, []
        return new

    def finish(self) -> None:
        """No more windows come: those that came are all there are."""
        if self._result is None:
            self._lessons = while_running(self._lessons)
            self._conclude()

    def teach(self, before: Mapping[str | None, Baseline]) -> dict[str | None, Baseline]:
        """The baselines after all that was collected; speeds that were not visited keep what they had `before`."""
        learnt = learn(self._lessons, before if self._asked.add else {})
        if not self._asked.add:
            learnt = {bearing: _merge(before.get(bearing), after) for bearing, after in learnt.items()}
        return {bearing: after.doubted(self._against(bearing)) for bearing, after in learnt.items()}

    def _against(self, bearing: str | None) -> tuple[Doubt, ...]:
        return tuple(doubt for doubt in self._doubts if doubt.bearing in (bearing, None))

    def _look(self, *, is_last: bool) -> None:
        """Whether to end now: for good, or because nobody should believe it."""
        running = while_running(self._lessons)
        asked = self._asked
        if asked.windows is None or is_last:
            self._lessons = running
        if asked.windows is None and asked.yardstick is not None:
            before, self._unsettled = self._unsettled, unsettled(running, asked.yardstick)
            # Twice in succession: halves of a load that swings are alike by chance now and then.
            is_settled = before is not None and max(before, self._unsettled) < SETTLED_BELOW
            progress = self.progress
            is_long_enough = progress.windows >= FEWEST and progress.seconds >= LEAST_S
            is_last = (is_settled and is_long_enough) or len(running) >= MOST
        else:
            is_last = is_last and len(running) >= (asked.windows or MOST)
        if is_last:
            self._conclude()
        elif asked.examiner is not None and not asked.anyway and len(running) >= ENOUGH_WINDOWS:
            self._doubts = asked.examiner.doubts(running)
            self._result = "refused" if self._doubts else None

    def _conclude(self) -> None:
        asked = self._asked
        if asked.yardstick is not None and len(self._lessons) >= 2 * MIN_WINDOWS:
            self._unsettled = unsettled(self._lessons, asked.yardstick)
        found = () if asked.examiner is None else asked.examiner.doubts(self._lessons)
        self._doubts = (*asked.against, *found)
        self._result = "refused" if self._doubts and not asked.anyway else "learnt"


def _merge(before: Baseline | None, after: Baseline) -> Baseline:
    ready = tuple(cell for cell in after.cells if cell.count >= MIN_WINDOWS)
    old = before.cells if before is not None else ()
    return Baseline((*(cell for cell in old if not any(new.covers(cell.rpm) for new in ready)), *ready))
