"""What a page may look at: of each sensor the latest window while somebody looks, and how its figures went.

Nothing is computed here: a window that was judged is held by reference and handed over, and only for as long as it is
asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from agent.service.watching.course import Course
from agent.types import Diagnosis, Window

WANTED_S = 10.0
"""After nobody has asked for so long, windows are not held any more."""


@dataclass(slots=True)
class Sight:
    """Of one sensor. `number` counts its windows; the latest of them is held while it is wanted."""

    number: int = 0
    window: Window | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    courses: dict[str | None, Course] = field(default_factory=dict)
    until_s: float = 0.0


class Looking:
    """All is the worker's."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._wall = wall
        self._sights: dict[str, Sight] = {}

    def judged(self, sensor: str, window: Window | None, diagnoses: Sequence[Diagnosis]) -> None:
        """What was made of a window; None: of a transmitter's figure."""
        sight = self._sights.setdefault(sensor, Sight())
        sight.number += 1
        is_wanted = self._clock() < sight.until_s
        sight.window, sight.diagnoses = (window, tuple(diagnoses)) if is_wanted else (None, ())
        wall_s = self._wall()
        for diagnosis in diagnoses:
            sight.courses.setdefault(diagnosis.bearing, Course()).add(sight.number, wall_s, diagnosis)

    def look(self, sensor: str) -> Sight:
        """What there is of a sensor; from now on its windows are held for a while."""
        sight = self._sights.setdefault(sensor, Sight())
        sight.until_s = self._clock() + WANTED_S
        return sight

    def keep_only(self, sensors: Collection[str]) -> None:
        """Forget those that are not configured any more."""
        for gone in self._sights.keys() - set(sensors):
            del self._sights[gone]
