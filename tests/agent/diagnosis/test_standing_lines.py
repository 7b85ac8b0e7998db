"""Which lines of an envelope spectrum stand unexplained, and which of them last over windows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.diagnosis.standing_lines import LEAST, MOST_LINES, lasting_lines, lines_of, looked_at
from agent.types import StandingLine

BIN_HZ, SHAFT_HZ = 0.5, 24.0


def spectrum(*hz: float, height: float = 4.0) -> NDArray[np.float32]:
    heights = np.full(1201, 0.6, np.float32)
    heights[[round(f / BIN_HZ) for f in hz]] = height
    return heights


def found(*hz: float, height: float = 4.0) -> list[float]:
    return sorted(line.hz for line in lines_of(spectrum(*hz, height=height), BIN_HZ, (SHAFT_HZ,)))


def line(order: float, above_floor_db: float = 20.0) -> StandingLine:
    return StandingLine(order, order * SHAFT_HZ, above_floor_db)


def test_a_line_stands_with_its_order_and_height() -> None:
    (only,) = lines_of(spectrum(86.0), BIN_HZ, (SHAFT_HZ,))
    assert only.hz == 86.0
    assert only.order == pytest.approx(86.0 / SHAFT_HZ)
    assert only.above_floor_db == pytest.approx(10 * np.log10(np.expm1(4.0)), abs=1e-4)
    assert found(86.0, height=LEAST - 0.01) == []


def test_multiples_of_shafts_and_mains_and_the_beginning_are_left_out() -> None:
    assert found(24.0, 48.5, 240.0, 50.0, 100.5, 120.0, 0.5, 1.0, 86.0) == [86.0]
    two = lines_of(spectrum(86.0, 129.0, 93.0), BIN_HZ, (SHAFT_HZ, 43.0))
    assert [line.hz for line in two] == [93.0]
    assert not looked_at(np.array([SHAFT_HZ * 11 * 1.009]), (SHAFT_HZ,), BIN_HZ)[0]
    assert looked_at(np.array([SHAFT_HZ * 11 * 1.012]), (SHAFT_HZ,), BIN_HZ)[0]


def test_only_the_highest_are_kept_highest_first() -> None:
    heights = spectrum()
    odd = [f for f in np.arange(61.0, 600.0, 5.0) if looked_at(np.array([f]), (SHAFT_HZ,), BIN_HZ)[0]]
    for number, hz in enumerate(odd):
        heights[round(hz / BIN_HZ)] = 3.0 + 0.01 * number
    lines = lines_of(heights, BIN_HZ, (SHAFT_HZ,))
    assert len(odd) > len(lines) == MOST_LINES
    assert [one.hz for one in lines] == sorted(odd, reverse=True)[:MOST_LINES]


def test_lines_last_that_at_least_half_of_the_windows_show() -> None:
    windows = [[line(3.58), line(7.3)], [line(3.59, 24.0)], [line(3.585), line(9.9)], [line(3.6, 16.0), line(9.91)]]
    lasting = lasting_lines(windows)
    assert [round(one.order, 3) for one in lasting] == [3.589, 9.905]
    assert lasting[0].above_floor_db == pytest.approx(20.0)
    assert lasting_lines([[line(3.58)]]) == (line(3.58),)
    assert lasting_lines([[line(3.58)], [], []]) == ()
    assert lasting_lines([]) == ()
