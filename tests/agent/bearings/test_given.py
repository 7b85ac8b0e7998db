"""A bearing on one line: name, measures, fault orders or a count; figures that contradict each other are refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bearings.given import inside_of
from agent.bearings.orders import checked_orders
from agent.machine import BallCount, Bearing, FaultOrders, Geometry

GEOMETRIES = st.builds(
    lambda balls, share, angle: Geometry(balls, share, 1.0, angle),
    st.integers(5, 30),
    st.floats(0.09, 0.28),
    st.floats(0, 45),
)


def test_every_way_to_give_a_bearing():
    assert inside_of("") is None
    assert (
        inside_of("6205/2RS/C3") == inside_of("9/7.94/39.04") == inside_of("9/7.94/39.04/0") == Geometry(9, 7.94, 39.04)
    )
    assert inside_of("bpfo=3.58,bpfi=5.42,bsf=2.36,ftf=0.398") == FaultOrders(3.58, 5.42, 2.36, 0.398)
    assert inside_of("9balls") == inside_of("balls=9") == inside_of("9 balls") == BallCount(9)


def test_two_orders_are_enough():
    whole = Geometry(9, 7.94, 39.04).orders
    by_races = checked_orders(bpfo=whole.bpfo, bpfi=whole.bpfi)
    by_cage = checked_orders(bpfo=whole.bpfo, ftf=whole.ftf)
    for found in (by_races, by_cage):
        assert (found.bpfi, found.bsf, found.ftf) == pytest.approx((whole.bpfi, whole.bsf, whole.ftf))


@given(GEOMETRIES, st.integers(2, 4))
def test_orders_as_a_bearing_has_them_never_contradict(geometry, decimals):
    o = geometry.orders
    rounded = {key: round(getattr(o, key), decimals) for key in ("bpfo", "bpfi", "bsf", "ftf")}
    assert checked_orders(**rounded) == FaultOrders(**rounded)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bpfo=3.585,bpfi=5.6", "bpfo and bpfi contradict: 3.585 \\+ 5.6 = 9.185"),
        ("bpfo=3.585,bpfi=5.415,ftf=.45", "ftf and bpfo contradict: with 9 rolling elements .* ftf is 0.398"),
        ("bpfo=3.585,bpfi=5.415,bsf=4.7135", "twice the ball's spin.*give 2.357"),
        ("bpfo=3.585,bpfi=5.415,bsf=1", "bsf contradicts"),
        ("bpfo=5.4,bpfi=3.6", "exchanged"),
        ("bpfo=107.5,bpfi=162.5", "Hz"),
        ("bpfo=.05975,bpfi=.09025", "multiply them by 60"),
        ("bpfo=3.6", "give bpfo, and bpfi or ftf"),
        ("bpfo=3.6,bpfo=3.6", "each once"),
        ("bpfx=3.6", "is none of"),
        ("bpfo=nan,bpfi=5", "no order"),
        ("bpfo=x", "no number"),
        ("2balls", "3 to 200 balls"),
        ("9.5/7/39", "whole number"),
        ("6205 / 6305", "names 2 bearings"),
        ("apple", "give balls/ball/pitch/angle"),
    ],
)
def test_a_bearing_that_cannot_be_is_refused_with_the_reason(text, said):
    with pytest.raises(ValueError, match=said):
        inside_of(text)


@given(st.text(max_size=40))
def test_no_text_does_more_than_be_refused(text):
    with contextlib.suppress(ValueError):
        inside_of(text)


def test_a_bearing_knows_its_orders_by_measures_and_by_orders_but_not_by_a_count():
    measures = Geometry(9, 7.94, 39.04)
    assert Bearing("de", measures).orders == measures.orders
    assert Bearing("de", measures.orders).orders == measures.orders
    assert Bearing("de", BallCount(9)).orders is None
    assert Bearing("de").orders is None


@pytest.mark.parametrize("text", ["9/7,94/39,04/0", "9;7.94;39.04;0", "9;7,94;39,04"])
def test_measures_are_written_with_a_decimal_comma_too(text: str) -> None:
    assert inside_of(text) == Geometry(9, 7.94, 39.04)
