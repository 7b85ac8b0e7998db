"""Families of lines, on lines that are placed by hand: who explains them, and what does not count."""

from __future__ import annotations

import numpy as np
import pytest

from agent.bearings.catalogue import SEARCHED, catalogue, difference
from agent.bearings.families import (
    FAMILIES,
    STEP,
    LineMap,
    any_bearings,
    bearings_of,
    family_lines,
    fit_anywhere,
    heard_of,
    known_bearings,
    shaft_height,
)
from agent.bearings.search import slipped
from agent.machine import CAGE_ORDERS

ORDERS = catalogue()["6205"].orders
ROW = (ORDERS.bpfo, ORDERS.bpfi, ORDERS.bsf, ORDERS.ftf)
TRUE = bearings_of([ROW])


def lines(*orders: float, height: float = 5.0, reach: float = 24.0) -> LineMap:
    return LineMap(((order, height) for order in orders), np.arange(0.0, reach, STEP) > 0)


def test_a_family_is_explained_by_its_bearing_at_its_slip() -> None:
    for slip in (-0.016, 0.0, 0.016):
        outer = [k * slipped(ORDERS, "bpfo", slip) for k in (1, 2, 3, 4)]
        heard = heard_of(lines(*outer), TRUE)
        assert heard.heights[0] == pytest.approx(5.0)
        assert FAMILIES[heard.family[0]] == "BPFO"
        assert heard.slips[0] == pytest.approx(slip, abs=0.0041)
        assert heard.first[0] == pytest.approx(outer[0], rel=0.0041)
    ball = 2 * ORDERS.bsf
    spun = heard_of(lines(*(k * ball + d * ORDERS.ftf for k in (1, 2) for d in (-1, 0, 1))), TRUE)
    assert (FAMILIES[spun.family[0]], spun.heights[0]) == ("2xBSF", pytest.approx(5.0))
    inner = heard_of(lines(*(k * ORDERS.bpfi + d for k in (1, 2) for d in (-1, 0, 1))), TRUE)
    assert (FAMILIES[inner.family[0]], inner.heights[0]) == ("BPFI", pytest.approx(5.0))


def test_lines_of_one_family_have_one_slip() -> None:
    apart = [k * ORDERS.bpfo * (1 + slip) for k, slip in zip((1, 2, 3, 4), (-0.015, 0.015, -0.015, 0.015), strict=True)]
    assert heard_of(lines(*apart), TRUE).heights[0] == 0.0


def test_two_lines_are_no_family_and_a_line_that_is_missing_counts() -> None:
    outer = [k * ORDERS.bpfo for k in (1, 2, 3, 4)]
    assert heard_of(lines(*outer[:2]), TRUE).heights[0] == 0.0
    assert heard_of(lines(*outer[:3]), TRUE).heights[0] == pytest.approx(3 / 4 * 5.0)


def test_what_was_not_looked_at_is_neither_there_nor_missing() -> None:
    outer = [k * ORDERS.bpfo for k in (1, 2, 3, 4)]
    assert heard_of(lines(*outer, reach=3.5 * ORDERS.bpfo), TRUE).heights[0] == pytest.approx(5.0)
    looked_at = np.abs(np.arange(0.0, 24.0, STEP) - outer[1]) > 0.2
    assert heard_of(LineMap(((order, 5.0) for order in outer), looked_at), TRUE).heights[0] == pytest.approx(5.0)
    assert heard_of(lines(*outer, reach=2.5 * ORDERS.bpfo), TRUE).heights[0] == 0.0


def test_a_comb_with_lines_between_is_another_rhythm() -> None:
    """Lines at every half of BPFO are no BPFO: a bearing of half as many balls would draw them all."""
    assert heard_of(lines(*(k / 2 * ORDERS.bpfo for k in range(1, 9))), TRUE).heights[0] == 0.0


