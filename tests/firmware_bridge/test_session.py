"""Frames held against the latest HELLO: what passes, what is refused, and how two devices on one line show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_bridge.frames import Data, Extension, Fault, Format, Hello, Log, Status, StreamDescription, descriptor_crc
from firmware_bridge.session import CALM_HELLOS, Block, StreamStatus, StreamTable

STREAM = StreamDescription(stream_id=2, axes=("x", "y"), rate_nominal_mhz=3_200_000, scale_nano_g=3_900_000)
HELLO = Hello(seq=0, session=7, uid=b"A" + bytes(15), t_us=1_000, streams=(STREAM,))
OTHER = replace(HELLO, session=8)
BLOCK = Data(
    seq=1,
    session=7,
    stream_id=2,
    sample_index=0,
    t_us=2_000,
    n_samples=3,
    n_axes=2,
    format=Format.I16,
    desc_crc=descriptor_crc(STREAM),
    payload=bytes(12),
)
STATUS = Status(seq=2, session=7, stream_id=2, produced=3, t_us=3_000)


def greeted(*hellos: Hello) -> StreamTable:
    table = StreamTable()
    for hello in hellos or (HELLO,):
        table.feed(hello)
    return table


def refused(table: StreamTable, frame: Data | Status | Hello) -> str | None:
    heard = table.feed(frame)
    return heard.kind if isinstance(heard, Fault) else None


def test_a_block_comes_with_its_description() -> None:
    table = greeted()
    assert table.session == 7
    assert table.feed(BLOCK) == Block("41", 7, STREAM, BLOCK)
    assert table.feed(STATUS) == StreamStatus("41", 7, STREAM, STATUS)


def test_before_hello_nothing_is_believed_and_the_samples_are_counted() -> None:
    table = StreamTable()
    assert table.session is None
    assert table.feed(BLOCK) == Fault("before_hello", "session 0007 has not said HELLO", stream_id=2, samples=3)
    assert refused(table, STATUS) == "before_hello"
    table.feed(HELLO)
    assert refused(table, replace(BLOCK, session=8)) == "before_hello"
    assert refused(table, BLOCK) is None


def test_a_block_of_another_description_is_refused() -> None:
    table = greeted(replace(HELLO, streams=(replace(STREAM, scale_nano_g=1_000_000),)))
    fault = table.feed(BLOCK)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.samples) == ("descriptor", 3)
    assert refused(greeted(), replace(BLOCK, n_axes=1, payload=bytes(6))) == "descriptor"


def test_a_refined_measured_rate_refuses_nothing() -> None:
    table = greeted(replace(HELLO, streams=(replace(STREAM, rate_measured_mhz=3_086_000),)))
    assert refused(table, BLOCK) is None


def test_streams_that_hello_does_not_describe_are_refused() -> None:
    assert refused(greeted(), replace(BLOCK, stream_id=3)) == "unknown_stream"
    assert refused(greeted(), replace(STATUS, stream_id=3)) == "unknown_stream"


def test_a_stream_of_another_quantity_is_left_alone() -> None:
    velocity = replace(STREAM, quantity=2)
    table = greeted(replace(HELLO, streams=(velocity,)))
    assert refused(table, replace(BLOCK, desc_crc=descriptor_crc(velocity))) == "unknown_stream"


def test_other_frames_pass() -> None:
    log = Log(seq=0, session=9, level=6, text="up")
    unknown = Extension(type=0x20, seq=0, session=9, stream_id=0, flags=0, payload=b"")
    assert [StreamTable().feed(frame) for frame in (log, unknown)] == [log, unknown]


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [([1, 2, 3], 0), ([1, 4], 2), ([3, 3, 3], 2), ([1, 5, 2, 6], 3), ([65535, 0, 2], 65535)],
)
def test_missing_frames_are_counted_by_their_numbers(numbers: list[int], missing: int) -> None:
    table = greeted(replace(HELLO, seq=0) if numbers[0] != 65535 else replace(HELLO, seq=65533))
    for number in numbers:
        table.feed(replace(BLOCK, seq=number))
    assert table.frames_missing == (missing if numbers[0] != 65535 else 2)


def test_hellos_count_too_and_a_new_session_starts_anew() -> None:
    table = greeted(HELLO, replace(HELLO, seq=3, t_us=2_000))
    assert table.frames_missing == 2
    table.feed(replace(OTHER, seq=900))
    table.feed(replace(BLOCK, session=8, seq=901))
    assert (table.frames_missing, table.starts) == (2, 2)


def test_frames_of_a_session_that_has_not_said_hello_are_not_counted() -> None:
    table = StreamTable()
    table.feed(replace(BLOCK, seq=500))
    table.feed(HELLO)
    table.feed(replace(BLOCK, seq=700, session=9))
    table.feed(BLOCK)
    assert table.frames_missing == 0


def test_a_reboot_is_not_a_second_device() -> None:
    table = greeted()
    for session in range(100, 130):
        assert refused(table, replace(HELLO, session=session, t_us=10)) is None
        assert refused(table, replace(BLOCK, session=session)) is None
    assert table.starts == 31


def test_sessions_that_alternate_are_two_devices() -> None:
    table = greeted(HELLO, OTHER)
    assert refused(table, HELLO) == "duplicate_device"
    assert refused(table, BLOCK) == "duplicate_device"
    assert refused(table, STATUS) == "duplicate_device"
    assert refused(table, OTHER) == "duplicate_device"


def test_two_devices_of_different_ids_on_one_line_are_noticed_too() -> None:
    stranger = replace(OTHER, uid=b"B" + bytes(15))
    table = greeted(HELLO, stranger)
    assert refused(table, HELLO) == "duplicate_device"


def test_a_device_alone_again_is_believed_after_some_hellos() -> None:
    table = greeted(HELLO, OTHER, HELLO)
    for number in range(1, CALM_HELLOS + 1):
        assert refused(table, BLOCK) == "duplicate_device"
        assert refused(table, replace(HELLO, t_us=HELLO.t_us or 0 + number)) is None
    assert refused(table, BLOCK) is None


def test_a_device_that_draws_no_session_ids_still_starts_a_new_session() -> None:
    later = [replace(HELLO, t_us=5_000_000 * number) for number in range(1, CALM_HELLOS + 1)]
    table = greeted(HELLO, *later)
    assert refused(table, replace(HELLO, t_us=900)) is None
    heard = table.feed(BLOCK)
    assert isinstance(heard, Block)
    assert heard.session == table.session == 7 + 2**16
    assert table.starts == 2


def test_two_such_devices_are_noticed_by_a_clock_that_keeps_going_back() -> None:
    table = greeted(*(replace(HELLO, t_us=5_000_000 * number) for number in range(5)))
    assert refused(table, replace(HELLO, t_us=1_000_000)) is None
    assert refused(table, replace(HELLO, t_us=25_000_000)) is None
    assert refused(table, replace(HELLO, t_us=6_000_000)) == "duplicate_device"
    assert refused(table, BLOCK) == "duplicate_device"


def test_hellos_without_a_clock_are_not_taken_for_reboots() -> None:
    table = greeted(HELLO, replace(HELLO, t_us=None), HELLO)
    assert (table.starts, refused(table, BLOCK)) == (1, None)
