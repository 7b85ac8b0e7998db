"""What the tables of `decode` and `monitor` call dropped and lost."""

from __future__ import annotations

from firmware_bridge.frames import Data, Format, Status, StreamDescription
from firmware_bridge.session import Block, StreamStatus
from firmware_bridge.tally import Tally

STREAM = StreamDescription(stream_id=0, axes=("x",), rate_nominal_mhz=1_000_000, scale_nano_g=0)


def block(index: int, *, samples: int = 100) -> Block:
    data = Data(
        seq=0,
        session=1,
        stream_id=0,
        sample_index=index,
        t_us=index * 1000,
        n_samples=samples,
        n_axes=1,
        format=Format.I16,
        desc_crc=0,
        payload=bytes(2 * samples),
    )
    return Block("ab", 1, STREAM, data)


def status(produced: int, *, fifo: int) -> StreamStatus:
    told = Status(seq=0, session=1, stream_id=0, produced=produced, t_us=0, dropped_fifo=fifo)
    return StreamStatus("ab", 1, STREAM, told)


def row(*heard: Block | StreamStatus) -> tuple[int, int, int]:
    """Received, dropped, lost."""
    tally = Tally()
    for item in heard:
        tally.feed(item)
    ((_, _, _, _, _, received, dropped, lost, _),) = tally.rows()
    return int(received), int(dropped), int(lost)


def test_what_the_device_dropped_is_not_lost_too() -> None:
    assert row(block(0), block(130), status(230, fifo=30)) == (200, 30, 0)
    assert row(block(0), block(150), status(250, fifo=30)) == (200, 30, 20)


def test_drops_from_before_anybody_listened_do_not_count() -> None:
    assert row(block(1000), status(1100, fifo=50), block(1140), status(1240, fifo=50)) == (200, 0, 40)
    assert row(block(1000), status(1100, fifo=50), block(1140), status(1240, fifo=90)) == (200, 40, 0)


def test_a_block_that_comes_twice_counts_once() -> None:
    assert row(block(0), block(0), block(100)) == (200, 0, 0)
