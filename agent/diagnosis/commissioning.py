"""Teaching a sensor what its machine looks like healthy: so many good windows become the baselines of its bearings.

Windows are kept until there are enough, since only then can those be told in which the machine stood still; they teach
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
        self._wanted = windows
        self._add = add
        self._lessons: list[_Lesson] = []

    @property
    def windows_left(self) -> int:
        return self._wanted - len(self._lessons)

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


def _merge(before: Baseline | None, after: Baseline) -> Baseline:
    ready = tuple(cell for cell in after.cells if cell.count >= MIN_WINDOWS)
    old = before.cells if before is not None else ()
    return Baseline((*(cell for cell in old if not any(new.covers(cell.rpm) for new in ready)), *ready))
