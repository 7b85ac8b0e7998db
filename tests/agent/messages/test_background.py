"""Lines that healthy machines show as well are background, by the limits that names are given by."""

from __future__ import annotations

import pytest
from curves import logistic

from agent.diagnosis.matching import Calibration, SignLimits
from agent.messages.background import background_of, element_of
from agent.types import BearingLine, LineHeights

OWN = {"inner_race": 1.0, "outer_race": 1.0, "ball": 1.0}
BLIND = {"inner_race": 3.0, "outer_race": 3.0, "ball": 3.0}
CURVE = logistic(10, -1)
CALIBRATION = Calibration(0.1, 0, 0, signs=SignLimits(0.1, CURVE, OWN), blind_signs=SignLimits(0.1, CURVE, BLIND))


def line(name: str, *also: str) -> BearingLine:
    return BearingLine(name, 1.0, 10.0, 10.0, 12.0, also)


LINES = (line("BPFO"), line("2xBPFI"), line("2xBPFO", "3xBSF"), line("3xBPFI", "3xBSF"), line("FTF"))


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        (LineHeights(0.5, 0.5, 0.5, above_healthy=True), ["BPFO", "2xBPFI", "2xBPFO", "3xBPFI", "FTF"]),
        (LineHeights(0.5, 2.0, 0.5, above_healthy=True), ["2xBPFI", "3xBPFI"]),
        (LineHeights(0.5, 0.5, 2.0, above_healthy=True), ["BPFO", "2xBPFI"]),
        (LineHeights(0.5, 2.0, 0.5, above_healthy=False), ["BPFO", "2xBPFI", "2xBPFO", "3xBPFI", "FTF"]),
        (None, []),
    ],
)
def test_a_line_is_background_where_each_element_it_fits_stands_low(
    heights: LineHeights | None, expected: list[str]
) -> None:
    assert list(background_of(LINES, heights, CALIBRATION)) == expected


def test_without_limits_nothing_is_called_background() -> None:
    low = LineHeights(0.0, 0.0, 0.0, above_healthy=True)
    assert background_of(LINES, low, None) == ()
    assert background_of(LINES, low, Calibration(0.1, 0, 0)) == ()


@pytest.mark.parametrize(
    ("name", "element"),
    [("BPFO", "outer_race"), ("2xBPFI", "inner_race"), ("~BSF", "ball"), ("3xFTF", "cage"), ("1x", None)],
)
def test_a_line_belongs_to_the_fault_that_draws_it(name: str, element: str | None) -> None:
    assert element_of(name) == element