def test_what_sways_a_comb_is_not_its_rhythm() -> None:
    """A cage draws multiples of itself, nine of which are BPFO of nine balls: HIT's outer races show a third of it."""
    outer = [(k * ORDERS.bpfo, 6.0) for k in (1, 2, 3, 4)]
    looked_at = np.arange(0.0, 24.0, STEP) > 0

    def swayed(height: float) -> LineMap:
        return LineMap([*outer, *((k / 3 * ORDERS.bpfo, height) for k in (1, 2))], looked_at)

    assert heard_of(swayed(4.5), TRUE).heights[0] == pytest.approx(6.0)
    assert heard_of(swayed(5.0), TRUE).heights[0] == pytest.approx(1.0)  # as high as members of one comb are


def test_a_sideband_proves_no_more_than_its_carrier() -> None:
    ball = 2 * ORDERS.bsf
    beside = [(k * ball + d * ORDERS.ftf, 6.0) for k in (1, 2) for d in (-1, 1)]
    every = np.arange(0.0, 24.0, STEP) > 0
    assert heard_of(LineMap(beside, every), TRUE).heights[0] == 0.0  # no carrier
    weak = LineMap([*beside, (ball, 3.0), (2 * ball, 3.0)], every)
    assert heard_of(weak, TRUE).heights[0] == pytest.approx(3.0)
    places = np.arange(0.0, 24.0, STEP)
    hidden = (np.abs(places - ball) > 0.1) & (np.abs(places - 2 * ball) > 0.1)
    assert heard_of(LineMap(beside, hidden), TRUE).heights[0] == 0.0  # a carrier that nobody can see bears nothing


def test_no_lines_and_no_bearings_are_no_trouble() -> None:
    assert heard_of(lines(), TRUE).heights[0] == 0.0
    assert heard_of(lines(1.5, 3.0, 4.5), bearings_of([])).heights.shape == (0,)
    slow = LineMap([(900.0, 5.0), (0.001, 5.0)], np.ones(100_000, np.bool_))  # beyond the map, at either end
    assert heard_of(slow, TRUE).heights[0] == 0.0


def test_a_speed_that_is_off_shows_by_the_shaft_s_own_multiples() -> None:
    assert shaft_height(lines(*(k * 1.016 for k in range(1, 9)))) == pytest.approx(5.0)
    assert shaft_height(lines(*(k * ORDERS.bpfo for k in (1, 2, 3, 4)))) == 0.0


def test_whatever_bearing_it_is_its_lines_are_found_over_all_orders() -> None:
    counts, anything = any_bearings()
    for entry in catalogue().values():
        low, high = CAGE_ORDERS
        assert low <= entry.orders.ftf <= high
        heard = heard_of(lines(*(k * entry.orders.bpfo for k in (1, 2, 3, 4)), reach=40.0), anything)
        assert heard.heights.max() == pytest.approx(5.0), entry.name
        assert entry.balls in counts[heard.heights > 4.9], entry.name


def test_the_catalogue_is_searched_whole_and_chance_is_counted() -> None:
    entries, known = known_bearings()
    assert {entry.name for entry in entries} == {*catalogue()}
    heard = heard_of(lines(*(k * ORDERS.bpfo for k in (1, 2, 3, 4))), known)
    fitting = {entry.name for entry, height in zip(entries, heard.heights, strict=True) if height > 4.9}
    alike = {e.name for e in entries if difference(ORDERS, e.orders) <= SEARCHED / 2}
    assert "6205" in alike <= fitting
    assert "6308" not in fitting
    assert len(fitting) < len(entries) / 3
    assert 1.0 < fit_anywhere() < len(entries) / 4


def test_lines_of_a_family_begin_with_the_first() -> None:
    assert family_lines("BPFO", 3.5, 0.4).tolist() == [3.5, 7.0, 10.5, 14.0]
    assert {4.4, 5.4, 6.4} <= {round(order, 6) for order in family_lines("BPFI", 5.4, 0.4).tolist()}
    assert {4.3, 4.7, 5.1} <= {round(order, 6) for order in family_lines("2xBSF", 4.7, 0.4).tolist()}
