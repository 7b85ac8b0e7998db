"""The ledger against a device whose every sample's fate is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stream.ledger import Balance, Ledger, add
from agent.stream.windowing import STALE_RUN
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader
from agent.types import DeviceStatus, Reading, SampleBlock, SourceFault, Stream
from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, Troubles, VirtualSensor
from firmware_bridge.line import Line

STREAM = Stream("pump_de", rate_hz=1000.0, session=7)


def block(start: int, n: int, stream: Stream = STREAM) -> SampleBlock:
    return SampleBlock(stream, start, np.zeros((n, 1), np.float32))


def status(produced: int, *, fifo: int = 0, queue: int = 0, queued: int = 0, session: int = 7) -> DeviceStatus:
    return DeviceStatus("pump_de", session, produced, fifo, queue, 0.0, queued)


def balance_of(*items: SampleBlock | DeviceStatus | SourceFault | Reading) -> Balance:
    ledger = Ledger()
    for item in items:
        ledger.feed(item)
    balance = ledger.balance("pump_de")
    assert balance is not None
    return balance


def sum_of(balance: Balance) -> int:
    drops = balance.dropped_fifo + balance.dropped_queue
    losses = balance.lost_on_wire + balance.rejected
    return balance.received + drops + losses + balance.in_flight + balance.before_hello


@dataclass
class Device:
    """Produces blocks and knows what became of each; what is sent reaches the ledger at once."""

    ledger: Ledger = field(default_factory=Ledger)
    session: int = 7
    truth: Balance = field(default_factory=Balance)
    waiting: list[SampleBlock] = field(default_factory=list)

    def produce(self, n: int, fate: str) -> None:
        start = self.truth.produced
        changes = {"produced": start + n}
        if fate == "wait":
            self.waiting.append(block(start, n, replace(STREAM, session=self.session)))
            changes["in_flight"] = self.truth.in_flight + n
        else:
            changes[fate] = getattr(self.truth, fate) + n
            if fate == "rejected":
                self.ledger.feed(SourceFault("descriptor", "", "pump_de", samples=n))
        self.truth = replace(self.truth, **changes)

    def send(self) -> None:
        for sent in self.waiting:
            self.ledger.feed(sent)
            n = len(sent.samples)
            self.truth = replace(self.truth, in_flight=self.truth.in_flight - n, received=self.truth.received + n)
        self.waiting.clear()

    def report(self) -> None:
        t = self.truth
        self.ledger.feed(
            status(t.produced, fifo=t.dropped_fifo, queue=t.dropped_queue, queued=t.in_flight, session=self.session)
        )


fates = st.sampled_from(["wait", "wait", "dropped_fifo", "dropped_queue", "lost_on_wire", "rejected"])
happenings = st.lists(st.one_of(st.tuples(st.integers(1, 300), fates), st.just("send"), st.just("status")), max_size=60)


@given(happenings)
def test_every_sample_of_a_device_heard_from_its_start_is_booked_exactly(
    happened: list[tuple[int, str] | str],
) -> None:
    device = Device()
    device.produce(10, "wait")
    device.send()
    for event in happened:
        if event == "send":
            device.send()
        elif event == "status":
            device.report()
            assert device.ledger.balance("pump_de") == device.truth
        else:
            device.produce(int(event[0]), str(event[1]))
    device.send()
    device.report()
    balance = device.ledger.balance("pump_de")
    assert balance == device.truth
    assert balance.explained
    assert sum_of(balance) == balance.produced


@given(happenings, st.integers(0, 5000))
def test_device_heard_late_balances_and_later_losses_are_still_exact(
    happened: list[tuple[int, str] | str], dropped_before: int
) -> None:
    device = Device()
    device.produce(3000, "before_hello")
    if dropped_before:
        device.produce(dropped_before, "dropped_fifo")
        device.truth = replace(device.truth, dropped_before=dropped_before)
    device.produce(10, "wait")
    device.send()
    device.report()
    assert device.ledger.balance("pump_de") == device.truth
    for event in happened:
        if event == "send":
            device.send()
        elif event == "status":
            device.report()
            assert device.ledger.balance("pump_de") == device.truth
        else:
            device.produce(int(event[0]), str(event[1]))


def test_stream_without_status_books_gaps_as_lost() -> None:
    balance = balance_of(block(100, 50), block(170, 30), block(200, 10))
    assert balance == Balance(produced=210, received=90, lost_on_wire=20, before_hello=100)
    assert sum_of(balance) == balance.produced


def test_refused_samples_count_as_far_as_they_are_missing() -> None:
    refused = SourceFault("not_finite", "", "pump_de", samples=50)
    assert balance_of(block(0, 100), refused, block(150, 50)) == Balance(produced=200, received=150, rejected=50)
    duplicate = balance_of(block(0, 100), refused, block(100, 50))
    assert duplicate == Balance(produced=150, received=150)
    assert duplicate.explained


def test_frames_that_came_before_their_hello_are_no_refused_ones() -> None:
    early = SourceFault("before_hello", "", "pump_de", samples=50)
    assert balance_of(block(0, 100), early, block(150, 50)) == Balance(produced=200, received=150, lost_on_wire=50)


def test_drops_from_before_do_not_explain_what_was_refused() -> None:
    refused = SourceFault("not_finite", "", "pump_de", samples=50)
    balance = balance_of(block(1000, 100), refused, block(1150, 50), status(1200, fifo=30))
    assert balance == Balance(
        produced=1200, received=150, dropped_fifo=30, rejected=50, before_hello=970, dropped_before=30
    )


def test_status_that_comes_before_the_first_block() -> None:
    balance = balance_of(status(500, fifo=20, queue=30, queued=100))
    assert replace(balance, dropped_before=0) == Balance(
        produced=500, dropped_fifo=20, dropped_queue=30, in_flight=100, before_hello=350
    )
    assert balance.dropped_before == 50


def test_blocks_beyond_the_status_are_not_counted_at_it() -> None:
    balance = balance_of(block(0, 100), block(110, 100), status(150, fifo=10))
    assert balance == Balance(produced=150, received=140, dropped_fifo=10)


def test_drops_that_are_not_missing_are_not_explained_away() -> None:
    balance = balance_of(block(0, 100), status(100, fifo=30))
    assert not balance.explained
    assert balance.unexplained == 30
    assert not balance_of(status(10, fifo=30)).explained


def test_status_that_went_backwards_is_ignored() -> None:
    items = (block(0, 100), block(100, 100), status(200))
    assert balance_of(*items, status(150, fifo=50)) == balance_of(*items)


def test_overlapping_blocks_are_not_received_twice() -> None:
    balance = balance_of(block(0, 100), block(50, 100), block(0, 100), block(100, 10))
    assert (balance.received, balance.overlapping, balance.lost_on_wire) == (110, 200, 0)


def test_device_that_restarts_its_count_without_a_session_is_a_reset() -> None:
    blocks = [block(10_000, 100), *(block(100 * i, 100) for i in range(STALE_RUN + 5))]
    balance = balance_of(*blocks)
    assert balance.resets == 1
    assert (balance.produced, balance.received, balance.lost_on_wire) == (100 * (STALE_RUN + 5), 600, 0)


def test_stale_blocks_now_and_then_are_no_reset() -> None:
    blocks = [b for i in range(STALE_RUN + 5) for b in (block(100 + 10 * i, 10), block(0, 10))]
    assert balance_of(*blocks).resets == 0


def test_reset_begins_a_new_account_and_the_total_keeps_both() -> None:
    ledger = Ledger()
    after = replace(STREAM, session=8)
    for item in (
        block(0, 100),
        block(150, 100),
        status(260, fifo=20, queued=10),
        block(0, 40, after),
        block(60, 40, after),
    ):
        ledger.feed(item)
    assert ledger.balance("pump_de") == Balance(produced=100, received=80, lost_on_wire=20, resets=1)
    # 30 of the first session's gap and the 10 after its last block: nothing of a session that ended is in flight
    assert ledger.total("pump_de") == Balance(produced=360, received=280, dropped_fifo=20, lost_on_wire=60, resets=1)


def test_agents_own_drops_are_told_apart_from_the_sum() -> None:
    ledger = Ledger()
    ledger.feed(block(0, 100))
    ledger.drop("pump_de", 60)
    balance = ledger.balance("pump_de")
    assert balance == Balance(produced=100, received=100, dropped_agent=60)
    assert balance.explained
    assert ledger.total("pump_de") == balance


@pytest.mark.parametrize(
    "item",
    [
        SourceFault("crc", "", None, samples=50),
        SourceFault("crc", "", "other", samples=50),
        SourceFault("before_hello", "", "pump_de", samples=50),
        Reading("pump_de", "rpm", 1500.0, 0.0),
    ],
)
def test_items_that_hold_no_samples_of_this_session_change_nothing(item: SourceFault | Reading) -> None:
    assert balance_of(block(0, 100), item, status(100)) == balance_of(block(0, 100), status(100))


def test_sensor_that_was_never_heard_has_no_balance() -> None:
    ledger = Ledger()
    ledger.feed(SourceFault("crc", "", "pump_de", samples=50))
    assert ledger.balance("pump_de") is None
    assert ledger.total("pump_de") is None
    assert ledger.sensors() == ()


def test_virtual_sensor_on_a_bad_line_is_accounted_for_to_the_sample() -> None:
    device = VirtualSensor(
        Profile(rate_hz=3200.0, block_samples=64), Troubles(fifo_overruns=0.02, queue_stalls=0.05), seed=5
    )
    line = Line(frame_loss=0.05, bit_errors=2e-6, seed=1)
    decoder, reader, ledger = Decoder(), FrameReader(Routes((Route("pump_de", stream=0),))), Ledger()

    def run(seconds: float) -> list[Balance]:
        balances = []
        for piece in line.carry(device.produce(np.zeros((round(3200 * seconds), 3)))):
            for frame in decoder.feed(piece):
                for item in reader.feed(frame, arrival_s=0.0, wall_s=None):
                    ledger.feed(item)
                    if isinstance(item, DeviceStatus):
                        balances.append(ledger.balance("pump_de") or Balance())
        return balances

    balances = run(30.0)
    line.frame_loss = line.bit_errors = 0.0
    balances += run(2.0)
    assert len(balances) > 25
    assert all(balance.explained and sum_of(balance) == balance.produced for balance in balances)
    last = balances[-1]
    assert last.lost_on_wire == line.samples_lost > 0
    assert last.dropped_fifo > 0
    assert last.dropped_queue > 0


def test_balances_add_up_term_by_term() -> None:
    assert add(Balance(produced=1, received=2), Balance(produced=10, in_flight=5)) == Balance(11, 2, in_flight=5)
