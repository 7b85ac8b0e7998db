"""Who rests between two readings tells the time of arrivals no worse, as long as the rests keep no rhythm."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from agent.stream.clock import SampleClock
from agent.stream.joining import joined
from agent.transport.resting import (
    LONG_REST_S,
    MANY,
    MOST_KNOWN,
    REST_S,
    SILENCE_S,
    SPREAD,
    YOUNG_S,
    YOUNG_SHARE,
    Speakers,
    rests,
)
from agent.types import SampleBlock, Stream

RATE_HZ = 25_600.0
N = 256  # samples of a frame: 10 ms, which twenty milliseconds nearly fit
SAMPLES = np.zeros((N, 1), np.float32)
PPM_OF_DIGITS = 20.0  # a rate is told with five digits


def test_rests_are_near_the_one_that_is_wanted_and_never_in_a_rhythm() -> None:
    drawn = list(itertools.islice(rests(), 1000))
    assert min(drawn) >= (1 - SPREAD) * REST_S
    assert max(drawn) <= (1 + SPREAD) * REST_S
    assert np.mean(drawn) == pytest.approx(REST_S, rel=0.05)
    assert np.std(drawn) > 0.1 * REST_S


def test_who_speaks_anew_is_heard_more_often_for_a_while() -> None:
    speakers = Speakers()
    speakers.feed(["a"], 0.0)
    assert speakers.rest(REST_S, 0.0) == YOUNG_SHARE * REST_S
    for now_s in np.arange(0.0, YOUNG_S + 1.0, SILENCE_S / 2):
        speakers.feed(["a"], float(now_s))
    assert speakers.rest(REST_S, YOUNG_S + 1.0) == pytest.approx(LONG_REST_S)
    speakers.feed(["a", "b"], YOUNG_S + 1.0)
    assert speakers.rest(REST_S, YOUNG_S + 1.0) == YOUNG_SHARE * REST_S, "another one"
    speakers.feed(range(3 * MANY), YOUNG_S + 1.0)
    assert speakers.rest(REST_S, YOUNG_S + 1.0) == REST_S, "for many it would cost too much"


def test_who_was_silent_may_have_begun_anew() -> None:
    speakers = Speakers()
    speakers.feed(["a"], 0.0)
    speakers.feed(["a"], YOUNG_S + SILENCE_S)
    assert speakers.rest(REST_S, YOUNG_S + SILENCE_S) == YOUNG_SHARE * REST_S


def test_any_number_of_speakers_is_borne() -> None:
    speakers = Speakers()
    for number in range(3 * MOST_KNOWN):
        speakers.feed([number], 0.0)
    assert len(speakers._heard_s) <= MOST_KNOWN


def error_ppm(readings: Iterator[float], *, true_hz: float, seconds: float) -> float:
    """How far off the rate is that is told by arrivals alone, of frames that wait in the kernel until they are read."""
    clock, stream, number, reading_s = SampleClock(), Stream("a", RATE_HZ), 0, 0.0
    while reading_s < seconds:
        reading_s = next(readings)
        whole = int(reading_s * true_hz) // N
        if whole > number:
            frames = [SampleBlock(stream, k * N, SAMPLES, arrival_s=reading_s) for k in range(number, whole)]
            clock.feed(joined(frames))
            number = whole
    rate = clock.rate(number * N)
    assert rate.origin == "arrival"
    return abs(rate.hz / true_hz - 1) * 1e6


def late_by(draw: random.Random) -> Iterator[float]:
    """How much later than it wants a reader comes to read."""
    return (draw.expovariate(1 / 0.0002) for _ in itertools.count())


def at_every_millisecond(draw: random.Random) -> Iterator[float]:
    late_s = late_by(draw)
    return (k * 0.001 + next(late_s) for k in itertools.count(1))


def after_rests(draw: random.Random) -> Iterator[float]:
    """As ports are read: more often while they are young."""
    late_s, pauses, now_s = late_by(draw), rests(), 0.0
    while True:
        now_s += next(pauses) * (YOUNG_SHARE if now_s < YOUNG_S else 1.0) + next(late_s)
        yield now_s


def after_long_rests(draw: random.Random) -> Iterator[float]:
    """As topics are read: more often while they are young."""
    late_s, pauses, speakers, now_s = late_by(draw), rests(), Speakers(), 0.0
    while True:
        speakers.feed(["topic"], now_s)
        now_s += speakers.rest(next(pauses), now_s) + next(late_s)
        yield now_s


def in_a_rhythm(draw: random.Random) -> Iterator[float]:
    late_s = late_by(draw)
    return itertools.accumulate(REST_S - 0.0002 + next(late_s) for _ in itertools.count())


def errors_ppm(way: Callable[[random.Random], Iterator[float]], *, seconds: float, sensors: int) -> list[float]:
    """Of sensors that are up to 4 % off their nominal rate."""
    draws = [random.Random(seed) for seed in range(sensors)]
    return [error_ppm(way(draw), true_hz=RATE_HZ * (1 + draw.uniform(-0.04, 0.04)), seconds=seconds) for draw in draws]


@pytest.mark.parametrize(
    ("seconds", "sensors"),
    [(3.0, 3), pytest.param(3.0, 12, marks=pytest.mark.long), pytest.param(15.0, 4, marks=pytest.mark.long)],
)
def test_the_rate_by_arrivals_is_as_near_as_where_each_piece_is_read_as_it_comes(seconds: float, sensors: int) -> None:
    found = {
        way.__name__: errors_ppm(way, seconds=seconds, sensors=sensors)
        for way in (at_every_millisecond, after_rests, after_long_rests, in_a_rhythm)
    }
    for name, errors in found.items():
        print(f"after {seconds:g} s, {name}: median {np.median(errors):.0f} ppm, worst {max(errors):.0f} ppm")
    assert max(found["at_every_millisecond"]) < 3 * PPM_OF_DIGITS
    assert max(found["after_long_rests"]) < 10 * PPM_OF_DIGITS
    assert max(found["after_rests"]) < 10 * PPM_OF_DIGITS  # drawn anew each time: of 33 runs the worst was at 132 ppm
    if seconds > YOUNG_S:
        assert max(found["after_long_rests"]) < 2 * PPM_OF_DIGITS
    if seconds < YOUNG_S and sensors > 3:  # not each of them comes in the rhythm's way
        assert max(found["in_a_rhythm"]) > 10 * PPM_OF_DIGITS, "what the spread of the rests is for"
