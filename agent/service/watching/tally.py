"""Counts since the start of what pipelines put out: windows by the state that they left, alerts raised and cleared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from agent.types import Alert, Diagnosis, Output, State, StateChange


class Tally:
    """Fed by the worker alone; its counters only grow."""

    def __init__(self) -> None:
        self.windows: Counter[tuple[str, State]] = Counter()  # by sensor and state
        self.raised: Counter[tuple[str, str]] = Counter()  # by sensor and severity
        self.cleared: Counter[tuple[str, str]] = Counter()  # by sensor and reason
        self._states: dict[str, State] = {}

    def outputs(self, sensor: str, outputs: Iterable[Output]) -> None:
        """What one item led to. A window has a diagnosis for each bearing; its state is that after the last of them."""
        window: tuple[int, int, float] | None = None
        for output in outputs:
            if isinstance(output, Diagnosis):
                now = (output.session, output.window_start, output.time_s)
                if window is not None and now != window:
                    self._count(sensor)
                window = now
            elif isinstance(output, StateChange):
                self._states[sensor] = output.state
        if window is not None:
            self._count(sensor)

    def alert(self, alert: Alert) -> None:
        """An alert of which something is said."""
        if alert.event == "raised":
            self.raised[alert.sensor, alert.severity] += 1
        elif alert.event == "cleared":
            self.cleared[alert.sensor, alert.reason or "recovered"] += 1

    def _count(self, sensor: str) -> None:
        self.windows[sensor, self._states.get(sensor, State.LOST)] += 1
