"""Lives and deaths of workers: begun, built, let hear, and begun anew where one is gone or hangs."""

from __future__ import annotations

import logging
import selectors
import threading
import time
from collections.abc import Callable, Sequence

from agent.errors import TextVibError
from agent.service.house import House
from agent.service.workers.accounts import Accounts
from agent.service.workers.cradle import Cradle
from agent.service.workers.forked import Forked
from agent.service.workers.member import Member
from agent.service.workers.spoken import error_of

AWAY_S = 10.0
"""After which the sensors of a worker that is gone are said to be lost."""

log = logging.getLogger(__name__)


class Lifetimes:
    """Used by the crew's thread alone, but for `begun`, `failure` and `ends_s`."""

    def __init__(
        self,
        members: Sequence[Member],
        *,
        house: House,
        selector: selectors.BaseSelector,
        gone: Callable[[str], None],
        silent_s: float,
        build_s: float,
        forked: Sequence[Forked] = (),
    ) -> None:
        self.accounts = Accounts(members, house)
        self.cradle = Cradle(members, selector=selector, forked=forked)
        self.begun = threading.Event()  # all are built, or one cannot be
        self.failure: TextVibError | None = None  # why
        self.ends_s: float | None = None  # told to stop: by when all must have ended
        self.starts = False
        self._members, self._selector = members, selector
        self._gone, self._silent_s, self._build_s = gone, silent_s, build_s

    def spawn(self, member: Member) -> None:
        """Begin a life."""
        self.cradle.spawn(member)
        self.listen(member)

    def listen(self, member: Member) -> None:
        """To be woken when it can be told what waits, as well."""
        if member.connection is not None:
            writing = selectors.EVENT_WRITE if member.wants_to_write else 0
            self._selector.modify(member.connection, selectors.EVENT_READ | writing, member)

    def ready(self, member: Member) -> None:
        """All of it is built."""
        member.phase = "ready"
        if self.starts:
            self._start(member)
        if all(one.is_up for one in self._members):
            self.begun.set()

    def start_all(self) -> None:
        """From now on who is built hears."""
        self.starts = True
        for member in self._members:
            if member.phase == "ready":
                self._start(member)

    def stop_all(self) -> None:
        """Let all think to the end."""
        for member in self._members:
            member.stop()

    def _start(self, member: Member) -> None:
        now_s = time.monotonic()
        member.start()
        if member.down_since_s is not None:
            log.warning("%s hears again, %.1f s after it was gone", member.name, now_s - member.down_since_s)
        member.came(now_s)

    def went(self, member: Member) -> None:
        """Nothing more comes of it: another life is begun in time."""
        assert member.connection is not None
        self._selector.unregister(member.connection)
        member.went(time.monotonic())
        if self.ends_s is not None:
            return
        if not self.begun.is_set():
            kind, problems = member.problems or ("TransportError", (f"{member.name} ended while it was built",))
            self.failure = error_of(kind, problems)
            self.begun.set()
            return
        self.accounts.close_life(member)
        member.restarts += 1
        about = {"event": "worker_restarted", "loop": member.name}
        why = "; ".join(member.problems[1]) if member.problems else "its process ended"
        log.critical("%s is gone (%s); it is started anew", member.name, why, extra=about)

    def mind_all(self, now_s: float) -> None:
        """Of each worker, now and then."""
        self.cradle.reap()
        for member in self._members:
            self.mind(member, now_s)

    def mind(self, member: Member, now_s: float) -> None:
        """Start what is gone, end what hangs, say what is not heard for long."""
        if member.connection is None:
            if self.ends_s is None and self.failure is None and now_s >= member.start_at_s:
                self.spawn(member)
        elif member.is_silent_for_s(now_s) > (self._build_s if member.phase == "building" else self._silent_s):
            log.critical("%s hangs: silent for %.1f s", member.name, member.is_silent_for_s(now_s))
            member.kill()
        else:
            self.listen(member)
        down_s = member.down_since_s
        if down_s is not None and now_s - down_s > AWAY_S and not member.is_told_gone:
            member.is_told_gone = True
            for sensor in member.terms.config.sensors:
                self._gone(sensor)

    def leave(self) -> None:
        """End what has not ended."""
        for member in self._members:
            if member.connection is not None:
                log.warning("%s does not end: leaving without what it has not said", member.name)
                self._selector.unregister(member.connection)
                member.kill()
                member.went(time.monotonic())
        self.cradle.close()
        self._selector.close()
