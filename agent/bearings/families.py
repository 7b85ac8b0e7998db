"""How high the families of lines that a bearing's defect draws stand among the lines seen, for many bearings at once.

All families of a bearing have one slip: on its rings BPFO and BPFI with multiples, BPFI with shaft-speed sidebands, and
twice BSF with sidebands of the cage (Randall & Antoni, MSSP 25 (2011), section 2). Every bearing's cage turns at about
.4 of the shaft: FTF sets no bearing apart, and is asked for beside BSF alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.bearings.catalogue import SEARCHED, Entry, catalogue
from agent.bearings.orders import FEWEST
from agent.machine import CAGE_ORDERS, FaultOrders, Geometry

Family = Literal["BPFO", "BPFI", "2xBSF"]
FAMILIES: tuple[Family, ...] = ("BPFO", "BPFI", "2xBSF")
WIDTH = 0.004
"""How far, relative, a line may lie from where the common slip puts it."""
HARMONICS, FEWEST_LINES = 4, 3
"""Lines of a race; and how many of a family must stand, so that it is one."""
MOST_BALLS = 20
SLIPS = np.linspace(-SEARCHED, SEARCHED, 11)
"""Slip and error of speed together: as far as a line is sought from where it belongs."""
STEP, FURTHEST = 0.005, 60.0
"""Of a map of lines, in orders."""
_SHAFT_MULTIPLES = 8
_BELOW = 1.4  # in log height: half the amplitude
_PARTS = tuple(np.arange(1, divisor) / divisor for divisor in (2, 3, 5, 7, 11))  # a comb of a fourth is one of halves

Orders = NDArray[np.float64]
Heights = NDArray[np.float64]
Places = NDArray[np.intp]
Row = tuple[float, float, float, float]
"""BPFO, BPFI, BSF, FTF"""


@dataclass(frozen=True, slots=True)
class Bearings:
    """n bearings, and where the lines of their families are in a `LineMap`."""

    rows: Orders  # (n, 4) BPFO, BPFI, BSF, FTF
    firsts: Orders  # (families, n, slips) order of each family's first line
    lines: tuple[Places, ...]  # of the outer race, the inner race, the inner race with sidebands, a ball; (m, n, slips)


@dataclass(frozen=True, slots=True)
class Heard:
    """What n bearings would explain of the lines, each at the slip at which it explains most; all (n,)."""

    heights: Heights  # of the family that stands highest
    family: Places  # which of FAMILIES that is
    slips: Heights
    first: Orders  # order of that family's first line


class LineMap:
    """Lines as heights over order, 0 where none stands or none was looked for."""

    def __init__(
        self, lines: Iterable[tuple[float, float]], looked_at: NDArray[np.bool_], *, narrowest: float = 0.0
    ) -> None:
        """From (order, log height above the floor) of each line, and whether each `STEP` of order was looked at.

        A line may lie `WIDTH` off, and at least `narrowest` orders, as bins are.
        """
        self.heights, self.wide = np.zeros((2, _place(FURTHEST) + 1))  # as they are, and sought to both sides as well
        self._narrowest = narrowest
        self.known = np.zeros(len(self.heights), np.bool_)
        within = looked_at[: len(self.known) - 1]  # the last place stands for all beyond, and is never known
        self.known[: len(within)] = within
        for order, height in lines:
            width = float(self.width_at(np.array(order)))
            for heights, reach in ((self.heights, width), (self.wide, width + order * WIDTH)):
                first, last = _place(max(0.0, order - reach)), _place(order + reach) + 1
                np.maximum(heights[first:last], height, out=heights[first:last])
        self.heights[~self.known] = 0.0
        self.wide[~self.known] = np.inf

    def lowest(self, orders: Orders) -> Heights:
        """Of the lines of the first axis the height of the lowest, each sought `WIDTH` to both sides.

        0 where none of them was looked for.
        """
        lowest = self.wide[_places(orders)].min(axis=0)
        return np.where(np.isfinite(lowest), lowest, 0.0)

    def width_at(self, orders: Orders) -> Orders:
        """How far from these orders a line may lie."""
        width: Orders = np.maximum(orders * WIDTH, self._narrowest)
        return width

    def allowance(self, orders: Orders) -> Heights:
        """Heights of the lines at these orders, of sidebands the most; infinite where none was looked for."""
        places = _places(orders)
        return np.where(self.known[places], self.heights[places], np.inf)

    def mean(self, places: Places, *, fewest: int = FEWEST_LINES, borne: bool = False) -> Heights:
        """Over those of the first axis that were looked for; 0 where fewer than `fewest` of them stand.

        `borne`: each second of three is the carrier of its neighbours, which prove no more than it does: they count up
        to its height, and not at all where it was not looked for.
        """
        heights, known = self.heights[places], self.known[places]
        if borne:
            for carrier in range(1, len(places), 3):
                for side in (carrier - 1, carrier + 1):
                    np.minimum(heights[side], heights[carrier], out=heights[side])
                    known[side] &= known[carrier]
        enough = (heights > 0).sum(axis=0) >= fewest
        result: Heights = np.where(enough, heights.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
        return result


def bearings_of(rows: Sequence[Row]) -> Bearings:
    """Of their orders; also of none."""
    table = np.array(rows, np.float64).reshape(-1, 4)
    bpfo, bpfi, bsf, ftf = (column[:, np.newaxis] for column in table.T)
    outer, inner, ball = firsts = np.stack([bpfo * (1 + SLIPS), bpfi - bpfo * SLIPS, 2 * bsf * (1 + SLIPS)])
    lines = (_multiples(outer), _multiples(inner), _beside(inner, 1.0), _beside(ball, ftf * (1 + SLIPS)))
    return Bearings(table, firsts, tuple(map(_places, lines)))


def heard_of(lines: LineMap, bearings: Bearings, *, fewest: int = FEWEST_LINES) -> Heard:
    """What each of the bearings would explain by families of which `fewest` lines stand."""
    outer, inner, beside, ball = (
        lines.mean(places, fewest=fewest, borne=borne)
        for places, borne in zip(bearings.lines, (False, False, True, True), strict=True)
    )
    heights = np.stack([outer, np.maximum(inner, beside), ball])
    some = heights > 0
    heights[some] = np.maximum(heights[some] - _between(lines, bearings.firsts[some]), 0.0)
    explained = (heights**2).sum(axis=0) - 1e-6 * np.abs(SLIPS)  # one slip for all families; of equal ones the least
    place = explained.argmax(axis=1)
    rows = np.arange(len(place))
    family = heights[:, rows, place].argmax(axis=0)
    return Heard(heights[family, rows, place], family, SLIPS[place], bearings.firsts[family, rows, place])


def _place(order: float) -> int:
    return round(order / STEP)


def _places(orders: Orders) -> Places:
    return np.rint(np.clip(orders, 0.0, FURTHEST) / STEP).astype(np.intp)


def _multiples(first: Orders) -> Orders:
    """(HARMONICS, ...)"""
    lines: Orders = np.multiply.outer(np.arange(1.0, HARMONICS + 1), first)
    return lines


def _beside(first: Orders, apart: Orders | float) -> Orders:
    """(6, ...) the first two multiples, and the lines that lie `apart` on both sides of them."""
    return np.stack([k * first + d * apart for k in (1, 2) for d in (-1.0, 0.0, 1.0)])


def _between(lines: LineMap, firsts: Orders) -> Heights:
    """How high the lowest line of a comb stands whose spacing divides these orders (m,): then that is the rhythm.

    The lines of one comb fall with their multiple. Where all before the first of the family lie `_BELOW` under it, they
    are no members but what sways it: a cage turns once while all balls pass, so that its multiples divide BPFO.
    """
    denser = np.zeros_like(firsts)
    for parts in _PARTS:
        denser = np.maximum(denser, lines.lowest(np.multiply.outer(parts, firsts)))
    return np.where(denser < lines.heights[_places(firsts)] - _BELOW, 0.0, denser)


def shaft_height(lines: LineMap) -> float:
    """Mean height of the multiples of a shaft that turns a little faster or slower than was said.

    Those of the speed as said are no standing lines; where these are, the speed is off, and no order is what it seems.
    """
    places = _places(np.multiply.outer(np.arange(1.0, _SHAFT_MULTIPLES + 1), 1 + SLIPS))
    return float(lines.mean(places, fewest=_SHAFT_MULTIPLES // 2 + 1).max())


def family_lines(family: Family, first: float, ftf: float) -> Orders:
    """The orders of a family whose first line stands at `first`; `ftf` is the order of the cage."""
    place = np.array(first)
    if family == "BPFO":
        return _multiples(place)
    return np.concatenate([_multiples(place), _beside(place, 1.0 if family == "BPFI" else ftf)])


@lru_cache(maxsize=1)
def known_bearings() -> tuple[tuple[Entry, ...], Bearings]:
    """Those of the catalogue."""
    entries = tuple(catalogue().values())
    return entries, bearings_of([_row(entry.orders) for entry in entries])


@lru_cache(maxsize=1)
def any_bearings() -> tuple[NDArray[np.intp], Bearings]:
    """Whatever could be built with a cage of `CAGE_ORDERS`, with their numbers of rolling elements (n,).

    The contact ratio (ball to pitch, times the cosine of the contact angle) goes in steps that slip bridges.
    """
    low, high = (1 - 2 * cage for cage in reversed(CAGE_ORDERS))
    grid = [
        (balls, Geometry(balls, ratio, 1.0).orders)
        for balls in range(2 * FEWEST, MOST_BALLS + 1)
        for ratio in np.arange(low, high, 0.02).tolist()
        if balls * ratio < np.pi
    ]
    return np.array([balls for balls, _ in grid]), bearings_of([_row(orders) for _, orders in grid])


@lru_cache(maxsize=1)
def fit_anywhere() -> float:
    """How many bearings of the catalogue fit a family of lines that stands at any order from 2 to 12, on average."""
    _, bearings = known_bearings()
    firsts = bearings.rows[:, :3] * (1.0, 1.0, 2.0)
    places = np.geomspace(2.0, 12.0, 500)[:, np.newaxis, np.newaxis]
    fits = (np.abs(places / firsts - 1) <= SEARCHED).any(axis=2)
    return float(fits.sum(axis=1).mean())


def _row(orders: FaultOrders) -> Row:
    return orders.bpfo, orders.bpfi, orders.bsf, orders.ftf
