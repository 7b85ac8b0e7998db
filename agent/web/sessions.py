"""Who has given the password: sessions in memory, by a cookie that no script reads and no other site sends."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from agent.config.web import read_password

COOKIE = "textvib_session"
IDLE_S = 12 * 3600.0
MOST_SESSIONS = 256
MOST_TRIES, OVER_S = 10, 60.0
"""Wrong passwords in a time, over all who try: more are not even looked at."""
FREE_TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 3, 2.0, 60.0
"""Of one address: wrong passwords in a row that cost nothing, and the wait behind the next one, which doubles."""
MOST_ADDRESSES = 1024

log = logging.getLogger(__name__)


class Tries(NamedTuple):
    """Wrong passwords in a row from one address."""

    in_a_row: int
    until_s: float


class Sessions:
    """`password_file` None: everybody may look, for nobody but this computer's own users reaches the page."""

    def __init__(self, password_file: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._password_file = password_file
        self._clock = clock
        self._until_s: dict[str, float] = {}
        self._failed_s: list[float] = []
        self._tries: dict[str, Tries] = {}

    @property
    def are_wanted(self) -> bool:
        return self._password_file is not None

    def knows(self, token: str | None) -> bool:
        """Whether a cookie's value is that of a session, which then goes on."""
        if not self.are_wanted:
            return True
        now_s = self._clock()
        if token is None or self._until_s.get(token, 0.0) < now_s:
            return False
        self._until_s[token] = now_s + IDLE_S
        return True

    def wait_s(self, address: str = "") -> float:
        """How long a password from an address is not even looked at: it, or all together, tried too often."""
        now_s = self._clock()
        self._failed_s = [at_s for at_s in self._failed_s if now_s - at_s < OVER_S]
        of_all = self._failed_s[0] + OVER_S - now_s if len(self._failed_s) >= MOST_TRIES else 0.0
        tries = self._tries.get(address)
        return max(of_all, 0.0 if tries is None else tries.until_s - now_s, 0.0)

    def begin(self, password: str, address: str = "") -> str | None:
        """A new session's token; None where the password is wrong. ConfigError where there is none to compare with.

        The file is read anew, so that a password may be changed while the page runs.
        """
        if self._password_file is None or self.wait_s(address) > 0:
            return None
        if not hmac.compare_digest(password.encode(), read_password(self._password_file).encode()):
            self._note_wrong(address)
            return None
        self._tries.pop(address, None)
        token = secrets.token_urlsafe(32)
        while len(self._until_s) >= MOST_SESSIONS:
            del self._until_s[min(self._until_s, key=lambda one: self._until_s[one])]
        self._until_s[token] = self._clock() + IDLE_S
        return token

    def _note_wrong(self, address: str) -> None:
        now_s = self._clock()
        self._failed_s.append(now_s)
        before = self._tries.pop(address, None)
        count = 1 if before is None else before.in_a_row + 1
        doubled = min(max(0, count - FREE_TRIES - 1), 16)
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**doubled) if count > FREE_TRIES else 0.0
        while len(self._tries) >= MOST_ADDRESSES:
            del self._tries[next(iter(self._tries))]
        self._tries[address] = Tries(count, now_s + wait_s)
        log.warning("page: wrong password from %s, %d in a row; it waits %g s", address or "unknown", count, wait_s)

    def end(self, token: str | None) -> None:
        self._until_s.pop(token or "", None)
