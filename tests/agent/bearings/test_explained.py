"""Lines that a bearing which was told may draw, beside the multiples that set it apart from others."""

from __future__ import annotations

import numpy as np
import pytest

from agent.bearings.explained import explained_share
from agent.bearings.families import STEP, LineMap
from agent.machine import FaultOrders, Geometry

NINE, EIGHT = Geometry(9, 7.94, 39.04).orders, Geometry(8, 7.94, 39.04).orders
OFF = 0.035
Lines = list[tuple[float, float]]


def share(own: Lines, told: FaultOrders, beside: Lines | None = None, *, unseen: float | None = None) -> float:
    """Of `own` where `beside` stand as well and nothing was looked for around the order `unseen`."""
    looked_at = np.arange(0.0, 40.0, STEP) > 0
    if unseen is not None:
        looked_at &= np.abs(np.arange(0.0, 40.0, STEP) - unseen) > 0.1
    row = (told.bpfo, told.bpfi, told.bsf, told.ftf)
    return explained_share(LineMap([*own, *(beside or [])], looked_at), own, [row], speed_off=OFF)


@pytest.mark.parametrize(
    "own",
    [
        [(2.0, 4.0), (4.0, 3.0)],  # of four multiples those that stand
        [(0.5, 3.0), (1.0, 6.0), (1.5, 3.0), (2.0, 5.0)],  # eight balls that differ by turns
    ],
)
def test_multiples_of_a_race_and_what_lies_half_way(own: Lines) -> None:
    for first in (EIGHT.bpfo, EIGHT.bpfi):
        assert share([(k * first, height) for k, height in own], EIGHT) == pytest.approx(1.0)


def test_half_multiples_need_an_even_number_of_balls_and_a_higher_whole_one() -> None:
    halves = [(0.5 * NINE.bpfo, 3.0), (NINE.bpfo, 6.0), (1.5 * NINE.bpfo, 3.0)]
    assert share(halves, NINE) < 0.8
    towering = [(0.5 * EIGHT.bpfo, 6.0), (EIGHT.bpfo, 3.0), (1.5 * EIGHT.bpfo, 6.0)]
    assert share(towering, EIGHT) < 0.8
    spun = [(NINE.bsf, 3.0), (2 * NINE.bsf, 5.0), (3 * NINE.bsf, 3.0), (4 * NINE.bsf, 4.0)]
    assert share(spun, NINE) == pytest.approx(1.0)  # a ball strikes one ring harder than the other


@pytest.mark.parametrize("apart", [1.0, 2.0, NINE.ftf, 2 * NINE.ftf])
def test_sidebands_are_borne_by_a_carrier_that_is_as_high_or_cannot_be_seen(apart: float) -> None:
    beside = [(NINE.bpfo - apart, 4.0), (NINE.bpfo + apart, 4.0), (2 * NINE.bpfo - apart, 4.0)]
    carriers = [(NINE.bpfo, 5.0), (2 * NINE.bpfo, 5.0)]
    assert share(beside, NINE, carriers) == pytest.approx(1.0)
    assert share(beside, NINE) < 0.8
    assert share(beside, NINE, [(order, 3.0) for order, _ in carriers]) < 0.8
    assert share(beside[:2], NINE, unseen=NINE.bpfo) == pytest.approx(1.0)


def test_all_lines_of_one_bearing_have_one_slip_and_one_speed() -> None:
    assert share([(1.03 * k * NINE.bpfo, 5.0) for k in (1, 2, 3)], NINE) == pytest.approx(1.0)
    assert share([(1.08 * k * NINE.bpfo, 5.0) for k in (1, 2, 3)], NINE) == 0.0
    apart = [(0.98 * NINE.bpfo, 5.0), (2 * 1.02 * NINE.bpfo, 5.0)]
    assert share(apart, NINE) < 0.8


def test_nothing_told_and_no_lines_explain_nothing() -> None:
    assert explained_share(LineMap([], np.ones(10, np.bool_)), [], [], speed_off=OFF) == 0.0
    assert share([(17.3, 5.0)], NINE) == 0.0
