"""Teaching a sensor what its machine looks like healthy: so many good windows become the baselines of its bearings.

Windows are kept until there are enough, since only then does it show in which the machine stood still; those teach
nothing and are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.running import RUNNING_SHARE
from agent.dsp.features import Features
from agent.types import Alert

MAX_WINDOWS = 10_000
ENOUGH_WINDOWS = 20  # half of them weigh as much as the scatter that is typical of healthy machines


def remarks_on(windows: int, *, window_s: float, hop_s: float, alerts: Sequence[Alert]) -> list[str]:
    """What somebody who commissions a sensor with so many windows, while these alerts are open, should know."""
    remarks = [
        f"alert {alert.id} is open ({alert.fault}, {alert.bearing or 'whole machine'}): what it was raised for is "
        "learnt as healthy now; if that is not meant, commission again after the repair"
        for alert in alerts
    ]
    if windows < ENOUGH_WINDOWS:
        seconds = window_s + (windows - 1) * hop_s
        remarks.append(
            f"{windows} windows are {seconds:.3g} s of the machine: its ordinary changes are hardly among them, so "
            f"false alerts are likely; {ENOUGH_WINDOWS} or more are better"
        )
    return remarks


@dataclass(frozen=True, slots=True)
class _Lesson:
    """One healthy window."""

    features: Mapping[str | None, Features]  # by bearing
    rpm: float | None
    rms: float


class Commissioning:
    """Collects healthy windows of one sensor.

    A speed that is visited starts afresh, as after a repair, unless `add` says that the same healthy machine goes on.
    """

    def __init__(self, windows: int, *, add: bool = False) -> None:
        if not MIN_WINDOWS <= windows <= MAX_WINDOWS:
            raise ValueError(f"commissioning takes {MIN_WINDOWS} to {MAX_WINDOWS} windows, not {windows}")
        self._windows = windows
        self._add = add
        self._lessons: list[_Lesson] = []

    @property
    def windows_left(self) -> int:
        return self._windows - len(self._lessons)

    def feed(self, features: Mapping[str | None, Features], *, rpm: float | None, rms: float) -> None:
        """One running, steady, good window, with its features for every bearing and the RMS of its worst axis."""
        self._lessons.append(_Lesson(features, rpm, rms))
        if self.windows_left == 0:
            standing = RUNNING_SHARE * median(lesson.rms for lesson in self._lessons)
            self._lessons = [lesson for lesson in self._lessons if lesson.rms >= standing]

    def teach(self, before: Mapping[str | None, Baseline]) -> dict[str | None, Baseline]:
        """The baselines after all that was collected; speeds that were not visited keep what they had `before`."""
        learnt: dict[str | None, Baseline] = dict(before) if self._add else {}
        for lesson in self._lessons:
            for bearing, features in lesson.features.items():
                baseline = learnt.get(bearing, Baseline())
                learnt[bearing] = baseline.learn(features, rpm=lesson.rpm, rms=lesson.rms)
        if self._add:
            return learnt
        return {bearing: _merge(before.get(bearing), after) for bearing, after in learnt.items()}


class HealthyState:
    """What is known of one healthy machine, and the commissioning that may be under way to learn it."""

    def __init__(self, baselines: Mapping[str | None, Baseline]) -> None:
        self.baselines: Mapping[str | None, Baseline] = dict(baselines)
        """By bearing; replaced, never changed, when something was learnt."""
        self._commissioning: Commissioning | None = None

    def baseline(self, bearing: str | None) -> Baseline:
        """Of one bearing; an empty one where nothing was learnt."""
        return self.baselines.get(bearing, Baseline())

    @property
    def windows_to_learn(self) -> int:
        """Windows that commissioning still waits for; 0 where none is under way."""
        return 0 if self._commissioning is None else self._commissioning.windows_left

    @property
    def idle_below(self) -> float | None:
        """RMS under which the machine stands still, in the unit that was learnt in; None where nothing was learnt."""
        learnt = [rms for baseline in self.baselines.values() if (rms := baseline.running_rms()) is not None]
        return RUNNING_SHARE * min(learnt) if learnt else None

    def commission(self, windows: int, *, add: bool = False) -> None:
        """Let the next `windows` running, steady, good windows teach the baselines; until then it is learning.

        What was known of a speed is replaced, with `add` it is added to. ValueError outside MIN_WINDOWS..MAX_WINDOWS.
        The baselines so far serve as reference meanwhile, not as limit.
        """
        self._commissioning = Commissioning(windows, add=add)

    def abandon(self) -> None:
        """Forget what commissioning has collected: it may not be one machine any more."""
        self._commissioning = None

    def feed(self, features: Mapping[str | None, Features], *, rpm: float | None, rms: float) -> None:
        """A running, steady, good window: teaches where commissioning waits for it."""
        if self._commissioning is None:
            return
        self._commissioning.feed(features, rpm=rpm, rms=rms)
        if self._commissioning.windows_left == 0:
            self.baselines = self._commissioning.teach(self.baselines)
            self._commissioning = None


def _merge(before: Baseline | None, after: Baseline) -> Baseline:
    ready = tuple(cell for cell in after.cells if cell.count >= MIN_WINDOWS)
    old = before.cells if before is not None else ()
    return Baseline((*(cell for cell in old if not any(new.covers(cell.rpm) for new in ready)), *ready))
