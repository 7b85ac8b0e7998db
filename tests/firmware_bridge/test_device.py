"""The virtual device: what it says, how it fails, and that every sample is accounted for at every STATUS."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, Said, Troubles, VirtualSensor
from firmware_bridge.frames import Data, Fault, Flag, Format, Hello, Status
from firmware_bridge.line import Line
from firmware_bridge.numbers import counts_of, payload_of
from firmware_bridge.session import Block, StreamStatus, StreamTable

PROFILE = Profile(rate_hz=3200.0, block_samples=64)
BAD_DAY = Troubles(clock_error=0.036, jitter_us=300, fifo_overruns=2.0, queue_stalls=3.0, resets=0.2)


def shaking(n: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 0.5, (n, 3))


def data_of(said: list[Said]) -> list[Data]:
    return [item for item in said if isinstance(item, Data)]


def test_a_healthy_device_says_every_sample() -> None:
    samples = shaking(10 * 64 + 5)
    said = VirtualSensor(PROFILE).produce(samples)
    assert isinstance(said[0], Hello)
    blocks = data_of(said)
    assert [block.sample_index for block in blocks] == list(range(0, 640, 64))
    heard = np.concatenate([counts_of(block) for block in blocks]) * (PROFILE.scale_nano_g * 1e-9)
    assert np.abs(heard - samples[:640]).max() <= PROFILE.scale_nano_g * 0.5e-9 * (1 + 1e-9)
    assert {block.flags for block in blocks} == {0}


def test_hello_and_status_come_when_they_are_due() -> None:
    said = VirtualSensor(PROFILE).produce(shaking(12 * 3200 + 1600))
    hellos = [item for item in said if isinstance(item, Hello)]
    statuses = [item for item in said if isinstance(item, Status)]
    assert len(hellos) == 3
    assert len(statuses) == 12
    assert (hellos[0].streams[0].rate_measured_mhz, hellos[1].streams[0].rate_measured_mhz) == (0, 3_200_000)
    assert all(later.produced > earlier.produced for earlier, later in pairwise(statuses))
    assert [item.seq for item in said if not isinstance(item, bytes)] == list(range(len(said)))
    assert statuses[-1].frames_sent == statuses[-1].seq


@given(st.lists(st.integers(0, 2000), max_size=12), st.integers(0, 50))
def test_what_is_said_does_not_depend_on_how_samples_are_handed_over(cuts: list[int], seed: int) -> None:
    samples = shaking(2000)
    places = [0, *sorted(cuts), 2000]
    whole = VirtualSensor(PROFILE, BAD_DAY, seed=seed)
    pieces = VirtualSensor(PROFILE, BAD_DAY, seed=seed)
    said = whole.produce(samples)
    assert [item for a, b in pairwise(places) for item in pieces.produce(samples[a:b])] == said
    assert pieces.life == whole.life


@dataclass
class Account:
    """What a receiver and the line know together, per session."""

    received: int = 0
    lost: int = 0
    statuses: list[tuple[int, Status]] = field(default_factory=list)  # (received + lost by then, STATUS)


def listen(sensor: VirtualSensor, line: Line, *, samples: int) -> tuple[dict[int, Account], list[Fault]]:
    """The accounts of every session, and the faults, of a device that is heard from its first frame on."""
    decoder, table = Decoder(), StreamTable()
    accounts: dict[int, Account] = {}
    faults = []
    lost = 0
    for item in sensor.produce(shaking(samples)):
        for heard in decoder.feed(b"".join(line.carry([item]))):
            judged = heard if isinstance(heard, Fault) else table.feed(heard)
            if isinstance(judged, Fault):
                faults.append(judged)
            elif isinstance(judged, Block):
                accounts.setdefault(judged.session, Account()).received += judged.data.n_samples
            elif isinstance(judged, StreamStatus):
                account = accounts.setdefault(judged.session, Account())
                account.statuses.append((account.received + account.lost, judged.status))
        if isinstance(item, Data):
            accounts.setdefault(item.session, Account()).lost += line.samples_lost - lost
        lost = line.samples_lost
    return accounts, faults


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("troubles", "line"),
    [
        (Troubles(), Line()),
        (Troubles(fifo_overruns=5.0), Line()),
        (Troubles(queue_stalls=8.0), Line()),
        (Troubles(), Line(frame_loss=0.1, seed=1)),
        (Troubles(), Line(bit_errors=2e-5, seed=1)),
        (BAD_DAY, Line(frame_loss=0.03, bit_errors=1e-5, seed=1)),
    ],
    ids=["sound", "fifo", "queue", "loss", "bits", "everything"],
)
def test_every_sample_is_accounted_for(troubles: Troubles, line: Line, seed: int) -> None:
    """produced = received + dropped_fifo + dropped_queue + queued + lost on the wire, at every STATUS."""
    line.samples_lost = 0
    accounts, _ = listen(VirtualSensor(PROFILE, troubles, seed=seed), line, samples=8 * 3200)
    checked = 0
    hello_heard = [account for account in accounts.values() if account.statuses]
    for account in hello_heard:
        for reached, status in account.statuses:
            assert status.produced == reached + status.dropped_fifo + status.dropped_queue + status.queued
            checked += 1
    assert checked >= 4


def test_each_trouble_shows() -> None:
    sensor = VirtualSensor(PROFILE, Troubles(fifo_overruns=5.0, queue_stalls=8.0), seed=3)
    blocks = data_of(sensor.produce(shaking(8 * 3200)))
    jumps = [later for earlier, later in pairwise(blocks) if later.sample_index != earlier.end]
    assert jumps
    assert all(block.flags & Flag.GAP for block in jumps)
    assert all(not block.flags & Flag.GAP for block in blocks if block not in jumps)
    assert any(block.flags & Flag.FIFO_OVERRUN for block in jumps)
    assert sensor.life.dropped_fifo > 0
    assert sensor.life.dropped_queue > 0


def test_a_reset_starts_a_session_with_hello_and_costs_the_frame_it_cut() -> None:
    line = Line()
    _, faults = listen(VirtualSensor(PROFILE, Troubles(resets=1.0), seed=1), line, samples=6 * 3200)
    said = VirtualSensor(PROFILE, Troubles(resets=1.0), seed=1).produce(shaking(6 * 3200))
    hellos = [item for item in said if isinstance(item, Hello)]
    assert len({hello.session for hello in hellos}) == len(hellos) > 3
    for hello in hellos:
        first = data_of(said[said.index(hello) :])[0]
        assert (first.session, first.sample_index) == (hello.session, 0)
    assert [fault.kind for fault in faults] == ["cobs"] * (len(hellos) - 1)


def rate_of(blocks: list[Data]) -> float:
    first, last = blocks[0], blocks[-1]
    assert first.t_us is not None
    assert last.t_us is not None
    return (last.sample_index - first.sample_index) / (last.t_us - first.t_us) * 1e6


@pytest.mark.parametrize("clock_error", [-0.04, 0.0, 0.036])
def test_the_true_rate_shows_in_the_time_stamps(clock_error: float) -> None:
    sensor = VirtualSensor(PROFILE, Troubles(clock_error=clock_error))
    blocks = data_of(sensor.produce(shaking(20 * 3200)))
    assert rate_of(blocks) == pytest.approx(3200 * (1 + clock_error), rel=1e-6)
    assert sensor.describe().rate_nominal_mhz == 3_200_000


def test_jitter_makes_time_stamps_late_and_no_more_than_it_may() -> None:
    still = data_of(VirtualSensor(PROFILE).produce(shaking(6400)))
    late = data_of(VirtualSensor(PROFILE, Troubles(jitter_us=500)).produce(shaking(6400)))
    delays = [(b.t_us or 0) - (a.t_us or 0) for a, b in zip(still, late, strict=True)]
    assert min(delays) >= 0
    assert 300 < max(delays) <= 500


def test_clocks_that_are_missing_or_stand_still() -> None:
    missing = data_of(VirtualSensor(PROFILE, Troubles(clock="none")).produce(shaking(6400)))
    frozen = data_of(VirtualSensor(PROFILE, Troubles(clock="frozen")).produce(shaking(6400)))
    assert {block.t_us for block in missing} == {None}
    assert {block.t_us for block in frozen} == {1500}


def test_a_line_that_does_not_drain_costs_whole_blocks_that_are_counted() -> None:
    sensor = VirtualSensor(PROFILE)
    sensor.produce(shaking(640))
    assert data_of(sensor.produce(shaking(640), queue_bytes=PROFILE.queue_bytes)) == []
    said = sensor.produce(shaking(3200))
    (status,) = [item for item in said if isinstance(item, Status)]
    assert (status.dropped_queue, status.queue_high_bytes) == (640, PROFILE.queue_bytes)
    assert data_of(said)[0].flags == Flag.GAP
    assert data_of(said)[0].sample_index == 1280


def test_samples_at_full_scale_are_counted() -> None:
    samples = np.zeros((64, 3))
    samples[5, 0], samples[6], samples[9, 2] = 17.0, -400.0, 15.9
    (block,) = data_of(VirtualSensor(PROFILE).produce(samples))
    assert (block.n_clipped, block.flags) == (2, Flag.CLIPPED)
    assert counts_of(block)[5, 0] == 32767
    assert counts_of(block)[6, 1] == -32768


def test_two_devices_with_one_id_end_in_doubt() -> None:
    """Each is believed until the other's return gives them away; from then on neither is."""
    first, second = (VirtualSensor(PROFILE, seed=seed) for seed in (1, 2))
    table = StreamTable()
    kinds = []
    for second_number in range(20):
        for sensor in (first, second):
            for item in sensor.produce(shaking(3200, second_number)):
                if not isinstance(item, bytes):
                    heard = table.feed(item)
                    kinds.append(heard.kind if isinstance(heard, Fault) else type(heard).__name__)
    told = kinds.index("duplicate_device")
    assert "Block" in kinds[:told]
    assert "Block" not in kinds[told:]


rows = st.integers(1, 8).flatmap(
    lambda axes: st.lists(
        st.lists(st.integers(-(2**15), 2**15 - 1), min_size=axes, max_size=axes), min_size=1, max_size=9
    )
)


@given(st.sampled_from(Format), rows, st.integers(0, 16))
def test_numbers_survive_every_format(format_: Format, rows: list[list[int]], shift: int) -> None:
    shift = min(shift, 8 * (format_.width_bytes - 2))
    counts = np.array(rows, dtype=np.int32) << shift
    block = Data(
        seq=0,
        session=0,
        stream_id=0,
        sample_index=0,
        t_us=0,
        n_samples=counts.shape[0],
        n_axes=counts.shape[1],
        format=format_,
        desc_crc=0,
        payload=payload_of(counts, format_),
    )
    assert len(block.payload) == counts.size * format_.width_bytes
    assert np.array_equal(counts_of(block), counts)
