"""Where every sample went, per sensor, in exact integers.

    produced = received + dropped_fifo + dropped_queue + lost_on_wire + rejected + in_flight + before_hello

The device counts what it drops, sources count what they refuse, the sample index shows what never came; what nobody
accounts for was lost on the wire. If the counted terms exceed what is missing, somebody counts wrongly, and the balance
says so (`explained` is false) instead of hiding it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import astuple, dataclass, replace

from agent.stream.windowing import STALE_RUN
from agent.types import DeviceStatus, Item, SampleBlock, SourceFault

_RECENT_BLOCKS = 256
_NEVER_STARTED = "before_hello"  # kind of a fault whose samples lie before the first block


@dataclass(frozen=True, slots=True)
class Balance:
    """The accounts of one sensor at sample `produced` of its session; samples, all of them."""

    produced: int = 0
    received: int = 0
    dropped_fifo: int = 0  # by the sensor's FIFO, as the device counts since its boot
    dropped_queue: int = 0  # by the device's send queue, likewise
    lost_on_wire: int = 0
    rejected: int = 0  # refused by the source, in known number, and missing for it
    in_flight: int = 0  # still on the device
    before_hello: int = 0  # produced before the first block that could be read
    dropped_before: int = 0  # of what the device dropped, before that block: nobody was listening; not part of the sum
    unexplained: int = 0  # counted by somebody, yet not missing
    dropped_agent: int = 0  # received, then dropped by the agent's own queue; not part of the sum
    overlapping: int = 0  # in blocks behind the count, never used; not part of the sum
    resets: int = 0  # sessions that ended

    @property
    def explained(self) -> bool:
        """Whether the terms add up to `produced`, none of them counted twice."""
        return self.unexplained == 0


def add(left: Balance, right: Balance) -> Balance:
    """Both accounts together."""
    return Balance(*(a + b for a, b in zip(astuple(left), astuple(right), strict=True)))


class Ledger:
    """The accounts of every sensor. Feed it what sources emit, before the agent's own queue; not thread-safe."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._closed: dict[str, Balance] = {}
        self._dropped_agent: dict[str, int] = {}

    def feed(self, item: Item) -> None:
        """Book one item; readings and faults of no known sensor have no samples to book."""
        match item:
            case SampleBlock():
                account = self._account(item.stream.sensor, item.stream.session)
                if not account.receive(item):
                    self._close(item.stream.sensor)
                    self._account(item.stream.sensor, item.stream.session).receive(item)
            case DeviceStatus():
                self._account(item.sensor, item.session).settle(item)
            case SourceFault() if item.sensor in self._accounts:
                self._accounts[item.sensor].reject(item)

    def drop(self, sensor: str, samples: int) -> None:
        """Book samples that had been received and were dropped by the agent's own queue."""
        self._dropped_agent[sensor] = self._dropped_agent.get(sensor, 0) + samples

    def balance(self, sensor: str) -> Balance | None:
        """The present session, as of its last status (last block, where the device sends none); None: unheard."""
        account = self._accounts.get(sensor)
        if account is None:
            return None
        resets = self._closed.get(sensor, Balance()).resets
        return replace(account.balance(), dropped_agent=self._dropped_agent.get(sensor, 0), resets=resets)

    def total(self, sensor: str) -> Balance | None:
        """Every session since the agent started; None: unheard."""
        account = self._accounts.get(sensor)
        if account is None:
            return None
        whole = add(self._closed.get(sensor, Balance()), account.balance())
        return replace(whole, dropped_agent=self._dropped_agent.get(sensor, 0))

    def go_on(self, sensor: str, before: Balance) -> None:
        """Count on from accounts that were kept elsewhere: those of sessions that have ended."""
        self._closed[sensor] = add(self._closed.get(sensor, Balance()), before)

    def forget(self, sensor: str) -> None:
        """Another ledger goes on with the accounts of a sensor."""
        for kept in (self._accounts, self._closed, self._dropped_agent):
            kept.pop(sensor, None)

    def sensors(self) -> tuple[str, ...]:
        """Every sensor heard so far."""
        return tuple(self._accounts)

    def _account(self, sensor: str, session: int) -> _Account:
        account = self._accounts.get(sensor)
        if account is not None and account.session != session:
            self._close(sensor)
            account = None
        if account is None:
            account = self._accounts[sensor] = _Account(session)
        return account

    def _close(self, sensor: str) -> None:
        ended = replace(self._accounts.pop(sensor).final(), resets=1)
        self._closed[sensor] = add(self._closed.get(sensor, Balance()), ended)


