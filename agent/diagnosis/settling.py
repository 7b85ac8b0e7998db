"""How many healthy windows are enough: until the newer half of them is nothing new beside the older half.

How much the load moves is not known beforehand, and a number of windows that suits one machine is too small for
another. What was learnt is enough where it would have let pass what came after it. A load that moves more slowly than
anybody waits is not seen by this either: who knows of one commissions over it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline, DeviationScale
from agent.diagnosis.lessons import Lesson, learn
from agent.dsp.features import Features

FEWEST, MOST = 120, 7200
"""Windows between which it is looked whether the figures have settled."""
LEAST_S = 300.0
"""From the first of them to the last. On a simulated machine whose load swings by 4 dB in half an hour or in two hours,
7 to 15 % of its windows lay over the limit after a minute, 0 to 7 % after five. A swing of a day shows in neither."""
SETTLED_BELOW = 0.8
"""Deviation under which all but one in ten of the newer windows must lie from what the older ones teach, 1 = limit: an
alert would clear there (`decision.clear_below`)."""
QUANTILE = 0.9
LEVEL = "level"
"""The view of `agent.dsp.features` that depends on gain and load."""
_GROWTH = 1.25  # it is looked again once there are so many times as many windows
_TEACHERS, _LATER = 300, 100  # windows that are looked at of each half, evenly chosen: bounded work on a small computer


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How far a window is from healthy: what `Baseline.deviation` asks for, out of the bundle."""

    scale: DeviationScale
    views: Mapping[str, NDArray[np.bool_]]

    def distances(
        self, baseline: Baseline, features: Features, *, rpm: float | None
    ) -> tuple[float | None, float | None]:
        """Deviation from a baseline in all but the level, and in the level alone: load moves the level most."""
        shape = {view: members for view, members in self.views.items() if view != LEVEL}
        level = {view: members for view, members in self.views.items() if view == LEVEL}
        away, louder = (
            baseline.deviation(features, rpm=rpm, scale=self.scale, views=views) for views in (shape, level)
        )
        return away, louder


def next_look(windows: int) -> int:
    """The number of windows at which it is to be looked next."""
    return math.ceil(windows * _GROWTH)


def unsettled(lessons: Sequence[Lesson], yardstick: Yardstick) -> float:
    """How far the newer half of the lessons lies from what the older half teaches, 1 = limit.

    The `QUANTILE` of the newer windows, for the bearing where it is highest; infinite where more of them are at a speed
    that the older half does not cover.
    """
    if len(lessons) < 2 * MIN_WINDOWS:
        return math.inf
    middle = len(lessons) // 2
    taught = learn(_thinned(lessons[:middle], _TEACHERS), {})
    newer = _thinned(lessons[middle:], _LATER)
    return max(_quantile(newer, bearing, baseline, yardstick) for bearing, baseline in taught.items())


def _quantile(newer: Sequence[Lesson], bearing: str | None, taught: Baseline, yardstick: Yardstick) -> float:
    found = sorted(
        math.inf if deviation is None else deviation
        for lesson in newer
        if bearing in lesson.features
        for deviation in [
            taught.deviation(lesson.features[bearing], rpm=lesson.rpm, scale=yardstick.scale, views=yardstick.views)
        ]
    )
    return found[min(len(found) - 1, int(QUANTILE * len(found)))] if found else math.inf


def _thinned(lessons: Sequence[Lesson], count: int) -> Sequence[Lesson]:
    places = np.linspace(0, len(lessons) - 1, min(count, len(lessons))).round().astype(int)
    return [lessons[place] for place in places]
