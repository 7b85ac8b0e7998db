"""JSON messages: samples in batches, speeds, scalars, and everything a broker may carry that is none of these."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.limits import STANDARD_GRAVITY
from agent.sources.batches import MAX_SAMPLES, BatchReader
from agent.transport.routes import Route
from agent.types import Item, Reading, SampleBlock, SourceFault

X, Y, Z = ([round(0.01 * k * a, 4) for k in range(50)] for a in (1, -2, 3))


def feed(reader: BatchReader, message: object, **options) -> Item:
    (item,) = feed_all(reader, message, **options)
    return item


def feed_all(reader: BatchReader, message: object, **options) -> list[Item]:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return reader.feed(payload, arrival_s=10.0, wall_s=1.7e9, **options)


def reader(**options) -> BatchReader:
    return BatchReader(Route("pump", topic="t", **options))


def starts(messages: list[dict], target: BatchReader | None = None) -> list[tuple[int, int] | str]:
    """(session, start) of each message's block, or the kind of its fault."""
    target = target or reader()
    found: list[tuple[int, int] | str] = []
    for message in messages:
        item = feed(target, {"x": X, "rate_hz": 1000} | message)
        found.append((item.stream.session, item.start) if isinstance(item, SampleBlock) else item.kind)
    return found


def test_a_batch_is_a_block() -> None:
    item = feed(reader(), {"t0": 1.7e9, "rate_hz": 1600, "seq": 3, "x": X, "y": Y, "z": Z, "unit": "g"})
    assert isinstance(item, SampleBlock)
    np.testing.assert_array_equal(item.samples, np.array([X, Y, Z], np.float64).T.astype(np.float32))
    assert item.samples.flags.c_contiguous
    assert (item.stream.sensor, item.stream.rate_hz, item.stream.axes, item.stream.unit) == (
        "pump",
        1600.0,
        ("x", "y", "z"),
        "g",
    )
    assert (item.start, item.device_us, item.arrival_s, item.wall_s) == (0, 1_700_000_000_000_000, 10.0, 1.7e9)


def test_units_become_g() -> None:
    item = feed(reader(), {"rate_hz": 100, "x": X, "unit": "m/s2"})
    assert isinstance(item, SampleBlock)
    np.testing.assert_allclose(item.samples[:, 0], np.array(X) / STANDARD_GRAVITY, rtol=1e-6)
    assert item.stream.unit == "g"
    assert feed(reader(), {"rate_hz": 100, "x": X}).stream.unit == "raw"
    configured = feed(reader(unit="m/s2", full_scale=STANDARD_GRAVITY * 16), {"rate_hz": 100, "x": X})
    assert configured.stream.unit == "g"
    assert configured.stream.full_scale == pytest.approx(16.0)


def test_the_rate_may_be_configured_and_what_the_message_says_comes_first() -> None:
    target = reader(rate_hz=400.0)
    assert feed(target, {"x": X}).stream.rate_hz == 400.0
    assert feed(target, {"x": X, "rate_hz": 500}).stream.rate_hz == 500.0


def test_sequence_numbers_make_losses_gaps() -> None:
    assert starts([{"seq": 7}, {"seq": 8}, {"seq": 11}, {"seq": 12}]) == [(0, 0), (0, 50), (0, 200), (0, 250)]


def test_repeated_deliveries_are_refused_and_a_restart_is_a_session() -> None:
    assert starts([{"seq": 100}, {"seq": 100}, {"seq": 99}, {"seq": 101}]) == [
        (0, 0),
        "duplicate",
        "duplicate",
        (0, 50),
    ]
    assert starts([{"seq": 100}, {"seq": 0}, {"seq": 1}]) == [(0, 0), (1, 0), (1, 50)]
    assert starts([{"seq": 3, "t0": 50.0}, {"seq": 0, "t0": 60.0}]) == [(0, 0), (1, 0)]
    assert starts([{"seq": 0}, {"seq": 2**52}]) == [(0, 0), (1, 0)]


def test_without_sequence_numbers_time_makes_losses_gaps() -> None:
    times = [5.0, 5.05, 5.101, 5.20, 5.249]  # 50 ms each: on time, 1 ms late, one batch missing, 1 ms early
    assert starts([{"t0": t} for t in times]) == [(0, 0), (0, 50), (0, 100), (0, 199), (0, 249)]
    assert starts([{"t0": 5.0}, {"t0": 1.0}]) == [(0, 0), (1, 0)]
    assert starts([{"t0": 5.0}, {"t0": 1e6}]) == [(0, 0), (1, 0)]


def test_without_either_batches_follow_each_other() -> None:
    assert starts([{}, {}, {}]) == [(0, 0), (0, 50), (0, 100)]


def test_another_rate_or_other_axes_are_another_session() -> None:
    assert starts([{"seq": 1}, {"seq": 2, "rate_hz": 500}, {"seq": 3, "rate_hz": 500, "y": Y}]) == [
        (0, 0),
        (1, 0),
        (2, 0),
    ]


