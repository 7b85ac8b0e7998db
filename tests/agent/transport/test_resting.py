"""Who rests between two readings tells the time of arrivals no worse, as long as the rests keep no rhythm."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import numpy as np
import pytest

from agent.stream.clock import SampleClock
from agent.stream.joining import joined
from agent.transport.resting import REST_S, SPREAD, rests
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


def at_every_millisecond(late_s: Iterator[float]) -> Iterator[float]:
    return (k * 0.001 + next(late_s) for k in itertools.count(1))


def after_rests(pauses: Iterator[float], late_s: Iterator[float]) -> Iterator[float]:
    return itertools.accumulate(rest + next(late_s) for rest in pauses)


@pytest.mark.parametrize("seed", range(5))
def test_the_rate_by_arrivals_is_as_near_as_where_each_piece_was_read_as_it_came(seed: int) -> None:
    draw = random.Random(seed)
    true_hz = RATE_HZ * (1 + draw.uniform(-0.04, 0.04))
    late_s = (draw.expovariate(1 / 0.0002) for _ in itertools.count())
    pieces = error_ppm(at_every_millisecond(late_s), true_hz=true_hz, seconds=15.0)
    rested = error_ppm(after_rests(rests(), late_s), true_hz=true_hz, seconds=15.0)
    assert max(pieces, rested) < 2 * PPM_OF_DIGITS


def test_a_rhythm_would_be_read_as_a_rate() -> None:
    """What the spread of the rests is for: of the same sensors some are told wrongly by hundreds of ppm."""
    draw = random.Random(1)
    late_s = (draw.expovariate(1 / 0.0002) for _ in itertools.count())
    worst = max(
        error_ppm(after_rests(itertools.repeat(REST_S - 0.0002), late_s), true_hz=RATE_HZ * (1 + off), seconds=3.0)
        for off in (-0.02, -0.005, 0.001, 0.004, 0.03)
    )
    assert worst > 10 * PPM_OF_DIGITS
