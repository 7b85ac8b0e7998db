"""Whether samples that a pause left owing may be what comes faster than it is taken, rather than another rate.

A sender that waited delivers what it kept as soon as it can. So what comes faster behind a pause says nothing of a rate
until the pause is made up for; where nothing is made up for any more, nothing was kept.
"""

from __future__ import annotations

from agent.limits import RATE_TOLERANCE

PAUSE_S = 1.0  # beyond what was heard lasts
STRETCH_S = 10.0  # over which nothing was made up for
SPARE = 0.25  # of a pause: a sensor that is faster than it says, if by no more than it may be, keeps and makes more


class Backlog:
    """Of one sender, by the host's clock."""

    def __init__(self) -> None:
        self._owed_s = 0.0
        self._since_s = 0.0  # the end of the pause, or of a stretch behind it
        self._heard_s = 0.0  # samples since then, in seconds of them
        self._last_s: float | None = None

    def feed(self, arrival_s: float, seconds: float) -> bool:
        """Note samples that last so long, lost ones included; whether nothing is owed any more that was."""
        last_s, self._last_s = self._last_s, arrival_s
        if last_s is None or arrival_s < last_s:
            self._owed_s = 0.0
            return False
        late_s = arrival_s - last_s - seconds
        if late_s > PAUSE_S:
            self._owed_s += (1 + SPARE) * late_s
            self._since_s, self._heard_s = arrival_s, 0.0
            return False
        if not self.is_due:
            return False
        self._heard_s += seconds
        self._owed_s = max(0.0, self._owed_s + late_s)
        since_s = arrival_s - self._since_s
        if self.is_due and since_s >= STRETCH_S:
            if self._heard_s <= (1 + RATE_TOLERANCE) * since_s:
                self._owed_s = 0.0
            self._since_s, self._heard_s = arrival_s, 0.0
        return not self.is_due

    @property
    def is_due(self) -> bool:
        """Whether samples may still come faster than they are taken."""
        return self._owed_s > 0
