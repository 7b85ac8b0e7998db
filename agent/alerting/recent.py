"""The latest windows over the limit of one bearing: what they are called together, and how bad they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from agent.alerting.window_rules import DecisionConfig, consensus, is_alarming, name_in
from agent.types import Diagnosis


class Recent:
    """As many as raise an alert, at most."""

    def __init__(self, config: DecisionConfig, windows: Iterable[Diagnosis] = ()) -> None:
        self._config = config
        self._windows = deque(windows, maxlen=config.raise_after)

    def add(self, diagnosis: Diagnosis) -> None:
        self._windows.append(diagnosis)

    def clear(self) -> None:
        self._windows.clear()

    @property
    def windows(self) -> tuple[Diagnosis, ...]:
        """The oldest first."""
        return tuple(self._windows)

    @property
    def is_full(self) -> bool:
        """Whether there are as many as raise an alert; after a restart there are not."""
        return len(self._windows) == self._config.raise_after

    @property
    def name(self) -> tuple[str, float]:
        """What they agree on, and how probable that is."""
        return consensus(self._windows, name_at=self._config.name_at)

    @property
    def is_alarm(self) -> bool:
        """Whether more than half of them deserve an alarm."""
        return 2 * sum(is_alarming(one, self._config) for one in self._windows) > len(self._windows)

    def saying(self, fault: str) -> Diagnosis:
        """The latest that says what an alert says: its evidence is the alert's."""
        return next((one for one in reversed(self._windows) if name_in(one) == fault), self._windows[-1])
