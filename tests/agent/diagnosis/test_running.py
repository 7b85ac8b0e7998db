"""The running gate: hysteresis, and the measured speed before everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.diagnosis.running import SHAKES_G, SHAKES_MM_S, STARTS_ABOVE, RunningGate, plainly_shakes
from agent.types import Figure, Speed

CONFIGURED = Speed(1500.0, "config")


def test_stops_under_the_limit_and_starts_well_above_it() -> None:
    gate = RunningGate()
    assert [gate.feed(rms, limit=1.0, speed=CONFIGURED) for rms in (1.0, 0.99, 1.0, 1.2, 1.25, 1.0)] == [
        True,
        False,
        False,
        False,
        True,
        True,
    ]


@given(st.lists(st.floats(1.0, STARTS_ABOVE, exclude_max=True)))
def test_between_the_limits_nothing_flickers(values: list[float]) -> None:
    gate = RunningGate()
    gate.feed(0.0, limit=1.0, speed=CONFIGURED)
    assert not any(gate.feed(rms, limit=1.0, speed=CONFIGURED) for rms in values)
    gate.feed(2.0, limit=1.0, speed=CONFIGURED)
    assert all(gate.feed(rms, limit=1.0, speed=CONFIGURED) for rms in values)


@pytest.mark.parametrize("rms", [None, 0.0, 1e9])
def test_without_a_limit_everything_runs(rms: float | None) -> None:
    assert RunningGate().feed(rms, limit=None, speed=CONFIGURED)


@pytest.mark.parametrize(
    ("speed", "runs"),
    [
        (Speed(0.0, "tacho"), False),
        (Speed(0.0, "topic"), False),
        (Speed(0.0, "topic", steady=False), True),  # stale: the shaking decides
        (Speed(600.0, "topic"), True),
    ],
)
def test_measured_standstill_comes_before_shaking(speed: Speed, runs: bool) -> None:
    assert RunningGate().feed(9.0, limit=1.0, speed=speed) is runs


UNKNOWN = Figure(None, "mm/s", "no_scale")


@pytest.mark.parametrize(
    ("rms", "limit", "unit", "velocity", "shakes"),
    [
        (1.9, 1.0, "raw", UNKNOWN, False),  # its neighbours
        (2.0, 1.0, "raw", UNKNOWN, True),
        (SHAKES_G, 1.0, "g", Figure(9.0, "mm/s"), False),  # what was learnt comes first
        (SHAKES_G, None, "g", UNKNOWN, True),
        (SHAKES_G / 2, None, "g", UNKNOWN, False),
        (SHAKES_G, None, "raw", UNKNOWN, False),  # of what?
        (SHAKES_G / 2, None, "g", Figure(SHAKES_MM_S, "mm/s"), True),
        (None, 1.0, "g", Figure(SHAKES_MM_S, "mm/s"), True),
        (None, None, "g", Figure(SHAKES_MM_S / 2, "mm/s"), False),
    ],
)
def test_what_shakes_as_no_machine_at_rest_does(rms, limit, unit, velocity, shakes) -> None:
    assert plainly_shakes(rms, limit=limit, unit=unit, velocity=velocity) is shakes


def test_rms_that_is_no_number_is_not_running() -> None:
    assert not RunningGate().feed(float(np.nan), limit=1.0, speed=CONFIGURED)
