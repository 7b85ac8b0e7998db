"""Where lines belong: as far from the place as what looks for them goes, and none without what would place it."""

from __future__ import annotations

import pytest

from agent.diagnosis.places import Place, places_of
from agent.machine import BallCount, Bearing, FaultOrders

ORDERS = FaultOrders(bpfo=3.585, bpfi=5.415, bsf=2.357, ftf=0.398)


def placed(bearing: Bearing | None, rpm: float | None = 1500.0) -> dict[tuple[str, int], Place]:
    places = places_of(rpm=rpm, bearing=bearing, tolerance=0.02, highest_hz=600.0)
    return {(place.family, place.multiple): place for place in places}


def test_each_line_of_a_bearing_is_a_span_as_wide_as_it_is_looked_for() -> None:
    found = placed(Bearing("de", ORDERS))
    place = found["BPFO", 2]
    assert place.kind == "bearing"
    assert place.middle_hz == pytest.approx(2 * 3.585 * 25)
    assert (place.low_hz, place.high_hz) == pytest.approx((0.98 * place.middle_hz, 1.02 * place.middle_hz))
    assert {family for family, _ in found} == {"1x", "BPFO", "BPFI", "BSF", "FTF", "50 Hz", "60 Hz"}
    assert [multiple for family, multiple in found if family == "BPFI"] == [1, 2, 3]
    assert found["60 Hz", 2].kind == "mains"
    assert (found["60 Hz", 2].low_hz, found["60 Hz", 2].high_hz) == (119.0, 121.0)


def test_the_shaft_is_the_bearings_own() -> None:
    found = placed(Bearing("gear", ORDERS, ratio=0.5))
    assert found["1x", 1].middle_hz == pytest.approx(12.5)
    assert found["BPFI", 1].middle_hz == pytest.approx(5.415 * 12.5)


def test_a_count_of_balls_gives_ranges_and_says_so() -> None:
    found = placed(Bearing("de", BallCount(9)))
    assert ("BPFO", 1) not in found
    place = found["~BPFO", 1]
    assert (place.low_hz, place.high_hz) == pytest.approx((9 * 0.36 * 25, 9 * 0.46 * 25))


def test_nothing_is_placed_that_is_not_known() -> None:
    assert {place.kind for place in placed(Bearing("de", ORDERS), rpm=None).values()} == {"mains"}
    assert {place.kind for place in placed(None).values()} == {"shaft", "mains"}
    assert {place.kind for place in placed(Bearing("de")).values()} == {"shaft", "mains"}
    assert all(place.high_hz <= 600 for place in placed(Bearing("de", ORDERS)).values())