def test_speeds_and_scalars() -> None:
    target = BatchReader(Route("motor", topic="t", quantity="rpm"))
    assert feed(target, {"rpm": 1797, "t": 1.6e9}) == Reading("motor", "rpm", 1797.0, 10.0, 1.6e9)
    assert feed(target, {"rpm": -1797}) == Reading("motor", "rpm", 1797.0, 10.0, 1.7e9), "a drive in reverse"
    assert feed(target, b"1750.5") == Reading("motor", "rpm", 1750.5, 10.0, 1.7e9)
    assert feed(target, b" 1750\n") == Reading("motor", "rpm", 1750.0, 10.0, 1.7e9)
    velocity = BatchReader(Route("pump", topic="t", quantity="velocity_rms_mm_s", axis="x"))
    assert feed(velocity, {"value": 2.8}) == Reading("pump", "velocity_rms_mm_s", 2.8, 10.0, 1.7e9, "x")
    assert feed(velocity, {"value": 0}, retained=True) == Reading("pump", "velocity_rms_mm_s", 0.0, 10.0, 1.7e9, "x")


def test_a_batch_may_carry_its_speed() -> None:
    first, second = feed_all(reader(), {"rpm": 1500, "rate_hz": 100, "x": X})
    assert isinstance(first, Reading)
    assert isinstance(second, SampleBlock)


def test_retained_samples_are_of_unknown_age() -> None:
    assert feed(reader(), {"rate_hz": 100, "x": X}, retained=True).kind == "retained"


BAD = {
    "json": [
        b"",
        b"{",
        b'{"x": [1, NaN]}',
        b'{"x": [1, Infinity]}',
        b"nan",
        b'{"a": ' + b"[" * 200_000,
        b"{'x': 1}",
        b"hello",
    ],
    "json_schema": [
        b"[1,2",
        b'{"rpm": 1e999}',
        b"{}",
        b"[]",
        b"null",
        b"true",
        b'"text"',
        b"12",
        b'{"x": 5}',
        b'{"x": ["a"]}',
        b'{"x": [null]}',
        b'{"x": [[1]]}',
        b'{"x": [1], "rate_hz": "fast"}',
        b'{"x": [1], "rate_hz": 100, "seq": -1}',
        b'{"x": [1], "rate_hz": 100, "seq": 1.5}',
        b'{"x": [1], "rate_hz": 100, "unit": "inch"}',
        b'{"x": [1], "rate_hz": 100, "t0": 1e300}',
        b'{"value": 3}',
        b'{"rpm": 3, "t": 1e300}',
        b'{"rpm": 3, "t": 1.7e12}',
        json.dumps({"x": [0] * (MAX_SAMPLES + 1), "rate_hz": 100}).encode(),
    ],
    "no_rate": [b'{"x": [1, 2]}'],
    "rate": [b'{"x": [1], "rate_hz": 0}', b'{"x": [1], "rate_hz": -5}', b'{"x": [1], "rate_hz": 1e9}'],
    "unequal_axes": [b'{"x": [1, 2], "y": [1], "rate_hz": 100}', b'{"x": [], "rate_hz": 100}'],
    "not_finite": [b'{"x": [1e39], "rate_hz": 100}'],
    "speed": [b'{"rpm": -1e300}', b'{"rpm": 1e300}'],
}


@pytest.mark.parametrize(("kind", "payload"), [(kind, payload) for kind in BAD for payload in BAD[kind]])
def test_bad_messages_are_counted_by_kind(kind: str, payload: bytes) -> None:
    item = feed(reader(), payload)
    assert isinstance(item, SourceFault)
    assert item.kind == kind
    assert item.sensor == "pump"
    assert len(item.detail) <= 200
    assert "\n" not in item.detail


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode),
    )
)
def test_any_payload_is_an_item(payload: bytes) -> None:
    assert feed_all(reader(rate_hz=100.0, quantity="rpm"), payload)


values = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"x": values},
            optional={
                "y": values,
                "seq": st.integers(0, 2**53 - 1),
                "t0": st.floats(allow_nan=False, allow_infinity=False),
                "rate_hz": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.0, 100.0]),
            },
        ),
        max_size=10,
    )
)
def test_whatever_comes_in_order_blocks_of_a_session_never_go_back(messages: list[dict]) -> None:
    target, ends = reader(rate_hz=100.0), {}
    for message in messages:
        item = feed(target, message)
        if isinstance(item, SampleBlock):
            assert item.start >= ends.get(item.stream.session, 0)
            ends[item.stream.session] = item.end


def test_sessions_count_up_from_the_first_one_given() -> None:
    target = BatchReader(Route("pump", topic="t"), first_session=70)
    blocks = [
        target.feed(payload, arrival_s=1.0, wall_s=2.0)[0]
        for payload in (b'{"rate_hz": 100, "seq": 900, "x": [1, 2]}', b'{"rate_hz": 100, "seq": 1, "x": [1, 2]}')
    ]
    assert [block.stream.session for block in blocks if isinstance(block, SampleBlock)] == [70, 71]


def test_a_sender_that_never_counts_is_heard_again_after_a_while() -> None:
    target = BatchReader(Route("pump", topic="t"))
    said = [target.feed(b'{"rate_hz": 100, "seq": 0, "x": [1, 2]}', arrival_s=1.0, wall_s=2.0)[0] for _ in range(40)]
    heard = [item.stream.session for item in said if isinstance(item, SampleBlock)]
    assert heard == [0, 1, 2]
    assert {item.kind for item in said if isinstance(item, SourceFault)} == {"duplicate"}


def test_a_retained_speed_is_of_unknown_age() -> None:
    target = BatchReader(Route("motor", topic="t", quantity="rpm"))
    items = [
        target.feed(b'{"rpm": 1480}', arrival_s=1.0, wall_s=2.0, retained=retained)[0] for retained in (True, False)
    ]
    assert isinstance(items[0], SourceFault)
    assert items[0].kind == "retained"
    assert isinstance(items[1], Reading)