class _Account:
    """One session of one sensor."""

    def __init__(self, session: int) -> None:
        self.session = session
        self._first: int | None = None  # index of the first sample received
        self._end = 0  # index after the last one
        self._received = 0
        self._rejected = 0
        self._overlapping = 0
        self._stale_run = 0
        self._recent: deque[tuple[int, int]] = deque(maxlen=_RECENT_BLOCKS)  # (start, end)
        self._status: DeviceStatus | None = None
        self._settled: Balance | None = None
        self._dropped_before: int | None = None  # by the device before the first sample received

    def receive(self, block: SampleBlock) -> bool:
        """Book a block; False where so many lie behind the count that the device must have started again."""
        if self._first is not None and block.start < self._end:
            self._overlapping += len(block.values)
            self._stale_run += 1
            return self._stale_run < STALE_RUN
        if self._first is None:
            self._first = block.start
        self._stale_run = 0
        self._end = block.end
        self._received += len(block.values)
        self._recent.append((block.start, block.end))
        return True

    def reject(self, fault: SourceFault) -> None:
        if self._first is not None and fault.kind != _NEVER_STARTED:
            self._rejected += fault.samples

    def settle(self, status: DeviceStatus) -> None:
        """Close the accounts at the sample index of a status; one that comes late, after a newer one, is ignored."""
        newest = 0 if self._status is None else self._status.produced
        oldest = self._recent[0][0] if self._recent else 0
        if status.produced < max(newest, oldest):
            return
        self._status = status
        self._settled = self._at(status.produced, queued=status.queued)

    def balance(self) -> Balance:
        settled = self._settled if self._settled is not None else self.final()
        return replace(settled, overlapping=self._overlapping)

    def final(self) -> Balance:
        """The accounts at the newest sample heard of, with the device's latest counters; nothing more is to come."""
        produced = max(self._end, 0 if self._status is None else self._status.produced)
        return replace(self._at(produced, queued=0), overlapping=self._overlapping)

    def _at(self, produced: int, *, queued: int) -> Balance:
        fifo = self._status.dropped_fifo if self._status else 0
        queue = self._status.dropped_queue if self._status else 0
        booked = Balance(produced=produced, dropped_fifo=fifo, dropped_queue=queue, in_flight=queued)
        if self._first is None:
            before = produced - fifo - queue - queued
            heard_nothing = replace(booked, dropped_before=fifo + queue)
            return replace(heard_nothing, before_hello=max(before, 0), unexplained=max(-before, 0))
        received = self._received - sum(end - max(start, produced) for start, end in self._recent if end > produced)
        missing = produced - self._first - received - queued  # since the first sample received
        dropped_before = self._drops_before(missing - self._rejected, fifo + queue, self._first)
        undropped = missing - (fifo + queue - dropped_before)
        rejected = min(self._rejected, max(undropped, 0))  # a refused duplicate is not missing
        lost = undropped - rejected
        return replace(
            booked,
            received=received,
            rejected=rejected,
            lost_on_wire=max(lost, 0),
            before_hello=self._first - dropped_before,
            dropped_before=dropped_before,
            unexplained=max(-lost, 0),
        )

    def _drops_before(self, missing: int, dropped: int, first: int) -> int:
        """What the device dropped before the agent listened: what its counters say beyond what is missing since.

        Its first status settles this; from then on every drop counted more is one that the agent saw.
        """
        if self._dropped_before is not None:
            return self._dropped_before
        before = min(max(0, dropped - max(0, missing)), first)
        if self._status is not None:
            self._dropped_before = before
        return before
