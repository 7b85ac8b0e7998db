"""How links that fail are tried again: with growing, jittered pauses, told once per outage, counted always.

A link that keeps failing shortly after it came back is one outage to a reader of the log, and tried ever more rarely.
"""

from __future__ import annotations

import logging
import random

from agent.errors import RenewalError, TransportError

FIRST_S = 1.0
RENEWED_S = 0.1  # before a link is made anew that was left on purpose
LONGEST_S = 30.0
STABLE_S = 10.0
"""A link that held for so long has truly come back."""

log = logging.getLogger(__name__)


class Outage:
    """The health of one link: whether it is down, how often it was, and how long to wait before the next try."""

    def __init__(self, name: str, *, seed: int | None = None) -> None:
        self.name = name
        self.count = 0
        self.error: str | None = None
        self._tries = 0
        self._back_s: float | None = None  # when the link last came back; None: it is down, or never was
        self._random = random.Random(seed)

    def failed(self, error: Exception, *, now_s: float) -> float:
        """Note a failure; the seconds to wait before the next try (1..30 s, up to half of it less at random, or as long
        as the error asks for)."""
        if isinstance(error, RenewalError):
            log.info("%s: %s; connecting anew", self.name, error)
            return RENEWED_S
        if self._back_s is not None and now_s - self._back_s >= STABLE_S:
            self._tries = 0
        if self.error is None:
            self.count += 1
        if self._tries == 0:
            about = {"event": "link_away", "link": self.name}
            log.warning("%s: %s; trying again with growing pauses", self.name, error, extra=about)
        self.error = str(error)
        self._back_s = None
        self._tries += 1
        pause_s = min(FIRST_S * 2.0 ** min(self._tries - 1, 10), LONGEST_S)
        least_s = error.least_pause_s if isinstance(error, TransportError) else 0.0
        return max(FIRST_S, least_s, pause_s * self._random.uniform(0.5, 1.0))

    def works(self, *, now_s: float) -> None:
        """Note that the link works; the log is told once it has held for a while."""
        if self._back_s is None:
            self._back_s = now_s
        self.error = None
        if self._tries and now_s - self._back_s >= STABLE_S:
            about = {"event": "link_back", "link": self.name}
            log.info("%s: back after %d failures", self.name, self._tries, extra=about)
            self._tries = 0
