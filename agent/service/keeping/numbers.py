"""What is counted over all starts of the agent: starts, events, and the seconds that it ran; nothing repeats a number.

Age counts the time for which the agent ran: a wall clock that jumps makes nothing old.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque

from agent.service.keeping.state_tables import Put
from agent.service.keeping.transactions import Statement, Transactions

AGE_STEP_S = 600.0


class Numbers:
    """Counted on from what is stored; the ages may be asked for from any thread, the rest from one."""

    def __init__(self, transactions: Transactions, *, max_age_s: float) -> None:
        place = transactions.place
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        counters: dict[str, float] = dict(transactions.rows("select name, value from counter"))
        self.boot = int(counters.get("boot", 0)) + 1
        self._seq = int(counters.get("seq", 0))
        if place.is_blind or place.is_restored:  # higher numbers may have been said than can be read here
            self._seq = max(self._seq, int(time.time() * 1000))
        self._ran_s, self._opened_s = float(counters.get("ran_s", 0.0)), time.monotonic()
        self._ages = deque(transactions.rows("select max(seq), ran_s from outbox group by ran_s order by ran_s"))

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._seq

    def next_seq(self) -> int:
        """The number of the next event: one more than that of any before it."""
        self._seq += 1
        return self._seq

    def rise_above(self, seq: int) -> None:
        """Let no event have a number up to `seq`, which somebody has seen before the file was lost."""
        self._seq = max(self._seq, seq)

    def bucket_s(self, seq: int) -> float:
        """When an event is said, in seconds that the agent ran, to AGE_STEP_S."""
        with self._lock:
            ran_s = self._now_s()
            if self._ages and ran_s - self._ages[-1][1] < AGE_STEP_S:
                ran_s = self._ages.pop()[1]
            self._ages.append((seq, ran_s))
            return ran_s

    def is_too_old(self, seq: int) -> bool:
        """Whether an event has waited for longer than it is kept."""
        with self._lock:
            oldest_s = self._now_s() - self._max_age_s
            while len(self._ages) > 1 and self._ages[1][1] <= oldest_s:
                self._ages.popleft()
            return bool(self._ages) and self._ages[0][1] <= oldest_s and 0 < seq <= self._ages[0][0]

    def steps(self) -> list[Statement]:
        """That all is counted on from here."""
        return [count("seq", self._seq), count("ran_s", self._now_s())]

    def _now_s(self) -> float:
        """Seconds for which the agent has run, over all its starts."""
        return self._ran_s + time.monotonic() - self._opened_s


def new_id(boot: int) -> str:
    """An alert's id, 16 hexadecimal digits: the number of the start, and random bits should the file be lost."""
    return f"{boot & 0xFFFFFF:06x}{secrets.token_hex(5)}"


def count(name: str, value: float) -> Statement:
    return Put("counter", [(name, value)])
