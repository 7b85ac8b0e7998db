"""Lines find the bearings that can draw them, whatever the slip; queries find what a person asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bearings.catalogue import catalogue
from agent.bearings.search import ORDERS, fitting, matching, slipped

ENTRIES = tuple(catalogue().values())


@given(st.sampled_from(ENTRIES), st.floats(-0.018, 0.018), st.sets(st.sampled_from(ORDERS), min_size=1))
def test_a_bearing_fits_its_own_lines_at_any_slip(entry, slip, names):
    lines = {name: slipped(entry.orders, name, slip) for name in names}
    fit = next(f for f in fitting(ENTRIES, lines) if f.entry is entry)
    assert fit.slip == pytest.approx(slip, abs=1e-9)
    assert fit.error < 1e-9


def test_the_balls_pass_both_rings_as_often_as_there_are_balls_whatever_the_slip():
    orders = catalogue()["6205"].orders
    assert slipped(orders, "bpfo", -0.02) + slipped(orders, "bpfi", -0.02) == pytest.approx(9)


def test_lines_that_no_one_slip_explains_fit_nothing():
    orders = catalogue()["6205"].orders
    assert fitting(ENTRIES, {"bpfo": orders.bpfo * 1.02, "ftf": orders.ftf * 0.98}) == []
    assert fitting(ENTRIES, {"bpfo": 2.8}) == []
    names = [fit.entry.name for fit in fitting(ENTRIES, {"bpfo": orders.bpfo, "bpfi": orders.bpfi})]
    assert names[0] == "6205"
    assert "6305" not in names


@pytest.mark.parametrize("lines", [{}, {"bpf": 3.0}])
def test_a_line_of_no_family_is_refused(lines):
    with pytest.raises(ValueError, match="lines are bpfo"):
        fitting(ENTRIES, lines)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("6205-2RS/C3", {"6205"}),
        ("NU", {"NU205", "NU206", "NU2205"}),
        ("er-16", {"ER16K"}),
        ("16 balls", {"ZA2115"}),
        ("balls=19", {"61806", "352213"}),
        ("bpfo=2.55,bpfi=4.45", {"6303", "6304", "608", "6201"}),
    ],
)
def test_what_a_person_asks_for(query, expected):
    assert {entry.name for entry in matching(ENTRIES, query)} == expected


def test_no_query_is_everything_and_a_wrong_one_is_refused():
    assert matching(ENTRIES, "") == [*ENTRIES]
    assert matching(ENTRIES, "6225") == []
    for query in ("bananas", "bpfo=x", "size=3"):
        with pytest.raises(ValueError, match=r"part number|number|lines are"):
            matching(ENTRIES, query)
