"""JSON messages: samples in batches, speeds, scalars, and everything a broker may carry that is none of these."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requirements import ROOT

from agent.limits import STANDARD_GRAVITY
from agent.messages.notices import is_known
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


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"1797", 1797),
        (b'"1797"', 1797),
        (b" 1797.5 ", 1797.5),
        (b'{"rpm": "1797"}', 1797),
        (b'{"speed": 1797}', 1797),
        (b'{"speed": "1797 rpm"}', 1797),
        (b'{"rpm": -1797}', 1797),
    ],
)
def test_a_speed_is_understood_in_its_usual_forms(payload: bytes, value: float) -> None:
    item = feed(reader(quantity="rpm"), payload)
    assert isinstance(item, Reading)
    assert item.value == value


@pytest.mark.parametrize(
    ("payload", "kind", "said"),
    [
        (b'{"speed": 29.95}', "speed", "may be in Hz; call it rpm, or map it"),
        (b'{"velocity": 1797}', "json_schema", "its keys are 'velocity': say in a mapping which is which"),
        (b"-9999", "no_reading", "for no reading"),
        (b"65535", "no_reading", "holds no reading"),
        (b"nan", "not_finite", "nan"),
        (b"fast", "json", "'fast' is neither an object nor a number"),
        (b"[1797]", "json_schema", "is a list"),
    ],
)
def test_what_is_no_speed_is_refused_in_words(payload: bytes, kind: str, said: str) -> None:
    item = feed_all(reader(quantity="rpm"), payload)[0]
    assert isinstance(item, SourceFault)
    assert item.kind == kind
    assert said in item.detail


def test_numbers_in_quotes_single_samples_and_mg_are_understood() -> None:
    item = feed(reader(), {"x": ["1000", -500], "rate_hz": "100", "unit": "mg"})
    assert isinstance(item, SampleBlock)
    assert item.samples.ravel().tolist() == [1.0, -0.5]
    single = feed(reader(rate_hz=100.0), {"x": 0.5, "y": "0.25", "unit": "g"})
    assert isinstance(single, SampleBlock)
    assert single.samples.tolist() == [[0.5, 0.25]]


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
        b"nan",
        b'{"x": ["a"]}',
        b'{"x": [null]}',
        b'{"x": [[1]]}',
        b'{"x": [1], "rate_hz": "fast"}',
        b'{"x": [1], "rate_hz": 100, "seq": -1}',
        b'{"x": [1], "rate_hz": 100, "seq": 1.5}',
        b'{"x": [1], "rate_hz": 100, "t0": 1e300}',
        b'{"value": 3}',
        b'{"rpm": 3, "t": 1e300}',
        b'{"rpm": 3, "t": 1.7e12}',
        json.dumps({"x": [0] * (MAX_SAMPLES + 1), "rate_hz": 100}).encode(),
    ],
    "unit": [b'{"x": [1], "rate_hz": 100, "unit": "inch"}', b'{"x": [1], "rate_hz": 100, "unit": "mm/s"}'],
    "no_rate": [b'{"x": [1, 2]}', b'{"x": 5}'],
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


@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode),
    )
)
def test_any_payload_is_an_item(payload: bytes) -> None:
    assert feed_all(reader(rate_hz=100.0, quantity="rpm"), payload)


values = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5)


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


# ------------------------------------------------------------------------------------ what contradicts, what cannot be


def paced(target: BatchReader, arrivals_s: list[float], **message: object) -> list[str]:
    """Kinds of the faults of batches that arrive so; "block" where there is none."""
    payload = json.dumps({"x": X, **message}).encode()
    said = [target.feed(payload, arrival_s=at, wall_s=1.7e9 + at)[0] for at in arrivals_s]
    return [item.kind if isinstance(item, SourceFault) else "block" for item in said]


@pytest.mark.parametrize(("key", "value"), [("sample_rate", 1000), ("fs", "1 kHz"), ("dt_ms", 1), ("odr", 1000.0)])
def test_a_key_of_another_name_that_contradicts_the_rate_is_told_and_nothing_is_believed(
    key: str, value: object
) -> None:
    target = reader(rate_hz=2000.0)
    first, keys = feed_all(target, {"x": X, key: value})
    assert isinstance(first, SourceFault)
    assert (first.kind, first.samples) == ("rate_off", len(X))
    assert first.detail == "2000 Hz declared, the message says 1000 Hz; correct rate_hz"
    assert isinstance(keys, SourceFault)
    assert (keys.kind, keys.detail, keys.samples) == (
        "unknown_keys",
        f"{key!r} on t are no known keys; they say 1000 Hz",
        0,
    )
    assert [item.kind for item in feed_all(target, {"x": X, key: value}) if isinstance(item, SourceFault)] == [
        "rate_off"
    ]
    agreed = reader(rate_hz=1000.0)
    assert isinstance(feed_all(agreed, {"x": X, key: value})[0], SampleBlock)
    undeclared = feed_all(reader(), {"x": X, key: value})[0]
    assert isinstance(undeclared, SampleBlock)
    assert undeclared.stream.rate_hz == 1000.0


def test_unknown_keys_are_named_once() -> None:
    target = reader(rate_hz=1000.0)
    block, fault = feed_all(target, {"x": X, "battery": 3.7, "meta": {"fs": 7}, "rssi": [1]})
    assert isinstance(block, SampleBlock)
    assert isinstance(fault, SourceFault)
    assert fault.detail == "'battery', 'meta', 'rssi' on t are no known keys"
    assert isinstance(feed(target, {"x": X, "battery": 3.6}), SampleBlock)
    assert "its keys are 'ax', 'ay'" in feed(reader(), {"ax": [1], "ay": [2]}).detail
    many = feed_all(target := reader(rate_hz=1000.0), {"x": X} | {f"k{n}" * 20: n for n in range(99)})[1]
    assert many.detail.endswith("and 91 more on t are no known keys") or len(many.detail) == 200


@pytest.mark.parametrize("t0", [False, True])
def test_batches_that_come_at_another_pace_are_told_and_refused(t0: bool) -> None:
    target = reader(rate_hz=500.0)  # 50 samples every 0.05 s are 1000 Hz
    kinds, why = [], ""
    for n in range(40):
        message = {"x": X, "t0": 100 + 0.05 * n} if t0 else {"x": X}
        said = target.feed(json.dumps(message).encode(), arrival_s=10 + 0.05 * n, wall_s=1.7e9)[0]
        kinds.append(said.kind if isinstance(said, SourceFault) else "block")
        why = said.detail if isinstance(said, SourceFault) else why
    assert kinds == ["block"] * 10 + ["rate_off"] * 30
    assert ("the clock behind t0" in why) is t0
    assert "pauses between" not in why  # that makes nothing faster
    assert is_known(why, "ko")


def test_batches_that_come_too_slowly_may_have_pauses_between_them() -> None:
    target = reader(rate_hz=1000.0)  # 50 samples every 0.1 s are 500 Hz
    said = [target.feed(json.dumps({"x": X}).encode(), arrival_s=10 + 0.1 * n, wall_s=1.7e9)[0] for n in range(20)]
    fault = said[-1]
    assert isinstance(fault, SourceFault)
    assert fault.detail.endswith(
        "500 Hz arrive; correct rate_hz, or send t0 where who sends them pauses between batches or loses some"
    )
    assert is_known(fault.detail, "ko")


def test_batches_that_make_up_for_a_pause_are_no_other_rate() -> None:
    kept = [10 + 0.05 * n for n in range(100)] + [75.0 + 0.0125 * n for n in range(1600)]
    later = [kept[-1] + 0.05 * n for n in range(1, 200)]
    assert set(paced(reader(rate_hz=1000.0), [*kept, *later])) == {"block"}
    twice = [kept[-1] + 0.025 * n for n in range(1, 800)]
    assert paced(reader(rate_hz=1000.0), [*kept, *twice])[-1] == "rate_off"


def test_a_rate_is_told_as_people_write_figures() -> None:
    target = reader(rate_hz=10_000.0)
    payload = json.dumps({"x": [0.0] * 1000})
    said = [target.feed(payload.encode(), arrival_s=10 + n / 13.2187, wall_s=1.7e9)[0] for n in range(200)]
    fault = said[-1]
    assert isinstance(fault, SourceFault)
    assert fault.detail.startswith("10000 Hz declared, 13220 Hz arrive; ")


def test_pace_that_says_nothing_refuses_nothing() -> None:
    jitter = np.random.default_rng(1).uniform(0, 0.04, 400)
    steady = [10 + 0.05 * n + wait for n, wait in enumerate(jitter.tolist())]
    assert set(paced(reader(rate_hz=1000.0), sorted(steady))) == {"block"}
    backlog = [10 + 0.0001 * n for n in range(100)] + [10.05 + 0.05 * n for n in range(200)]
    assert set(paced(reader(rate_hz=1000.0), backlog)) == {"block"}
    assert set(paced(reader(rate_hz=1000.0), [600.0 * n for n in range(20)])) == {"block"}, "recordings"
    lossy = [10 + 0.05 * n for n in range(400) if n % 9]
    assert set(paced(reader(rate_hz=1000.0), lossy)) == {"block"}
    pauses = [{"x": X, "t0": 100.0 + 0.5 * n} for n in range(40)]
    target = reader(rate_hz=1000.0)
    said = [target.feed(json.dumps(m).encode(), arrival_s=m["t0"], wall_s=1.7e9)[0] for m in pauses]
    assert all(isinstance(item, SampleBlock) for item in said), "t0 shows the pauses"


@pytest.mark.parametrize(
    ("quantity", "value", "kind"),
    [
        ("velocity_rms_mm_s", 65.535, "no_reading"),
        ("velocity_rms_mm_s", 32.767, "no_reading"),
        ("velocity_rms_mm_s", -1, "implausible"),
        ("velocity_rms_mm_s", 9999, "implausible"),
        ("temperature_c", -127, "implausible"),
        ("acceleration_rms_g", 655.35, "implausible"),
        ("rpm", 65_535, "no_reading"),
    ],
)
def test_scalars_that_cannot_be_are_faults(quantity: str, value: float, kind: str) -> None:
    for message in (json.dumps(value).encode(), {"value": value}):
        item = feed(reader(quantity=quantity), message)
        assert isinstance(item, SourceFault)
        assert item.kind == kind
    assert isinstance(feed(reader(quantity=quantity), b"40.5"), Reading)


def test_case_of_a_rate_that_was_not_told() -> None:
    case = ROOT.parent / "shared" / "cases" / "mqtt-rate-not-told" / "one_message_each_0.1s.json"
    if not case.exists():
        pytest.skip(f"{case} is absent")
    target = reader(rate_hz=2000.0)
    said = [i for n in range(50) for i in target.feed(case.read_bytes(), arrival_s=0.1 * n, wall_s=1.7e9)]
    assert not [item for item in said if not isinstance(item, SourceFault)]
    assert sorted({item.kind for item in said if isinstance(item, SourceFault)}) == ["rate_off", "unknown_keys"]


# ---------------------------------------------------------------------------------------- sensors that sleep in between


def times(messages: list[tuple[float, dict]], **options: object) -> list[tuple[int, int] | str]:
    """(session, start) of each message that arrives at its time, or the kind of its fault."""
    target, found = reader(**options), []
    for arrival_s, message in messages:
        payload = json.dumps({"x": X, "rate_hz": 1000} | message).encode()
        (item,) = target.feed(payload, arrival_s=arrival_s, wall_s=1.7e9 + arrival_s)
        found.append((item.stream.session, item.start) if isinstance(item, SampleBlock) else item.kind)
    return found


@pytest.mark.parametrize("keys", [{}, {"seq": True}], ids=["bare", "seq"])
def test_a_snapshot_is_a_session_by_itself_however_fast_several_arrive(keys: dict) -> None:
    numbered = [(at_s, dict.fromkeys(keys, k)) for k, at_s in enumerate((10.0, 310.0, 310.1, 610.0))]
    assert times(numbered, snapshots=True) == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_a_snapshot_in_several_messages_goes_on_where_its_time_says_so() -> None:
    parts = [(10.0 + t0, {"t0": t0}) for t0 in (0.0, 0.05, 0.1, 300.0, 300.05)]
    assert times(parts, snapshots=True) == [(0, 0), (0, 50), (0, 100), (1, 0), (1, 50)]


def test_a_snapshot_that_is_sent_twice_is_refused() -> None:
    sent = [(10.0, {"seq": 4}), (10.1, {"seq": 4}), (310.0, {"seq": 5})]
    assert times(sent, snapshots=True) == [(0, 0), "duplicate", (1, 0)]


def test_batches_that_tell_nothing_of_a_long_pause_are_not_spliced_over_it() -> None:
    assert times([(10.0, {}), (10.05, {}), (310.0, {}), (310.05, {})]) == [(0, 0), (0, 50), (1, 0), (1, 50)]


def test_the_pace_of_snapshots_says_nothing_of_their_rate() -> None:
    often = [(10.0 + 1.5 * k, {}) for k in range(40)]
    assert "rate_off" in times(often)
    assert "rate_off" not in times(often, snapshots=True)
