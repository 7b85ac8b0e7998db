"""A rate over 10 % off the declared one is a contradiction, from the first windows on; what looks like one is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from agent.stream.quality import fault_of_signal
from agent.stream.windowing import Windower
from agent.types import SampleBlock, Stream, Window

DECLARED_HZ = 3200.0
STREAM = Stream("a", DECLARED_HZ, unit="g")


def sensor(
    true_hz: float, seconds: float, *, block: int = 256, device_hz: float | None = None, late: Iterable[float] = ()
) -> Iterator[SampleBlock]:
    """Blocks of noise at `true_hz`; stamped at `device_hz`; each `late` by so many seconds in turn."""
    noise = np.random.default_rng(0).normal(0, 0.1, (int(seconds * true_hz) // block * block, 1)).astype(np.float32)
    lateness = list(late) or [0.0]
    for k, start in enumerate(range(0, len(noise), block)):
        arrival_s = 100.0 + (start + block) / true_hz + lateness[k % len(lateness)]
        stamp = None if device_hz is None else round(start / device_hz * 1e6)
        yield SampleBlock(STREAM, start, noise[start : start + block], device_us=stamp, arrival_s=arrival_s)


def windows(blocks: Iterable[SampleBlock]) -> list[Window]:
    windower = Windower(window_s=2.0, hop_s=0.5)
    return [window for block in blocks for window in windower.feed(block)]


def mismatches(blocks: Iterable[SampleBlock]) -> list[bool]:
    return [fault_of_signal(window) == "rate_mismatch" for window in windows(blocks)]


@pytest.mark.parametrize("factor", [0.5, 0.85, 1.15, 2.0])
@pytest.mark.parametrize("stamps", ["none", "true", "declared"])
def test_from_the_first_window_on_nothing_is_judged_at_a_wrong_rate(factor: float, stamps: str) -> None:
    true_hz = factor * DECLARED_HZ
    device_hz = {"none": None, "true": true_hz, "declared": DECLARED_HZ}[stamps]
    may_have_waited = stamps == "declared" and factor > 1  # it comes faster for a while, and the stamps say so
    found = windows(sensor(true_hz, 50.0 if may_have_waited else 20.0, device_hz=device_hz))
    if may_have_waited:
        found = found[-len(found) // 4 :]
    assert [fault_of_signal(window) for window in found] == ["rate_mismatch"] * len(found)
    assert found[-1].rate.seen_hz == pytest.approx(true_hz, rel=0.01)


def bursts(true_hz: float, seconds: float, *, at_once: int) -> Iterator[SampleBlock]:
    """So many blocks wait for the last of them, as where a sender or a network holds them up."""
    held: list[SampleBlock] = []
    for block in sensor(true_hz, seconds):
        held.append(block)
        if len(held) == at_once:
            yield from (replace(one, arrival_s=block.arrival_s + 1e-3 * k) for k, one in enumerate(held))
            held = []


@pytest.mark.parametrize(
    ("blocks", "seen_as"),
    [
        (sensor(0.8 * DECLARED_HZ, 12.0), "evenly"),
        (sensor(1.3 * DECLARED_HZ, 12.0), "evenly"),
        (sensor(0.8 * DECLARED_HZ, 12.0, block=3200), "evenly"),
        (sensor(0.8 * DECLARED_HZ, 12.0, late=np.random.default_rng(3).exponential(0.02, 997)), "evenly"),
        (sensor(0.8 * DECLARED_HZ, 12.0, device_hz=0.8 * DECLARED_HZ), "stamps"),
        (sensor(0.8 * DECLARED_HZ, 12.0, device_hz=DECLARED_HZ), "late"),  # those stamps keep the declared rate
        (bursts(0.7 * DECLARED_HZ, 20.0, at_once=6), "late"),
        (sensor(0.8 * DECLARED_HZ, 12.0, late=[0.0] * 6 + [0.5]), "late"),
    ],
)
def test_a_wrong_rate_is_told_with_how_it_shows(blocks: Iterable[SampleBlock], seen_as: str) -> None:
    assert windows(blocks)[-1].rate.seen_as == seen_as


def test_network_delays_hide_no_wrong_rate() -> None:
    late = np.random.default_rng(3).exponential(0.02, 997)
    assert all(mismatches(sensor(0.85 * DECLARED_HZ, 20.0, late=late)))


def test_long_messages_are_told_within_their_third() -> None:
    found = mismatches(sensor(0.85 * DECLARED_HZ, 20.0, block=3200))
    assert all(found[2:])


@pytest.mark.parametrize("true_hz", [0.96 * DECLARED_HZ, DECLARED_HZ, 1.04 * DECLARED_HZ])
@pytest.mark.parametrize("late", ["none", "fours", "stalls", "rough"])
def test_sensors_off_nominal_and_bad_networks_are_no_contradiction(true_hz: float, late: str) -> None:
    rng = np.random.default_rng(1)
    delays: dict[str, Iterable[float]] = {
        "none": [0.0],
        "fours": [0.3, 0.2, 0.1, 0.0],
        "stalls": rng.exponential(0.002, 500) + (rng.random(500) < 0.02) * rng.random(500),
        "rough": rng.exponential(0.05, 500),
    }
    assert not any(mismatches(sensor(true_hz, 40.0, late=delays[late])))


def test_a_recording_tells_by_its_stamps_alone() -> None:
    stream = replace(STREAM, live=False)
    blocks = [replace(one, stream=stream) for one in sensor(1.2 * DECLARED_HZ, 10.0, device_hz=1.2 * DECLARED_HZ)]
    assert all(mismatches(blocks))
    assert not any(mismatches(replace(one, device_us=None) for one in blocks))


def test_a_backlog_that_arrives_at_once_is_no_contradiction() -> None:
    blocks = [replace(one, arrival_s=max(one.arrival_s, 108.0)) for one in sensor(DECLARED_HZ, 30.0)]
    assert not any(mismatches(blocks))


def test_a_backlog_that_is_made_up_for_is_no_contradiction_where_stamps_say_so() -> None:
    blocks, last_s = [], 106.0
    for one in sensor(DECLARED_HZ, 60.0, device_hz=DECLARED_HZ):
        last_s = max(one.arrival_s, last_s + 256 / DECLARED_HZ / 3)
        blocks.append(replace(one, arrival_s=last_s))
    assert not any(mismatches(blocks))


def after_a_pause(pause_s: float, factor: float, *, true_hz: float = DECLARED_HZ) -> Iterator[SampleBlock]:
    """A sensor goes on meanwhile; who sends its blocks pauses after ten seconds, then sends so many times faster."""
    last_s = 0.0
    for one in sensor(true_hz, 40.0 + 3 * pause_s):
        held = 110.0 < one.arrival_s <= 110.0 + pause_s
        last_s = max(one.arrival_s, last_s + 256 / true_hz / factor, 110.0 + pause_s if held else 0.0)
        yield replace(one, arrival_s=last_s)


@pytest.mark.parametrize("factor", [1.3, 2.0, 4.1])
@pytest.mark.parametrize("true_hz", [0.96 * DECLARED_HZ, DECLARED_HZ, 1.04 * DECLARED_HZ])
@pytest.mark.parametrize("is_another_session", [False, True])
def test_a_backlog_that_is_made_up_for_after_a_pause_is_no_contradiction(
    factor: float, true_hz: float, *, is_another_session: bool
) -> None:
    blocks = list(after_a_pause(20.0, factor, true_hz=true_hz))
    if is_another_session:
        other = replace(STREAM, session=1)
        blocks = [one if one.arrival_s <= 111.0 else replace(one, stream=other) for one in blocks]
    assert not any(mismatches(blocks))


def test_a_pause_hides_no_wrong_rate_for_long() -> None:
    blocks = [
        replace(one, arrival_s=one.arrival_s + (600.0 if one.start > 10 * DECLARED_HZ else 0.0))
        for one in sensor(1.05 * DECLARED_HZ, 40.0)
    ]
    assert not any(mismatches(blocks))
    faster = [
        replace(one, start=one.start + blocks[-1].end, arrival_s=one.arrival_s + blocks[-1].arrival_s - 100.0)
        for one in sensor(1.5 * DECLARED_HZ, 20.0)
    ]
    assert mismatches([*blocks, *faster])[-1]


def test_what_was_recorded_before_and_comes_many_times_faster_is_no_contradiction() -> None:
    stamped = sensor(DECLARED_HZ, 900.0, block=1600, device_hz=DECLARED_HZ)
    assert not any(mismatches(replace(one, arrival_s=100.0 + one.end / DECLARED_HZ / 10) for one in stamped))


def test_a_pause_that_the_sensor_does_not_count_is_no_contradiction() -> None:
    blocks = [
        replace(one, arrival_s=one.arrival_s + (12.0 if one.start > 10 * DECLARED_HZ else 0.0))
        for one in sensor(DECLARED_HZ, 40.0)
    ]
    assert not any(mismatches(blocks))


def test_stray_stamps_are_no_contradiction() -> None:
    blocks = [
        replace(one, device_us=12) if k % 9 == 4 else one
        for k, one in enumerate(sensor(DECLARED_HZ, 20.0, device_hz=DECLARED_HZ))
    ]
    assert not any(mismatches(blocks))


def test_a_rate_that_changes_while_running_is_told_and_forgotten_again_with_a_new_session() -> None:
    steady = list(sensor(DECLARED_HZ, 30.0))
    slow = [
        replace(one, start=one.start + steady[-1].end, arrival_s=one.arrival_s + 30.0)
        for one in sensor(0.7 * DECLARED_HZ, 60.0)
    ]
    later = replace(STREAM, session=1)
    fresh = [replace(one, stream=later, arrival_s=one.arrival_s + 90.0) for one in sensor(DECLARED_HZ, 10.0)]
    windower = Windower(window_s=2.0, hop_s=0.5)
    told = [[fault_of_signal(w) for block in part for w in windower.feed(block)] for part in (steady, slow, fresh)]
    assert not any(told[0])
    assert all(told[1][len(told[1]) // 3 :])  # at the latest after a third of a minute
    assert not any(told[2])
