"""Who has given the password: sessions in memory, by a cookie that no script reads and no other site sends."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

from agent.config.web import read_password

COOKIE = "textvib_session"
IDLE_S = 12 * 3600.0
MOST_SESSIONS = 256
MOST_TRIES, OVER_S = 10, 60.0
"""Wrong passwords in a time, over all who try: more are not even looked at."""


class Sessions:
    """`password_file` None: everybody may look, for nobody but this computer's own users reaches the page."""

    def __init__(self, password_file: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._password_file = password_file
        self._clock = clock
        self._until_s: dict[str, float] = {}
        self._failed_s: list[float] = []

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

    @property
    def is_throttled(self) -> bool:
        """Whether so many tried that nobody is let in for a while."""
        now_s = self._clock()
        self._failed_s = [at_s for at_s in self._failed_s if now_s - at_s < OVER_S]
        return len(self._failed_s) >= MOST_TRIES

    def begin(self, password: str) -> str | None:
        """A new session's token; None where the password is wrong. ConfigError where there is none to compare with.

        The file is read anew, so that a password may be changed while the page runs.
        """
        if self._password_file is None or self.is_throttled:
            return None
        if not hmac.compare_digest(password.encode(), read_password(self._password_file).encode()):
            self._failed_s.append(self._clock())
            return None
        token = secrets.token_urlsafe(32)
        while len(self._until_s) >= MOST_SESSIONS:
            del self._until_s[min(self._until_s, key=lambda one: self._until_s[one])]
        self._until_s[token] = self._clock() + IDLE_S
        return token

    def end(self, token: str | None) -> None:
        self._until_s.pop(token or "", None)
