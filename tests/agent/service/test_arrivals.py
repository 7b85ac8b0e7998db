"""What wakes the thread that sends: at once what is urgent, and the rest once several have gathered."""

from __future__ import annotations

import threading

from agent.ports import Message
from agent.service.arrivals import Arrivals
from agent.service.outbox import Outbox

DIAGNOSIS = Message("diagnosis", b"d")
LONG_S = 20.0


def gathering(gather_s: float) -> Arrivals:
    """Of the rest some was sent twice in a moment."""
    arrivals = Arrivals(gather_s=gather_s, clock=lambda: 0.0)
    arrivals.gather()
    arrivals.gather()
    return arrivals


class Waiter:
    """A thread that is inside `wait` from the moment at which another has the lock."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._has_lock = threading.Event()
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()
        assert self._has_lock.wait(LONG_S)

    def _wait(self) -> None:
        with self._arrivals:
            self._has_lock.set()
            self._arrivals.wait(LONG_S)

    def is_woken(self, *, within_s: float = LONG_S / 2) -> bool:
        self._thread.join(within_s)
        return not self._thread.is_alive()


def test_anything_wakes_where_nothing_was_sent() -> None:
    arrivals = Arrivals(gather_s=LONG_S)
    waiter = Waiter(arrivals)
    with arrivals:
        arrivals.tell(urgent=False)
    assert waiter.is_woken()


def test_what_seldom_comes_wakes_at_once() -> None:
    now_s = iter((0.0, LONG_S))
    arrivals = Arrivals(gather_s=LONG_S, clock=lambda: next(now_s))
    arrivals.gather()
    arrivals.gather()
    waiter = Waiter(arrivals)
    with arrivals:
        arrivals.tell(urgent=False)
    assert waiter.is_woken()


def test_while_the_rest_gathers_only_what_is_urgent_wakes() -> None:
    arrivals = gathering(LONG_S)
    waiter = Waiter(arrivals)
    with arrivals:
        arrivals.tell(urgent=False)
    assert not waiter.is_woken(within_s=0.02)
    with arrivals:
        arrivals.tell()
    assert waiter.is_woken()


def test_what_came_while_it_gathered_waits_for_a_moment() -> None:
    arrivals = gathering(0.05)
    waiter = Waiter(arrivals)
    with arrivals:
        arrivals.tell(urgent=False)
    assert waiter.is_woken()


def test_where_nothing_came_meanwhile_the_next_wakes_at_once() -> None:
    arrivals = gathering(0.001)
    waiter = Waiter(arrivals)
    assert not waiter.is_woken(within_s=0.02)
    with arrivals:
        arrivals.tell(urgent=False)
    assert waiter.is_woken()


def test_of_what_may_be_lost_that_comes_after_some_was_sent_is_soon_taken() -> None:
    outbox = Outbox(limit=9)
    for _ in range(2):
        outbox.put(DIAGNOSIS)
        assert outbox.take(0.0) is DIAGNOSIS
    putting = threading.Thread(target=lambda: outbox.put(DIAGNOSIS))
    putting.start()
    assert outbox.take(LONG_S) is DIAGNOSIS
    putting.join()
