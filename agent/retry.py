"""How links that fail are tried again: with growing, jittered pauses, told once per outage, counted always."""

from __future__ import annotations

import logging
import random

FIRST_S = 1.0
LONGEST_S = 30.0

log = logging.getLogger(__name__)


class Outage:
    """The health of one link: whether it is down, since how many tries, and how long to wait before the next."""

    def __init__(self, name: str, *, seed: int | None = None) -> None:
        self.name = name
        self.count = 0
        self.error: str | None = None
        self._tries = 0
        self._random = random.Random(seed)

    def failed(self, error: Exception) -> float:
        """Note a failure; the seconds to wait before the next try (1..30 s, the last half of it random)."""
        self._tries += 1
        if self.error is None:
            self.count += 1
            log.warning("%s: %s; trying again with growing pauses", self.name, error)
        self.error = str(error)
        pause_s = min(FIRST_S * 2.0 ** min(self._tries - 1, 10), LONGEST_S)
        return max(FIRST_S, pause_s * self._random.uniform(0.5, 1.0))

    def ended(self) -> None:
        """Note that the link works."""
        if self.error is not None:
            log.info("%s: back after %d %s", self.name, self._tries, "try" if self._tries == 1 else "tries")
        self.error = None
        self._tries = 0
