"""What looks on at one sensor's pipeline for the service: windows go to the ring and to who looks at them, the time of
stages to histograms."""

from __future__ import annotations

from collections.abc import Sequence

from agent.diagnosis.witness import Circumstances
from agent.service.watching.looking import Looking
from agent.service.watching.stopwatch import Stopwatch
from agent.service.watching.strip import Strip
from agent.types import Diagnosis, Window


class Onlooker:
    """Keeps the `Witness` protocol; `strip` None: no windows are kept; `stopwatch` None: nothing is timed; `looking`
    None: there is no page."""

    def __init__(self, strip: Strip | None, stopwatch: Stopwatch | None = None, looking: Looking | None = None) -> None:
        self._strip = strip
        self._stopwatch = stopwatch
        self._looking = looking

    def lap(self, stage: str) -> None:
        if self._stopwatch is not None:
            self._stopwatch.lap(stage)

    def judged(self, window: Window, under: Circumstances, diagnoses: Sequence[Diagnosis]) -> None:
        if self._strip is not None:
            self._strip.add(window, under, diagnoses)
        if self._looking is not None:
            self._looking.judged(window.stream.sensor, window, diagnoses)
